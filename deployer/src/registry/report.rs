//! What a push did, for people and programs.

use radiant_storage::oci::{Digest, Way};
use serde::{Serialize, Serializer};

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The image.
    pub digest: Digest,
    /// Where it is now.
    pub repositories: Vec<Repository>,
}

/// What was pushed to one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// `registry/repository`.
    pub name: String,
    /// `registry/repository@digest`, which stays the same image.
    pub reference: String,
    /// Its names.
    pub tags: Vec<Tag>,
    /// What it is made of.
    pub blobs: Vec<BlobReport>,
    /// What refers to it, such as lists of its software.
    pub referrers: Vec<Digest>,
    /// How many bytes of blobs were sent.
    pub uploaded_bytes: u64,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Whether it meant another image before, or none.
    pub is_changed: bool,
}

/// How a blob came to be in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlobReport {
    /// Its name.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Which part of the image it is.
    pub what: String,
    /// `existing`, `mounted` or `uploaded`.
    #[serde(serialize_with = "word")]
    pub way: Way,
}

impl Report {
    /// As JSON, with the version of its schema.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Versioned<'a> {
            schema: &'static str,
            #[serde(flatten)]
            report: &'a Report,
        }
        let report = Versioned { schema: "radiant/push/v1", report: self };
        // Names are texts, which always can be written.
        serde_json::to_string(&report).unwrap_or_default() + "\n"
    }

    /// A line for each repository.
    pub fn text(&self) -> String {
        self.repositories.iter().flat_map(|it| [it.reference.as_str(), "\n"]).collect()
    }
}

/// How a way is called.
pub(super) fn way(way: Way) -> &'static str {
    match way {
        Way::Existing => "existing",
        Way::Mounted => "mounted",
        Way::Uploaded => "uploaded",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn word<S: Serializer>(value: &Way, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(way(*value))
}
