//! Images between layouts and registries: [`push`] sends one, [`pull`] brings one.
//!
//! The protocol is in `radiant_storage::oci`; here is what is sent in which order. A tag is the last
//! thing to be written, so that nobody pulls half an image.

mod failure;
mod plan;
mod pull;
mod push;
mod referrers;
mod report;
mod watch;

pub use self::failure::failed;
pub use self::pull::{PullOptions, pull};
pub use self::push::{PushOptions, push};
pub use self::report::{BlobReport, Report, Repository, Tag};
pub use self::watch::{Bars, BlobWatch, Lines, Watch, for_people, for_pulls};

use radiant_storage::oci::Reference;

/// How people write a repository.
fn name(reference: &Reference) -> String {
    format!("{}/{}", reference.registry(), reference.repository())
}
