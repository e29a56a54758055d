//! How a command ends badly: the message on stderr and the exit code.
//!
//! ```text
//! error: cannot load `/models/iris.onnx`
//!   caused by: not an ONNX model: ...
//!
//! hint: ...
//! ```

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::anyhow;
use radiant_server::config::ConfigErrors;

/// The code of a program of Rust whose main thread panicked.
const PANICKED: u8 = 101;

/// A command that did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    error: anyhow::Error,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What was asked for could not be done.
    Failed,
    /// The request itself is wrong: usage or configuration.
    Refused,
    /// As failed, and told to a program.
    Plain,
    /// Whoever reads our output has gone away, which is no failure.
    Abandoned,
    /// Whoever needs to know has been told everything already, by the argument parser or the log.
    Told(u8),
}

impl Failure {
    /// Wrong usage or configuration.
    pub(crate) fn refused(error: impl Into<anyhow::Error>) -> Self {
        Self { kind: Kind::Refused, error: error.into(), hint: None }
    }

    /// A failure of which another program makes the message: the error alone is printed.
    pub(crate) fn plain(error: anyhow::Error) -> Self {
        Self { kind: Kind::Plain, error, hint: None }
    }

    /// Our output is not read any more.
    pub(crate) fn abandoned(error: impl Into<anyhow::Error>) -> Self {
        Self { kind: Kind::Abandoned, error: error.into(), hint: None }
    }

    /// A failure that has been told already.
    pub(crate) fn told(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self { kind: Kind::Told(code), error: error.into(), hint: None }
    }

    /// A panic that nothing contained; the hook for panics has told it.
    pub(crate) fn panicked(said: &str, place: &str) -> Self {
        let at = if place.is_empty() { String::new() } else { format!(" at {place}") };
        let failure = Self::told(PANICKED, anyhow!("the program panicked{at}: {said}"));
        failure.hint("this is a fault of the program: report it with these lines")
    }

    /// The same, told by the log.
    pub(crate) fn told_already(self) -> Self {
        Self { kind: Kind::Told(1), ..self }
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints the message on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let is_told = matches!(self.kind, Kind::Abandoned | Kind::Told(_));
        if !is_told {
            // When stderr is gone there is nobody to tell; the code still says it.
            drop(std::io::stderr().lock().write_all(self.text().as_bytes()));
        }
        ExitCode::from(self.code())
    }

    /// What should be known of the process when it has ended, if it ends badly.
    pub(crate) fn last_words(&self) -> Option<String> {
        (self.code() != 0).then(|| self.text())
    }

    fn code(&self) -> u8 {
        match self.kind {
            Kind::Failed | Kind::Plain => 1,
            Kind::Refused => 2,
            Kind::Abandoned => 0,
            Kind::Told(code) => code,
        }
    }

    fn text(&self) -> String {
        if self.kind == Kind::Plain {
            return format!("{:#}\n", self.error);
        }
        let error = self.error.to_string();
        // The argument parser's message has it already.
        let mut text = format!("error: {}\n", error.strip_prefix("error: ").unwrap_or(&error));
        for cause in self.error.chain().skip(1) {
            // Writing to a `String` cannot fail.
            let _infallible = writeln!(text, "  caused by: {cause}");
        }
        if let Some(hint) = &self.hint {
            let _infallible = write!(text, "\nhint: {hint}\n");
        }
        text
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { kind: Kind::Failed, error, hint: None }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::refused(errors).hint("`radiant serve --help` says what each option accepts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_causes_and_what_to_do() {
        let error = anyhow!("no such file").context("cannot load `x.onnx`");
        let failure = Failure::from(error).hint("give a path");
        assert_eq!(
            failure.text(),
            "error: cannot load `x.onnx`\n  caused by: no such file\n\nhint: give a path\n"
        );
        assert_eq!(failure.kind, Kind::Failed);
        assert_eq!(failure.last_words(), Some(failure.text()));
    }

    #[test]
    fn what_was_told_already_still_has_last_words_unless_all_is_well() {
        let parsed = Failure::told(2, anyhow!("error: unexpected argument"));
        assert_eq!(parsed.last_words().as_deref(), Some("error: unexpected argument\n"));
        assert_eq!(Failure::told(0, anyhow!("the help")).last_words(), None);
        assert_eq!(Failure::abandoned(anyhow!("broken pipe")).last_words(), None);
        let panic = Failure::panicked("no luck", "src/main.rs:1:2").last_words();
        let panic = panic.expect("it is a bad end");
        assert!(panic.starts_with("error: the program panicked at src/main.rs:1:2: no luck\n"));
    }
}
