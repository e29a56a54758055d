//! `/aggregate`: the replies of several children in one body.

use radiant_core::Error;

use super::Request;
use super::request::{Fault, Reader};
use crate::Limits;
use crate::json::Cursor;

/// How many messages one body may hold. A combiner has a handful of children; a short message takes
/// many times its own size when decoded.
pub(super) const MESSAGES_MAX: usize = 4096;

/// Decodes the messages that a combiner is given: an array of messages, as Seldon's orchestrator
/// sends them, or an object with that array as `seldonMessages`.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the body is neither, there is no
/// message, or one of them is refused as by [`decode_request`](super::decode_request).
pub fn decode_messages(body: &[u8], limits: &Limits) -> Result<Vec<Request>, Error> {
    let mut reader = Reader { cursor: Cursor::new(body), limits, want: None };
    read(&mut reader).map_err(|fault| fault.into_error(body))
}

fn read(reader: &mut Reader<'_, '_>) -> Result<Vec<Request>, Fault> {
    let start = match reader.cursor.peek() {
        Some(b'{') => find(reader)?,
        _ => reader.pass()?,
    };
    reader.cursor.finish()?;
    let kind = reader.kind_at(start);
    reader.cursor = reader.at(start);
    if kind != "an array" {
        return Err(no_messages(kind).into());
    }
    reader.cursor.array_start()?;
    let mut messages = Vec::new();
    while reader.cursor.next_item(messages.is_empty())? {
        if messages.len() >= MESSAGES_MAX {
            let message = format!("request: expected at most {MESSAGES_MAX} messages, got more");
            return Err(Error::invalid_input(message).into());
        }
        let mut message = Request::new();
        match reader.message(&mut message) {
            Err(Fault::Refused(error)) => {
                return Err(error.context(format_args!("message {}", messages.len())).into());
            }
            other => other?,
        }
        messages.push(message);
    }
    if messages.is_empty() {
        return Err(no_messages("an empty array").into());
    }
    Ok(messages)
}

/// The offset of the array in the object that stands at the cursor.
fn find(reader: &mut Reader<'_, '_>) -> Result<usize, Fault> {
    let mut found = None;
    reader.cursor.object_start()?;
    let mut first = true;
    while let Some(key) = reader.cursor.next_key(first)? {
        first = false;
        let at = reader.pass()?;
        if key == "seldonMessages" {
            found = Some(at);
        }
    }
    Ok(found.ok_or_else(|| no_messages("an object without `seldonMessages`"))?)
}

#[cold]
fn no_messages(got: &str) -> Error {
    Error::invalid_input(format!("request: expected an array of messages, got {got}"))
}
