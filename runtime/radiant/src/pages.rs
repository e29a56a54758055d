//! Which pages the memory of this process is made of.
//!
//! Pages of 2 MiB are right for the weights of a large model, which are walked through with each run;
//! around a small one it is the heap of each thread that holds megabytes for the sake of some kilobytes.
//! The allocator is built to ask for none (feature `no_thp`); a system that gives them unasked is told
//! not to, until much is loaded.

use radiant_server::resident_bytes;

/// How much a process holds that is large.
const LARGE_BYTES: u64 = 256 << 20;

/// Keeps pages small from now on.
pub(crate) fn keep_small() {
    disable_large(true);
}

/// Lets pages grow, once models are loaded, if there is much of them: the system then joins them in
/// the background.
pub(crate) fn grow_if_large() {
    if resident_bytes().is_some_and(|bytes| bytes > LARGE_BYTES) {
        disable_large(false);
    }
}

#[cfg(target_os = "linux")]
fn disable_large(is_disabled: bool) {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(is_disabled) {
        // Only memory is lost.
        tracing::debug!(%error, "the size of pages cannot be chosen");
    }
}

#[cfg(not(target_os = "linux"))]
fn disable_large(_is_disabled: bool) {}
