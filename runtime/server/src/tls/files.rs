//! The PEM files of TLS: bytes from the disk, and certificates and keys from the bytes.
//!
//! Errors name the file, what is expected and what is there. The PEM reader's own texts quote lines,
//! which may be a key's; none of them is passed on.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustls::server::ParsedCertificate;
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// The largest file that is read; a bundle of all public authorities is a quarter of it.
const BYTES_MAX: u64 = 1 << 20;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    Certificate,
    Key,
    ClientAuthorities,
}

impl File {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "TLS certificate file",
            Self::Key => "TLS key file",
            Self::ClientAuthorities => "TLS client authorities file",
        }
    }

    pub(super) fn error(self, path: &Path, message: impl Into<String>) -> TlsError {
        TlsError { file: self, path: path.to_owned(), message: message.into() }
    }
}

/// Why TLS cannot be had from its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsError {
    file: File,
    path: PathBuf,
    message: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`: {}", self.file.as_str(), self.path.display(), self.message)
    }
}

impl std::error::Error for TlsError {}

/// What the files hold. No `Debug`: a key is among it.
#[derive(PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) cert: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) client_ca: Option<Vec<u8>>,
}

impl Contents {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let client_ca = files.client_ca.as_ref();
        Ok(Self {
            cert: read(File::Certificate, &files.cert)?,
            key: read(File::Key, &files.key)?,
            client_ca: client_ca.map(|path| read(File::ClientAuthorities, path)).transpose()?,
        })
    }
}

/// Reads a file; a pipe is none, for it can be read but once.
fn read(file: File, path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |error| file.error(path, format!("cannot be read: {error}"));
    // Asked before it is opened: to open a pipe is to wait for who writes to it.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let got = if metadata.is_dir() { "a folder" } else { "a pipe or device" };
        return Err(file.error(path, format!("expected a file, got {got}")));
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).map_err(unreadable)?;
    opened.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(file.error(path, format!("expected at most {BYTES_MAX} bytes, got more")));
    }
    Ok(bytes)
}

/// The certificates in a file, at least one; each can be read.
pub(super) fn certificates(
    file: File,
    path: &Path,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let certificates = certificates.map_err(|error| file.error(path, broken_pem(&error)))?;
    if certificates.is_empty() {
        let got = if text.is_empty() { "an empty file" } else { "none" };
        return Err(file.error(path, format!("expected a certificate in PEM, got {got}")));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        ParsedCertificate::try_from(certificate).map_err(|error| {
            let number = index + 1;
            let got = match error {
                rustls::Error::InvalidCertificate(why) => format!("one that is not ({why:?})"),
                other => format!("one that is not ({other})"),
            };
            file.error(path, format!("certificate {number}: expected X.509 version 3, got {got}"))
        })?;
    }
    Ok(certificates)
}

/// The first private key in a file.
pub(super) fn private_key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    // Of PKCS#8 by its first line, of the older forms by one that follows it.
    let is_encrypted = text.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED);
    let got = match PrivateKeyDer::pem_slice_iter(text).next() {
        Some(Ok(key)) => return Ok(key),
        _ if is_encrypted => "an encrypted one",
        Some(Err(error)) => return Err(File::Key.error(path, broken_pem(&error))),
        None if text.is_empty() => "an empty file",
        None => "none",
    };
    let message =
        format!("expected a private key in PEM (PKCS#8, PKCS#1 or SEC1, not encrypted), got {got}");
    Err(File::Key.error(path, message))
}

const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// What is wrong with a text that should be PEM, without a word of it.
fn broken_pem(error: &pem::Error) -> String {
    let got = match error {
        pem::Error::MissingSectionEnd { .. } => "a section without a last line of its own",
        pem::Error::IllegalSectionStart { .. } => {
            "a section whose first line does not end in -----"
        }
        pem::Error::Base64Decode(_) => "a section that is not base64",
        _ => "something else",
    };
    format!("expected PEM, got {got}")
}
