//! The neutral model that every protocol decodes into and every engine runs on.
//!
//! Tensors, messages, the [`Engine`] and [`Component`] traits and one [`Error`]. There is no IO
//! here, no async, no serialization and no protocol: a type that goes over a wire has a twin of its
//! own in `radiant-protocol`, so that a change of a wire format never changes an engine.

mod batched;
mod cancel;
mod component;
mod dtype;
mod engine;
mod error;
mod message;
pub mod no_rows;
pub mod rows;
pub mod schema;
mod shape;
mod strings;
mod tensor;
mod value;

pub use batched::{BatchRule, Batched};
pub use cancel::Cancel;
pub use component::{Component, Defaults};
pub use dtype::DType;
pub use engine::{
    Answers, Batching, Classifier, Engine, Form, Signature, TensorSpec, WeightCopies,
};
pub use error::{Blame, Error, ErrorKind, Refusal};
pub use message::{Feedback, Metric, MetricKind, Objects, Payload, Reply};
pub use shape::{Shape, ShapeOverflow};
pub use strings::Strings;
pub use tensor::{Element, Tensor, TensorData};
pub use value::{Map, Value};
