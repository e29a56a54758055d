//! What containers print: files of lines with their time, and the server that `kubectl logs` asks.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::jiff::Timestamp;
use tokio::sync::mpsc;

use super::Kubelet;
use crate::http::{Body, Reply, Request};

/// How often a file that is followed is looked at.
const TICK: Duration = Duration::from_millis(100);
/// The longest piece of a log that stands in for a last word.
const TAIL_MAX: usize = 2048;

/// The log of one run of a container.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    path: PathBuf,
    is_closed: Arc<AtomicBool>,
}

impl Log {
    /// An empty one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn new(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        File::create(&path)?;
        Ok(Self { path, is_closed: Arc::default() })
    }

    /// Reads a stream of the container to its end.
    pub(crate) fn reader(
        &self,
        stream: &'static str,
        pipe: impl Read + Send + 'static,
    ) -> JoinHandle<()> {
        let path = self.path.clone();
        std::thread::spawn(move || {
            let Ok(mut file) = OpenOptions::new().append(true).open(path) else { return };
            let mut lines = BufReader::new(pipe);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if line.last() != Some(&b'\n') {
                    line.push(b'\n');
                }
                let mut whole = format!("{} {stream} F ", Timestamp::now()).into_bytes();
                whole.append(&mut line);
                // A full disk ends the log, not the container.
                drop(file.write_all(&whole));
            }
        })
    }

    /// Says that nothing more comes.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// The last lines, as the last word of a container that left none.
    pub(crate) fn tail(&self) -> String {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().filter_map(|line| line.splitn(4, ' ').nth(3)).collect();
        let from = lines.len().saturating_sub(80);
        let tail = lines.get(from..).unwrap_or_default().join("\n");
        let from = tail.len().saturating_sub(TAIL_MAX);
        let from = (from..tail.len()).find(|&at| tail.is_char_boundary(at)).unwrap_or(0);
        tail.get(from..).unwrap_or_default().to_owned()
    }
}

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
struct Wanted {
    since: Option<Timestamp>,
    n_last: Option<usize>,
    has_times: bool,
    bytes_max: Option<usize>,
    is_followed: bool,
}

impl Wanted {
    fn new(request: &Request) -> Self {
        let number =
            |name: &str| request.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let is = |name: &str| request.parameter(name) == Some("true");
        let time = request.parameter("sinceTime").and_then(|text| text.parse().ok());
        let ago = number("sinceSeconds").and_then(|seconds| u64::try_from(seconds).ok());
        let ago =
            ago.and_then(|seconds| Timestamp::now().checked_sub(Duration::from_secs(seconds)).ok());
        Self {
            since: time.or(ago),
            n_last: number("tailLines"),
            has_times: is("timestamps"),
            bytes_max: number("limitBytes"),
            is_followed: is("follow"),
        }
    }

    /// A line of the file as it is wanted, if it is.
    fn line(&self, line: &str) -> Option<String> {
        let (time, rest) = line.split_once(' ')?;
        let text = rest.splitn(3, ' ').nth(2)?;
        if self.since.is_some_and(|since| time.parse().is_ok_and(|time: Timestamp| time < since)) {
            return None;
        }
        Some(if self.has_times { format!("{time} {text}\n") } else { format!("{text}\n") })
    }
}

/// Answers `/containerLogs/NAMESPACE/POD/CONTAINER`.
pub(super) fn answer(kubelet: &Kubelet, request: &Request) -> Reply {
    let mut parts = request.path.trim_start_matches('/').split('/').skip(1);
    let (Some(namespace), Some(pod), Some(container)) = (parts.next(), parts.next(), parts.next())
    else {
        return Reply::refusal(404, "no container is named");
    };
    let is_previous = request.parameter("previous") == Some("true");
    match kubelet.log(namespace, pod, container, is_previous) {
        Ok(log) => follow(log, Wanted::new(request)),
        Err(why) => Reply::refusal(400, &why),
    }
}

fn follow(log: Log, wanted: Wanted) -> Reply {
    let (send, pieces) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut at = 0;
        let mut left = wanted.bytes_max.unwrap_or(usize::MAX);
        let mut n_last = wanted.n_last;
        loop {
            // Asked first, so that what comes before the end is read.
            let is_closed = log.is_closed.load(Ordering::Acquire);
            let text = fs::read(&log.path).unwrap_or_default();
            let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
            let fresh = String::from_utf8_lossy(text.get(at..end).unwrap_or_default()).into_owned();
            at = at.max(end);
            let mut lines: Vec<String> =
                fresh.lines().filter_map(|line| wanted.line(line)).collect();
            if let Some(n_last) = n_last.take() {
                drop(lines.drain(..lines.len().saturating_sub(n_last)));
            }
            let mut piece = lines.concat().into_bytes();
            piece.truncate(left);
            left -= piece.len();
            let is_over = is_closed || !wanted.is_followed || left == 0;
            if !piece.is_empty() && send.send(piece).await.is_err() || is_over || send.is_closed() {
                return;
            }
            tokio::time::sleep(TICK).await;
        }
    });
    Reply { status: 200, content_type: "text/plain", body: Body::Pieces(pieces) }
}
