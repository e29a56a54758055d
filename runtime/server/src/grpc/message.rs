//! The messages of a call: found in its body, within their limit and time, and unpacked.
//!
//! Each is preceded by five bytes: whether it is compressed, and its length (gRPC over HTTP/2,
//! "Length-Prefixed-Message"). A message that arrives in one piece is not copied.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body;
use radiant_core::{Error, ErrorKind};
use tokio::time::Sleep;

use crate::pace;
use crate::schedule::{Held, Permits, SMALL_BYTES, Taken};

/// Bytes in front of a message.
pub(super) const HEAD_BYTES: usize = 5;

/// The room that is made before the bytes that a message announces have come.
const FIRST_BYTES_MAX: usize = 1 << 20;

/// A message as it came.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) is_compressed: bool,
    pub(super) taken: Taken,
}

/// The messages that come in a body.
#[derive(Debug)]
pub(super) struct Messages<B> {
    body: B,
    /// What came behind the last message.
    rest: Bytes,
    bytes_max: usize,
    /// From the first byte of a message of a stream, and from the head of a call with only one.
    read_timeout: Duration,
    is_stream: bool,
    /// Whether a client may take its time, as it does between the messages of a stream.
    is_between: bool,
    // Made when the client is waited for, which it seldom is.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<B> Messages<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    /// The messages of a stream, each of at most `bytes_max` bytes, which must have come
    /// `read_timeout` after it began, and a second later for each 64 KiB.
    pub(super) fn new(body: B, bytes_max: usize, read_timeout: Duration) -> Self {
        let rest = Bytes::new();
        Self {
            body,
            rest,
            bytes_max,
            read_timeout,
            is_stream: true,
            is_between: false,
            patience: None,
        }
    }

    /// The one message of a call, which must have come `read_timeout` after it was first waited for,
    /// and a second later for each 64 KiB.
    ///
    /// # Errors
    /// It is too large, too slow, breaks off, is not one message, or there is no room for it.
    pub(super) async fn only(
        body: B,
        bytes_max: usize,
        read_timeout: Duration,
        permits: &Arc<Permits>,
    ) -> Result<Message, Error> {
        let messages = Self::new(body, bytes_max, read_timeout);
        let mut messages = Self { is_stream: false, ..messages };
        let message = messages.next(permits).await?;
        let message = message.ok_or_else(|| malformed("expected a message, got none"))?;
        while messages.rest.is_empty() && !messages.body.is_end_stream() {
            match messages.chunk().await? {
                Some(chunk) => messages.rest = chunk,
                None => break,
            }
        }
        if messages.rest.is_empty() {
            Ok(message)
        } else {
            Err(malformed("expected one message, got more"))
        }
    }

    /// The next message; `None` when the client has sent its last.
    ///
    /// # Errors
    /// It is too large, too slow or breaks off, or there is no room for it; no further message can be
    /// found then.
    pub(super) async fn next(&mut self, permits: &Arc<Permits>) -> Result<Option<Message>, Error> {
        self.is_between = self.is_stream && self.rest.is_empty();
        while self.rest.len() < HEAD_BYTES {
            let Some(chunk) = self.chunk().await? else {
                return if self.rest.is_empty() { Ok(None) } else { Err(broken_off()) };
            };
            self.is_between = self.is_between && chunk.is_empty();
            self.rest = if self.rest.is_empty() {
                chunk
            } else {
                [std::mem::take(&mut self.rest), chunk].concat().into()
            };
        }
        let is_compressed = match self.rest.get_u8() {
            0 => false,
            1 => true,
            flag => return Err(malformed(&format!("expected 0 or 1 in front of it, got {flag}"))),
        };
        let length = usize::try_from(self.rest.get_u32()).unwrap_or(usize::MAX);
        if length > self.bytes_max {
            return Err(too_large(length, self.bytes_max));
        }
        let mut held = Held::default();
        held.announce(permits, length)?;
        if self.rest.len() < length {
            // It is waited for: then a small one holds its part, too.
            held.grow_to(permits, length.max(SMALL_BYTES))?;
        }
        let bytes = self.take(length).await?;
        if self.is_stream {
            self.patience = None;
        }
        Ok(Some(Message { is_compressed, taken: Taken { bytes, held } }))
    }

    async fn take(&mut self, length: usize) -> Result<Bytes, Error> {
        if self.rest.len() >= length {
            return Ok(self.rest.split_to(length));
        }
        let mut joined = BytesMut::with_capacity(length.min(FIRST_BYTES_MAX));
        let mut chunk = std::mem::take(&mut self.rest);
        loop {
            let missing = length - joined.len();
            joined.extend_from_slice(&chunk.split_to(missing.min(chunk.len())));
            if joined.len() == length {
                self.rest = chunk;
                return Ok(joined.freeze());
            }
            chunk = self.chunk().await?.ok_or_else(broken_off)?;
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        while let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let Some(frame) = frame else { return Poll::Ready(Ok(None)) };
            let frame = frame.map_err(|error| {
                Error::invalid_input(format!("the message could not be read: {error}"))
            })?;
            // Clients have no trailers in gRPC.
            let Ok(chunk) = frame.into_data() else { continue };
            if let Some(patience) = &mut self.patience {
                let until = patience.deadline() + pace::bought(chunk.len());
                patience.as_mut().reset(until);
            }
            return Poll::Ready(Ok(Some(chunk)));
        }
        if self.is_between {
            return Poll::Pending;
        }
        let read_timeout = self.read_timeout;
        let patience =
            self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(read_timeout)));
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Err(too_slow(read_timeout)))
    }
}

#[cold]
fn malformed(what: &str) -> Error {
    Error::invalid_input(format!("the call is not gRPC: {what}"))
}

#[cold]
fn broken_off() -> Error {
    malformed("it breaks off within a message")
}

#[cold]
fn too_large(length: usize, bytes_max: usize) -> Error {
    let text = format!(
        "the message of {length} bytes is larger than the limit of {bytes_max} bytes \
         (--grpc-message-bytes-max)"
    );
    Error::new(ErrorKind::TooLarge, text)
}

#[cold]
fn too_slow(waited: Duration) -> Error {
    let text = format!("the message did not arrive within {} s", waited.as_secs_f64());
    Error::new(ErrorKind::DeadlineExceeded, text).with_source(TooSlow)
}

/// Whether a message did not come in time.
pub(super) fn is_too_slow(error: &Error) -> bool {
    StdError::source(error).is_some_and(<dyn StdError>::is::<TooSlow>)
}

/// Tells this end of a call from those that are the server's.
#[derive(Debug)]
struct TooSlow;

impl std::fmt::Display for TooSlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client is too slow")
    }
}

impl StdError for TooSlow {}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
