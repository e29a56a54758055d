//! The files of other libraries that readers are tested with, and damage done to them.

use std::fs;
use std::path::Path;

/// All files of a version of a library, by name.
pub(crate) fn read_all(library: &str, version: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models/formats");
    let mut files: Vec<_> = fs::read_dir(root.join(library).join(version))
        .expect("the corpus is part of the source tree")
        .map(|entry| entry.expect("the folder can be read"))
        .map(|entry| {
            let name = entry.file_name().into_string().expect("names are ASCII");
            (name, fs::read(entry.path()).expect("the file can be read"))
        })
        .collect();
    files.sort();
    files
}

/// Shows damaged versions of some bytes: truncated, with bytes changed, repeated, or put elsewhere.
pub(crate) fn mutate(bytes: &[u8], n_times: u64, mut show: impl FnMut(&[u8])) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 32).unwrap_or(0) % below.max(1)
    };
    for _ in 0..n_times {
        let mut damaged = bytes.to_vec();
        for _ in 0..=random(3) {
            let at = random(damaged.len());
            let other = random(damaged.len());
            match random(6) {
                0 => damaged.truncate(at),
                1 | 2 if !damaged.is_empty() => damaged[at] ^= 1 << random(8),
                3 if !damaged.is_empty() => {
                    damaged[at] = [0, 0xff, b'9', b'-', b'[', b'}'][random(6)];
                }
                4 => {
                    let end = damaged.len().min(other + random(40));
                    let piece = damaged[other..end].to_vec();
                    damaged.splice(at..at, piece);
                }
                _ => {
                    let end = damaged.len().min(at + 1 + random(8));
                    damaged.drain(at..end);
                }
            }
        }
        show(&damaged);
    }
}
