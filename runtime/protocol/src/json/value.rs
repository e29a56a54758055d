//! Values without a schema, both ways.

use radiant_core::{Map, Value};

use super::number::{self, Parsed};
use super::{Cursor, SyntaxError, print};
use crate::Limits;

impl Cursor<'_> {
    /// Reads a value of any kind into a tree. Costs an allocation per string, list and object.
    ///
    /// # Errors
    /// What stands there is no value, or it is nested too deep or has too many elements.
    pub fn value(&mut self, limits: &Limits) -> Result<Value, SyntaxError> {
        let mut elements_left = limits.elements_max;
        self.nested_value(limits.depth(), &mut elements_left)
    }

    fn nested_value(&mut self, depth_left: usize, left: &mut usize) -> Result<Value, SyntaxError> {
        let value = match self.peek() {
            Some(b'[') => {
                let depth_left = self.descend(depth_left)?;
                let mut list = Vec::new();
                while self.next_item(list.is_empty())? {
                    self.count(left)?;
                    list.push(self.nested_value(depth_left, left)?);
                }
                Value::List(list)
            }
            Some(b'{') => {
                let depth_left = self.descend(depth_left)?;
                let mut map = Map::new();
                while let Some(key) = self.next_key(map.is_empty())? {
                    self.count(left)?;
                    map.insert(key.into_owned(), self.nested_value(depth_left, left)?);
                }
                Value::Map(map)
            }
            Some(b'"') => Value::Text(self.string()?.into_owned()),
            Some(b't') => self.literal("true").map(|()| Value::Bool(true))?,
            Some(b'f') => self.literal("false").map(|()| Value::Bool(false))?,
            Some(b'n') => self.literal("null").map(|()| Value::Null)?,
            _ => self.number_value()?,
        };
        Ok(value)
    }

    fn number_value(&mut self) -> Result<Value, SyntaxError> {
        let start = self.at;
        let (parsed, end) = number::parse(self.bytes, start)?;
        self.at = end;
        let integer = match parsed {
            Parsed::Float(float) => return Ok(Value::Float(float)),
            Parsed::Integer { negative, magnitude } => signed(negative, magnitude),
            Parsed::BigInteger => None,
        };
        Ok(integer.map_or_else(|| self.big_integer(start, end), Value::Int))
    }

    /// The number from `start` to `end`, whose digits are canonical by JSON's grammar.
    fn big_integer(&self, start: usize, end: usize) -> Value {
        let digits = self.bytes.get(start..end).unwrap_or_default();
        Value::BigInt(digits.iter().map(|&byte| char::from(byte)).collect::<String>().into())
    }

    fn count(&self, elements_left: &mut usize) -> Result<(), SyntaxError> {
        let left = elements_left.checked_sub(1);
        *elements_left = left.ok_or_else(|| self.expected("no more elements than the limit"))?;
        Ok(())
    }
}

/// The integer, if it fits 64 bits and a sign.
pub(super) fn signed(negative: bool, magnitude: u64) -> Option<i64> {
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Appends a value as Python's `json.dumps(value, sort_keys=True, separators=(",", ":"))` spells
/// it: non-ASCII characters escaped, NaN and infinities bare.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => print::push_bool(out, *truth),
        Value::Int(integer) => print::push_i64(out, *integer),
        Value::BigInt(digits) => out.extend_from_slice(digits.as_bytes()),
        Value::Float(float) => print::push_f64(out, *float),
        Value::Text(text) => print::push_string(out, text),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                encode(item, out);
            }
            out.push(b']');
        }
        Value::Map(map) => {
            out.push(b'{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                print::push_string(out, key);
                out.push(b':');
                encode(item, out);
            }
            out.push(b'}');
        }
    }
}
