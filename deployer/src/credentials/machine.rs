//! What of this machine is looked at for credentials.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use radiant_contract::EnvSource;

use super::CredentialsError;

/// The largest file with credentials: they are texts of some kilobytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Files of a machine.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, is too large, or is no text.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl Files for ThisMachine {
    fn read(&self, path: &Path) -> io::Result<String> {
        let mut text = String::new();
        let read = File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
        if read as u64 > FILE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 1 MiB"));
        }
        Ok(text)
    }
}

/// Variables and files, which credentials are looked for in.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// The variables.
    pub env: &'a dyn EnvSource,
    /// The files.
    pub files: &'a dyn Files,
}

impl fmt::Debug for Machine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").finish_non_exhaustive()
    }
}

impl Machine<'_> {
    /// The text of a file that must be there.
    pub(super) fn read(&self, what: &str, path: &Path) -> Result<String, CredentialsError> {
        self.files.read(path).map_err(|error| unreadable(what, path, &error))
    }

    /// The text of a file that need not be there.
    pub(super) fn read_optional(
        &self,
        what: &str,
        path: &Path,
    ) -> Result<Option<String>, CredentialsError> {
        match self.files.read(path) {
            Ok(text) => Ok(Some(text)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(unreadable(what, path, &error)),
        }
    }
}

fn unreadable(what: &str, path: &Path, error: &io::Error) -> CredentialsError {
    let place = format!("{what} `{}`", path.display());
    CredentialsError::new(place, "a text that can be read", format!("`{error}`"))
        .hint("check the path and its mode; credentials are files of less than 1 MiB in UTF-8")
}
