//! How a command ends badly: the message on stderr and the exit code.
//!
//! ```text
//! error: cannot read the image `oci:base`
//!   caused by: blob sha256:...: expected 512 bytes, got 500
//!
//! hint: ...
//! ```

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use crate::layout::LayoutError;

/// What exit codes say, the same for all commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// What was asked for could not be done.
    Failed = 1,
    /// The request itself is wrong: usage or configuration.
    Usage = 2,
    /// Something that was named is not there.
    NotFound = 3,
    /// Something else is there already.
    Conflict = 4,
    /// It took longer than it may.
    Timeout = 5,
    /// A revision cannot serve, and stays as it is.
    Rollout = 6,
    /// A revision cannot serve, and the one before is back.
    RolledBack = 7,
    /// Whoever was asked refuses this user.
    Forbidden = 8,
    /// Whoever was to be asked cannot be reached.
    Unreachable = 9,
    /// A model's store or its credentials are not as they must be.
    Storage = 10,
    /// A golden request was answered otherwise, or a canary is worse than it may be.
    Gate = 11,
    /// A signal ended the wait; what was begun goes on.
    Interrupted = 130,
}

/// A command that did not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    end: End,
    error: anyhow::Error,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Coded(Code),
    /// Whoever reads our output has gone away, which is no failure.
    Abandoned,
    /// The argument parser has said everything already.
    Told(u8),
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(code: Code, error: impl Into<anyhow::Error>) -> Self {
        Self { end: End::Coded(code), error: error.into(), hint: None }
    }

    /// Wrong usage or configuration.
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Code::Usage, error)
    }

    /// Our output is not read any more.
    pub(crate) fn abandoned(error: impl Into<anyhow::Error>) -> Self {
        Self { end: End::Abandoned, error: error.into(), hint: None }
    }

    /// A message of the argument parser, already printed.
    pub(crate) fn told(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self { end: End::Told(code), error: error.into(), hint: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says more of what to do about it.
    #[must_use]
    pub(crate) fn hint_more(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(match self.hint {
            Some(before) => format!("{before}; {}", hint.as_ref()),
            None => hint.as_ref().to_owned(),
        });
        self
    }

    /// Gives it another exit code, because more is known.
    #[must_use]
    pub(crate) fn coded(mut self, code: Code) -> Self {
        self.end = End::Coded(code);
        self
    }

    /// An end with this code of which stdout has said all.
    pub(crate) fn silent(code: Code) -> Self {
        Self::told(code as u8, anyhow::anyhow!("told on stdout"))
    }

    /// Says what was being done when it happened.
    #[must_use]
    pub fn context(mut self, what: impl std::fmt::Display + Send + Sync + 'static) -> Self {
        self.error = self.error.context(what);
        self
    }

    /// The exit code, if it is one of the table.
    pub fn code(&self) -> Option<Code> {
        match self.end {
            End::Coded(code) => Some(code),
            End::Abandoned | End::Told(_) => None,
        }
    }

    /// Prints the message on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let code = match self.end {
            End::Coded(code) => code as u8,
            End::Abandoned => return ExitCode::SUCCESS,
            End::Told(code) => return ExitCode::from(code),
        };
        // When stderr is gone there is nobody to tell; the code still says it.
        drop(std::io::stderr().lock().write_all(self.text().as_bytes()));
        ExitCode::from(code)
    }

    /// What happened, on one line and without its causes.
    pub fn summary(&self) -> String {
        self.error.to_string()
    }

    /// The cause below all others, on one line.
    pub fn last_cause(&self) -> String {
        self.error.root_cause().to_string()
    }

    /// What to do about it, where that is known.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The message: what happened, its causes, and what to do.
    pub fn text(&self) -> String {
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
        Self::new(Code::Failed, error)
    }
}

impl From<LayoutError> for Failure {
    fn from(error: LayoutError) -> Self {
        let (LayoutError::Read { source, .. } | LayoutError::Write { source, .. }) = &error else {
            return Self::new(Code::Failed, error);
        };
        let is_read = matches!(error, LayoutError::Read { .. });
        let (code, hint) = match source.kind() {
            ErrorKind::NotFound if is_read => (Code::NotFound, None),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
                Code::Failed,
                Some("free some space: an image is written whole before it is named"),
            ),
            ErrorKind::PermissionDenied => {
                (Code::Failed, Some("choose a place that this user may use, or change its mode"))
            }
            ErrorKind::ReadOnlyFilesystem => {
                (Code::Failed, Some("choose a place that can be written"))
            }
            _ => (Code::Failed, None),
        };
        let failure = Self::new(code, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_failure_names_its_causes_and_what_to_do() {
        let error = anyhow!("no such file").context("cannot read `x`");
        let failure = Failure::new(Code::NotFound, error).hint("give a path");
        assert_eq!(
            failure.text(),
            "error: cannot read `x`\n  caused by: no such file\n\nhint: give a path\n"
        );
        assert_eq!(failure.code(), Some(Code::NotFound));
    }
}
