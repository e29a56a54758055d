//! One repository of a registry, as pulls and pushes ask it (distribution specification 1.1).

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use radiant_contract::EnvSource;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};

use super::access::{Access, Purpose};
use super::auth;
use super::blob::{self, Wanted};
use super::digest::Digest;
use super::error::OciError;
use super::http;
use super::manifest;
use super::meter::Meter;
use super::reference::{Reference, Version};
use super::session::{Ask, Session};
use super::upload::{self, Pushed, Way};
use super::{DIGEST_HEADER, MANIFEST_BYTES_MAX};
use crate::progress::Progress;

/// The header that says that the registry lists a manifest among those that refer to its subject.
const SUBJECT_HEADER: &str = "oci-subject";

/// A repository of a registry, opened with a login.
pub struct Repository {
    pub(super) session: Session,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Repository");
        debug.field("reference", &self.session.reference()).finish_non_exhaustive()
    }
}

/// A manifest or index as the registry has it, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its type, as the registry says.
    pub media_type: Option<String>,
    /// Its digest, which has been compared.
    pub digest: Digest,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// A manifest or index that is pushed.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Its type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub text: Bytes,
}

/// A blob that is pulled.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// Its name.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// For errors: what it is, as `layer 2`.
    pub what: String,
}

impl Repository {
    /// Finds the login, and out whether the registry speaks TLS if it is on this machine.
    ///
    /// # Errors
    /// [`OciError`]: the login cannot be read, or no client can be made.
    pub async fn open(
        reference: &Reference,
        purpose: Purpose,
        access: &Access,
        env: &(dyn EnvSource + Sync),
    ) -> Result<Self, OciError> {
        let (places, wanted) = (auth::Places::of(env), reference.clone());
        let (logins, meant) = (access.logins.clone(), purpose.clone());
        let found = super::blocking(Path::new("auth files"), move || {
            auth::find(&wanted, &places, &logins, &meant)
        });
        let login = found.await?;
        Ok(Self { session: Session::open(reference, purpose, login, access).await? })
    }

    /// Reads a manifest or index.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached, refuses or has none, or what comes is too long or
    /// not what its digest says.
    pub async fn document(&self, version: &Version) -> Result<Document, OciError> {
        let session = &self.session;
        let response = session.ask(&ask_manifest(Method::GET, version)).await?;
        let stated = http::header(&response, DIGEST_HEADER).and_then(Digest::parse);
        let media_type = http::header(&response, CONTENT_TYPE.as_str()).map(|kind| {
            let kind = kind.split(';').next().unwrap_or(kind);
            kind.trim().to_owned()
        });
        let text = http::body(response, MANIFEST_BYTES_MAX).await;
        let text = text.map_err(|error| session.unreachable(error, 1))?.ok_or_else(|| {
            let (limit, unit) = (MANIFEST_BYTES_MAX, "bytes in a manifest");
            OciError::Limit { reference: session.reference(), limit, unit, got: limit + 1 }
        })?;
        let wanted = match version {
            Version::Digest(digest) => Some(digest.clone()),
            Version::Tag(_) => stated,
        };
        let digest = wanted.unwrap_or_else(|| Digest::sha256(&text));
        let got = digest.same_of(&text);
        if got != digest {
            return Err(self.other_digest("manifest", &digest, &got));
        }
        Ok(Document { media_type, digest, text })
    }

    /// Asks for the digest of a manifest or index; `None` if there is none.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached, or refuses.
    pub async fn find(&self, version: &Version) -> Result<Option<Digest>, OciError> {
        let ask = ask_manifest(Method::HEAD, version);
        let response = self.session.answer(&ask).await?;
        match response.status() {
            StatusCode::OK => {
                match http::header(&response, DIGEST_HEADER).and_then(Digest::parse) {
                    Some(digest) => Ok(Some(digest)),
                    None => Ok(Some(self.document(version).await?.digest)),
                }
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.session.refusal("a manifest", response, 1).await),
        }
    }

    /// Whether a blob is there.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached, or refuses.
    pub async fn has_blob(&self, digest: &Digest) -> Result<bool, OciError> {
        has_blob(&self.session, digest).await
    }

    /// Downloads a blob into a new file.
    ///
    /// # Errors
    /// [`OciError`]: the registry fails for longer than retries go on, what comes is not what its
    /// digest says, or the file cannot be written.
    pub async fn pull_blob(
        &self,
        blob: &Pulled,
        to: &Path,
        progress: &dyn Progress,
    ) -> Result<(), OciError> {
        let Pulled { digest, bytes, what } = blob;
        let wanted = Wanted { digest, bytes: *bytes, what: what.clone(), to: to.to_owned() };
        blob::download(&self.session, &wanted, progress).await
    }

    /// Sees to it that a blob is there: it was, it is taken over from another repository, or it is
    /// sent in chunks of about so many bytes.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached, refuses, or fails for longer than retries go on,
    /// or the file cannot be read or is not what its digest says.
    pub async fn push_blob(
        &self,
        blob: &Pushed,
        mount_from: Option<&str>,
        chunk_bytes: u64,
        meter: Arc<dyn Meter>,
    ) -> Result<Way, OciError> {
        if self.has_blob(&blob.digest).await? {
            return Ok(Way::Existing);
        }
        upload::push(&self.session, blob, mount_from, chunk_bytes, meter).await
    }

    /// Stores a manifest or index under a digest or tag; says whether the registry lists it among those
    /// that refer to its subject.
    ///
    /// # Errors
    /// [`OciError`]: the registry cannot be reached or refuses, or computes another digest.
    pub async fn push_document(
        &self,
        version: &Version,
        document: &NewDocument,
    ) -> Result<bool, OciError> {
        let what = match version {
            Version::Tag(tag) => format!("tag `{tag}`"),
            Version::Digest(digest) => format!("manifest `{digest}`"),
        };
        let body = Some((document.media_type.as_str(), document.text.clone()));
        let ask = Ask { body, ..Ask::new(Method::PUT, format!("manifests/{version}"), &what) };
        let response = self.session.answer(&ask).await?;
        if !response.status().is_success() {
            return Err(self.session.refusal(&what, response, 1).await);
        }
        match http::header(&response, DIGEST_HEADER).and_then(Digest::parse) {
            Some(got) if got.is_like(&document.digest) && got != document.digest => {
                Err(self.other_digest(&what, &document.digest, &got))
            }
            _ => Ok(response.headers().contains_key(SUBJECT_HEADER)),
        }
    }

    fn other_digest(&self, what: &str, expected: &Digest, got: &Digest) -> OciError {
        OciError::Digest {
            reference: self.session.reference().into(),
            what: what.into(),
            expected: expected.to_string().into(),
            got: got.to_string().into(),
        }
    }
}

/// See [`Repository::has_blob`].
pub(super) async fn has_blob(session: &Session, digest: &Digest) -> Result<bool, OciError> {
    let ask = Ask::new(Method::HEAD, format!("blobs/{digest}"), "a blob");
    let response = session.answer(&ask).await?;
    match response.status() {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        _ => Err(session.refusal("a blob", response, 1).await),
    }
}

fn ask_manifest(method: Method, version: &Version) -> Ask<'static> {
    let ask = Ask::new(method, format!("manifests/{version}"), "a manifest");
    Ask { accept: Some(manifest::ACCEPT), ..ask }
}
