//! Reads variables with credentials from where a user says that they are.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use radiant_contract::env::{VariablesError, VariablesFile};

use crate::error::reason;

/// The most that a file of credentials may have: a Secret has at most 1 MiB.
const BYTES_MAX: u64 = 1 << 20;

/// Why credentials cannot be read. Nothing of what they say is shown.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file cannot be read, or is no text.
    #[error("cannot read credentials `{path}`: {reason}", reason = reason(.source))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is longer than a Secret may be.
    #[error("credentials `{path}`: expected at most {BYTES_MAX} bytes, got more")]
    Long {
        /// The file.
        path: PathBuf,
    },
    /// A line is no variable.
    #[error(transparent)]
    Line(#[from] VariablesError),
}

/// Reads variables from a file of `NAME=VALUE` lines, or from a folder with a file for each, as Kubernetes
/// mounts a Secret.
///
/// Blocks on the file system.
///
/// # Errors
/// [`CredentialsError`]
pub fn read_credentials(path: &Path) -> Result<VariablesFile, CredentialsError> {
    let shown = path.display().to_string();
    if !path.is_dir() {
        return Ok(VariablesFile::parse(shown, &text(path)?)?);
    }
    let cannot = |source| CredentialsError::Read { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path();
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // Kubernetes keeps what is mounted under such names, and links to it.
        if !name.starts_with('.') && file.is_file() {
            files.push((name, text(&file)?));
        }
    }
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(VariablesFile::from_folder(shown, files))
}

fn text(path: &Path) -> Result<String, CredentialsError> {
    let cannot = |source| CredentialsError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(CredentialsError::Long { path: path.to_owned() });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use radiant_contract::EnvSource as _;

    use super::*;

    #[test]
    fn a_file_and_a_mounted_secret_say_the_same() {
        let place = tempfile::tempdir().unwrap();
        let (file, folder) = (place.path().join("credentials"), place.path().join("secret"));
        fs::write(&file, "AWS_ACCESS_KEY_ID=minio\n").unwrap();
        fs::create_dir_all(folder.join("..data")).unwrap();
        fs::write(folder.join("AWS_ACCESS_KEY_ID"), "minio\n").unwrap();
        for path in [file, folder] {
            let read = read_credentials(&path).unwrap();
            assert_eq!(read.get("AWS_ACCESS_KEY_ID").as_deref(), Some("minio"), "{path:?}");
            assert_eq!(read.names().len(), 1, "{path:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_shown() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("credentials");
        let said = |path: &Path| read_credentials(path).unwrap_err().to_string();
        assert!(said(&path).starts_with("cannot read credentials `"), "{}", said(&path));
        for (text, expected) in [
            (b"A=1\nhunter2".to_vec(), "line 2: expected `KEY=VALUE`"),
            (b"A=hunter2\xff".to_vec(), "cannot read credentials"),
            (b"A=hunter2\n".repeat(1 << 17), "at most 1048576"),
        ] {
            fs::write(&path, text).unwrap();
            let said = said(&path);
            assert!(said.contains(expected) && !said.contains("hunter2"), "{said}");
        }
    }
}
