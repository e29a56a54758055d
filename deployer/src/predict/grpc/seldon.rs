//! Seldon v1's JSON, which people write, and its messages.

use anyhow::anyhow;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Proto};
use serde_json::{Map, Value, json};

use super::messages::{Content, DefaultData, Meta, Rows, SeldonMessage, Tensor};
use crate::error::Failure;

/// The message that a request's JSON is.
///
/// # Errors
/// When it has parts that a message cannot have here.
pub(super) fn request(json: &Value) -> Result<SeldonMessage, Failure> {
    let mut message = SeldonMessage::default();
    for (key, value) in fields(json, "a request")? {
        match key.as_str() {
            "data" => message.content = Some(Content::Data(data(value)?)),
            "strData" => message.content = Some(Content::Text(text(value, key)?)),
            "jsonData" => message.content = Some(Content::Json(proto(value))),
            "binData" => {
                let bytes = BASE64_STANDARD.decode(text(value, key)?);
                let bytes = bytes.map_err(|_| expected(key, "bytes in base64"))?;
                message.content = Some(Content::Binary(bytes));
            }
            "meta" => message.meta = Some(meta(value)?),
            other => {
                return Err(unknown(other, "data`, `strData`, `jsonData`, `binData` or `meta"));
            }
        }
    }
    Ok(message)
}

fn data(json: &Value) -> Result<DefaultData, Failure> {
    let mut data = DefaultData::default();
    for (key, value) in fields(json, "data")? {
        match key.as_str() {
            "names" => {
                let names: Option<Vec<String>> = value.as_array().and_then(|names| {
                    names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
                });
                data.names = names.ok_or_else(|| expected("data.names", "a list of names"))?;
            }
            "ndarray" => {
                let rows = value.as_array().ok_or_else(|| expected("data.ndarray", "lists"))?;
                data.rows = Some(Rows::Lists(list(rows)));
            }
            "tensor" => data.rows = Some(Rows::Tensor(tensor(value)?)),
            other => return Err(unknown(other, "names`, `ndarray` or `tensor")),
        }
    }
    Ok(data)
}

fn tensor(json: &Value) -> Result<Tensor, Failure> {
    let list = |key: &str| json.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let shape = list("shape").iter().map(|it| i32::try_from(it.as_i64()?).ok()).collect();
    let values = list("values").iter().map(Value::as_f64).collect();
    match (shape, values) {
        (Some(shape), Some(values)) => Ok(Tensor { shape, values }),
        _ => Err(expected("data.tensor", "`shape` and `values` of numbers")),
    }
}

fn meta(json: &Value) -> Result<Meta, Failure> {
    let mut meta = Meta::default();
    for (key, value) in fields(json, "meta")? {
        match key.as_str() {
            "puid" => meta.puid = text(value, "meta.puid")?,
            "tags" => {
                let tags = fields(value, "meta.tags")?;
                meta.tags = tags.iter().map(|(name, tag)| (name.clone(), proto(tag))).collect();
            }
            other => return Err(unknown(other, "puid` or `tags")),
        }
    }
    Ok(meta)
}

/// The JSON of an answer, as the same server gives it by REST.
pub(super) fn reply(message: SeldonMessage) -> Value {
    let mut answer = Map::new();
    match message.content {
        Some(Content::Data(data)) => drop(answer.insert("data".to_owned(), shown(data))),
        Some(Content::Text(text)) => drop(answer.insert("strData".to_owned(), text.into())),
        Some(Content::Json(value)) => drop(answer.insert("jsonData".to_owned(), json_of(value))),
        Some(Content::Binary(bytes)) => {
            answer.insert("binData".to_owned(), BASE64_STANDARD.encode(bytes).into());
        }
        None => {}
    }
    let Meta { puid, tags, routing, request_path } = message.meta.unwrap_or_default();
    let tags: Map<String, Value> =
        tags.into_iter().map(|(name, tag)| (name, json_of(tag))).collect();
    let meta = json!({"puid": puid, "tags": tags, "routing": routing, "requestPath": request_path});
    let is_something = |value: &Value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let meta = meta.as_object().cloned().unwrap_or_default();
    let meta: Map<String, Value> =
        meta.into_iter().filter(|(_, value)| is_something(value)).collect();
    answer.insert("meta".to_owned(), Value::Object(meta));
    Value::Object(answer)
}

fn shown(data: DefaultData) -> Value {
    let mut fields = Map::new();
    if !data.names.is_empty() {
        fields.insert("names".to_owned(), json!(data.names));
    }
    match data.rows {
        Some(Rows::Lists(lists)) => {
            let rows = lists.values.into_iter().map(json_of).collect();
            fields.insert("ndarray".to_owned(), Value::Array(rows));
        }
        Some(Rows::Tensor(Tensor { shape, values })) => {
            fields.insert("tensor".to_owned(), json!({"shape": shape, "values": values}));
        }
        None => {}
    }
    Value::Object(fields)
}

fn proto(json: &Value) -> Proto {
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        // Messages have no other numbers.
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(list(items)),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), proto(value))).collect();
            Kind::StructValue(Struct { fields })
        }
    };
    Proto { kind: Some(kind) }
}

fn list(items: &[Value]) -> ListValue {
    ListValue { values: items.iter().map(proto).collect() }
}

fn json_of(value: Proto) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::NumberValue(number)) => number.into(),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json_of).collect(),
        Some(Kind::StructValue(fields)) => {
            let fields = fields.fields.into_iter().map(|(name, value)| (name, json_of(value)));
            Value::Object(fields.collect())
        }
    }
}

fn fields<'a>(json: &'a Value, place: &str) -> Result<&'a Map<String, Value>, Failure> {
    json.as_object().ok_or_else(|| expected(place, "an object"))
}

fn text(json: &Value, place: &str) -> Result<String, Failure> {
    json.as_str().map(str::to_owned).ok_or_else(|| expected(place, "a text"))
}

fn expected(place: &str, what: &str) -> Failure {
    Failure::usage(anyhow!("`{place}`: expected {what}, got something else"))
}

fn unknown(key: &str, known: &str) -> Failure {
    let error = anyhow!("expected `{known}` by gRPC, got `{}`", key.escape_debug());
    Failure::usage(error).hint("ask it by REST: `--protocol seldon`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_as_they_were() {
        for request_json in [
            json!({"data": {"names": ["a"], "ndarray": [[1.5, "x", null, true]]}, "meta": {}}),
            json!({"data": {"tensor": {"shape": [1, 2], "values": [1.0, 2.0]}}, "meta": {}}),
            json!({"strData": "text", "meta": {"puid": "p", "tags": {"a": [1.0]}}}),
            json!({"jsonData": {"a": {"b": [false]}}, "meta": {}}),
            json!({"binData": "AAE=", "meta": {}}),
        ] {
            assert_eq!(reply(request(&request_json).unwrap()), request_json);
        }
    }

    #[test]
    fn what_has_no_place_in_a_message_is_named() {
        for (json, word) in [
            (json!({"customData": {}}), "customData"),
            (json!({"data": {"tftensor": {}}}), "tftensor"),
            (json!({"data": {"tensor": {"shape": ["1"]}}}), "data.tensor"),
            (json!({"binData": "!"}), "base64"),
            (json!([]), "an object"),
        ] {
            let text = request(&json).unwrap_err().text();
            assert!(text.contains(word), "{text}");
        }
    }
}
