//! Images as one file: written for `docker load` and `podman load`, read from what they save; and as the
//! files that they hold.

mod read;
mod rootfs;
mod write;

pub use read::import;
pub use rootfs::lay_out;
pub use write::{Names, write};
