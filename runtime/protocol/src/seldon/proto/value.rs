//! `google.protobuf.Value`, both ways: values without a schema.

use radiant_core::{Error, Map, Value};

use super::request::double;
use super::{ITEMS, entry_field, value_field};
use crate::Limits;
use crate::wire::{Content, Fields, push_bytes, push_message, push_uint};

/// How many elements an object counts for beside its entries: it takes more memory than a list.
const MAP_COST: usize = 16;

/// What the values of one message may still take.
#[derive(Debug)]
pub(super) struct Budget {
    depth_left: usize,
    elements_left: usize,
    limits: Limits,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { depth_left: limits.depth(), elements_left: limits.elements_max, limits: *limits }
    }

    /// Takes room for so many elements.
    ///
    /// # Errors
    /// There is none left.
    pub(super) fn take(&mut self, n_elements: usize) -> Result<(), Error> {
        let left = self.elements_left.checked_sub(n_elements);
        self.elements_left = left.ok_or_else(|| too_many(&self.limits))?;
        Ok(())
    }

    /// Reads one level down.
    fn descend<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let depth = self.depth_left;
        self.depth_left = depth.checked_sub(1).ok_or_else(|| {
            Error::invalid_input(format!(
                "expected at most {} levels, got more",
                self.limits.depth()
            ))
        })?;
        let read = read(self);
        self.depth_left = depth;
        read
    }
}

#[cold]
pub(super) fn too_many(limits: &Limits) -> Error {
    Error::invalid_input(format!("expected at most {} elements, got more", limits.elements_max))
}

/// Decodes a `Value`; one of no kind is null.
///
/// # Errors
/// The bytes are not of the wire format, or the budget is used up.
pub(super) fn decode(message: &[u8], budget: &mut Budget) -> Result<Value, Error> {
    let mut value = Value::Null;
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        value = match number {
            value_field::NULL => content.varint().map(|_| Value::Null)?,
            value_field::NUMBER => Value::Float(double(content)?),
            value_field::STRING => Value::Text(content.text()?.to_owned()),
            value_field::BOOL => Value::Bool(content.varint()? != 0),
            value_field::STRUCT => {
                let entries = content.bytes()?;
                Value::Map(budget.descend(|budget| decode_struct(entries, budget))?)
            }
            value_field::LIST => decode_list(content.bytes()?, budget)?,
            _ => continue,
        };
    }
    Ok(value)
}

/// Decodes a `ListValue` to a list.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_list(message: &[u8], budget: &mut Budget) -> Result<Value, Error> {
    budget.descend(|budget| {
        let mut items = Vec::new();
        let mut fields = Fields::new(message);
        while let Some((number, content)) = fields.next()? {
            if number == ITEMS {
                budget.take(1)?;
                items.push(decode(content.bytes()?, budget)?);
            }
        }
        Ok(Value::List(items))
    })
}

fn decode_struct(message: &[u8], budget: &mut Budget) -> Result<Map, Error> {
    budget.take(MAP_COST)?;
    let mut map = Map::new();
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        if number == ITEMS {
            let (key, value) = entry(content)?;
            let value = value.map_or(Ok(&[][..]), Content::bytes)?;
            insert(&mut map, key, value, budget)?;
        }
    }
    Ok(map)
}

/// Adds the entry of a `map<string, Value>`.
///
/// # Errors
/// As [`decode`].
pub(super) fn insert(
    map: &mut Map,
    key: &str,
    value: &[u8],
    budget: &mut Budget,
) -> Result<(), Error> {
    budget.take(1)?;
    map.insert(key.to_owned(), decode(value, budget)?);
    Ok(())
}

/// The key and the value of a map's entry; what is missing has its default.
///
/// # Errors
/// The bytes are no entry with a key of text.
pub(super) fn entry(content: Content<'_>) -> Result<(&str, Option<Content<'_>>), Error> {
    let (mut key, mut value) = ("", None);
    let mut fields = Fields::new(content.bytes()?);
    while let Some((number, content)) = fields.next()? {
        match number {
            entry_field::KEY => key = content.text()?,
            entry_field::VALUE => value = Some(content),
            _ => {}
        }
    }
    Ok((key, value))
}

/// Appends the content of a `Value`. Integers become doubles.
pub(super) fn push(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => push_uint(out, value_field::NULL, 0),
        Value::Bool(truth) => push_uint(out, value_field::BOOL, u64::from(*truth)),
        Value::Int(integer) => push_number(out, *integer as f64),
        Value::BigInt(digits) => push_number(out, digits.parse().unwrap_or(f64::NAN)),
        Value::Float(float) => push_number(out, *float),
        Value::Text(text) => push_bytes(out, value_field::STRING, text.as_bytes()),
        Value::List(items) => push_message(out, value_field::LIST, |out| {
            for item in items {
                push_message(out, ITEMS, |out| push(out, item));
            }
        }),
        Value::Map(map) => push_message(out, value_field::STRUCT, |out| push_map(out, ITEMS, map)),
    }
}

/// The key of `number_value`, with the wire type of eight bytes.
pub(super) const NUMBER_KEY: u8 = 0x11;

fn push_number(out: &mut Vec<u8>, double: f64) {
    out.push(NUMBER_KEY);
    out.extend_from_slice(&double.to_le_bytes());
}

/// Appends a field of the type `map<string, Value>`.
pub(super) fn push_map(out: &mut Vec<u8>, field: u32, map: &Map) {
    for (key, value) in map {
        push_message(out, field, |out| {
            push_bytes(out, entry_field::KEY, key.as_bytes());
            push_message(out, entry_field::VALUE, |out| push(out, value));
        });
    }
}

/// Appends a field of the type `map<string, string>`, of which `text` spells the values.
pub(super) fn push_texts(
    out: &mut Vec<u8>,
    field: u32,
    map: &Map,
    text: impl Fn(&Value) -> Option<String>,
) {
    for (key, value) in map {
        push_message(out, field, |out| {
            push_bytes(out, entry_field::KEY, key.as_bytes());
            push_bytes(out, entry_field::VALUE, text(value).unwrap_or_default().as_bytes());
        });
    }
}
