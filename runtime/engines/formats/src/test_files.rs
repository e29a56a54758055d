//! The files of `testdata` for tests, and changes to them that a hostile sender might make.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use crate::{Audit, FormatError, Graph, Limits};

/// The bytes of a file.
pub(crate) fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("a file of testdata")
}

/// All names of which this is a part.
pub(crate) fn names(part: &str) -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the folder of testdata");
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.contains(part)).collect();
    names.sort();
    assert!(!names.is_empty(), "files with `{part}`");
    names
}

/// What a pickle or file of joblib holds.
pub(crate) fn read(bytes: Vec<u8>) -> Result<Graph, FormatError> {
    crate::joblib::read(bytes, &Limits::default(), &Audit::default())
}

/// A folder of the models that other libraries wrote.
pub(crate) fn corpus(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models/formats").join(folder)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// A generator of numbers for changes: the same on every machine (xorshift64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % n
    }

    /// The bytes with one to four changes: bytes replaced, removed, doubled, or swapped with others
    /// of the file.
    pub(crate) fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        const TELLING: [u8; 12] =
            [0, 1, 0xff, 0x7f, 0x80, b'R', b'b', b'.', b'h', b'0', b'(', b'a'];
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            let end = (at + 1 + self.below(16)).min(out.len());
            match self.below(6) {
                0 => out[at] = u8::try_from(self.below(256)).unwrap(),
                1 => out[at] = TELLING[self.below(TELLING.len())],
                2 if out.len() > 32 => drop(out.drain(at..end)),
                3 => {
                    let piece = out[at..end].to_vec();
                    out.splice(at..at, piece);
                }
                4 => {
                    let from = self.below(bytes.len());
                    let piece = bytes[from..(from + end - at).min(bytes.len())].to_vec();
                    out.splice(at..end, piece);
                }
                _ => out[at] ^= 1 << self.below(8),
            }
        }
        out
    }
}

/// Looks at everything in a graph the way readers do, and wants no answer but an end.
pub(crate) fn walk(graph: &Graph) {
    let mut nodes = vec![graph.root()];
    let mut seen = HashSet::new();
    while let Some(node) = nodes.pop() {
        if seen.len() == 2000 || !seen.insert(node.id) {
            continue;
        }
        drop((node.content(), node.describe(), node.class().map(|class| class.to_string())));
        drop((node.float(), node.int(), node.bool(), node.text(), node.bytes(), node.floats()));
        drop((node.attr("shape"), node.get("a"), node.item(1), node.tuple::<2>()));
        if let Ok(array) = node.array() {
            drop((array.to_f64(), array.to_f32(), array.to_i64(), array.to_u32(), array.to_u8()));
            drop((array.to_bool(), array.to_text()));
            for name in ["left", "value", "flag"] {
                drop(array.field(name).and_then(|field| field.to_f64()));
            }
        }
        for name in node.attr_names() {
            nodes.extend(node.attr(&name));
        }
        nodes.extend(node.items().into_iter().flatten());
        nodes.extend(node.entries().into_iter().flatten().flat_map(|(key, value)| [key, value]));
        nodes.extend(node.args().into_iter().flatten());
        nodes.extend(node.state());
    }
}
