//! `SeldonMessageList`: the replies of several children in one message.

use radiant_core::Error;

use super::decode_request;
use crate::Limits;
use crate::seldon::Request;
use crate::seldon::messages::MESSAGES_MAX;
use crate::wire::Fields;

/// Decodes the messages that a combiner is given.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the bytes are not of the wire format,
/// there is no message, or one of them is refused as by [`decode_request`].
pub fn decode_messages(message: &[u8], limits: &Limits) -> Result<Vec<Request>, Error> {
    let mut messages = Vec::new();
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        if number != 1 {
            continue;
        }
        if messages.len() >= MESSAGES_MAX {
            let message = format!("request: expected at most {MESSAGES_MAX} messages, got more");
            return Err(Error::invalid_input(message));
        }
        let mut request = Request::new();
        decode_request(content.bytes()?, None, limits, &mut request)
            .map_err(|error| error.context(format_args!("message {}", messages.len())))?;
        messages.push(request);
    }
    if messages.is_empty() {
        return Err(Error::invalid_input("request: expected `seldonMessages`, got none"));
    }
    Ok(messages)
}
