//! A folder of this machine.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use bytes::Bytes;
use tempfile::TempDir;

use super::{Key, Store, Variables};
use crate::files::Files;

/// A folder of this machine, which nothing listens for.
#[derive(Debug)]
pub(crate) struct Local(TempDir);

impl Local {
    fn write(&self, place: &Path, content: &[u8]) {
        let file = self.0.path().join(place);
        fs::create_dir_all(file.parent().expect("it is below")).expect("a folder is made");
        fs::write(file, content).expect("a file is written");
    }
}

impl Store for Local {
    async fn start() -> Option<Self> {
        Some(Self(tempfile::tempdir().expect("a folder is made")))
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 0).into()
    }

    async fn put_folder(&self, place: &str, files: &Files) {
        for (name, content) in files {
            self.write(&Path::new(place).join(name), content);
        }
    }

    async fn put_file(&self, place: &str, content: Bytes) {
        self.write(Path::new(place), &content);
    }

    fn uri(&self, _at: SocketAddr, place: &str) -> String {
        format!("file://{}/{place}", self.0.path().display())
    }

    fn env(&self, _at: SocketAddr, _key: Key) -> Variables {
        Vec::new()
    }
}
