//! How registries are reached, and as whom.

use std::path::PathBuf;
use std::time::Duration;

use radiant_contract::credentials::Secret;

use crate::transfer::Retries;

/// How registries are reached, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Registries, with their ports, that are asked without TLS. Those on this machine need not be among
    /// them.
    pub plain_http: Vec<String>,
    /// A file with certificates in PEM, whose owners are trusted beside those that the system trusts.
    pub authorities: Option<PathBuf>,
    /// Hosts, with their ports, that a registry may have contents sent to instead of itself. They are
    /// shown no login.
    pub upload_hosts: Vec<String>,
    /// Where logins are from.
    pub logins: Logins,
    /// How often something is tried again.
    pub retries: Retries,
    /// How long nothing may come or go.
    pub stall: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            plain_http: Vec::new(),
            authorities: None,
            upload_hosts: Vec::new(),
            logins: Logins::Files,
            retries: Retries::default(),
            stall: Duration::from_mins(1),
        }
    }
}

/// Where logins are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logins {
    /// From the files that container tools write; a login that another program keeps is refused.
    Files,
    /// From these files, and from the programs that they name, which are run.
    FilesAndHelpers,
    /// This one.
    Given {
        /// The user.
        user: String,
        /// The password, or a token in its place.
        password: Secret,
    },
}

/// What a repository is opened for, which is what tokens are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To read.
    Pull,
    /// To read and write.
    Push {
        /// Other repositories of the registry whose blobs may be taken over.
        mount_from: Vec<String>,
    },
}

impl Purpose {
    /// What somebody with this purpose does.
    pub(super) const fn verb(&self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push { .. } => "push",
        }
    }
}
