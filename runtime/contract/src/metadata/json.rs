//! Metadata as JSON text: compact, keys sorted, ASCII only.
//!
//! Keys are sorted here, because the order in `serde_json`'s maps depends on a feature that any
//! dependency may switch on.

use std::fmt::Write;

use serde_json::{Map, Value};

pub(super) fn write(entries: &Map<String, Value>) -> String {
    let mut text = String::new();
    object(&mut text, entries);
    text
}

fn value(text: &mut String, item: &Value) {
    match item {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(content) => string(text, content),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                value(text, item);
            }
            text.push(']');
        }
        Value::Object(entries) => object(text, entries),
    }
}

fn object(text: &mut String, entries: &Map<String, Value>) {
    let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    text.push('{');
    for (index, (key, item)) in sorted.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        string(text, key);
        text.push(':');
        value(text, item);
    }
    text.push('}');
}

fn string(text: &mut String, content: &str) {
    text.push('"');
    for c in content.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _infallible = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}
