//! Logs from now on: over broken connections and restarts, and of pods that come later.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use tokio::sync::mpsc::{Sender, channel};

use super::choice::{Choice, Target};
use super::{Lines, request};
use crate::cli::LogsArgs;
use crate::cluster::{Change, Cluster, LogLine, LogRequest, Selected};
use crate::error::{Code, Failure};
use crate::output::Printer;

/// How many lines may wait to be printed; who writes more waits too.
const LINES_WAITING_MAX: usize = 1024;
/// The pause before a log that has ended or broken off is opened again.
const PAUSE: Duration = Duration::from_secs(1);

type Line = (Target, LogLine);

pub(super) async fn run(
    args: &LogsArgs,
    cluster: &Cluster,
    which: &Selected,
    lines: Lines,
) -> Result<(), Failure> {
    let (sender, mut receiver) = channel::<Result<Line, Failure>>(LINES_WAITING_MAX);
    let choice = Choice::new(args);
    let mut pods = cluster.watch::<Pod>(which);
    let mut begun = BTreeSet::new();
    let mut is_first = true;
    loop {
        tokio::select! {
            line = receiver.recv() => match line {
                Some(line) => {
                    let (target, line) = line?;
                    lines.print(&target, &line)?;
                }
                None => return Ok(()),
            },
            change = pods.next() => {
                let came = match change? {
                    Change::All(pods) => pods,
                    Change::Applied(pod) => vec![pod],
                    Change::Deleted(_) => Vec::new(),
                };
                if is_first && came.is_empty() {
                    tell_of_none(&lines.printer);
                }
                for target in came.iter().flat_map(|pod| choice.of(pod)) {
                    if begun.insert(target.clone()) {
                        // Of a pod that comes while one looks, all is news.
                        let whole = LogRequest { tail: None, since: None, ..request(args, &target) };
                        let asked = if is_first { request(args, &target) } else { whole };
                        let (cluster, sender) = (cluster.clone(), sender.clone());
                        tokio::spawn(follow(cluster, target, asked, sender));
                    }
                }
                is_first = false;
            }
        }
    }
}

fn tell_of_none(printer: &Printer) {
    printer.tell("no pods yet, waiting\n");
}

/// Sends the lines of one container until its pod is gone or nobody listens.
async fn follow(
    cluster: Cluster,
    target: Target,
    mut asked: LogRequest,
    sender: Sender<Result<Line, Failure>>,
) {
    let mut last = None;
    loop {
        match cluster.logs(&asked).await {
            Ok(mut log) => {
                let mut seen = Seen { last, is_catching_up: last.is_some() };
                // A log that breaks off is opened again like one that ends.
                while let Ok(Some(line)) = log.next().await {
                    if seen.is_news(&line) && sender.send(Ok((target.clone(), line))).await.is_err()
                    {
                        return;
                    }
                }
                last = seen.last;
            }
            Err(failure) if failure.code() == Some(Code::Forbidden) => {
                // When nobody listens, there is nobody to tell.
                drop(sender.send(Err(failure)).await);
                return;
            }
            // It has not begun yet, or the cluster is away.
            Err(failure) => tracing::debug!("{target}: {}", failure.last_cause()),
        }
        tokio::time::sleep(PAUSE).await;
        if has_ended(&cluster, &target).await {
            return;
        }
        if last.is_some() {
            asked = LogRequest { tail: None, since: None, since_time: last, ..asked };
        }
    }
}

async fn has_ended(cluster: &Cluster, target: &Target) -> bool {
    match cluster.find::<Pod>(&target.pod).await {
        Ok(Some(pod)) => {
            let phase = pod.status.and_then(|status| status.phase);
            matches!(phase.as_deref(), Some("Succeeded" | "Failed"))
        }
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Which lines have been printed: a log that is opened again begins with the second that it broke off in.
struct Seen {
    last: Option<Timestamp>,
    is_catching_up: bool,
}

impl Seen {
    fn is_news(&mut self, line: &LogLine) -> bool {
        if self.is_catching_up && line.at.is_none_or(|at| Some(at) <= self.last) {
            return false;
        }
        self.is_catching_up = false;
        self.last = line.at.or(self.last);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_were_printed_before_a_break_are_not_printed_again() {
        let line = |at: &str| LogLine { at: at.parse().ok(), text: String::new() };
        let mut seen = Seen { last: None, is_catching_up: false };
        let (one, two) = (line("2026-01-01T00:00:01.1Z"), line("2026-01-01T00:00:01.2Z"));
        assert!(seen.is_news(&one) && seen.is_news(&two) && seen.is_news(&two));
        let mut seen = Seen { last: seen.last, is_catching_up: true };
        assert!(!seen.is_news(&one) && !seen.is_news(&line("")) && !seen.is_news(&two));
        assert!(seen.is_news(&line("2026-01-01T00:00:01.3Z")) && seen.is_news(&line("")));
    }
}
