//! Shares mutations out to worker processes, and starts another one where a worker dies or hangs.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::args::Args;
use crate::outcome::{End, Stage, Status};

/// How many workers there are at a time.
const WORKERS: usize = 2;

/// How many mutations a worker is given: what one leaves behind in a process harms few others.
const UNITS_A_WORKER: usize = 250;

/// How long one stage may take.
const STAGE_MAX: Duration = Duration::from_secs(20);

/// Bytes of a dead worker's last words that are kept.
const WORDS_MAX: u64 = 1 << 16;

/// A mutation's number, and the number of the stage to begin with.
type Unit = (u64, usize);

/// Tries all mutations that are asked for.
///
/// # Errors
/// When workers cannot be started, or speak in words that are not known.
pub(crate) fn run(args: &Args) -> Result<Vec<End>> {
    let queue: Mutex<VecDeque<Unit>> = Mutex::new(args.indices().map(|index| (index, 0)).collect());
    let ends = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..WORKERS).map(|_| scope.spawn(|| work(args, &queue, &ends))).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(end) => end,
            Err(_) => bail!("a thread that drives a worker panicked"),
        })
    })?;
    let mut ends = ends.into_inner().unwrap_or_else(PoisonError::into_inner);
    ends.sort_by_key(|end: &End| (end.index, end.stage));
    Ok(ends)
}

/// Drives one worker after another until there is nothing left.
fn work(args: &Args, queue: &Mutex<VecDeque<Unit>>, ends: &Mutex<Vec<End>>) -> Result<()> {
    loop {
        let mut units: VecDeque<Unit> = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let n = queue.len().min(UNITS_A_WORKER);
            queue.drain(..n).collect()
        };
        if units.is_empty() {
            return Ok(());
        }
        while !units.is_empty() {
            let mut worker = Worker::start(args, &units)?;
            let told = worker.drive(&mut units)?;
            ends.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
        }
    }
}

/// A worker process, and what it says.
struct Worker {
    child: Child,
    lines: Receiver<String>,
    words: Receiver<String>,
}

impl Worker {
    fn start(args: &Args, units: &VecDeque<Unit>) -> Result<Self> {
        let program = std::env::current_exe().context("looking for this program")?;
        #[expect(clippy::disallowed_methods, reason = "it is this program")]
        let mut command = Command::new(program);
        command.args(["--worker", "--seed", &args.seed.to_string()]);
        command.args(["--engines", &args.engine_names()]);
        if let Some(elements_max) = args.elements_max {
            command.args(["--elements-max", &elements_max.to_string()]);
        }
        if let Some(library) = &args.ort_library {
            command.arg("--ort-library").arg(library);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("starting a worker")?;
        let stdout = child.stdout.take().context("a worker's output")?;
        let stderr = child.stderr.take().context("a worker's errors")?;
        let mut stdin = child.stdin.take().context("a worker's input")?;
        let lines = units.iter().map(|(index, stage)| format!("{index}\t{stage}"));
        let text = lines.collect::<Vec<_>>().join("\n");
        // On threads of their own, as all pipes may be full. They end with the worker.
        thread::spawn(move || stdin.write_all(text.as_bytes()));
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        let (sender, words) = channel();
        thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is all there is.
            drop(stderr.take(WORDS_MAX).read_to_end(&mut text));
            sender.send(String::from_utf8_lossy(&text).into_owned())
        });
        Ok(Self { child, lines, words })
    }

    /// Takes outcomes until the worker ends; what it has not done stays in `units`.
    fn drive(&mut self, units: &mut VecDeque<Unit>) -> Result<Vec<End>> {
        let mut ends = Vec::new();
        let mut running = None;
        while let Some((index, first)) = units.front_mut() {
            let index = *index;
            let status = match self.lines.recv_timeout(STAGE_MAX) {
                Ok(line) => {
                    match line.split_once('\t') {
                        Some(("begin", stage)) => running = Some(stage.parse().context("a stage")?),
                        Some(("end", end)) => ends.push(parse(index, end)?),
                        _ if line == "done" => {
                            units.pop_front();
                            running = None;
                        }
                        _ => bail!("a worker said `{line}`"),
                    }
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => Status::Hang,
                Err(RecvTimeoutError::Disconnected) => Status::Crash,
            };
            // Between mutations it only makes the next: a fault of this program's own.
            let Some(running) = running else {
                bail!("a worker ended before mutation {index}: {}", self.end()?)
            };
            let (stage, reason) = (Stage::of_number(running), self.end()?);
            // A worker that goes on reads the model again, and may die of it again: one report.
            if running >= *first {
                ends.push(End { index, stage, status, reason });
            }
            if running == 0 {
                units.pop_front();
            } else {
                *first = running + 1;
            }
            return Ok(ends);
        }
        self.end()?;
        Ok(ends)
    }

    /// Ends the worker, whatever it does; how it ended and its last words.
    fn end(&mut self) -> Result<String> {
        // Fails where the worker has ended by itself.
        drop(self.child.kill());
        let status = self.child.wait().context("waiting for a worker's end")?;
        let words = self.words.recv().unwrap_or_default();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(format!("{status}: {words}"))
    }
}

fn parse(index: u64, line: &str) -> Result<End> {
    let mut fields = line.splitn(3, '\t');
    let stage = fields.next().context("a stage")?.parse().context("a stage")?;
    let status = fields.next().and_then(Status::named).context("a status")?;
    let reason = fields.next().unwrap_or_default().to_owned();
    Ok(End { index, stage: Stage::of_number(stage), status, reason })
}
