//! Why objects cannot be listed or downloaded.

use crate::staging::WriteError;

/// Why objects cannot be listed or downloaded. Names are those in the store; nothing here is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// Nothing has this name, or a name below it.
    #[error("`{prefix}`: expected an object of this name or at least one below it, got none")]
    Empty {
        /// What was looked for.
        prefix: String,
    },
    /// An object has a name that no file may have.
    #[error("object `{}`: expected {expected}", .name.escape_debug())]
    Name {
        /// The name.
        name: String,
        /// What a name must be.
        expected: &'static str,
    },
    /// Two objects need the same place.
    #[error(
        "object `{name}`: expected the only one of this name, got two, or others below `{name}/`: \
         rename one of them"
    )]
    Clash {
        /// The name.
        name: String,
    },
    /// More than is allowed.
    #[error("`{name}`: expected at most {limit} {unit}, got {got} or more")]
    Limit {
        /// The object, or what was listed.
        name: String,
        /// How many are allowed.
        limit: u64,
        /// Of what.
        unit: &'static str,
        /// How many there are, at least.
        got: u64,
    },
    /// Someone writes the source while it is downloaded.
    #[error("object `{name}`: changed while it was downloaded ({what}): start again when it rests")]
    Changed {
        /// The object.
        name: String,
        /// How that was seen.
        what: &'static str,
    },
    /// A body is not as long as it was said to be, in every attempt.
    #[error("object `{name}`: expected bytes up to {expected}, got {got} in {attempts} attempts")]
    Length {
        /// The object.
        name: String,
        /// Where the range ends.
        expected: u64,
        /// Where the body ended.
        got: u64,
        /// How often it was tried without headway.
        attempts: u32,
    },
    /// The store sends nothing any more.
    #[error("object `{name}`: expected bytes, got none for {seconds} s in {attempts} attempts")]
    Stalled {
        /// The object.
        name: String,
        /// How long was waited.
        seconds: u64,
        /// How often it was tried without headway.
        attempts: u32,
    },
    /// What came is not what the store has.
    #[error("object `{name}`: expected {kind} `{expected}`, got `{got}`: damaged on the way")]
    Checksum {
        /// The object.
        name: String,
        /// Which checksum.
        kind: &'static str,
        /// The store's.
        expected: String,
        /// Of what came.
        got: String,
    },
    /// The store refuses, or cannot be reached.
    #[error("cannot {action} `{name}` (attempt {attempts}): {source}")]
    Store {
        /// `list` or `read`.
        action: &'static str,
        /// The object or prefix.
        name: String,
        /// How often it was tried without headway.
        attempts: u32,
        /// What the store said.
        source: object_store::Error,
    },
    /// The target cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
