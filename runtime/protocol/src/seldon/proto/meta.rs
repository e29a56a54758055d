//! `Meta`: puid, tags, the way the request took, and metrics; `routing` for feedback only.

use std::collections::BTreeMap;

use radiant_core::{Error, Map, Value};

use super::request::{float, int32};
use super::value::{Budget, entry, insert, push_map, push_texts};
use crate::seldon::Meta;
use crate::seldon::fields::double;
use crate::seldon::numpy::text;
use crate::wire::{Content, Fields, push_bytes, push_message, push_uint, push_varint};

const PUID: u32 = 1;
const TAGS: u32 = 2;
const ROUTING: u32 = 3;
const REQUEST_PATH: u32 = 4;
const METRICS: u32 = 5;

/// Numbers of the fields of `Metric`.
mod metric_field {
    pub(super) const KEY: u32 = 1;
    pub(super) const TYPE: u32 = 2;
    pub(super) const VALUE: u32 = 3;
    pub(super) const TAGS: u32 = 4;
}

/// The names of the types of a metric, by their numbers.
const METRIC_TYPES: [&str; 3] = ["COUNTER", "GAUGE", "TIMER"];

/// How many elements a metric counts for: it takes more memory than its bytes.
const METRIC_COST: usize = 32;

/// Adds what a `Meta` has to `meta`.
///
/// # Errors
/// The bytes are not of the wire format, or the budget is used up.
pub(super) fn read(message: &[u8], budget: &mut Budget, meta: &mut Meta) -> Result<(), Error> {
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        match number {
            PUID => {
                let puid = content.text()?;
                meta.puid = (!puid.is_empty()).then(|| Value::from(puid));
            }
            TAGS => {
                let (key, value) = entry(content)?;
                let value = value.map_or(Ok(&[][..]), Content::bytes)?;
                insert(&mut meta.tags, key, value, budget)?;
            }
            REQUEST_PATH => insert_text(&mut meta.request_path, content, budget)?,
            METRICS => meta.metrics.push(metric(content.bytes()?, budget)?),
            _ => {}
        }
    }
    Ok(())
}

/// Adds the entry of a `map<string, string>`.
fn insert_text(map: &mut Map, content: Content<'_>, budget: &mut Budget) -> Result<(), Error> {
    budget.take(1)?;
    let (key, value) = entry(content)?;
    let value = value.map_or(Ok(""), Content::text)?;
    map.insert(key.to_owned(), Value::from(value));
    Ok(())
}

/// A `Metric`, as [`metric_value`](crate::seldon::metric_value) shows one.
fn metric(message: &[u8], budget: &mut Budget) -> Result<Value, Error> {
    budget.take(METRIC_COST)?;
    let (mut key, mut kind, mut number, mut tags) = ("", 0, 0.0, Map::new());
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            metric_field::KEY => key = content.text()?,
            metric_field::TYPE => kind = int32(content.varint()?),
            metric_field::VALUE => number = float(content)?,
            metric_field::TAGS => insert_text(&mut tags, content, budget)?,
            _ => {}
        }
    }
    let name = usize::try_from(kind).ok().and_then(|kind| METRIC_TYPES.get(kind));
    let mut shown = Map::from([
        ("key".to_owned(), Value::from(key)),
        ("type".to_owned(), name.map_or(Value::Int(i64::from(kind)), |name| Value::from(*name))),
        ("value".to_owned(), Value::Float(f64::from(number))),
    ]);
    if !tags.is_empty() {
        shown.insert("tags".to_owned(), Value::Map(tags));
    }
    Ok(Value::Map(shown))
}

/// Adds the branches of a `Meta`'s `routing`, by the router's name.
///
/// # Errors
/// The bytes are not of the wire format, or the budget is used up.
pub(super) fn read_routing(
    message: &[u8],
    budget: &mut Budget,
    routing: &mut BTreeMap<String, i32>,
) -> Result<(), Error> {
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        if number == ROUTING {
            budget.take(1)?;
            let (name, branch) = entry(content)?;
            let branch = branch.map_or(Ok(0), Content::varint)?;
            routing.insert(name.to_owned(), int32(branch));
        }
    }
    Ok(())
}

/// Appends the content of a `Meta`: only what is present.
pub fn encode_meta(out: &mut Vec<u8>, meta: &Meta) {
    if let Some(puid) = meta.puid.as_ref().and_then(text) {
        push_bytes(out, PUID, puid.as_bytes());
    }
    push_map(out, TAGS, &meta.tags);
    push_texts(out, REQUEST_PATH, &meta.request_path, text);
    for metric in &meta.metrics {
        push_message(out, METRICS, |out| push_metric(out, metric));
    }
}

/// Appends the content of a `Metric`, without what has its default: a counter's type, a value of 0,
/// no tags.
fn push_metric(out: &mut Vec<u8>, metric: &Value) {
    let none = Map::new();
    let metric = metric.as_map().unwrap_or(&none);
    if let Some(Value::Text(key)) = metric.get("key")
        && !key.is_empty()
    {
        push_bytes(out, metric_field::KEY, key.as_bytes());
    }
    let kind = metric_type(metric.get("type"));
    if kind != 0 {
        push_uint(out, metric_field::TYPE, i64::from(kind).cast_unsigned());
    }
    let number = metric.get("value").and_then(|value| double(value, "value").ok());
    #[expect(clippy::cast_possible_truncation, reason = "the field has single precision")]
    let number = number.unwrap_or_default() as f32;
    if number.to_bits() != 0 {
        push_varint(out, u64::from(metric_field::VALUE) << 3 | 5);
        out.extend_from_slice(&number.to_le_bytes());
    }
    if let Some(Value::Map(tags)) = metric.get("tags") {
        push_texts(out, metric_field::TAGS, tags, text);
    }
}

/// The number of a metric's type.
fn metric_type(value: Option<&Value>) -> i32 {
    match value {
        Some(Value::Int(number)) => i32::try_from(*number).unwrap_or_default(),
        Some(Value::Text(name)) => (0..)
            .zip(METRIC_TYPES)
            .find_map(|(number, known)| (name == known).then_some(number))
            .unwrap_or_default(),
        _ => 0,
    }
}
