//! The last words of a process, in the file that Kubernetes shows of a container that has ended.
//!
//! <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// As much as Kubernetes reads.
const BYTES_MAX: usize = 4096;

/// Where last words go, if anywhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct TerminationLog {
    path: Option<PathBuf>,
}

impl TerminationLog {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// Writes them if the file is there: it is the container's runtime that makes it. Of a text that is
    /// too long the beginning is kept.
    pub(crate) fn write(&self, text: &str) {
        let Some(path) = &self.path else { return };
        let text = text.trim_end();
        let text = text.get(..text.floor_char_boundary(BYTES_MAX)).unwrap_or_default();
        if let Err(error) = replace(path, text) {
            tracing::debug!(path = %path.display(), %error, "the last words are not kept");
        }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Opening a pipe would wait for its reader.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("expected a file"));
    }
    OpenOptions::new().write(true).truncate(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_gets_the_beginning_of_the_text() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("log");
        let log = TerminationLog::new(Some(path.clone()));
        log.write("nobody asked for this");
        assert!(!path.exists(), "it is never made");
        fs::write(&path, "what stood there before").expect("a file can be written");
        log.write("error: no model\n");
        assert_eq!(fs::read_to_string(&path).expect("it is text"), "error: no model");
        log.write(&format!("a{}", "ü".repeat(BYTES_MAX)));
        let kept = fs::read_to_string(&path).expect("no character is cut in two");
        assert_eq!(kept.len(), BYTES_MAX - 1);
        assert!(kept.starts_with("aü"));
        TerminationLog::new(Some(folder.path().to_owned())).write("a folder is no file");
        TerminationLog::default().write("nowhere");
    }
}
