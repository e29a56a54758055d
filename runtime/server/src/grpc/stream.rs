//! `ModelStreamInfer`: inferences on one stream, answered in their order and one at a time, so that
//! a client who reads slowly is answered slowly.
//!
//! As in Triton, a failure is told within the stream, which goes on; a client who sends the metadata
//! `triton_grpc_error: true` has the stream end with its status instead. Each request has one reply,
//! which says that it is the final one; nothing follows it.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http::request::Parts;
use radiant_core::{Error, ErrorKind};
use radiant_protocol::oip as codec;

use super::message::{Message, Messages};
use super::record::Record;
use super::reply::{self, Body, Framed};
use super::serve::Draining;
use super::service::{Incoming, Shared, deadline, encoding, entered, pack, unpack};
use super::{error, oip};
use crate::encoding::Encoding;
use crate::endpoint::Endpoint;
use crate::oip::infer;
use crate::schedule::{Clock, Deadline};
use crate::state::State;

/// A stream of inferences.
struct Inferences<B> {
    shared: Arc<Shared>,
    parts: Parts,
    messages: Messages<B>,
    encoding: Option<Encoding>,
    /// Whether the first failure ends the stream.
    is_strict: bool,
    /// When the whole stream must have ended.
    deadline: Option<Deadline>,
    draining: Draining,
    has_ended: bool,
}

/// Answers a call to `ModelStreamInfer`.
pub(super) fn answer<B: Incoming>(shared: Arc<Shared>, parts: Parts, body: B) -> Response<Body> {
    let asked = encoding(&parts).and_then(|encoding| Ok((encoding, deadline(&parts.headers)?)));
    let (encoding, deadline) = match asked {
        Ok(asked) => asked,
        Err(error) => {
            let clock = Clock::default();
            let what = (Endpoint::StreamInfer, true);
            let mut record = Record::new(&shared.state, &parts, what, &clock);
            record.code = error::code(&error);
            return reply::failed(&error);
        }
    };
    let is_strict = parts.headers.get("triton_grpc_error").is_some_and(|value| value == "true");
    let config = &shared.state.config;
    let inferences = Inferences {
        messages: Messages::new(body, config.message_bytes_max, config.body.read_timeout),
        deadline,
        draining: shared.draining.clone(),
        has_ended: false,
        shared,
        parts,
        encoding,
        is_strict,
    };
    let replies = stream::unfold(inferences, |mut inferences| async {
        let reply = inferences.next().await?;
        Some((reply, inferences))
    });
    reply::messages(Box::pin(replies), encoding)
}

impl<B: Incoming> Inferences<B> {
    /// The next reply; nothing follows a failure.
    async fn next(&mut self) -> Option<Result<Framed, Error>> {
        if self.has_ended {
            return None;
        }
        let reply = self.turn().await;
        self.has_ended = !matches!(reply, Ok(Some(_)));
        reply.transpose()
    }

    /// Waits for a request and answers it; `None` when there will be none.
    async fn turn(&mut self) -> Result<Option<Framed>, Error> {
        let clock = Clock::new(self.deadline);
        let Some(message) = clock.guard(pin!(self.message())).await? else { return Ok(None) };
        let state = &self.shared.state;
        let what = (Endpoint::StreamInfer, true);
        let mut record = Record::new(state, &self.parts, what, &clock);
        record.request_bytes = message.taken.len();
        let message = unpack(state, message, self.encoding).await?;
        let inferred = clock.guard(pin!(inference(state, &mut record, &message))).await;
        let answer = match inferred {
            Ok(answer) => {
                record.code = error::OK;
                answer
            }
            Err(error) => {
                error::log(&error);
                record.code = error::code(&error);
                if self.is_strict || Clock::new(self.deadline).check().is_err() {
                    return Err(error);
                }
                told_within(&message, &error)
            }
        };
        record.reply_bytes = answer.len();
        let (framed, _) = pack(state, answer, self.encoding).await?;
        Ok(Some(framed))
    }

    async fn message(&mut self) -> Result<Option<Message>, Error> {
        tokio::select! {
            message = self.messages.next(&self.shared.state.permits) => {
                message.inspect_err(|error| self.shared.note(error))
            }
            () = self.draining.begun() => Err(closing()),
        }
    }
}

async fn inference<'a>(
    state: &'a State,
    record: &mut Record<'a>,
    message: &[u8],
) -> Result<Bytes, Error> {
    let _entered = entered(state, record.parts, record.endpoint)?;
    let (entry, node) =
        state.serve(record.clock, &mut record.found, oip::find(state, message)).await?;
    let work = infer(state, record.clock, node, oip::decode(state, node, message)?).await?;
    let finished = oip::encode(entry, node, work, |reply, answer| {
        codec::encode_stream_reply(reply, answer, Some(true))
    });
    // A reply in a stream has no trailers in which there could be more to tell.
    Ok(finished?.body)
}

/// The reply that tells of a failure, with the request's id if it can be read.
fn told_within(message: &[u8], error: &Error) -> Bytes {
    let id = codec::target(message).map_or("", |target| target.id);
    let mut reply = Vec::new();
    codec::encode_stream_error(&mut reply, error.message(), id);
    Bytes::from(reply)
}

#[cold]
fn closing() -> Error {
    Error::new(ErrorKind::NotReady, "the server is shutting down")
}
