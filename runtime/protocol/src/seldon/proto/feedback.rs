//! `Feedback` and the reply to it.

use std::collections::BTreeMap;

use radiant_core::{Error, Payload, Tensor, TensorData};

use super::message_field::META;
use super::request::{float, read};
use super::value::Budget;
use super::{encode_meta, encode_reply, encode_tensor_reply, meta};
use crate::Limits;
use crate::seldon::{FeedbackRequest, Kind, Meta, Request, data};
use crate::wire::Fields;

/// Decodes a `Feedback`. A message in it without payload has an empty vector; of the response only
/// `meta.routing` is read.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the bytes are not of the wire format, or
/// a limit is exceeded; the message where it happened is named.
pub fn decode_feedback(message: &[u8], limits: &Limits) -> Result<FeedbackRequest, Error> {
    let mut feedback = FeedbackRequest {
        kind: Kind::Tensor,
        request: None,
        response_routing: BTreeMap::new(),
        reward: 0.0,
        truth: None,
    };
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        match number {
            1 => feedback.request = Some(part(content.bytes()?, "request", limits)?),
            2 => {
                let routing = routing(content.bytes()?, limits);
                feedback.response_routing = routing.map_err(|error| error.context("`response`"))?;
            }
            3 => feedback.reward = float(content)?,
            4 => feedback.truth = Some(part(content.bytes()?, "truth", limits)?),
            _ => {}
        }
    }
    feedback.kind = feedback.request.as_ref().map_or(Kind::Tensor, |request| request.kind);
    Ok(feedback)
}

fn part(message: &[u8], name: &str, limits: &Limits) -> Result<Request, Error> {
    let mut request = Request { kind: Kind::Tensor, ..Request::new() };
    let has_payload = read(message, None, limits, &mut request)
        .map_err(|error| error.context(format_args!("`{name}`")))?;
    if !has_payload {
        data::empty(&mut request.payload, None);
    }
    Ok(request)
}

fn routing(message: &[u8], limits: &Limits) -> Result<BTreeMap<String, i32>, Error> {
    let mut routing = BTreeMap::new();
    let mut budget = Budget::new(limits);
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        if number == META {
            meta::read_routing(content.bytes()?, &mut budget, &mut routing)?;
        }
    }
    Ok(routing)
}

/// Appends the reply to feedback. `kind` is that of the original request
/// ([`FeedbackRequest::kind`]); no reply is an empty vector. The forms are those of
/// [`encode_reply`](super::encode_reply).
///
/// # Errors
/// As [`encode_reply`](super::encode_reply). `out` is as it was before.
pub fn encode_feedback_reply(
    out: &mut Vec<u8>,
    kind: Kind,
    reply: Option<&Payload>,
    class_names: Option<&[String]>,
    meta: &Meta,
) -> Result<(), Error> {
    let mut encoded = Vec::new();
    encode_meta(&mut encoded, meta);
    if let Some(payload) = reply {
        return encode_reply(out, kind, payload, class_names, &encoded);
    }
    let empty = Tensor { data: TensorData::F64(Vec::new()), ..Tensor::default() };
    encode_tensor_reply(out, kind, &empty, class_names, &encoded)
}
