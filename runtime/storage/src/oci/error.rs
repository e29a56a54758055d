//! Why an artifact cannot be pulled from a registry.

use std::path::PathBuf;

use crate::WriteError;
use crate::archive::ArchiveError;

/// Why an artifact cannot be pulled: what, where, expected, got, and the way out.
///
/// Words of the registry are cut and escaped; logins, tokens and the addresses that registries
/// redirect to, which may be signed, are never among them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// The text is no address.
    #[error("oci address: expected {expected}{}", got_if(.got))]
    Reference {
        /// What would be one.
        expected: &'static str,
        /// What was there; empty where it may be secret.
        got: String,
    },
    /// A file of logins is not what it should be.
    #[error("auth file `{path}`: {reason}")]
    AuthFile {
        /// The file.
        path: PathBuf,
        /// Expected, got.
        reason: String,
    },
    /// The login is with another program.
    #[error(
        "auth file `{path}`: the login for `{registry}` is kept by a helper (`{key}` names \
         `{helper}`), and helpers are not run: put it under `auths` of a file that \
         `REGISTRY_AUTH_FILE` names, as `docker login` with an empty `DOCKER_CONFIG` writes one"
    )]
    Helper {
        /// The file.
        path: PathBuf,
        /// The registry.
        registry: String,
        /// `credHelpers` or `credsStore`.
        key: &'static str,
        /// The program.
        helper: String,
    },
    /// No client can be made.
    #[error("cannot prepare connections to registries: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
    /// The registry, or what it leads to, does not answer.
    #[error("cannot reach registry `{registry}` (attempt {attempts}): {reason}")]
    Connect {
        /// The registry.
        registry: String,
        /// How often it was tried.
        attempts: u32,
        /// What went wrong, with a way out where one is known.
        reason: String,
    },
    /// The registry has nothing of this name.
    #[error("`{reference}`: expected {what}, the registry has none{}: check name and tag", said_if(.said))]
    NotFound {
        /// The artifact.
        reference: String,
        /// A manifest, or a layer.
        what: String,
        /// What the registry says.
        said: String,
    },
    /// The registry does not let us in.
    #[error("`{reference}`: the registry refuses access ({status}{}): {login}", said_if(.said))]
    Refused {
        /// The artifact.
        reference: String,
        /// The HTTP status.
        status: u16,
        /// What the registry says.
        said: String,
        /// Which login was used, or where one was looked for, and what to do.
        login: String,
    },
    /// The registry's way of letting people in cannot be followed.
    #[error("`{reference}`: cannot log in: expected {expected}, got {got}")]
    Login {
        /// The artifact.
        reference: String,
        /// What the registry must send.
        expected: &'static str,
        /// What it sent.
        got: String,
    },
    /// The registry answers otherwise than it must.
    #[error("`{reference}`: expected {what}, got status {status}{} (attempt {attempts})", said_if(.said))]
    Status {
        /// The artifact.
        reference: String,
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What the registry says.
        said: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The manifest cannot be used.
    #[error("manifest of `{reference}`: expected {expected}, got {got}")]
    Manifest {
        /// The artifact.
        reference: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// A layer cannot be files of a model.
    #[error("layer {layer} of `{reference}`: expected {expected}, got {got}")]
    Layer {
        /// The artifact.
        reference: String,
        /// The layer's place in the manifest, from 1.
        layer: usize,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// What came is not what its digest says.
    #[error(
        "{what} of `{reference}`: expected digest `{expected}`, got `{got}`: damaged on the way, or in the registry"
    )]
    Digest {
        /// The artifact.
        reference: Box<str>,
        /// Manifest, or which layer.
        what: Box<str>,
        /// The digest in the reference or the manifest.
        expected: Box<str>,
        /// The digest of what came.
        got: Box<str>,
    },
    /// A layer comes longer or shorter than the manifest says.
    #[error(
        "layer {layer} of `{reference}`: expected {expected} bytes, got {got} (attempt {attempts})"
    )]
    Length {
        /// The artifact.
        reference: String,
        /// The layer's place in the manifest, from 1.
        layer: usize,
        /// The manifest's size.
        expected: u64,
        /// How many came; one more than expected stands for any number.
        got: u64,
        /// How often it was tried without headway.
        attempts: u32,
    },
    /// More than is allowed.
    #[error("`{reference}`: expected at most {limit} {unit}, got {got}")]
    Limit {
        /// The artifact.
        reference: String,
        /// How many are allowed.
        limit: u64,
        /// Of what.
        unit: &'static str,
        /// How many there are, at least.
        got: u64,
    },
    /// A layer that is an archive cannot be unpacked.
    #[error("layer {layer} of `{reference}`: {source}")]
    Archive {
        /// The artifact.
        reference: String,
        /// The layer's place in the manifest, from 1.
        layer: usize,
        /// Why.
        source: Box<ArchiveError>,
    },
    /// Nothing came out of all layers.
    #[error("`{reference}`: expected at least one file{}", got_if(.got))]
    Empty {
        /// The artifact.
        reference: String,
        /// What was there instead.
        got: String,
    },
    /// The folder cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn got_if(got: &str) -> String {
    if got.is_empty() { String::new() } else { format!(", got {got}") }
}

fn said_if(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(", `{said}`") }
}
