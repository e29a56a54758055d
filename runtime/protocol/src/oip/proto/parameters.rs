//! Entries of `map<string, InferParameter>`.

use radiant_core::{Error, ErrorKind};

use super::field;
use crate::oip::Parameter;
use crate::wire::{Content, Fields, malformed};

/// Numbers of the fields of `InferParameter`; 4 and 5 are Triton's.
const BOOL: u32 = 1;
const INT64: u32 = 2;
const STRING: u32 = 3;
const DOUBLE: u32 = 4;
const UINT64: u32 = 5;

/// The parameter with which clients tell that a tensor is in shared memory.
const SHARED_MEMORY: &str = "shared_memory_region";

/// The key of an entry.
///
/// # Errors
/// The entry is not protobuf.
pub(super) fn key(entry: &[u8]) -> Result<&str, Error> {
    let mut key = "";
    let mut fields = Fields::new(entry);
    while let Some((number, content)) = fields.next()? {
        if number == field::KEY {
            key = content.text()?;
        }
    }
    Ok(key)
}

/// The value of an entry; `None` where it has none of the types that there are.
///
/// # Errors
/// The entry is not protobuf.
pub(super) fn value(entry: &[u8]) -> Result<Option<Parameter>, Error> {
    let mut last = None;
    let mut fields = Fields::new(entry);
    while let Some((number, content)) = fields.next()? {
        if number == field::VALUE {
            let mut choices = Fields::new(content.bytes()?);
            while let Some((number, content)) = choices.next()? {
                if (BOOL..=UINT64).contains(&number) {
                    last = Some((number, content));
                }
            }
        }
    }
    last.map(|(number, content)| choice(number, content)).transpose()
}

/// The value in one field of `InferParameter`.
fn choice(number: u32, content: Content<'_>) -> Result<Parameter, Error> {
    Ok(match number {
        BOOL => Parameter::Bool(content.varint()? != 0),
        INT64 => Parameter::Int(content.varint()?.cast_signed()),
        STRING => Parameter::Text(content.text()?.to_owned()),
        DOUBLE => match content {
            Content::Fixed64(bytes) => Parameter::Float(f64::from_le_bytes(bytes)),
            _ => return Err(malformed("expected a field of 8 bytes")),
        },
        _ => {
            let value = content.varint()?;
            i64::try_from(value).map_or(Parameter::Uint(value), Parameter::Int)
        }
    })
}

/// Refuses a tensor in shared memory, of which a parameter of the tensor tells.
///
/// # Errors
/// This is that parameter.
pub(super) fn check_not_shared(key: &str) -> Result<(), Error> {
    if key == SHARED_MEMORY {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "expected the tensor in the message, got a region of shared memory",
        ));
    }
    Ok(())
}
