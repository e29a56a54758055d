//! What is measured in a process of its own: memory, and what `auto` does without a library that is
//! open here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use radiant::engines::{Options as Place, load_model};
use radiant_engine_ort::Library;
use radiant_engine_rten::own_pool;
use side_by_side::Runner;

use crate::model;
use crate::who::Who;

/// The first argument of such a process.
pub(crate) const MARK: &str = "child";

/// Runs before memory is looked at.
const RUNS: usize = 20;

/// How the memory of a process grew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    /// Anonymous memory after the load and 20 runs, in MiB: what a replica holds.
    pub(crate) held_mib: f64,
    /// The most resident memory that there was meanwhile, in MiB.
    pub(crate) peak_mib: f64,
    /// Time for reading, loading and the first run, in milliseconds.
    pub(crate) ready_ms: f64,
}

/// Asks a child process how much memory an engine takes for a model.
///
/// # Errors
/// When the engine refuses the model.
pub(crate) fn growth(
    who: Who,
    folder: &Path,
    n_rows: usize,
    ort_library: Option<&Path>,
) -> Result<Growth> {
    let answer = ask(&["memory", who.name(), &n_rows.to_string()], folder, ort_library)?;
    let mut numbers = answer.split_whitespace().map(f64::from_str);
    let mut number = || Ok::<_, anyhow::Error>(numbers.next().context("a number is missing")??);
    Ok(Growth { held_mib: number()?, peak_mib: number()?, ready_ms: number()? })
}

/// Asks a child process which engine `auto` takes, and why.
///
/// # Errors
/// When there is none.
pub(crate) fn auto(folder: &Path, ort_library: Option<&Path>) -> Result<(Who, String)> {
    let answer = ask(&["auto"], folder, ort_library)?;
    let (name, reason) = answer.split_once('\t').context("the child says nothing")?;
    Ok((Who::of_name(name).with_context(|| format!("`{name}` is no engine"))?, reason.to_owned()))
}

fn ask(question: &[&str], folder: &Path, ort_library: Option<&Path>) -> Result<String> {
    #[expect(clippy::disallowed_methods, reason = "the child is this program")]
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(MARK).args(question).arg(folder).args(ort_library);
    let output = command.stdin(Stdio::null()).output().context("starting this program again")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", error.trim());
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The child: prints the answer to the question in its arguments.
///
/// # Errors
/// When the engine refuses the model.
pub(crate) fn answer(arguments: &[String]) -> Result<()> {
    match arguments {
        [question, folder, library @ ..] if question == "auto" => {
            let model = model::read(Path::new(folder))?;
            let ort_library = library.first().map(PathBuf::from);
            let loaded = load_model(&model, &Place { ort_library, ..Place::default() })?;
            println!("{}\t{}", loaded.engine.name(), loaded.reason);
            Ok(())
        }
        [question, who, n_rows, folder, library @ ..] if question == "memory" => {
            let who = Who::of_name(who).context("no such engine")?;
            let ort_library = library.first().map(Path::new);
            let mut grown = Ok(());
            own_pool(1, || {
                grown = n_rows
                    .parse()
                    .map_err(anyhow::Error::from)
                    .and_then(|n_rows| print_growth(who, Path::new(folder), n_rows, ort_library));
            });
            grown
        }
        _ => bail!("no such question"),
    }
}

fn print_growth(who: Who, folder: &Path, n_rows: usize, ort_library: Option<&Path>) -> Result<()> {
    if matches!(who, Who::Ort | Who::Ort2) {
        // Its code is shared by all models.
        Library::find(ort_library)?;
    }
    let before = (status_mib("RssAnon:")?, status_mib("VmRSS:")?);
    let started = Instant::now();
    let (engine, inputs) = {
        let model = model::read(folder)?;
        (model::put(who, &model, ort_library, 1)?, model::inputs(folder, &model, n_rows)?)
    };
    let mut runner = Runner::warm(&*engine, &inputs)?;
    let ready_ms = started.elapsed().as_secs_f64() * 1e3;
    for _ in 0..RUNS {
        runner.run()?;
    }
    let held_mib = status_mib("RssAnon:")? - before.0;
    let peak_mib = status_mib("VmHWM:")? - before.1;
    println!("{held_mib} {peak_mib} {ready_ms}");
    Ok(())
}

/// A line of `/proc/self/status`, in MiB.
fn status_mib(name: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = kib(&status, name).with_context(|| format!("the system does not tell {name}"))?;
    Ok(kib / 1024.0)
}

/// The number in the line `NAME  123 kB`.
fn kib(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_status_is_a_number() {
        let status = "Name:\tx\nVmHWM:\t    4096 kB\nRssAnon:\t 12 kB\n";
        assert_eq!(kib(status, "RssAnon:"), Some(12.0));
        assert_eq!(kib(status, "VmSize:"), None);
    }

    #[test]
    fn this_process_has_memory() {
        assert!(status_mib("RssAnon:").unwrap() > 0.0);
    }
}
