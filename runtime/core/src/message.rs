//! What goes into a component and what comes out, apart from how either looked on the wire.

use bytes::Bytes;

use crate::{Map, Shape, Tensor, Value};

/// The content of a request or a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// One array of numbers, booleans or strings.
    Array(Tensor),
    /// One array with mixed content: nulls, objects, integers beyond 64 bits.
    Objects(Objects),
    /// Bytes without further structure.
    Bytes(Bytes),
    /// Text.
    Text(String),
    /// A value without a schema.
    Json(Value),
}

/// An array whose elements have no common numeric or string type (numpy's `object`).
///
/// Invariant kept by whoever builds one: `shape.n_elements() == values.len()`.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// The extent of each axis.
    pub shape: Shape,
    /// The elements, row-major.
    pub values: Vec<Value>,
}

/// What a component answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The content.
    pub payload: Payload,
    /// Tags of this reply, merged over the request's.
    pub tags: Map,
    /// Metrics of this reply: recorded, and shown to the client unless switched off.
    pub metrics: Vec<Metric>,
}

impl Reply {
    /// A reply without tags and metrics.
    pub fn new(payload: Payload) -> Self {
        Self { payload, tags: Map::new(), metrics: Vec::new() }
    }
}

/// What became of a prediction, told by the client afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// The content of the original request, if it came along.
    pub request: Option<Payload>,
    /// The names of the original request's features.
    pub names: Vec<String>,
    /// How good the prediction was, on the client's own scale.
    pub reward: f32,
    /// The right answer, if known.
    pub truth: Option<Payload>,
    /// The branch that a router had taken for the original request.
    pub routing: Option<i32>,
}

/// A component's own metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name of the series; a counter's gets `_total` when exposed.
    pub key: String,
    /// How values combine.
    pub kind: MetricKind,
    /// The value as it was given, so that it is shown to the client as it was given; a timer's is
    /// in milliseconds.
    pub value: Value,
    /// Labels beside the server's own.
    pub tags: Option<Map>,
}

/// How a metric's values combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// Values add up.
    Counter,
    /// The last value holds.
    Gauge,
    /// Values are durations in milliseconds, exposed as a histogram in seconds.
    Timer,
}
