//! The texts that licences of the program's packages ask to be passed on.
//!
//! They are a file that was written from the sources of the packages, as the table of the packages is.
//! Where a package may be had under the Apache licence, that is how it is taken: its text is there once,
//! as the program's own. So what is left is small.

use super::files::Files;

/// Those of the packages.
const THIRD_PARTY: &str = include_str!("licences/third-party.txt");

/// Adds the program's licence and those of what it is made of.
pub(super) fn add(files: &mut Files) {
    files.bytes("licenses/radiant/LICENSE", include_str!("../../../LICENSE"));
    files.bytes("licenses/radiant/THIRD-PARTY", THIRD_PARTY);
    // Static or beside it: the C library is in every image.
    files.bytes("licenses/glibc/NOTICE", include_str!("licences/glibc.txt"));
    files.bytes("licenses/glibc/LGPL-2.1", include_str!("licences/lgpl-2.1.txt"));
}

#[cfg(test)]
mod tests;
