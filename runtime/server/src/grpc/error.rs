//! Errors as gRPC statuses.

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use radiant_core::{Error, ErrorKind};
use radiant_protocol::grpc;

pub(super) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// How long a client with a retry policy should wait, in milliseconds (gRPC proposal A6).
const RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// Clients refuse trailers beyond 8 KiB or so, and what is escaped is three times as long.
const MESSAGE_BYTES_MAX: usize = 2048;

/// What must be escaped in a message (gRPC over HTTP/2, "Status-Message").
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// The code of a success.
pub(super) const OK: u16 = 0;
/// The code of a call that its client gave up.
pub(super) const CANCELLED: u16 = 1;

/// The code of a failure.
pub(super) fn code(error: &Error) -> u16 {
    u16::try_from(grpc::code(error.kind()) as i32).unwrap_or_default()
}

/// Says in the log what is not the client's mistake; overload is told when it begins and when it has
/// ended.
pub(super) fn log(error: &Error) {
    let blamed_on_us = matches!(
        error.kind(),
        ErrorKind::ModelFailed
            | ErrorKind::Internal
            | ErrorKind::NotReady
            | ErrorKind::DeadlineExceeded
            | ErrorKind::Upstream
    );
    if blamed_on_us {
        let source = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(kind = error.kind().as_str(), error = %error, source, "request failed");
    }
}

/// Writes the status of a success.
pub(super) fn write_ok(headers: &mut HeaderMap) {
    headers.insert(STATUS, HeaderValue::from_static("0"));
}

/// Writes the status of a failure.
pub(super) fn write(error: &Error, headers: &mut HeaderMap) {
    headers.insert(STATUS, HeaderValue::from(code(error)));
    let text = error.message();
    let text = text.get(..text.floor_char_boundary(MESSAGE_BYTES_MAX)).unwrap_or_default();
    let escaped = percent_encode(text.as_bytes(), ESCAPED).to_string();
    // What is escaped is ASCII without controls, which every header takes.
    if let Ok(message) = HeaderValue::try_from(escaped) {
        headers.insert(MESSAGE, message);
    }
    if let Some(time) = error.retry_after() {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        headers.insert(RETRY_PUSHBACK, HeaderValue::from(ms));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn written(error: &Error) -> (String, String) {
        let mut headers = HeaderMap::new();
        write(error, &mut headers);
        let text = |name| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        (text(STATUS), text(MESSAGE))
    }

    #[test]
    fn every_kind_has_a_code_and_its_text() {
        for kind in ErrorKind::ALL {
            let (status, message) = written(&Error::new(kind, "input `x`: 5 % of é\n"));
            assert_eq!(status, (grpc::code(kind) as i32).to_string(), "{kind:?}");
            assert_eq!(message, "input `x`: 5 %25 of %C3%A9%0A");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let (_, message) = written(&Error::invalid_input("é".repeat(5000)));
        assert_eq!(message, "%C3%A9".repeat(MESSAGE_BYTES_MAX / 2));
    }

    #[test]
    fn overload_tells_when_to_come_back() {
        let mut headers = HeaderMap::new();
        let full = Error::new(ErrorKind::Overloaded, "full");
        write(&full.with_retry_after(Duration::from_millis(2500)), &mut headers);
        assert_eq!(headers[RETRY_PUSHBACK], "2500");
    }
}
