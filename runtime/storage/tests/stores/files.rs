//! What is put into stores, and what is found in folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;

/// Contents by name; slashes part folders.
pub(crate) type Files = BTreeMap<String, Bytes>;

/// Nested names, and characters that URLs, signatures, XML and file systems treat in ways of their own.
const NAMES: [&str; 12] = [
    "model.onnx",
    "1/model.joblib",
    "a/b/c/d/e/deep.bin",
    "with space/and more .txt",
    "plus+plus.txt",
    "100%.txt",
    "already%20escaped%2Fname.txt",
    "ünïcode/模型.bin",
    "a&b=c;d,e.txt",
    "(x)[y]{z}~!$'@.txt",
    "question?mark#hash.txt",
    "empty.txt",
];

/// A folder with names of every kind.
pub(crate) fn folder() -> Files {
    let size = |name: &str| if name == "empty.txt" { 0 } else { 100 + name.len() };
    NAMES.iter().map(|name| ((*name).to_owned(), content(name, size(name)))).collect()
}

/// Bytes that another name, another length and another place have differently.
pub(crate) fn content(seed: &str, n_bytes: usize) -> Bytes {
    let mut state = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut bytes = Vec::with_capacity(n_bytes + 8);
    while bytes.len() < n_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(n_bytes);
    bytes.into()
}

/// All files below `folder`.
pub(crate) fn found(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder is read") {
            let path = entry.expect("a folder is read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("it is below").to_str().expect("UTF-8");
            files.insert(name.to_owned(), fs::read(&path).expect("a file is read").into());
        }
    }
    files
}

/// Fails with the names that differ, not with their contents.
pub(crate) fn assert_same(found: &Files, expected: &Files) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    for (name, content) in expected {
        let got = &found[name];
        let place = got.iter().zip(content).position(|(got, expected)| got != expected);
        assert!(place.is_none(), "`{name}` differs at byte {place:?}");
        assert_eq!(got.len(), content.len(), "`{name}` has another length");
    }
}
