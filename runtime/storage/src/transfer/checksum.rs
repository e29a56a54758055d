//! The one checksum that `object_store` shows: an ETag that is the MD5 of what it names.
//!
//! S3, and what speaks like it, makes ETags so for objects that were put in one piece, unless they are
//! encrypted with a key of the customer's; then an ETag looks the same and means nothing. Which it is
//! cannot be seen, so a difference alone proves nothing: two downloads that agree show that the ETag
//! is no checksum, two that differ that something is damaged.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use md5::{Digest, Md5};

use super::listing::bare_tag;
use crate::hex::hex;

/// How much is read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// The MD5 that an ETag may be.
pub(super) fn expected(tag: &str) -> Option<&str> {
    let bare = bare_tag(tag);
    let is_md5 =
        bare.len() == 32 && bare.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_md5 && !tag.starts_with("W/")).then_some(bare)
}

/// The MD5 of a file.
pub(super) fn of(file: &File) -> io::Result<String> {
    let mut hash = Md5::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut at = 0;
    loop {
        let n_bytes = file.read_at(&mut buffer, at)?;
        let Some(read) = buffer.get(..n_bytes).filter(|read| !read.is_empty()) else {
            return Ok(hex(&hash.finalize()));
        };
        hash.update(read);
        at += n_bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_etags_in_the_form_of_an_md5_are_compared() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(expected(&format!("\"{md5}\"")), Some(md5));
        assert_eq!(expected(md5), Some(md5));
        for other in
            [format!("W/\"{md5}\""), format!("\"{md5}-2\""), "0x8D".into(), md5.to_uppercase()]
        {
            assert_eq!(expected(&other), None, "{other}");
        }
    }
}
