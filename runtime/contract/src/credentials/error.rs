//! Why there are no credentials for a store.

/// Why there are no credentials for a store: which variable, what was expected, what came, what to
/// do. Values are shown where they cannot be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// An address names a remote that nothing defines.
    #[error("remote `{remote}`: expected `{variable}` to define it, got {got}")]
    UnknownRemote {
        /// The remote, as the address has it.
        remote: String,
        /// What would define it.
        variable: String,
        /// Which remotes there are.
        got: String,
    },
    /// A value cannot be what it says.
    #[error("`{variable}`: expected {expected}, got {got}")]
    Value {
        /// The variable.
        variable: String,
        /// What values look like.
        expected: String,
        /// What is there, or a description of it.
        got: String,
    },
    /// A value says nothing without another one.
    #[error("`{missing}`: expected a value beside `{beside}`, got none")]
    Missing {
        /// What is not set.
        missing: String,
        /// What is.
        beside: String,
    },
    /// Something that rclone or a cloud's tools know and this program does not do.
    #[error("`{variable}`: {reason}; {way_out}")]
    Unsupported {
        /// The variable.
        variable: String,
        /// What is not done.
        reason: &'static str,
        /// What to do instead.
        way_out: &'static str,
    },
    /// A remote that must have credentials has none.
    #[error("remote `{remote}`: no authentication method configured: expected one of {expected}")]
    NoMethod {
        /// The remote.
        remote: String,
        /// Which variables give one.
        expected: String,
    },
    /// Nothing says which storage account of Azure is meant.
    #[error(
        "azure: expected a storage account, got none: write the address as \
         `https://ACCOUNT.blob.core.windows.net/container/path`, or set `{variable}`"
    )]
    NoAccount {
        /// What would say it.
        variable: String,
    },
    /// Credentials are for one storage account, and the address names another.
    #[error(
        "azure: the address names the storage account `{address}`, the key in `{variable}` is that \
         of `{account}`"
    )]
    OtherAccount {
        /// The account of the address.
        address: String,
        /// Where the key is from.
        variable: String,
        /// The account of the key.
        account: String,
    },
}

impl CredentialError {
    pub(super) fn value(
        variable: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Value { variable: variable.into(), expected: expected.into(), got: got.into() }
    }

    pub(super) fn missing(missing: impl Into<String>, beside: impl Into<String>) -> Self {
        Self::Missing { missing: missing.into(), beside: beside.into() }
    }
}
