//! Why a file on the web is not fetched.

use std::path::PathBuf;

use crate::WriteError;
use crate::archive::ArchiveError;
use crate::transfer::TransferError;

/// Why a file on the web is not fetched. The address is not shown: whoever asked has it, and it may
/// hold a login or a signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The text is no address of the web.
    #[error("expected {reason}")]
    Address {
        /// What an address has.
        reason: &'static str,
    },
    /// No client can be made.
    #[error(
        "cannot start an https client: {reason}: set `SSL_CERT_FILE` to a file of certificates"
    )]
    Client {
        /// What is wrong.
        reason: String,
    },
    /// The server refuses.
    #[error("expected a file, got status {status} (attempt {attempts}): {}", hint(*.status))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// How often it was asked.
        attempts: u32,
    },
    /// There is no answer.
    #[error("the server cannot be reached (attempt {attempts}): {reason}")]
    Unreachable {
        /// What went wrong.
        reason: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The connection breaks in the body again and again.
    #[error("the body broke off after {bytes} bytes (attempt {attempts}): {reason}")]
    Broken {
        /// How many came last time.
        bytes: u64,
        /// What went wrong.
        reason: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The answer is none to the request.
    #[error("expected what was asked for, got {got}")]
    Odd {
        /// What came.
        got: &'static str,
    },
    /// There is a page for people.
    #[error(
        "expected a model, got a web page: give the address of the file itself, with a \
         login if it needs one"
    )]
    Page,
    /// The file comes in another form than it is.
    #[error(
        "expected the file as it is, got it encoded as `{encoding}`: turn that off for \
         this file"
    )]
    Encoded {
        /// The form.
        encoding: String,
    },
    /// The file is larger than is allowed.
    #[error("expected at most {limit} bytes, got {got} or more")]
    Limit {
        /// How many are allowed.
        limit: u64,
        /// How many there are, at least.
        got: u64,
    },
    /// The file is an archive, and not a good one.
    #[error(transparent)]
    Archive(ArchiveError),
    /// The archive holds no file.
    #[error("expected an archive with at least one file, got none in it")]
    Empty,
    /// What came cannot be read again.
    #[error("cannot read `{path}`: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The download failed.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The folder cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What somebody can do about a status.
fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => "give the address that it points to",
        401 => "give a login, as in `https://user:password@host/file`, or check it",
        403 => "check the login, or make a new signed address if this one has run out",
        404 | 410 => "nothing is there: check the path",
        407 => "the proxy wants a login",
        408 | 429 | 500..=599 => "the server cannot serve it now: try later",
        _ => "check the address",
    }
}
