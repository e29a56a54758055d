//! The headers of a request that matter, found in one pass.

use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{HttpMessage as _, Request};

use crate::schedule::Timeouts;

/// What keeping a header costs beside its name and value.
const HEADER_OVERHEAD_BYTES: usize = 32;

/// The length of the JSON before binary tensors (Open Inference Protocol, binary tensor data).
pub(super) const HEAD_BYTES: HeaderName =
    HeaderName::from_static("inference-header-content-length");
pub(super) const PUID: HeaderName = HeaderName::from_static("seldon-puid");

/// Trace context of W3C and B3: passed through as it came.
const TRACE_HEADERS: [&str; 8] = [
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
];

/// What came: looking each header up by its name would cost more than the model does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) content_type: &'a [u8],
    pub(super) content_length: Option<u64>,
    pub(super) origin: Option<&'a HeaderValue>,
    pub(super) puid: Option<&'a HeaderValue>,
    pub(super) content_encoding: &'a [u8],
    pub(super) accept_encoding: &'a [u8],
    pub(super) head_bytes: Option<&'a HeaderValue>,
    pub(super) timeouts: Timeouts<'a>,
    pub(super) n_headers: usize,
    /// Of the headers as HTTP/2 counts them (RFC 9113, 6.5.2), and of the path.
    pub(super) n_bytes: usize,
    /// Whether any header of [`trace`](Self::trace) is there.
    traced: bool,
}

impl<'a> Came<'a> {
    pub(super) fn new(request: &'a Request) -> Self {
        let headers = request.headers();
        let mut came = Self {
            headers,
            content_type: b"",
            content_length: None,
            origin: None,
            puid: None,
            content_encoding: b"",
            accept_encoding: b"",
            head_bytes: None,
            timeouts: Timeouts::default(),
            n_headers: 0,
            n_bytes: request.uri().path_and_query().map_or(0, |target| target.as_str().len()),
            traced: false,
        };
        for (name, value) in headers {
            came.n_headers += 1;
            came.n_bytes += name.as_str().len() + value.len() + HEADER_OVERHEAD_BYTES;
            if *name == header::CONTENT_TYPE {
                came.content_type = value.as_bytes();
            } else if *name == header::CONTENT_LENGTH {
                came.content_length = number(value.as_bytes());
            } else if *name == header::ORIGIN {
                came.origin = Some(value);
            } else if *name == PUID {
                came.puid = Some(value);
            } else if *name == header::ACCEPT_ENCODING {
                came.accept_encoding = value.as_bytes();
            } else if *name == header::CONTENT_ENCODING {
                came.content_encoding = value.as_bytes();
            } else if *name == HEAD_BYTES {
                came.head_bytes = Some(value);
            } else if is_trace(name.as_str()) {
                came.traced = true;
            } else if name.as_str().starts_with("x-") {
                came.timeouts.note(name.as_str(), value.as_bytes());
            }
        }
        came
    }

    /// The headers of a trace that the request belongs to.
    pub(super) fn trace(&self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        let headers = self.traced.then_some(self.headers);
        headers.into_iter().flat_map(|map| map.iter()).filter(|(name, _)| is_trace(name.as_str()))
    }
}

fn is_trace(name: &str) -> bool {
    // Most headers are told apart by their first letter.
    matches!(name.as_bytes(), [b't' | b'b' | b'x', ..]) && TRACE_HEADERS.contains(&name)
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_whatever_else_came() {
        let mut request = Request::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("content-length", "12"),
            ("x-b3-traceid", "abc"),
            ("user-agent", "test"),
            ("seldon-puid", "p1"),
        ] {
            let name = HeaderName::from_static(name);
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let came = Came::new(&request);
        assert_eq!((came.content_type, came.content_length), (&b"application/json"[..], Some(12)));
        assert_eq!(came.puid.unwrap(), "p1");
        assert!(came.origin.is_none());
        let trace: Vec<_> = came.trace().map(|(name, _)| name.as_str()).collect();
        assert_eq!(trace, ["x-b3-traceid"]);
    }
}
