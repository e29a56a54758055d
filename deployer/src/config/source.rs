//! The texts that a configuration comes from: files, and standard input.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::yaml::BYTES_MAX;
use crate::error::{Code, Failure};

/// A text, where it is from, and what paths in it are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's path, or `stdin`.
    pub name: String,
    /// The folder that relative paths in it begin at; empty for the one that the program runs in.
    pub folder: PathBuf,
    /// YAML or JSON.
    pub text: String,
}

impl Source {
    /// Reads a file, or standard input where it is `-`.
    ///
    /// Blocks on the file system.
    ///
    /// # Errors
    /// When it is not there, larger than a configuration may be, or no UTF-8.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let (name, folder, bytes) = if path.as_os_str() == "-" {
            ("stdin".to_owned(), PathBuf::new(), bounded(std::io::stdin().lock()))
        } else {
            let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
            (path.display().to_string(), folder, File::open(path).and_then(bounded))
        };
        let bytes = bytes.map_err(|error| unread(&name, error))?;
        if bytes.len() > BYTES_MAX {
            let error = anyhow!("`{name}`: expected at most {BYTES_MAX} bytes, got more");
            return Err(Failure::usage(error));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Failure::usage(anyhow!("`{name}`: expected UTF-8, got other bytes from byte {at} on"))
        })?;
        Ok(Self { name, folder, text })
    }
}

/// Reads one byte more than is allowed, at most.
fn bounded(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unread(name: &str, error: std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => {
            let error = anyhow!("`{name}`: expected a configuration, got nothing");
            let hint = "`radiant-deploy init` writes one; `-f FILE` names another";
            Failure::new(Code::NotFound, error).hint(hint)
        }
        ErrorKind::IsADirectory => {
            let error = anyhow!("`{name}`: expected a configuration, got a folder");
            Failure::usage(error).hint(format!("name the file in it: `-f {name}/radiant.yaml`"))
        }
        _ => Failure::new(Code::Failed, error).context(format!("cannot read `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("radiant.yaml");
        let told = |path: &Path| {
            let failure = Source::read(path).unwrap_err();
            (failure.code(), failure.text())
        };
        let (code, text) = told(&path);
        assert!(code == Some(Code::NotFound) && text.contains("radiant-deploy init"), "{text}");
        let (code, text) = told(folder.path());
        assert!(code == Some(Code::Usage) && text.contains("/radiant.yaml`"), "{text}");
        std::fs::write(&path, b"a: \xff").unwrap();
        assert!(told(&path).1.contains("from byte 3 on"));
        std::fs::write(&path, vec![b'#'; BYTES_MAX + 1]).unwrap();
        assert!(told(&path).1.contains("expected at most 1048576 bytes"));
        std::fs::write(&path, "a: 1").unwrap();
        let source = Source::read(&path).unwrap();
        assert_eq!((source.folder.as_path(), source.text.as_str()), (folder.path(), "a: 1"));
    }
}
