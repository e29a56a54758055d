//! Asks a server for a file, or a part of it.

use std::error::Error;
use std::ops::Range;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::client::{HttpError, HttpErrorKind};
use reqwest::header::{ACCEPT_ENCODING, IF_MATCH, RANGE, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::WebError;
use super::address::{Address, Login};
use super::answer::{self, Answer};
use crate::client::{client, is_passing, is_untrusted};
use crate::transfer::Failure;

/// One address, and connections to its server.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    address: Address,
}

/// Why a request gave no body. Never holds an address, which may be signed.
#[derive(Debug)]
pub(super) enum Failed {
    /// The server refuses.
    Status { status: StatusCode, retry_after: Option<Duration> },
    /// The connection, or what came over it.
    Wire(reqwest::Error),
    /// The answer is none to this request.
    Odd(&'static str),
}

impl Client {
    /// Makes a client that follows few redirects, never out of TLS, and takes no login with it to
    /// another host. Without a byte for as long as `stall`, a connection counts as broken.
    pub(super) fn new(address: Address, stall: Duration) -> Result<Self, WebError> {
        let http = client(address.is_loopback(), Some(stall), &[]);
        let http = http.map_err(|error| WebError::Client { reason: reason(&error) })?;
        Ok(Self { http, address })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for the first byte, which tells all of a file. A request without a body would be cheaper,
    /// but is refused where an address is signed for downloads.
    pub(super) async fn look(&self) -> Result<Answer, Failed> {
        let response = self.send(Some(0..1), None).await?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE
            && answer::is_empty_file(response.headers())
        {
            let mut empty = Answer::read(response.headers(), false);
            empty.bytes = Some(0);
            return Ok(empty);
        }
        // Whoever sends all of it is cut off here.
        read(&response, Some(0))
    }

    /// Asks for a range or all of the file, if it still has that ETag.
    pub(super) async fn get(
        &self,
        range: Option<Range<u64>>,
        if_match: Option<&str>,
    ) -> Result<(Answer, BoxStream<'static, Result<bytes::Bytes, Failed>>), Failed> {
        let start = range.as_ref().map(|range| range.start);
        let response = self.send(range, if_match).await?;
        let answer = read(&response, start)?;
        Ok((answer, response.bytes_stream().map_err(Failed::Wire).boxed()))
    }

    async fn send(
        &self,
        range: Option<Range<u64>>,
        if_match: Option<&str>,
    ) -> Result<Response, Failed> {
        let request = self.http.get(self.address.url().clone());
        let mut request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(Login { user, password }) = self.address.login() {
            request = request.basic_auth(user, Some(password));
        }
        if let Some(Range { start, end }) = range {
            request = request.header(RANGE, format!("bytes={start}-{}", end.saturating_sub(1)));
        }
        if let Some(tag) = if_match {
            request = request.header(IF_MATCH, tag);
        }
        request.send().await.map_err(Failed::Wire)
    }
}

/// Reads what is said of a body that begins at `start`, if a part was asked for.
fn read(response: &Response, start: Option<u64>) -> Result<Answer, Failed> {
    let status = response.status();
    let is_part = match status {
        StatusCode::OK => false,
        StatusCode::PARTIAL_CONTENT if start.is_some() => true,
        _ => {
            let after = answer::text(response.headers(), RETRY_AFTER);
            let seconds = after.and_then(|after| after.trim().parse().ok());
            return Err(Failed::Status { status, retry_after: seconds.map(Duration::from_secs) });
        }
    };
    let answer = Answer::read(response.headers(), is_part);
    if is_part && answer.part_start != start {
        return Err(Failed::Odd("another part of the file than was asked for"));
    }
    Ok(answer)
}

/// What went wrong at the bottom of an error; the layers above it would show the address.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if cause.is::<reqwest::Error>() {
        return "the request failed".to_owned();
    }
    format!("{cause}{}", if is_untrusted(error) { TRUST_HINT } else { "" })
}

/// What somebody can do about a certificate that is not trusted.
const TRUST_HINT: &str = ": set `SSL_CERT_FILE` to a file with the certificate of its authority";

impl Failed {
    /// Whether it may go well next time.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Status { status, .. } if is_passing(*status) => Failure::Passing,
            Self::Wire(error) if is_untrusted(error) => Failure::Lasting,
            Self::Wire(error) if !error.is_redirect() && !error.is_builder() => Failure::Passing,
            Self::Status { .. } | Self::Wire(_) | Self::Odd(_) => Failure::Lasting,
        }
    }

    /// When the server wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Wire(_) | Self::Odd(_) => None,
        }
    }

    /// For people, after the last attempt.
    pub(super) fn into_error(self, attempts: u32) -> WebError {
        match self {
            Self::Status { status, .. } => WebError::Refused { status: status.as_u16(), attempts },
            Self::Wire(error) => WebError::Unreachable { reason: reason(&error), attempts },
            Self::Odd(got) => WebError::Odd { got },
        }
    }
}

/// For the one who downloads; it reads the status out of the text.
#[derive(Debug, thiserror::Error)]
#[error("status code: {}", .0.as_u16())]
struct Status(StatusCode);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl Failed {
    /// For the one who downloads.
    pub(super) fn into_store_error(self, path: &str) -> object_store::Error {
        let path = path.to_owned();
        let status = match self {
            Self::Status { status, .. } => status,
            Self::Wire(error) => {
                let said = Said(reason(&error));
                let kind = HttpErrorKind::Interrupted;
                return generic(Box::new(HttpError::new(kind, said)));
            }
            Self::Odd(got) => return generic(Box::new(Said(format!("the server sent {got}")))),
        };
        let source = Box::new(Status(status));
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                object_store::Error::NotFound { path, source }
            }
            StatusCode::PRECONDITION_FAILED => object_store::Error::Precondition { path, source },
            StatusCode::FORBIDDEN => object_store::Error::PermissionDenied { path, source },
            StatusCode::UNAUTHORIZED => object_store::Error::Unauthenticated { path, source },
            _ => generic(source),
        }
    }
}

fn generic(source: Box<dyn Error + Send + Sync>) -> object_store::Error {
    object_store::Error::Generic { store: "web", source }
}
