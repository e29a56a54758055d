//! Feedback requests, which alone are read as strictly as protobuf reads JSON.
//!
//! Numbers pass through protobuf here, as in the wrapper: those of an `ndarray` are doubles, even
//! where a prediction keeps them integers.

use std::collections::BTreeMap;

use bytes::Bytes;
use radiant_core::{Error, Payload, Value};

use super::fields::{double, doubles, fields, float, int32, list, map, mistyped, string, take};
use super::shape::Axes;
use super::{Kind, Meta, Request, binary, data, numpy, tftensor};
use crate::Limits;
use crate::json::Cursor;

/// A decoded feedback message.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackRequest {
    /// The form in which the original request carried its payload: that of the reply, too. A message
    /// without payload is answered like a tensor.
    pub kind: Kind,
    /// The original request.
    pub request: Option<Request>,
    /// The branch that each router took for the original request, by the router's name; read from
    /// the meta of the response.
    pub response_routing: BTreeMap<String, i32>,
    /// How good the prediction was; 0 where none came.
    pub reward: f32,
    /// The right answer.
    pub truth: Option<Request>,
}

/// Decodes a feedback message.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the body is not JSON, or no `Feedback`
/// message; a field that it does not have is named, and so is the message that lacks it.
pub fn decode_feedback(body: &[u8], limits: &Limits) -> Result<FeedbackRequest, Error> {
    let mut cursor = Cursor::new(body);
    let value = cursor.value(limits).and_then(|value| cursor.finish().map(|()| value));
    let value = value.map_err(|error| {
        Error::invalid_input(format!("request is not JSON: {}", error.describe(body)))
    })?;
    let mut feedback = fields(value, "Feedback", &["request", "response", "reward", "truth"])?;
    let mut part = |name: &str| match take(&mut feedback, name) {
        None => Ok(None),
        Some(value) => {
            let message = message(value, limits);
            message.map(Some).map_err(|error| error.context(format_args!("`{name}`")))
        }
    };
    let (request, response, truth) = (part("request")?, part("response")?, part("truth")?);
    let reward = take(&mut feedback, "reward");
    let request = request.map(|message| message.request);
    Ok(FeedbackRequest {
        kind: request.as_ref().map_or(Kind::Tensor, |request| request.kind),
        request,
        response_routing: response.map(|message| message.routing).unwrap_or_default(),
        reward: reward.map_or(Ok(0.0), |reward| float(&reward, "reward"))?,
        truth: truth.map(|message| message.request),
    })
}

/// A `SeldonMessage`.
struct Message {
    request: Request,
    routing: BTreeMap<String, i32>,
}

const PAYLOADS: [&str; 5] = ["data", "jsonData", "strData", "binData", "customData"];

fn message(value: Value, limits: &Limits) -> Result<Message, Error> {
    let known = ["status", "meta", "data", "binData", "strData", "jsonData", "customData"];
    let mut message = fields(value, "SeldonMessage", &known)?;
    if let Some(status) = take(&mut message, "status") {
        fields(status, "Status", &["code", "info", "reason", "status"])?;
    }
    let mut request = Request { kind: Kind::Tensor, ..Request::new() };
    let mut routing = BTreeMap::new();
    if let Some(value) = take(&mut message, "meta") {
        (request.meta, routing) = meta(value)?;
    }
    // A `jsonData` that is `null` is set: null is a value of its type.
    message.retain(|name, value| name == "jsonData" || *value != Value::Null);
    if message.len() > 1 {
        let names: Vec<&str> = message.keys().map(String::as_str).collect();
        return Err(Error::invalid_input(format!(
            "message `SeldonMessage`: expected one payload, got `{}`",
            names.join("` and `")
        )));
    }
    match PAYLOADS.into_iter().find_map(|name| Some((name, message.remove(name)?))) {
        Some(("data", data)) => default_data(data, limits, &mut request)?,
        Some(("strData", text)) => {
            (request.kind, request.payload) = (Kind::Text, Payload::Text(string(text, "strData")?));
        }
        Some(("binData", text)) => {
            let bytes = binary::decode_proto(&string(text, "binData")?);
            let bytes = bytes.map_err(|error| error.context("`binData`"))?;
            (request.kind, request.payload) = (Kind::Bytes, Payload::Bytes(Bytes::from(bytes)));
        }
        Some((_, value)) => {
            (request.kind, request.payload) = (Kind::Json, Payload::Json(doubles(value)));
        }
        None => data::empty(&mut request.payload, None),
    }
    Ok(Message { request, routing })
}

