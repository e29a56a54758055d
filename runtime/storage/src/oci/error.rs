//! Why an artifact cannot be pulled from a registry, or pushed to one.

use std::path::PathBuf;

use crate::WriteError;
use crate::archive::ArchiveError;

/// Why an artifact cannot be pulled or pushed: what, where, expected, got, and the way out.
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
    /// The program that keeps a login gives none.
    #[error(
        "auth file `{path}`: the login for `{registry}` is kept by `docker-credential-{helper}`: \
         {reason}"
    )]
    HelperFailed {
        /// The file.
        path: PathBuf,
        /// The registry.
        registry: String,
        /// The program's name without what all have.
        helper: String,
        /// What it says, or what it does not do.
        reason: String,
    },
    /// The file of authorities is not what it should be.
    #[error("file of authorities `{path}`: {reason}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Expected, got.
        reason: String,
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
    /// The registry does not take what is pushed.
    #[error(
        "`{reference}`: cannot push {what}: the registry answered {status}{} (attempt {attempts}){}",
        said_if(.said), way_out_if(.way_out)
    )]
    Push {
        /// Where to.
        reference: String,
        /// Which part.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What the registry says.
        said: String,
        /// What to do; may be empty.
        way_out: &'static str,
        /// How often it was tried.
        attempts: u32,
    },
    /// The registry wants something sent elsewhere.
    #[error("`{reference}`: cannot push {what}: expected {expected}, got {got}")]
    Elsewhere {
        /// Where to.
        reference: String,
        /// Which part.
        what: String,
        /// Where it may be sent.
        expected: &'static str,
        /// Where the registry wants it.
        got: String,
    },
    /// A file is not what its digest says.
    #[error("cannot push `{path}`: expected {expected}, got {got}: it was changed, or is damaged")]
    Source {
        /// The file.
        path: PathBuf,
        /// Size or digest.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Contents cannot be moved.
    #[error("{what} of `{reference}`: expected {expected}, got {got}")]
    Blob {
        /// The artifact.
        reference: String,
        /// Which.
        what: String,
        /// What should have happened.
        expected: &'static str,
        /// What did.
        got: String,
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
    /// Contents come longer or shorter than the manifest says.
    #[error("{what} of `{reference}`: expected {expected} bytes, got {got} (attempt {attempts})")]
    Length {
        /// The artifact.
        reference: String,
        /// Which layer, or what else.
        what: String,
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

fn way_out_if(way_out: &str) -> String {
    if way_out.is_empty() { String::new() } else { format!(": {way_out}") }
}
