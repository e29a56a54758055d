//! Damaged model files: mutations of every file of the corpus through its reader, its engine and a run.
//!
//! `radiant-damage` breaks files in ways that are the same for the same `--seed`: bits, bytes, ends,
//! pieces that are repeated, left out, or taken from another file. Each gives an error or a model;
//! what gives a model is run on three rows. What is looked for is that
//! - nothing panics, and nothing hangs: a file takes less than [`HANG`], with all that it is asked;
//! - nothing takes more memory than [`memory::bound`] says for the file.
//!
//! A crash ends the program, which is a failure too; the number of the last file is printed with
//! `--verbose`. Whether an answer is right is not asked. The exit code is 0 where nothing was found,
//! else 1. It is for tests only and is not shipped.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod args;
mod attempt;
mod corpus;
mod memory;
mod mutation;
#[path = "../hostile/random.rs"]
#[expect(dead_code, reason = "the other program asks for more kinds of numbers")]
mod random;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use args::{Args, USAGE};
use attempt::{End, attempt};
use corpus::File;

/// How long a file may take before the program gives up.
const HANG: Duration = Duration::from_mins(2);

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Does what the arguments ask; whether all is as it should be.
fn run() -> Result<bool> {
    let Some(args) = Args::parse(std::env::args().skip(1))? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let files = corpus::files()?;
    println!("{} files, {} mutations, seed {}", files.len(), args.count, args.seed);
    std::panic::set_hook(Box::new(|_| {}));
    let found = Found::default();
    let next = AtomicU64::new(args.only.unwrap_or(0));
    let end = args.only.map_or(args.count, |only| only.saturating_add(1));
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= end {
                        return;
                    }
                    look_at(&files, &args, index, &found);
                }
            });
        }
    });
    found.report(&args)
}

/// What was found, of all threads.
#[derive(Debug, Default)]
struct Found {
    /// How often each kind of end came.
    ends: Mutex<BTreeMap<&'static str, u64>>,
    problems: Mutex<Vec<String>>,
    /// The greatest part of its bound that a file took, and which.
    greatest: Mutex<(f64, String)>,
}

fn look_at(files: &[File], args: &Args, index: u64, found: &Found) {
    let (name, bytes) = mutation::mutated(files, args.seed, index);
    if args.verbose {
        println!("{index}: {name}");
    }
    let watch = Watch::start(index, &name);
    let (end, peak) = memory::peak_of(|| attempt(&bytes));
    drop(watch);
    *held(&found.ends).entry(end.kind()).or_default() += 1;
    let bound = memory::bound(bytes.len());
    let part = peak as f64 / bound as f64;
    let mut greatest = held(&found.greatest);
    if part > greatest.0 {
        *greatest = (part, format!("{index}: {name}: {peak} bytes for {}", bytes.len()));
    }
    drop(greatest);
    let problem = match end {
        End::Panicked(what) => format!("panicked: {what}"),
        _ if peak > bound => format!("took {peak} bytes, of {bound} that {} may", bytes.len()),
        _ => return,
    };
    held(&found.problems).push(format!("{index}: {name}: {problem}"));
    if let Some(folder) = &args.keep {
        let kept = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(folder.join(index.to_string()), &bytes));
        if let Err(error) = kept {
            eprintln!("cannot keep {index}: {error}");
        }
    }
}

/// What a mutex guards; nothing panics while one is held.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the program where a file takes too long.
struct Watch {
    /// The end of it is heard by the thread that watches.
    _alive: std::sync::mpsc::Sender<()>,
}

impl Watch {
    fn start(index: u64, name: &str) -> Self {
        let (sender, ended) = std::sync::mpsc::channel::<()>();
        let name = name.to_owned();
        let started = Instant::now();
        std::thread::spawn(move || {
            if ended.recv_timeout(HANG) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                eprintln!("{index}: {name}: still busy after {:?}", started.elapsed());
                std::process::exit(1);
            }
        });
        Self { _alive: sender }
    }
}

impl Found {
    fn report(self, args: &Args) -> Result<bool> {
        let ends = self.ends.into_inner()?;
        for (kind, n) in &ends {
            println!("{n:>8}  {kind}");
        }
        let (part, which) = self.greatest.into_inner()?;
        println!("memory: at most {part:.2} of the bound ({which})");
        let problems = self.problems.into_inner()?;
        for problem in problems.iter().take(100) {
            println!("{problem}");
        }
        if problems.is_empty() {
            println!("nothing found");
            return Ok(true);
        }
        println!(
            "{} problems; see one with --seed {} --only NUMBER --keep FOLDER",
            problems.len(),
            args.seed
        );
        Ok(false)
    }
}
