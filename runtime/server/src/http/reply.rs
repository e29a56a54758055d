//! The last step: a reply with the headers that every client and dashboard of Seldon knows.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::body::{BodySize, MessageBody};
use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{ConnectionType, Response, StatusCode};
use bytes::Bytes;
use radiant_protocol::{mlflow, oip, seldon, tfs};
use tokio::time::Instant;

use super::came::{Came, HEAD_BYTES, PUID};
use super::error::HttpError;
use super::puid::new_puid;
use crate::config::{Cors, Telling};
use crate::encoding::Encoding;
use crate::endpoint::Protocol;
use crate::generate::Pieces;
use crate::notes::{ASK, CACHE_STATUS, Finished, Notes, SERVER_TIMING};

/// The content of a reply.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of it.
    Whole(Bytes),
    /// Events, as they come.
    Events(Pieces),
}

impl Body {
    /// The length, if it is known.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Events(_) => 0,
        }
    }
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        match self {
            Self::Whole(bytes) => bytes.size(),
            Self::Events(_) => BodySize::Stream,
        }
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Pin::new(bytes).poll_next(context),
            Self::Events(events) => events.poll_next(context).map(|event| event.map(Ok)),
        }
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            events @ Self::Events(_) => Err(events),
        }
    }
}

/// A reply before its headers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Body,
    /// The length of the JSON before binary tensors.
    pub(crate) head_bytes: Option<usize>,
    pub(crate) encoding: Option<Encoding>,
    /// Whether another client could have got it in another encoding.
    pub(crate) varies: bool,
    /// What there is to tell along with it.
    pub(super) notes: Notes,
    pub(super) allow: Option<&'static str>,
    pub(super) retry_after: Option<Duration>,
    pub(super) close: bool,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const BINARY: &str = "application/octet-stream";
/// Server-sent events (WHATWG HTML, 9.2).
const EVENTS: &str = "text/event-stream; charset=utf-8";
pub(crate) const TEXT: &str = "text/html; charset=utf-8";

impl Reply {
    /// 200 with this body.
    pub(crate) fn ok(content_type: &'static str, answer: impl Into<Finished>) -> Self {
        let Finished { body, notes } = answer.into();
        Self {
            status: 200,
            content_type,
            body: Body::Whole(body),
            head_bytes: None,
            encoding: None,
            varies: false,
            notes,
            allow: None,
            retry_after: None,
            close: false,
        }
    }

    /// 200 with events that come one by one.
    pub(crate) fn events(events: Pieces) -> Self {
        Self { body: Body::Events(events), ..Self::ok(EVENTS, Bytes::new()) }
    }

    /// The answer to `OPTIONS`: what the path allows.
    pub(crate) fn options(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::ok(TEXT, Bytes::new()) }
    }
}

impl Reply {
    /// What a failed request is answered with, in the form of its protocol.
    pub(crate) fn error(error: &HttpError, protocol: Protocol) -> Self {
        let mut body = Vec::new();
        match protocol {
            Protocol::Seldon => seldon::encode_error(&mut body, &error.info, &error.reason),
            Protocol::V2 => oip::encode_error(&mut body, &error.info),
            Protocol::TensorFlow => tfs::encode_error(&mut body, &error.info),
            Protocol::Mlflow => {
                let status = error.status(protocol);
                mlflow::encode_error(&mut body, status, &error.reason, &error.info);
            }
        }
        Self {
            status: error.status(protocol),
            allow: error.allow,
            retry_after: error.retry_after,
            close: error.close,
            ..Self::ok(JSON, Bytes::from(body))
        }
    }
}

/// Makes the HTTP response. `is_closing` asks the client to connect elsewhere next time.
pub(crate) fn respond(
    came: &Came<'_>,
    reply: Reply,
    protocol: Protocol,
    cors: &Cors,
    is_closing: bool,
) -> Response<Body> {
    let Reply {
        status,
        content_type,
        body,
        head_bytes,
        encoding,
        varies,
        allow,
        retry_after,
        close,
        ..
    } = reply;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::with_body(status, body);
    if close || is_closing {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if protocol == Protocol::Seldon {
        headers.insert(PUID, came.puid.cloned().unwrap_or_else(new_puid));
    }
    if let Some(length) = head_bytes {
        headers.insert(HEAD_BYTES, HeaderValue::from(length));
    }
    if varies {
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"));
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    let open = allow_origin(came, headers, cors);
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        if open {
            allow_methods(came, headers);
        }
    }
    if let Some(time) = retry_after {
        // Whole seconds, and none too few.
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    for (name, value) in came.trace() {
        headers.insert(name.clone(), value.clone());
    }
    response
}

/// Tells along with a reply what there is to tell of its request, which took so long up to now.
pub(crate) fn tell(
    came: &Came<'_>,
    response: &mut Response<Body>,
    notes: &Notes,
    (telling, started): (Telling, Instant),
) {
    let headers = response.headers_mut();
    if let Some(status) = notes.cache_status() {
        let name = HeaderName::from_static(CACHE_STATUS);
        headers.insert(name, HeaderValue::from_static(status));
    }
    if telling.tells(|| came.headers.get(ASK).map(HeaderValue::as_bytes))
        && let Ok(value) = HeaderValue::try_from(notes.server_timing(started.elapsed()))
    {
        headers.insert(HeaderName::from_static(SERVER_TIMING), value);
    }
}

/// Lets pages of other origins read the reply, as the Python microservice does; tells whether.
fn allow_origin(came: &Came<'_>, headers: &mut HeaderMap, cors: &Cors) -> bool {
    let allowed = match (cors, came.origin) {
        (Cors::Any, None) => HeaderValue::from_static("*"),
        (Cors::Any, Some(origin)) => origin.clone(),
        (Cors::Only(origins), Some(origin)) if origins.iter().any(|o| o == origin) => {
            origin.clone()
        }
        _ => return false,
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if came.origin.is_some() {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    true
}

/// Answers a preflight: any method, and the headers it asks for, without which browsers refuse
/// JSON bodies.
fn allow_methods(came: &Came<'_>, headers: &mut HeaderMap) {
    let methods = HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(asked) = came.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
}

/// The reply's id, for the access record.
pub(crate) fn puid(response: &Response<Body>) -> &str {
    response.headers().get(PUID).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
