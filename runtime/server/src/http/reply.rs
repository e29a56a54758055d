//! The last step: a reply with the headers that every client and dashboard of Seldon knows.

use actix_http::header::{self, HeaderMap, HeaderValue};
use actix_http::{ConnectionType, Response, StatusCode};
use bytes::Bytes;
use radiant_protocol::seldon;

use super::came::{Came, PUID};
use super::error::HttpError;
use super::puid::new_puid;
use crate::config::Cors;

/// A reply before its headers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    allow: Option<&'static str>,
    retry: bool,
    close: bool,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/html; charset=utf-8";

impl Reply {
    /// 200 with this body.
    pub(crate) fn ok(content_type: &'static str, body: Bytes) -> Self {
        Self { status: 200, content_type, body, allow: None, retry: false, close: false }
    }

    /// The answer to `OPTIONS`: what the path allows.
    pub(crate) fn options(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::ok(TEXT, Bytes::new()) }
    }
}

impl From<HttpError> for Reply {
    fn from(error: HttpError) -> Self {
        let mut body = Vec::new();
        seldon::encode_error(&mut body, &error.info, &error.reason);
        Self {
            status: error.status,
            content_type: JSON,
            body: Bytes::from(body),
            allow: error.allow,
            retry: error.retry,
            close: error.close,
        }
    }
}

/// Makes the HTTP response. `draining` asks the client to connect elsewhere next time.
pub(crate) fn respond(
    came: &Came<'_>,
    reply: Reply,
    cors: &Cors,
    draining: bool,
) -> Response<Bytes> {
    let Reply { status, content_type, body, allow, retry, close } = reply;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::with_body(status, body);
    if close || draining {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(PUID, came.puid.cloned().unwrap_or_else(new_puid));
    let open = allow_origin(came, headers, cors);
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        if open {
            allow_methods(came, headers);
        }
    }
    if retry {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    for (name, value) in came.trace() {
        headers.insert(name.clone(), value.clone());
    }
    response
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
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
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
pub(crate) fn puid(response: &Response<Bytes>) -> &str {
    response.headers().get(PUID).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