fn meta(value: Value) -> Result<(Meta, BTreeMap<String, i32>), Error> {
    let known = ["puid", "tags", "routing", "requestPath", "metrics"];
    let mut fields = fields(value, "Meta", &known)?;
    let puid = take(&mut fields, "puid").map(|puid| string(puid, "meta.puid")).transpose()?;
    let tags = map(take(&mut fields, "tags"), "meta.tags")?;
    let mut routing = BTreeMap::new();
    for (name, branch) in map(take(&mut fields, "routing"), "meta.routing")? {
        let branch = int32(&branch, "meta.routing")?;
        routing.insert(name, branch);
    }
    let request_path = map(take(&mut fields, "requestPath"), "meta.requestPath")?;
    if let Some(image) = request_path.values().find(|image| image.as_text().is_none()) {
        return Err(mistyped("meta.requestPath", "strings", image));
    }
    let metrics = list(take(&mut fields, "metrics"), "meta.metrics")?;
    metrics.iter().try_for_each(check_metric)?;
    let meta = Meta {
        puid: puid.filter(|puid| !puid.is_empty()).map(Value::Text),
        tags: tags.into_iter().map(|(name, tag)| (name, doubles(tag))).collect(),
        request_path,
        metrics,
    };
    Ok((meta, routing))
}

fn check_metric(metric: &Value) -> Result<(), Error> {
    let mut metric = fields(metric.clone(), "Metric", &["key", "type", "value", "tags"])?;
    if let Some(key) = take(&mut metric, "key") {
        string(key, "metrics.key")?;
    }
    if let Some(value) = take(&mut metric, "value") {
        float(&value, "metrics.value")?;
    }
    match take(&mut metric, "type") {
        None | Some(Value::Int(0..=2)) => {}
        Some(Value::Text(name)) if ["COUNTER", "GAUGE", "TIMER"].contains(&name.as_str()) => {}
        Some(other) => {
            return Err(mistyped("metrics.type", "`COUNTER`, `GAUGE` or `TIMER`", &other));
        }
    }
    for (_, tag) in map(take(&mut metric, "tags"), "metrics.tags")? {
        string(tag, "metrics.tags")?;
    }
    Ok(())
}

/// A `DefaultData`; without an array it is, as in a prediction, an empty `ndarray`.
fn default_data(value: Value, limits: &Limits, into: &mut Request) -> Result<(), Error> {
    let mut data = fields(value, "DefaultData", &["names", "tensor", "ndarray", "tftensor"])?;
    for name in list(take(&mut data, "names"), "data.names")? {
        into.names.push(string(name, "data.names")?);
    }
    let (tensor, array, tf_tensor) =
        (take(&mut data, "tensor"), take(&mut data, "ndarray"), take(&mut data, "tftensor"));
    (into.kind, into.payload) = match (tensor, array, tf_tensor) {
        (Some(value), None, None) => (Kind::Tensor, tensor_message(value, limits)?),
        (None, Some(list @ Value::List(_)), None) => {
            let array = numpy::array(doubles(list), limits);
            (Kind::NdArray, array.map_err(|error| error.context("`data.ndarray`"))?)
        }
        (None, Some(other), None) => return Err(mistyped("data.ndarray", "an array", &other)),
        (None, None, Some(value)) => {
            let tensor = tftensor::decode(&value, limits);
            let tensor = tensor.map_err(|error| error.context("`data.tftensor`"))?;
            (Kind::TfTensor, Payload::Array(tensor))
        }
        (None, None, None) => {
            let mut payload = Request::new().payload;
            data::empty(&mut payload, None);
            (Kind::NdArray, payload)
        }
        _ => {
            return Err(Error::invalid_input(
                "message `DefaultData`: expected one array, got more",
            ));
        }
    };
    Ok(())
}

fn tensor_message(value: Value, limits: &Limits) -> Result<Payload, Error> {
    let mut fields = fields(value, "Tensor", &["shape", "values"])?;
    let shape = list(take(&mut fields, "shape"), "data.tensor.shape")?;
    let values = list(take(&mut fields, "values"), "data.tensor.values")?;
    let axes = shape.iter().map(|axis| int32(axis, "data.tensor.shape").map(i64::from));
    let axes: Axes = axes.collect::<Result<_, _>>()?;
    let values = values.iter().map(|value| double(value, "data.tensor.values"));
    let values: Vec<Value> =
        values.map(|value| value.map(Value::Float)).collect::<Result<_, _>>()?;
    let mut payload = numpy::array(Value::List(values), limits)?;
    axes.apply(&mut payload, limits).map_err(|error| error.context("`data.tensor`"))?;
    Ok(payload)
}
