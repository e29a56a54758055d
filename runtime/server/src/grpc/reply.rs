//! What a call is answered with: headers, messages, and the status behind them.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use futures_util::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use http_body::Frame;
use radiant_core::{Error, ErrorKind};

use super::error;
use super::message::HEAD_BYTES;
use super::record::Record;
use crate::encoding::Encoding;
use crate::notes::{ASK, CACHE_STATUS, SERVER_TIMING};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
/// How the messages are compressed that say that they are.
pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip,deflate,identity");

/// A message with its head: one frame, whose parts are not joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Framed {
    head: [u8; HEAD_BYTES],
    n_sent: usize,
    message: Bytes,
}

impl Framed {
    /// A message to send.
    ///
    /// # Errors
    /// It is longer than a head can tell.
    pub(super) fn new(message: Bytes, is_compressed: bool) -> Result<Self, Error> {
        let length = u32::try_from(message.len()).map_err(|_| {
            let text = format!("the reply of {} bytes is too large for gRPC", message.len());
            Error::new(ErrorKind::TooLarge, text)
        })?;
        let [a, b, c, d] = length.to_be_bytes();
        Ok(Self { head: [u8::from(is_compressed), a, b, c, d], n_sent: 0, message })
    }

    /// Bytes that have their heads already.
    fn ready(message: Bytes) -> Self {
        Self { head: [0; HEAD_BYTES], n_sent: HEAD_BYTES, message }
    }

    fn head_left(&self) -> &[u8] {
        self.head.get(self.n_sent..).unwrap_or_default()
    }
}

impl Buf for Framed {
    fn remaining(&self) -> usize {
        self.head_left().len() + self.message.len()
    }

    fn chunk(&self) -> &[u8] {
        let head = self.head_left();
        if head.is_empty() { &self.message } else { head }
    }

    fn advance(&mut self, n_bytes: usize) {
        let of_head = n_bytes.min(self.head_left().len());
        self.n_sent += of_head;
        self.message.advance(n_bytes - of_head);
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        let parts = [self.head_left(), &self.message];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let mut n_filled = 0;
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = std::io::IoSlice::new(part);
            n_filled += 1;
        }
        n_filled
    }
}

/// Messages of a stream; after a failure there are none.
pub(super) type Replies = Pin<Box<dyn Stream<Item = Result<Framed, Error>> + Send>>;

/// Trailers beside the status; most calls have none.
type Told = Option<Box<HeaderMap>>;

/// What follows the headers.
pub(super) enum Body {
    /// Nothing: the status was among the headers, or has been sent.
    Nothing,
    /// A message, and that it went well, with what else there is to tell.
    Message(Framed, Told),
    /// That it went well, with what else there is to tell.
    Success(Told),
    /// Messages, and how it went.
    Messages(Replies),
    /// The answer of a service of tonic's.
    Foreign(tonic::body::Body),
}

impl http_body::Body for Body {
    type Data = Framed;
    type Error = tonic::Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Framed>, tonic::Status>>> {
        let body = self.get_mut();
        let (frame, next) = match std::mem::replace(body, Self::Nothing) {
            Self::Nothing => return Poll::Ready(None),
            Self::Message(message, told) => (Frame::data(message), Self::Success(told)),
            Self::Success(told) => (success(told), Self::Nothing),
            Self::Messages(mut messages) => match messages.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(message))) => (Frame::data(message), Self::Messages(messages)),
                Poll::Ready(Some(Err(error))) => (failure(&error), Self::Nothing),
                Poll::Ready(None) => (success(None), Self::Nothing),
                Poll::Pending => {
                    *body = Self::Messages(messages);
                    return Poll::Pending;
                }
            },
            Self::Foreign(mut foreign) => {
                let frame = Pin::new(&mut foreign).poll_frame(context);
                *body = Self::Foreign(foreign);
                return frame.map(|frame| Some(frame?.map(|frame| frame.map_data(Framed::ready))));
            }
        };
        *body = next;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Message(..) | Self::Success(_) | Self::Messages(_) => false,
            Self::Foreign(foreign) => foreign.is_end_stream(),
        }
    }
}

fn success(told: Told) -> Frame<Framed> {
    let mut trailers = told.map_or_else(|| HeaderMap::with_capacity(1), |told| *told);
    error::write_ok(&mut trailers);
    Frame::trailers(trailers)
}

