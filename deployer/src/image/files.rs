//! What a layer holds: paths, and what is there.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Files, folders and links by path, in the order in which they are written. All of them belong to
/// root, and none has a time: what a layer is depends on nothing else.
#[derive(Debug, Default)]
pub(crate) struct Files {
    entries: BTreeMap<String, Entry>,
}

/// One path of a layer.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Who may do what.
    pub(crate) mode: u32,
    /// What is there.
    pub(crate) node: Node,
}

/// What is at a path.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Folder,
    /// A symbolic link to a path.
    Link(String),
    Bytes(Vec<u8>),
    /// A file of this machine, and how long it is.
    File(PathBuf, u64),
}

/// Read by all, written by root, run by nobody.
const DATA: u32 = 0o644;
/// Read and run by all, written by root.
const PROGRAM: u32 = 0o755;

impl Files {
    /// Adds a folder; paths have no `/` before them.
    pub(crate) fn folder(&mut self, path: &str, mode: u32) {
        self.insert(path, Entry { mode, node: Node::Folder });
    }

    /// Adds a link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.insert(path, Entry { mode: 0o777, node: Node::Link(target.to_owned()) });
    }

    /// Adds a file that is written here.
    pub(crate) fn bytes(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.insert(path, Entry { mode: DATA, node: Node::Bytes(bytes.into()) });
    }

    /// Adds a copy of a file.
    pub(crate) fn file(&mut self, path: &str, from: PathBuf, bytes: u64) {
        self.insert(path, Entry { mode: DATA, node: Node::File(from, bytes) });
    }

    /// Adds a copy of a file that can be run.
    pub(crate) fn program(&mut self, path: &str, from: PathBuf, bytes: u64) {
        self.insert(path, Entry { mode: PROGRAM, node: Node::File(from, bytes) });
    }

    /// The same with all that is below a folder in another one.
    pub(crate) fn moved(&self, from: &str, to: &str) -> Self {
        let mut files = Self::default();
        files.folder(to, DATA | 0o111);
        for (path, entry) in self.iter() {
            if let Some(rest) = path.strip_prefix(from).and_then(|rest| rest.strip_prefix('/')) {
                files.insert(&format!("{to}/{rest}"), entry.clone());
            }
        }
        files
    }

    /// The paths in order; a folder comes before what is in it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The length of all files together.
    pub(crate) fn bytes_in_all(&self) -> u64 {
        let bytes = self.entries.values().map(|entry| match &entry.node {
            Node::Bytes(bytes) => bytes.len() as u64,
            Node::File(_, bytes) => *bytes,
            Node::Folder | Node::Link(_) => 0,
        });
        bytes.fold(0, u64::saturating_add)
    }

    fn insert(&mut self, path: &str, entry: Entry) {
        for (end, _) in path.match_indices('/') {
            let parent = path.get(..end).unwrap_or_default().to_owned();
            let folder = Entry { mode: 0o755, node: Node::Folder };
            self.entries.entry(parent).or_insert(folder);
        }
        self.entries.insert(path.to_owned(), entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_keeps_its_modes() {
        let mut files = Files::default();
        files.bytes("a/b/c", "");
        files.folder("a/d", 0o700);
        files.bytes("ab", "");
        let moved = files.moved("a", "a/x");
        let paths: Vec<_> = moved.iter().map(|(path, entry)| (path, entry.mode)).collect();
        let expected =
            [("a", 0o755), ("a/x", 0o755), ("a/x/b", 0o755), ("a/x/b/c", 0o644), ("a/x/d", 0o700)];
        assert_eq!(paths, expected);
    }

    #[test]
    fn folders_are_written_once_and_before_what_they_hold() {
        let mut files = Files::default();
        files.bytes("a/b/c", "");
        files.bytes("a-b", "");
        files.folder("a", 0o1777);
        files.bytes("a/b/d", "");
        let paths: Vec<_> = files.iter().map(|(path, entry)| (path, entry.mode)).collect();
        let expected =
            [("a", 0o1777), ("a-b", 0o644), ("a/b", 0o755), ("a/b/c", 0o644), ("a/b/d", 0o644)];
        assert_eq!(paths, expected);
    }
}
