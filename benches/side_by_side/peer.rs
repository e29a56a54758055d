//! The Python process that predicts with the libraries that models come from.
//!
//! Which ones, and how, is the script's business; `clock.py` says what it is asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// A running script; it ends with this value.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a script of this folder's neighbours with the Python of an environment.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(venv: &Path, script: &str, models: &Path) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let python = venv.join("bin/python");
        #[expect(clippy::disallowed_methods, reason = "the libraries are Python's")]
        let mut command = Command::new(&python);
        // A variable of the shell must not change what is measured.
        command.env_clear();
        for libraries_threads in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.env(libraries_threads, "1");
        }
        // The tree is no place for compiled files.
        command.arg("-B").arg(script).arg(models);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let starting = || format!("starting {}", python.display());
        let mut child = command.spawn().with_context(starting)?;
        let questions = child.stdin.take().context("the peer has no input")?;
        let answers = BufReader::new(child.stdout.take().context("the peer has no output")?);
        Ok(Self { child, questions, answers })
    }

    /// The libraries that have a model.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn libraries(&mut self, model: &str) -> Result<Vec<String>> {
        let names = self.ask(&format!("list {model}"))?;
        Ok(names.split_whitespace().map(str::to_owned).collect())
    }

    /// The least time of a call among those of `duration`, in nanoseconds.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn least_ns(
        &mut self,
        library: &str,
        (model, n_rows): (&str, usize),
        duration: Duration,
    ) -> Result<f64> {
        let seconds = duration.as_secs_f64();
        Ok(self.ask(&format!("time {library} {model} {n_rows} {seconds}"))?.parse()?)
    }

    /// The least time of a call of a function that does nothing, in nanoseconds.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn empty_ns(&mut self, duration: Duration) -> Result<f64> {
        Ok(self.ask(&format!("time python - 0 {}", duration.as_secs_f64()))?.parse()?)
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        writeln!(self.questions, "{question}").context("asking the peer")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).context("hearing the peer")?;
        ensure!(answer.ends_with('\n'), "the peer ended at `{question}`");
        if let Some(error) = answer.strip_prefix("error ") {
            bail!("`{question}`: {}", error.trim());
        }
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has no state to lose, and may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
