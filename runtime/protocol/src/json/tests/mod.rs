//! What the JSON layer reads and writes, and that it agrees with itself and with others.

mod arrays;
mod grammar;
mod numbers;
mod spelling;

use radiant_core::Value;

use crate::Limits;
use crate::json::{Cursor, SyntaxError};

/// Reads a whole text.
fn decode(text: &[u8]) -> Result<Value, SyntaxError> {
    let mut cursor = Cursor::new(text);
    let value = cursor.value(&Limits::default())?;
    cursor.finish()?;
    Ok(value)
}

/// Writes a whole text.
fn encoded(value: &Value) -> String {
    let mut out = Vec::new();
    crate::json::encode(value, &mut out);
    String::from_utf8(out).unwrap()
}
