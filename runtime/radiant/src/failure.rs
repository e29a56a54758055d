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

use radiant_server::config::ConfigErrors;

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
    /// The argument parser has said everything already.
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

    /// A message of the argument parser, already printed.
    pub(crate) fn told(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self { kind: Kind::Told(code), error: error.into(), hint: None }
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints the message on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let code = match self.kind {
            Kind::Failed | Kind::Plain => 1,
            Kind::Refused => 2,
            Kind::Abandoned => return ExitCode::SUCCESS,
            Kind::Told(code) => return ExitCode::from(code),
        };
        // When stderr is gone there is nobody to tell; the code still says it.
        drop(std::io::stderr().lock().write_all(self.text().as_bytes()));
        ExitCode::from(code)
    }

    fn text(&self) -> String {
        if self.kind == Kind::Plain {
            return format!("{:#}\n", self.error);
        }
        let mut text = format!("error: {}\n", self.error);
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
    use anyhow::anyhow;

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
    }
}