fn failure(error: &Error) -> Frame<Framed> {
    let mut trailers = HeaderMap::with_capacity(2);
    error::write(error, &mut trailers);
    Frame::trailers(trailers)
}

fn respond(body: Body, encoding: Option<Encoding>) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    if let Some(encoding) = encoding {
        headers.insert(ENCODING, HeaderValue::from_static(encoding.name()));
    }
    response
}

/// A message, and that it went well. `encoding` is how the message is compressed.
pub(super) fn message(message: Framed, encoding: Option<Encoding>) -> Response<Body> {
    respond(Body::Message(message, None), encoding)
}

/// Messages as they come, those compressed that say so.
pub(super) fn messages(messages: Replies, encoding: Option<Encoding>) -> Response<Body> {
    respond(Body::Messages(messages), encoding)
}

/// A failure before any message.
#[cold]
pub(super) fn failed(error: &Error) -> Response<Body> {
    let mut response = respond(Body::Nothing, None);
    let headers = response.headers_mut();
    error::write(error, headers);
    if error.kind() == ErrorKind::Unsupported {
        // What is not supported may be the request's encoding.
        headers.insert(ACCEPT_ENCODING, ACCEPTED);
    }
    response
}

/// Tells along with a reply what there is to tell of its call: in trailers, as the time is known last.
pub(super) fn tell(record: &Record<'_>, response: &mut Response<Body>) {
    let Record { notes, state, parts, started, .. } = record;
    let cache = notes.cache_status();
    let is_told = state.config.timing.tells(|| parts.headers.get(ASK).map(HeaderValue::as_bytes));
    if cache.is_none() && !is_told {
        return;
    }
    let mut told = HeaderMap::with_capacity(3);
    if let Some(status) = cache {
        told.insert(CACHE_STATUS, HeaderValue::from_static(status));
    }
    if is_told && let Ok(value) = HeaderValue::try_from(notes.server_timing(started.elapsed())) {
        told.insert(SERVER_TIMING, value);
    }
    match response.body_mut() {
        Body::Message(_, trailers) => *trailers = Some(Box::new(told)),
        // The headers of a failure are its trailers.
        _ => response.headers_mut().extend(told),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn sent(response: Response<Body>) -> (Vec<u8>, Option<HeaderMap>) {
        let collected = response.into_body().collect().await.unwrap();
        let trailers = collected.trailers().cloned();
        (collected.to_bytes().to_vec(), trailers)
    }

    #[tokio::test]
    async fn a_message_goes_with_its_head_and_then_its_status() {
        let framed = Framed::new(Bytes::from_static(b"abc"), false).unwrap();
        let (bytes, trailers) = sent(message(framed, None)).await;
        assert_eq!(bytes, b"\0\0\0\0\x03abc");
        assert_eq!(trailers.unwrap().get(error::STATUS).unwrap(), "0");
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_failure() {
        let first = Framed::new(Bytes::from_static(b"a"), true);
        let items = stream::iter([first, Err(Error::invalid_input("no"))]);
        let (bytes, trailers) = sent(messages(Box::pin(items), None)).await;
        assert_eq!(bytes, b"\x01\0\0\0\x01a");
        assert_eq!(trailers.unwrap().get(error::STATUS).unwrap(), "3");
    }

    #[test]
    fn a_failure_is_told_among_the_headers() {
        let response = failed(&Error::new(ErrorKind::NotFound, "no model"));
        assert!(http_body::Body::is_end_stream(response.body()));
        assert_eq!(response.headers().get(error::STATUS).unwrap(), "5");
        assert_eq!(response.headers().get("grpc-message").unwrap(), "no model");
    }

    #[test]
    fn a_framed_message_is_read_in_any_steps() {
        let expected = b"\x01\0\0\0\x02xy";
        for step in 1..=expected.len() {
            let mut framed = Framed::new(Bytes::from_static(b"xy"), true).unwrap();
            let mut read = Vec::new();
            while framed.has_remaining() {
                let mut slices = [std::io::IoSlice::new(&[]); 4];
                let n_slices = framed.chunks_vectored(&mut slices);
                let vectored: usize = slices[..n_slices].iter().map(|slice| slice.len()).sum();
                assert_eq!(vectored, framed.remaining());
                let n_bytes = step.min(framed.chunk().len());
                read.extend_from_slice(&framed.chunk()[..n_bytes]);
                framed.advance(n_bytes);
            }
            assert_eq!(read, expected);
        }
    }
}
