//! `SeldonModelMetadata`: what a model says of itself, from the document that `/metadata` answers.

use radiant_core::{Map, Value};

use super::value::{push, push_texts};
use crate::seldon::numpy::text;
use crate::wire::{push_bytes, push_head, push_message, push_varint, varint_len};

/// Appends a `SeldonModelMetadata` with what the JSON document has: `name`, `versions`, `platform`,
/// `inputs`, `outputs` and `custom`. What has another type than the message's is left out, and so is
/// what is empty.
pub fn encode_metadata(out: &mut Vec<u8>, json: &Value) {
    let none = Map::new();
    let document = json.as_map().unwrap_or(&none);
    let list = |key: &str| document.get(key).and_then(Value::as_list).unwrap_or_default();
    push_text(out, 1, document.get("name"));
    for version in list("versions").iter().filter_map(text) {
        push_bytes(out, 2, version.as_bytes());
    }
    push_text(out, 3, document.get("platform"));
    for (field, key) in [(4, "inputs"), (5, "outputs")] {
        for item in list(key).iter().filter_map(Value::as_map) {
            push_message(out, field, |out| push_item(out, item));
        }
    }
    if let Some(Value::Map(custom)) = document.get("custom") {
        push_texts(out, 6, custom, text);
    }
}

/// Appends the content of a `SeldonMessageMetadata`: one input or output.
fn push_item(out: &mut Vec<u8>, item: &Map) {
    push_text(out, 1, item.get("messagetype"));
    if let Some(schema) = item.get("schema") {
        push_message(out, 2, |out| push(out, schema));
    }
    push_text(out, 3, item.get("name"));
    push_text(out, 4, item.get("datatype"));
    let shape = item.get("shape").and_then(Value::as_list).unwrap_or_default();
    let extents = || {
        shape.iter().filter_map(|extent| match extent {
            Value::Int(extent) => Some(extent.cast_unsigned()),
            _ => None,
        })
    };
    let length = extents().map(varint_len).sum();
    if length > 0 {
        push_head(out, 5, length);
        extents().for_each(|extent| push_varint(out, extent));
    }
}

fn push_text(out: &mut Vec<u8>, field: u32, value: Option<&Value>) {
    if let Some(text) = value.and_then(text)
        && !text.is_empty()
    {
        push_bytes(out, field, text.as_bytes());
    }
}
