//! The `meta` of a message: puid, tags, the way the request took, and metrics.
//!
//! `routing` is read by feedback only; in every other message the wrapper drops it, and so do we.

use radiant_core::{Error, Map, Metric, MetricKind, Value};

use crate::json::{self, push_string};

/// What comes along with a payload, and goes back with the reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    /// The request's id as the client gave it; never generated here, never empty.
    pub puid: Option<Value>,
    /// Tags.
    pub tags: Map,
    /// The image of each node that the request went through, by node name.
    pub request_path: Map,
    /// Metrics of the components that the request went through; for the client, not for counting.
    pub metrics: Vec<Value>,
}

impl Meta {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.puid.is_none()
            && self.tags.is_empty()
            && self.request_path.is_empty()
            && self.metrics.is_empty()
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.puid = None;
        self.tags.clear();
        self.request_path.clear();
        self.metrics.clear();
    }

    /// The meta of a request. Unknown keys are passed over; a `null` in place of a map or a list
    /// is an empty one; a puid that is false to Python (`""`, 0, `null`) is none.
    ///
    /// # Errors
    /// It is no object, or something in it has another type than the protocol's.
    pub fn from_value(value: Value) -> Result<Self, Error> {
        let Value::Map(mut fields) = value else {
            return Err(mistyped("meta", "an object", &value));
        };
        let mut map = |key: &str, path: &str| match fields.remove(key) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Map(map)) => Ok(map),
            Some(other) => Err(mistyped(path, "an object", &other)),
        };
        let tags = map("tags", "meta.tags")?;
        let request_path = map("requestPath", "meta.requestPath")?;
        let metrics = match fields.remove("metrics") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::List(metrics)) => metrics,
            Some(other) => return Err(mistyped("meta.metrics", "an array", &other)),
        };
        let puid = fields.remove("puid").filter(is_true);
        Ok(Self { puid, tags, request_path, metrics })
    }

    /// Adds what came with a later message of the same request: its tags and path win where both
    /// have a key, its metrics come behind, its puid is not looked at.
    pub fn merge(&mut self, later: Self) {
        self.tags.extend(later.tags);
        self.request_path.extend(later.request_path);
        self.metrics.extend(later.metrics);
    }
}

/// Python's truth value.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Int(integer) => *integer != 0,
        Value::BigInt(_) => true,
        Value::Float(float) => *float != 0.0,
        Value::Text(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
    }
}

#[cold]
fn mistyped(path: &str, expected: &str, got: &Value) -> Error {
    Error::invalid_input(format!("`{path}`: expected {expected}, got {}", got.kind()))
}

/// Appends the meta object: sorted keys, only those that are present.
pub fn encode_meta(out: &mut Vec<u8>, meta: &Meta) {
    let encode = |out: &mut Vec<u8>, value: &Value| json::encode(value, out);
    encode_with(out, meta, encode, encode);
}

/// Appends the meta object in the spelling of `push_metric` and `push_value`.
pub(super) fn encode_with(
    out: &mut Vec<u8>,
    meta: &Meta,
    push_metric: impl Fn(&mut Vec<u8>, &Value),
    push_value: impl Fn(&mut Vec<u8>, &Value),
) {
    let mut separator = b'{';
    let mut key = |out: &mut Vec<u8>, name: &str| {
        out.push(separator);
        push_string(out, name);
        out.push(b':');
        separator = b',';
    };
    if !meta.metrics.is_empty() {
        key(out, "metrics");
        push_list(out, &meta.metrics, push_metric);
    }
    if let Some(puid) = &meta.puid {
        key(out, "puid");
        push_value(out, puid);
    }
    if !meta.request_path.is_empty() {
        key(out, "requestPath");
        push_map(out, &meta.request_path, &push_value);
    }
    if !meta.tags.is_empty() {
        key(out, "tags");
        push_map(out, &meta.tags, &push_value);
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Appends an array of what `push` makes of each item.
pub(super) fn push_list<T>(out: &mut Vec<u8>, items: &[T], push: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, item);
    }
    out.push(b']');
}

/// Appends an object of what `push` makes of each entry's value.
pub(super) fn push_map(out: &mut Vec<u8>, map: &Map, push: impl Fn(&mut Vec<u8>, &Value)) {
    out.push(b'{');
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, key);
        out.push(b':');
        push(out, value);
    }
    out.push(b'}');
}

/// The metric as it is shown in `meta.metrics`. One with tags also tells the `method` (`predict`,
/// `feedback`, ...) that made it.
///
/// # Errors
/// Its value is no number: a 500 with the reason `MICROSERVICE_BAD_METRIC`.
pub fn metric_value(metric: &Metric, method: &str) -> Result<Value, Error> {
    if !matches!(metric.value, Value::Int(_) | Value::BigInt(_) | Value::Float(_)) {
        let got = metric.value.kind();
        let message = format!("metric `{}`: expected a number as value, got {got}", metric.key);
        return Err(Error::model_failed(message).with_refusal(500, "MICROSERVICE_BAD_METRIC"));
    }
    let mut shown = Map::from([
        ("key".to_owned(), Value::from(metric.key.as_str())),
        ("type".to_owned(), Value::from(metric_type(metric.kind))),
        ("value".to_owned(), metric.value.clone()),
    ]);
    if let Some(tags) = &metric.tags {
        let mut tags = tags.clone();
        tags.insert("method".to_owned(), Value::from(method));
        shown.insert("tags".to_owned(), Value::Map(tags));
    }
    Ok(Value::Map(shown))
}

const fn metric_type(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Counter => "COUNTER",
        MetricKind::Gauge => "GAUGE",
        MetricKind::Timer => "TIMER",
    }
}
