//! Shares cases out to worker processes, and starts another one where a worker dies or hangs.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::args::Args;
use crate::case::Case;
use crate::engines::Tried;
use crate::outcome::{Attempt, Mode, Outcome, Status};

/// How many workers there are at a time.
const WORKERS: usize = 2;

/// How much a worker is given to run.
const UNITS_A_WORKER: usize = 400;

/// How long one attempt may take.
const ATTEMPT_MAX: Duration = Duration::from_secs(20);

/// What is run in one piece: a case on an engine.
type Unit = (String, Tried);

/// How all attempts ended.
#[derive(Debug, Default)]
pub(crate) struct Results(BTreeMap<Unit, BTreeMap<Mode, Outcome>>);

impl Results {
    /// What counts of a case on an engine: the plain attempt, or where that was refused and another
    /// could be made, the one with constants.
    pub(crate) fn end(&self, case: &str, tried: Tried) -> Option<(Mode, &Outcome)> {
        let attempts = self.0.get(&(case.to_owned(), tried))?;
        attempts.iter().next_back().map(|(mode, outcome)| (*mode, outcome))
    }

    /// All attempts at a case on an engine.
    pub(crate) fn attempts(
        &self,
        case: &str,
        tried: Tried,
    ) -> impl Iterator<Item = (Mode, &Outcome)> {
        let attempts = self.0.get(&(case.to_owned(), tried));
        attempts.into_iter().flatten().map(|(mode, outcome)| (*mode, outcome))
    }

    fn add(&mut self, attempt: Attempt) {
        let attempts = self.0.entry((attempt.case, attempt.tried)).or_default();
        attempts.insert(attempt.mode, attempt.outcome);
    }
}

/// Runs all cases on all engines that are asked for.
///
/// # Errors
/// When workers cannot be started, or speak in words that are not known.
pub(crate) fn run(args: &Args, cases: &[Case]) -> Result<Results> {
    let results = Mutex::new(Results::default());
    // A process that has opened ONNX Runtime once has it from then on.
    for needs_library in [false, true] {
        let engines = args.engines.iter().filter(|tried| tried.needs_library() == needs_library);
        let engines: Vec<Tried> = engines.copied().collect();
        let units = |case: &Case| {
            engines.iter().map(|&tried| (case.name.clone(), tried)).collect::<Vec<_>>()
        };
        let queue: Mutex<VecDeque<Unit>> = Mutex::new(cases.iter().flat_map(units).collect());
        thread::scope(|scope| {
            let work = || work(args, &queue, &results);
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| match worker.join() {
                Ok(end) => end,
                Err(_) => bail!("a thread that drives a worker panicked"),
            })
        })?;
    }
    Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Drives one worker after another until there is nothing left.
fn work(args: &Args, queue: &Mutex<VecDeque<Unit>>, results: &Mutex<Results>) -> Result<()> {
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
            let attempts = worker.drive(&mut units);
            worker.end()?;
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            attempts?.into_iter().for_each(|attempt| results.add(attempt));
        }
    }
}

/// A worker process, and what it says.
struct Worker {
    child: Child,
    lines: Receiver<String>,
}

impl Worker {
    fn start(args: &Args, units: &VecDeque<Unit>) -> Result<Self> {
        let program = std::env::current_exe().context("looking for this program")?;
        #[expect(clippy::disallowed_methods, reason = "it is this program")]
        let mut command = Command::new(program);
        command.arg("--worker").arg("--cases").arg(&args.cases);
        let needs_library = units.iter().any(|(_, tried)| tried.needs_library());
        if let Some(library) = args.ort_library.as_ref().filter(|_| needs_library) {
            command.arg("--ort-library").arg(library);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting a worker")?;
        let stdout = child.stdout.take().context("a worker's output")?;
        let mut stdin = child.stdin.take().context("a worker's input")?;
        let lines = units.iter().map(|(case, tried)| format!("{case}\t{}", tried.name()));
        let text = lines.collect::<Vec<_>>().join("\n");
        // On threads of their own, as both pipes may be full. They end with the worker.
        thread::spawn(move || stdin.write_all(text.as_bytes()));
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        Ok(Self { child, lines })
    }

    /// Takes outcomes until the worker ends; what it has not done stays in `units`.
    fn drive(&mut self, units: &mut VecDeque<Unit>) -> Result<Vec<Attempt>> {
        let mut attempts = Vec::new();
        let mut running = None;
        while let Some((case, tried)) = units.front() {
            let status = match self.lines.recv_timeout(ATTEMPT_MAX) {
                Ok(line) => {
                    match line.split_once('\t') {
                        Some(("begin", mode)) => running = Some(mode_of(mode)),
                        Some(("end", attempt)) => {
                            attempts.push(Attempt::parse(attempt).context("an attempt's line")?);
                        }
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
            let Some(mode) = running else { bail!("a worker ended before `{case}`") };
            let what = match status {
                Status::Hang => format!("no end within {} s", ATTEMPT_MAX.as_secs()),
                _ => "the process died".to_owned(),
            };
            let outcome = Outcome::failed(status, &what);
            attempts.push(Attempt { case: case.clone(), tried: *tried, mode, outcome });
            units.pop_front();
            break;
        }
        Ok(attempts)
    }

    /// Ends the worker, whatever it does.
    fn end(mut self) -> Result<()> {
        // Fails where the worker has ended by itself.
        drop(self.child.kill());
        self.child.wait().map(drop).context("waiting for a worker's end")
    }
}

fn mode_of(name: &str) -> Mode {
    if name == Mode::Const.name() { Mode::Const } else { Mode::Plain }
}
