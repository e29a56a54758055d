//! Why a store cannot be opened.

use std::path::PathBuf;

/// Why a store cannot be opened, before anything of it was read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A bucket has a name that no bucket has.
    #[error("bucket `{bucket}`: expected letters, digits, `-`, `_` and `.`")]
    Bucket {
        /// The name.
        bucket: String,
    },
    /// Credentials are for one container only.
    #[error("container `{bucket}`: the signed address is for the container `{container}` only")]
    OtherContainer {
        /// The container that the address names.
        bucket: String,
        /// The container that credentials are for.
        container: String,
    },
    /// A setting cannot become part of a request.
    #[error("{what}: expected {expected}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// What it must be; its value may be secret.
        expected: &'static str,
    },
    /// An address cannot be one.
    #[error("{what} `{address}`: expected an address such as `https://host:port`")]
    Address {
        /// Whose address.
        what: &'static str,
        /// The address.
        address: String,
    },
    /// A file that credentials need cannot be read.
    #[error("{what} `{path}`: expected a file that can be read, got `{error}`")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file that credentials need is not what it should be.
    #[error("{what} `{path}`: expected {expected}, got {got}")]
    File {
        /// What it is.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// What is in it; nothing secret.
        got: String,
    },
    /// A file names a source of credentials that is not known here.
    #[error("{what} `{path}`: {reason}; {way_out}")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is not done.
        reason: String,
        /// What to do instead.
        way_out: &'static str,
    },
    /// Nothing that was to be asked for credentials has any.
    #[error("no credentials: asked {asked}; set keys, or make the store anonymous")]
    NoCredentials {
        /// What was asked, each with what it said.
        asked: String,
    },
    /// A token cannot be had.
    #[error("{what}: no token: {reason}")]
    Token {
        /// Who was asked.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// A client cannot be made.
    #[error(
        "no client for https: {reason}; mount certificates of authorities, or name them by \
         `SSL_CERT_FILE`"
    )]
    Client {
        /// Why not.
        reason: String,
    },
    /// The library refuses its settings.
    #[error("store: its client cannot be built: {reason}")]
    Builder {
        /// Why not.
        reason: String,
    },
}
