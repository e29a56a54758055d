//! The HTTP client for registries, and what its answers and errors say.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AsHeaderName, RETRY_AFTER};
use reqwest::{Certificate, Client, Response};
use serde::Deserialize;

use super::error::OciError;

pub(super) use crate::client::{is_passing, is_untrusted};

/// The longest file of authorities that is read.
const AUTHORITIES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How much of an error's body is read.
const SAID_BYTES_MAX: u64 = 64 * 1024;

/// How much of that is shown, in letters.
const SAID_LETTERS_MAX: usize = 200;

/// Makes a client that trusts these authorities beside the system's.
///
/// # Errors
/// [`OciError::Client`].
pub(super) fn client(
    is_loopback: bool,
    stall: Option<Duration>,
    authorities: &[Certificate],
) -> Result<Client, OciError> {
    let client = crate::client::client(is_loopback, stall, authorities);
    client.map_err(|error| OciError::Client { reason: reason(error) })
}

/// Reads certificates in PEM.
///
/// # Errors
/// [`OciError::Authorities`].
pub(super) async fn authorities(path: Option<&Path>) -> Result<Vec<Certificate>, OciError> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let bad = |reason: &str| OciError::Authorities {
        path: path.to_owned(),
        reason: format!("expected certificates in PEM, got {reason}"),
    };
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut text = Vec::new();
        File::open(owned)?.take(AUTHORITIES_BYTES_MAX + 1).read_to_end(&mut text)?;
        Ok(text)
    });
    let text = read.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    let text = text.map_err(|error| OciError::Authorities {
        path: path.to_owned(),
        reason: crate::error::reason(&error),
    })?;
    if text.len() as u64 > AUTHORITIES_BYTES_MAX {
        return Err(bad("a file that is too long"));
    }
    match Certificate::from_pem_bundle(&text) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(bad("none")),
        Err(_) => Err(bad("something else")),
    }
}

/// What went wrong at the bottom of an error; the layers above it would show the address, which may
/// be signed.
pub(super) fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cut(&cause.to_string())
}

/// When the server wants to be asked again.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    header(response, RETRY_AFTER)?.trim().parse().ok().map(Duration::from_secs)
}

/// A header as text.
pub(super) fn header(response: &Response, name: impl AsHeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

/// Reads a body of at most `limit` bytes; `None` if it is longer.
///
/// # Errors
/// The connection breaks.
pub(super) async fn body(
    mut response: Response,
    limit: u64,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() as u64 + chunk.len() as u64 > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

#[derive(Deserialize)]
struct Said {
    errors: Option<Vec<SaidOne>>,
    /// What token services send.
    error_description: Option<String>,
    details: Option<String>,
}

#[derive(Deserialize)]
struct SaidOne {
    code: String,
    message: Option<String>,
}

/// What a refusal says of itself, if it is in a form that registries use.
pub(super) async fn said(response: Response) -> String {
    match body(response, SAID_BYTES_MAX).await {
        Ok(Some(body)) => words(&body),
        _ => String::new(),
    }
}

fn words(body: &[u8]) -> String {
    let Ok(said) = serde_json::from_slice::<Said>(body) else { return String::new() };
    let first = said.errors.unwrap_or_default().into_iter().next();
    let text = match first {
        Some(SaidOne { code, message: Some(message) }) => format!("{code}: {message}"),
        Some(SaidOne { code, message: None }) => code,
        None => said.error_description.or(said.details).unwrap_or_default(),
    };
    cut(&text)
}

/// Somebody else's words, made fit to be shown.
pub(super) fn cut(text: &str) -> String {
    let plain = text.trim().escape_debug().to_string().replace("\\\"", "\"");
    let short: String = plain.chars().take(SAID_LETTERS_MAX).collect();
    if short.len() < plain.len() { short + "..." } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_registries_are_found_cut_and_escaped() {
        let long = format!(r#"{{"errors": [{{"code": "{}"}}]}}"#, "x".repeat(300));
        for (body, expected) in [
            (
                r#"{"errors": [{"code": "DENIED", "message": "no \u001b[31m"}]}"#,
                "DENIED: no \\u{1b}[31m",
            ),
            (r#"{"errors": [{"code": "DENIED", "detail": {}}]}"#, "DENIED"),
            (r#"{"errors": []}"#, ""),
            (r#"{"details": "incorrect username"}"#, "incorrect username"),
            ("<html>", ""),
            (&long, &("x".repeat(200) + "...")),
        ] {
            assert_eq!(words(body.as_bytes()), expected, "{body}");
        }
    }
}
