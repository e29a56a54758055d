//! Why a model was refused, and the containment of tract's errors and panics.
//!
//! No error of tract leaves this crate as a type: only its text, without a backtrace.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use radiant_core::{DType, Error};
use tract_onnx::prelude::TractResult;

/// Why this engine does not take a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The graph's inputs or outputs are none that the server has.
    #[error(transparent)]
    Signature(#[from] radiant_onnx::OnnxError),
    /// The bytes are not an ONNX model.
    #[error("the file is not an ONNX model: {0}")]
    Decode(String),
    /// The graph is written in operators older than tract's.
    #[error("operator set: expected version {expected} or later, got {got}")]
    Opset {
        /// The oldest version that is run.
        expected: i64,
        /// The model's version.
        got: i64,
    },
    /// tract has no such operator.
    #[error("operator `{operator}` (node `{node}`) is not one that tract has")]
    UnknownOperator {
        /// The operator's type, with its domain unless that is the default one.
        operator: String,
        /// The node's name, or its first output where it has none.
        node: String,
    },
    /// tract has this operator, and would answer wrongly.
    #[error("operator `{operator}` (node `{node}`): {reason}")]
    Operator {
        /// The operator's type.
        operator: String,
        /// The node's name, or its first output where it has none.
        node: String,
        /// What tract does not do right.
        reason: String,
    },
    /// Constants make a node give more than tract can be let compute.
    #[error(
        "{node}: tract computes what constants make when it plans: expected at most {limit} \
         elements, got {n_elements}"
    )]
    Growth {
        /// The node with its operator.
        node: String,
        /// The elements of its first output.
        n_elements: u64,
        /// The most that are let through.
        limit: u64,
    },
    /// An input or output is of a type that tract does not run.
    #[error("{side} `{name}`: type {dtype} is not one that tract runs")]
    DType {
        /// `input` or `output`.
        side: &'static str,
        /// The name in the model.
        name: String,
        /// The declared type.
        dtype: DType,
    },
    /// tract could not import or optimise the graph.
    #[error("tract cannot load the model: {culprit}{text}")]
    Refused {
        /// The operator that the text speaks of, as ``operator `X` (node `Y`): ``, or nothing.
        culprit: String,
        /// tract's own words.
        text: String,
    },
    /// tract panicked while it imported or optimised the graph.
    #[error("tract panicked while it loaded the model")]
    Panicked(#[source] Panic),
}

/// What a panic said: for logs, not for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panic: {0}")]
pub struct Panic(pub(crate) String);

/// What tract said when it gave an error: for logs, not for clients.
#[derive(Debug, Clone, thiserror::Error)]
#[error("tract: {0}")]
struct Complaint(String);

/// How a call into tract ended badly.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// It gave an error with this text.
    Refused(String),
    /// It panicked with this text.
    Panicked(String),
}

impl Failure {
    /// The failure of a request.
    pub(crate) fn into_run_error(self) -> Error {
        match self {
            Self::Refused(text) => {
                Error::model_failed("model failed on this input").with_source(Complaint(text))
            }
            Self::Panicked(text) => {
                Error::model_failed("model panicked on this input").with_source(Panic(text))
            }
        }
    }
}

/// Calls into tract: errors become text, and a panic stays here.
///
/// A panic leaves what the closure borrowed usable: plans are immutable, and each run has a state
/// of its own that dies with it.
pub(crate) fn contain<T>(call: impl FnOnce() -> TractResult<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        // The alternate form is the chain of causes on one line. `{:?}` would add a backtrace.
        Ok(Err(error)) => Err(Failure::Refused(format!("{error:#}"))),
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
