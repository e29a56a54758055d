//! Why a model was refused, and the containment of rten's errors and panics.
//!
//! No error of rten leaves this crate as a type: only its text.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use radiant_core::Error;

/// Why this engine does not take a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The graph's inputs or outputs are none that the server has.
    #[error(transparent)]
    Signature(#[from] radiant_onnx::OnnxError),
    /// The graph is written in operators older or newer than those that rten was checked with.
    #[error("operator set: expected a version from {oldest} to {newest}, got {got}")]
    Opset {
        /// The oldest version that is run.
        oldest: i64,
        /// The newest version that is run.
        newest: i64,
        /// The model's version.
        got: i64,
    },
    /// rten has no such operator, or it is not known to be right.
    #[error("operator `{operator}` (node `{node}`) is not one that is run through rten")]
    UnknownOperator {
        /// The operator's type, with its domain unless that is the default one.
        operator: String,
        /// The node's name, or its first output where it has none.
        node: String,
    },
    /// rten has this operator, and would answer wrongly.
    #[error("operator `{operator}` (node `{node}`): {reason}")]
    Operator {
        /// The operator's type.
        operator: String,
        /// The node's name, or its first output where it has none.
        node: String,
        /// What rten does not do right.
        reason: String,
    },
    /// An input, output or constant cannot be held in rten's types.
    #[error("{side} `{name}`: {reason}")]
    Value {
        /// `input`, `output`, `constant` or `value`.
        side: &'static str,
        /// The name in the model.
        name: String,
        /// What stands in the way.
        reason: String,
    },
    /// No inputs made up for a trial fit the model: others might.
    #[error("no inputs made up for a trial of the model fit it: {text}")]
    Untried {
        /// rten's own words about the first ones.
        text: String,
    },
    /// rten could not load the graph, or does not do what it asks for when it runs.
    #[error("rten cannot {action} the model: {text}")]
    Refused {
        /// `load` or `run`.
        action: &'static str,
        /// rten's own words.
        text: String,
    },
    /// rten panicked.
    #[error("rten panicked when it was to {action} the model")]
    Panicked {
        /// `load` or `run`.
        action: &'static str,
        /// What it said.
        #[source]
        panic: Panic,
    },
}

/// What a panic said: for logs, not for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panic: {0}")]
pub struct Panic(pub(crate) String);

/// What rten said when it gave an error: for logs, not for clients.
#[derive(Debug, Clone, thiserror::Error)]
#[error("rten: {0}")]
struct Complaint(String);

/// How a call into rten ended badly.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// It gave an error with this text.
    Refused(String),
    /// It said with this text that numbers or shapes do not fit each other.
    Unfit(String),
    /// It panicked with this text.
    Panicked(String),
}

impl Failure {
    /// The failure of a request.
    #[cold]
    pub(crate) fn into_run_error(self) -> Error {
        match self {
            Self::Refused(text) | Self::Unfit(text) => {
                Error::model_failed("model failed on this input").with_source(Complaint(text))
            }
            Self::Panicked(text) => {
                Error::model_failed("model panicked on this input").with_source(Panic(text))
            }
        }
    }

    /// The refusal of a model.
    #[cold]
    pub(crate) fn into_load_error(self, action: &'static str) -> LoadError {
        match self {
            Self::Refused(text) => LoadError::Refused { action, text },
            Self::Unfit(text) => LoadError::Untried { text },
            Self::Panicked(text) => LoadError::Panicked { action, panic: Panic(text) },
        }
    }
}

/// Calls into rten: errors become text, and a panic stays here.
///
/// A panic leaves what the closure borrowed usable: a loaded model changes nothing but the order of
/// its nodes that it remembers, behind a lock, and each run has buffers of its own.
pub(crate) fn contain<T, E: Display>(call: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Refused(error.to_string())),
        Err(payload) => Err(Failure::Panicked(panic_text(&*payload))),
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is no text".to_owned()
    }
}
