//! The one error of the request path.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// Why a request failed, who is to blame, and what to tell the client.
///
/// `Display` is the message for the client: what, where, expected, got; lowercase, without a final
/// stop. Details that are not the client's business are in [`source`](StdError::source) only.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    blame: Blame,
    message: String,
    refusal: Option<Refusal>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of failure it was. Each protocol maps every kind to a status of its own.
///
/// Exhaustive on purpose: a new kind does not compile until every protocol has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request cannot be understood, or does not fit the model.
    InvalidInput,
    /// No such model, version or path.
    NotFound,
    /// The model is loading, failed to load, or is being drained.
    NotReady,
    /// A bounded resource is exhausted; trying again later can help.
    Overloaded,
    /// The client has used up what it alone may have; waiting for its own answers helps.
    ClientLimit,
    /// The request is larger than the server accepts.
    TooLarge,
    /// The time for the answer ran out.
    DeadlineExceeded,
    /// Understood, and not offered by this server or model.
    Unsupported,
    /// The model refused or failed on this input.
    ModelFailed,
    /// A component behind this one failed.
    Upstream,
    /// A defect of the server.
    Internal,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::InvalidInput,
        Self::NotFound,
        Self::NotReady,
        Self::Overloaded,
        Self::ClientLimit,
        Self::TooLarge,
        Self::DeadlineExceeded,
        Self::Unsupported,
        Self::ModelFailed,
        Self::Upstream,
        Self::Internal,
    ];

    /// The name in logs and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::NotReady => "not_ready",
            Self::Overloaded => "overloaded",
            Self::ClientLimit => "client_limit",
            Self::TooLarge => "too_large",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Unsupported => "unsupported",
            Self::ModelFailed => "model_failed",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }
}

/// Whose mistake a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The client's: the same request will fail again.
    Client,
    /// The model's.
    Model,
    /// The server's, or its configuration's.
    Server,
    /// A component's behind this one.
    Upstream,
}

/// The status that a component itself chose for its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status code.
    pub status: u16,
    /// The machine-readable reason, such as `MICROSERVICE_BAD_METRIC`.
    pub reason: String,
}

/// The bounds of the time after which to try again: seconds are what HTTP can say.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_mins(1);

impl Error {
    /// An error of this kind, blamed on who usually causes it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let blame = match kind {
            ErrorKind::InvalidInput
            | ErrorKind::NotFound
            | ErrorKind::ClientLimit
            | ErrorKind::TooLarge
            | ErrorKind::Unsupported => Blame::Client,
            ErrorKind::ModelFailed => Blame::Model,
            ErrorKind::NotReady
            | ErrorKind::Overloaded
            | ErrorKind::DeadlineExceeded
            | ErrorKind::Internal => Blame::Server,
            ErrorKind::Upstream => Blame::Upstream,
        };
        let retry_after = match kind {
            ErrorKind::Overloaded | ErrorKind::NotReady | ErrorKind::ClientLimit => Some(RETRY_MIN),
            _ => None,
        };
        let (message, refusal, source) = (message.into(), None, None);
        Self(Box::new(Inner { kind, blame, message, refusal, retry_after, source }))
    }

    /// The client's request cannot be understood or does not fit.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// The model failed on this input.
    pub fn model_failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ModelFailed, message)
    }

    /// A defect of the server.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds what lies behind, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the status that the component chose.
    #[must_use]
    pub fn with_refusal(mut self, status: u16, reason: impl Into<String>) -> Self {
        self.0.refusal = Some(Refusal { status, reason: reason.into() });
        self
    }

    /// Says when trying again can help, where it can at all: after this time, but not at once, and not
    /// so late that who is told so gives up.
    #[must_use]
    pub fn with_retry_after(mut self, time: Duration) -> Self {
        self.0.retry_after = self.0.retry_after.map(|_| time.clamp(RETRY_MIN, RETRY_MAX));
        self
    }

    /// Puts `context: ` before the message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whose mistake it is.
    pub fn blame(&self) -> Blame {
        self.0.blame
    }

    /// The message for the client.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How long to wait before the same request may succeed; none where waiting does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The status that the component chose, if it did.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_try_again_is_told_when() {
        let after = |kind, seconds| {
            let error = Error::new(kind, "full").with_retry_after(Duration::from_millis(seconds));
            error.retry_after().map(|time| time.as_millis())
        };
        assert_eq!(after(ErrorKind::Overloaded, 2500), Some(2500));
        assert_eq!(after(ErrorKind::Overloaded, 3), Some(1000));
        assert_eq!(after(ErrorKind::NotReady, 3_600_000), Some(60_000));
        assert_eq!(after(ErrorKind::InvalidInput, 2500), None);
        assert_eq!(Error::new(ErrorKind::ClientLimit, "").retry_after(), Some(RETRY_MIN));
    }
}
