//! Requests: which payload a message has, and what goes along with it.

use bytes::Bytes;
use radiant_core::{DType, Error, Payload};

use super::message_field::{BIN_DATA, CUSTOM_DATA, DATA, JSON_DATA, META, STR_DATA};
use super::value::Budget;
use super::{data, meta, value};
use crate::Limits;
use crate::seldon::{Kind, Request};
use crate::wire::{Content, Fields, malformed};

/// Decodes a `SeldonMessage`. Of several payloads the last counts, as in every protobuf `oneof`.
///
/// `want` is the element type of a model with a single numeric input: with F32, arrays of numbers are
/// read as F32; otherwise they are F64, which is what the message holds. Arrays of anything else have
/// the type that numpy gives them. Rectangles of numbers cost one pass and no allocation beyond what
/// `into` has; afterwards `into` holds nothing of what it held before. The `google.protobuf.Any` of
/// `customData` becomes [`Payload::Bytes`] as it was encoded, with [`Kind::Custom`].
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the bytes are not of the wire format,
/// there is no payload, or a limit is exceeded. `into` is unspecified then.
pub fn decode_request(
    message: &[u8],
    want: Option<DType>,
    limits: &Limits,
    into: &mut Request,
) -> Result<(), Error> {
    if read(message, want, limits, into)? { Ok(()) } else { Err(no_payload()) }
}

/// Decodes a message, and tells whether it has a payload: if not, that of `into` and its kind are
/// left as they were.
pub(super) fn read(
    message: &[u8],
    want: Option<DType>,
    limits: &Limits,
    into: &mut Request,
) -> Result<bool, Error> {
    into.meta.clear();
    let mut budget = Budget::new(limits);
    let mut payload = None;
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        match number {
            META => {
                let read = meta::read(content.bytes()?, &mut budget, &mut into.meta);
                read.map_err(|error| error.context("`meta`"))?;
            }
            DATA..=CUSTOM_DATA => payload = Some((number, content)),
            _ => {}
        }
    }
    let Some((number, content)) = payload else {
        into.names.clear();
        return Ok(false);
    };
    if number == DATA {
        data::decode(content.bytes()?, want, limits, into)?;
    } else {
        into.names.clear();
        (into.kind, into.payload) = plain_payload(number, content, &mut budget)?;
    }
    Ok(true)
}

/// The payload of a message without `data`.
fn plain_payload(
    number: u32,
    content: Content<'_>,
    budget: &mut Budget,
) -> Result<(Kind, Payload), Error> {
    Ok(match number {
        BIN_DATA => (Kind::Bytes, Payload::Bytes(Bytes::copy_from_slice(content.bytes()?))),
        STR_DATA => (Kind::Text, Payload::Text(content.text()?.to_owned())),
        JSON_DATA => {
            let value = value::decode(content.bytes()?, budget);
            (Kind::Json, Payload::Json(value.map_err(|error| error.context("`jsonData`"))?))
        }
        _ => {
            let any = content.bytes()?;
            check_any(any).map_err(|error| error.context("`customData`"))?;
            (Kind::Custom, Payload::Bytes(Bytes::copy_from_slice(any)))
        }
    })
}

/// Checks that the bytes are a `google.protobuf.Any`.
pub(super) fn check_any(any: &[u8]) -> Result<(), Error> {
    let mut fields = Fields::new(any);
    while let Some((number, content)) = fields.next()? {
        match number {
            1 => _ = content.text()?,
            2 => _ = content.bytes()?,
            _ => {}
        }
    }
    Ok(())
}

/// The double of a field.
pub(super) fn double(content: Content<'_>) -> Result<f64, Error> {
    match content {
        Content::Fixed64(bytes) => Ok(f64::from_le_bytes(bytes)),
        _ => Err(malformed("expected a field of a double")),
    }
}

/// The float of a field.
pub(super) fn float(content: Content<'_>) -> Result<f32, Error> {
    match content {
        Content::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
        _ => Err(malformed("expected a field of a float")),
    }
}

/// The `int32` of a varint, of which protobuf drops all bits beyond the 32nd.
pub(super) fn int32(varint: u64) -> i32 {
    u32::try_from(varint & u64::from(u32::MAX)).unwrap_or_default().cast_signed()
}

#[cold]
fn no_payload() -> Error {
    Error::invalid_input(
        "request: expected one of `data`, `binData`, `strData`, `jsonData` and `customData`, got \
         none of them",
    )
}
