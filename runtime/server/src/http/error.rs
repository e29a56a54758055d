//! Errors as HTTP replies.

use std::time::Duration;

use radiant_core::{Error, ErrorKind};
use radiant_protocol::{mlflow, oip, seldon, tfs};

use crate::config::EdgeLimits;
use crate::edge::Refused;
use crate::endpoint::Protocol;

/// What a failed request is answered with.
#[derive(Debug)]
pub(crate) struct HttpError {
    /// Seldon's status; another protocol may have another for the same kind.
    status: u16,
    /// The kind of failure, where it did not arise in HTTP itself.
    kind: Option<ErrorKind>,
    pub(crate) reason: String,
    pub(crate) info: String,
    /// The methods to name in `Allow`.
    pub(crate) allow: Option<&'static str>,
    /// After how long trying again can help, if it can.
    pub(crate) retry_after: Option<Duration>,
    /// Whether the connection cannot be used any further.
    pub(crate) close: bool,
    /// The limit of the edge that the client went beyond, if it did.
    pub(crate) refused: Option<Refused>,
}

const BAD_DATA: &str = "MICROSERVICE_BAD_DATA";
/// What the Python microservice answers for paths and methods that it does not have.
const INTERNAL_ERROR: &str = "MICROSERVICE_INTERNAL_ERROR";

impl HttpError {
    fn client(status: u16, info: String) -> Self {
        let reason = BAD_DATA.to_owned();
        Self {
            status,
            kind: None,
            reason,
            info,
            allow: None,
            retry_after: None,
            close: false,
            refused: None,
        }
    }

    /// 400: the request holds nothing that can be read.
    pub(crate) fn bad_data(info: String) -> Self {
        Self::client(400, info)
    }

    /// The status code in a reply of this protocol.
    pub(crate) fn status(&self, protocol: Protocol) -> u16 {
        match (protocol, self.kind) {
            (Protocol::Seldon, _) | (_, None) => self.status,
            (Protocol::V2, Some(kind)) => oip::http_status(kind),
            (Protocol::TensorFlow, Some(kind)) => tfs::http_status(kind),
            (Protocol::Mlflow, Some(kind)) => mlflow::http_status(kind),
        }
    }

    /// 415: the body is encoded in a way that is not known.
    pub(crate) fn unknown_encoding(error: &Error) -> Self {
        Self::client(415, error.message().to_owned())
    }

    /// 404: no such path.
    pub(crate) fn unknown_path(path: &str) -> Self {
        let mut shown: String = path.chars().take(200).collect();
        if shown.len() < path.len() {
            shown.push('…');
        }
        let info =
            format!("no such path: `{shown}`; GET /api/v1.0/doc/ and /v2/docs list the paths");
        Self { reason: INTERNAL_ERROR.to_owned(), ..Self::client(404, info) }
    }

    /// 405: the path is there for other methods.
    pub(crate) fn wrong_method(method: &str, allow: &'static str) -> Self {
        let info = format!("method `{method}` is not answered here; expected one of {allow}");
        let reason = INTERNAL_ERROR.to_owned();
        Self { reason, allow: Some(allow), ..Self::client(405, info) }
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn slow_client(waited: Duration) -> Self {
        let info = format!("the body did not arrive within {} s", waited.as_secs_f64());
        Self { close: true, refused: Some(Refused::Body), ..Self::client(408, info) }
    }

    /// 431: the headers are too many, or too large together.
    pub(crate) fn large_headers(n_headers: usize, n_bytes: usize, limits: &EdgeLimits) -> Self {
        let EdgeLimits { headers_max, header_bytes_max, .. } = limits;
        let info = if n_headers > *headers_max {
            format!("the request has {n_headers} headers, of at most {headers_max} (--headers-max)")
        } else {
            format!(
                "the request's headers are {n_bytes} bytes, of at most {header_bytes_max} \
                 (--header-bytes-max)"
            )
        };
        Self { close: true, refused: Some(Refused::Headers), ..Self::client(431, info) }
    }

    /// 413: the body is larger than the limit.
    pub(crate) fn too_large(bytes_max: usize) -> Self {
        let info =
            format!("the body is larger than the limit of {bytes_max} bytes (--body-bytes-max)");
        Self { close: true, ..Self::client(413, info) }
    }

    /// What is told before the body has been read: nothing else can come on this connection.
    pub(crate) fn unread(error: Error) -> Self {
        Self { close: true, ..error.into() }
    }

    /// 400: the body broke off or is not framed as HTTP wants it.
    pub(crate) fn broken_body(error: &actix_http::error::PayloadError) -> Self {
        Self { close: true, ..Self::client(400, format!("the body could not be read: {error}")) }
    }
}

impl From<Error> for HttpError {
    fn from(error: Error) -> Self {
        let status = seldon::status(error.kind());
        let (http, reason) = match error.refusal() {
            Some(refusal) => (refusal.status, refusal.reason.clone()),
            None => (status.http, status.reason.to_owned()),
        };
        // Overload is told when it begins and when it has ended.
        if http >= 500 && error.kind() != ErrorKind::Overloaded {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(kind = error.kind().as_str(), error = %error, source, "request failed");
        }
        let info = error.message().to_owned();
        let kind = error.refusal().is_none().then(|| error.kind());
        Self {
            status: http,
            kind,
            reason,
            info,
            allow: None,
            retry_after: error.retry_after(),
            close: false,
            refused: None,
        }
    }
}
