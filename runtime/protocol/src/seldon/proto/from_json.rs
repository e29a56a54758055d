//! Messages of the compiled types from protobuf's JSON, as far as tests need it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_types::value::Kind as ValueKind;
use prost_types::{ListValue, Struct, Value as ProtoValue};
use serde_json::Value as Json;

use crate::pb::seldon::protos::{
    DefaultData, Meta as ProtoMeta, Metric, SeldonMessage, Tensor as ProtoTensor, default_data,
    metric::MetricType, seldon_message::DataOneof,
};

/// A `google.protobuf.Value` from its JSON.
pub(super) fn value_of_json(json: &Json) -> ProtoValue {
    let kind = match json {
        Json::Null => ValueKind::NullValue(0),
        Json::Bool(truth) => ValueKind::BoolValue(*truth),
        Json::Number(number) => ValueKind::NumberValue(number.as_f64().expect("a double")),
        Json::String(text) => ValueKind::StringValue(text.clone()),
        Json::Array(_) => ValueKind::ListValue(list_of_json(json)),
        Json::Object(map) => {
            let fields = map.iter().map(|(key, value)| (key.clone(), value_of_json(value)));
            ValueKind::StructValue(Struct { fields: fields.collect() })
        }
    };
    ProtoValue { kind: Some(kind) }
}

fn list_of_json(json: &Json) -> ListValue {
    ListValue { values: items(json).map(value_of_json).collect() }
}

fn items(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn entries(json: &Json) -> impl Iterator<Item = (String, &Json)> {
    json.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value))
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

fn int32(json: &Json) -> i32 {
    json.as_i64().and_then(|integer| integer.try_into().ok()).expect("an int32")
}

#[expect(clippy::cast_possible_truncation, reason = "the field has single precision")]
fn float(json: &Json) -> f32 {
    json.as_f64().unwrap_or_default() as f32
}

fn meta_of_json(json: &Json) -> ProtoMeta {
    let metric = |json: &Json| Metric {
        key: text(&json["key"]),
        r#type: MetricType::from_str_name(&text(&json["type"])).unwrap_or_default().into(),
        value: float(&json["value"]),
        tags: entries(&json["tags"]).map(|(key, value)| (key, text(value))).collect(),
    };
    ProtoMeta {
        puid: text(&json["puid"]),
        tags: entries(&json["tags"]).map(|(key, value)| (key, value_of_json(value))).collect(),
        routing: entries(&json["routing"]).map(|(k, v)| (k, int32(v))).collect(),
        request_path: entries(&json["requestPath"]).map(|(k, v)| (k, text(v))).collect(),
        metrics: items(&json["metrics"]).map(metric).collect(),
    }
}

fn data_of_json(json: &Json) -> DefaultData {
    let array = if let Some(tensor) = json.get("tensor") {
        Some(default_data::DataOneof::Tensor(ProtoTensor {
            shape: items(&tensor["shape"]).map(int32).collect(),
            values: items(&tensor["values"]).map(|value| value.as_f64().unwrap()).collect(),
        }))
    } else {
        json.get("ndarray").map(|list| default_data::DataOneof::Ndarray(list_of_json(list)))
    };
    DefaultData { names: items(&json["names"]).map(text).collect(), data_oneof: array }
}

/// A `SeldonMessage` from its JSON.
pub(super) fn message_of_json(json: &Json) -> SeldonMessage {
    let payload = entries(json).find_map(|(key, value)| {
        Some(match key.as_str() {
            "data" => DataOneof::Data(data_of_json(value)),
            "strData" => DataOneof::StrData(text(value)),
            "jsonData" => DataOneof::JsonData(value_of_json(value)),
            "binData" => {
                let bytes = STANDARD.decode(text(value));
                DataOneof::BinData(bytes.expect("base64").into())
            }
            _ => return None,
        })
    });
    SeldonMessage { status: None, meta: json.get("meta").map(meta_of_json), data_oneof: payload }
}
