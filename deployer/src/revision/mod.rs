//! Revisions: what was applied before, kept in the cluster, to be listed and brought back.
//!
//! Each is a ConfigMap `radiant.NAME.vN` beside the SeldonDeployment that owns it. Not a Secret, because
//! nothing in it is secret, and not a ControllerRevision, because the stock role `edit` may write a
//! ConfigMap. The manifest in it is packed by gzip.

mod history;
mod stored;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

pub use history::{find, next, predecessor, stale};
pub use stored::{Owner, RevisionError, config_map, name, read, selector};

use crate::gate::Signature;

/// What became of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was applied, and does not serve yet.
    Pending,
    /// It serves, or served until another came.
    Deployed,
    /// Another took its place.
    Superseded,
    /// It could not serve.
    Failed,
}

const OUTCOMES: [(Outcome, &str); 4] = [
    (Outcome::Pending, "pending"),
    (Outcome::Deployed, "deployed"),
    (Outcome::Superseded, "superseded"),
    (Outcome::Failed, "failed"),
];

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OUTCOMES.iter().find_map(|(outcome, text)| (outcome == self).then_some(*text));
        f.pad(text.unwrap_or_default())
    }
}

impl FromStr for Outcome {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        OUTCOMES.iter().find_map(|(outcome, it)| (*it == text).then_some(*outcome)).ok_or(())
    }
}

/// Something that was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number; the first is 1.
    pub number: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// When it was applied, as RFC 3339 in UTC.
    pub applied: String,
    /// The hash of what was asked for, by which a second apply of the same is known.
    pub config_hash: String,
    /// Where its model came from.
    pub model_uri: Option<String>,
    /// The digest of the model's files at that time.
    pub model_digest: Option<String>,
    /// The server's image, with its digest where that is known.
    pub image: Option<String>,
    /// Why it was applied, in somebody's words.
    pub change_cause: Option<String>,
    /// The Secret that its pods read.
    pub secret: Option<String>,
    /// What callers see of its model, where that could be found out.
    pub signature: Option<Signature>,
    /// The SeldonDeployment as it was applied.
    pub manifest: Value,
}
