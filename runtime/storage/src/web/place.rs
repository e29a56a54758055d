//! What becomes of a file that came: unpacked, or moved to its place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tracing::info;

use super::WebError;
use crate::archive::{self, ArchiveError, Kind, Select};
use crate::staging::{clear, make_folder, sync_folder, write_error};
use crate::{Limits, Report, WriteError};

/// The folder in the target where a file is until it is known what it is.
const ARRIVALS: &str = ".radiant-arrivals";

/// Endings of models that are archives inside.
const MODELS: [&str; 11] = [
    ".npz",
    ".pt",
    ".pth",
    ".ckpt",
    ".keras",
    ".skops",
    ".nemo",
    ".mar",
    ".jar",
    ".mlpackage",
    ".ptl",
];

/// Endings of archives. What another name holds may be compressed without being an archive.
const ARCHIVES: [&str; 10] = [
    ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lz4", ".7z", ".rar",
];

/// A folder for what comes, inside the target. Removed when dropped.
#[derive(Debug)]
pub(super) struct Arrivals {
    target: PathBuf,
    folder: PathBuf,
}

impl Arrivals {
    /// Makes the target, unless it is there, and an empty folder in it.
    pub(super) async fn open(target: &Path) -> Result<Self, WebError> {
        let (target, folder) = (target.to_owned(), target.join(ARRIVALS));
        blocking(move || {
            make_folder(&target)?;
            clear(&folder)?;
            fs::create_dir(&folder).map_err(write_error(&folder))?;
            Ok(Self { target, folder })
        })
        .await
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Unpacks the file of this name into the target, or moves it there.
    pub(super) async fn place(self, name: &str, limits: &Limits) -> Result<Report, WebError> {
        let (name, limits) = (name.to_owned(), *limits);
        blocking(move || {
            let path = self.folder.join(&name);
            let open =
                || File::open(&path).and_then(|mut file| Ok((archive::kind(&mut file)?, file)));
            let (kind, file) = open().map_err(|error| WebError::Read {
                path: path.clone(),
                reason: error.to_string(),
            })?;
            let unpacked = match unpacking(&name, kind) {
                None => return self.move_file(&path, &name).map_err(WebError::from),
                Some(Ok(())) => archive::unpack(file, &self.target, &limits, &mut |_| Select::Take),
                Some(Err(refused)) => Err(refused),
            };
            match unpacked {
                Ok(Report { files: 0, .. }) => Err(WebError::Empty),
                Ok(report) => {
                    info!(archive = name, files = report.files, bytes = report.bytes, "unpacked");
                    Ok(report)
                }
                Err(ArchiveError::Write(error)) => Err(error.into()),
                Err(error) => Err(WebError::Archive(error)),
            }
        })
        .await
    }

    fn move_file(&self, path: &Path, name: &str) -> Result<Report, WriteError> {
        let bytes = fs::metadata(path).map_err(write_error(path))?.len();
        let to = self.target.join(name);
        fs::rename(path, &to).map_err(write_error(&to))?;
        sync_folder(&self.target)?;
        Ok(Report { files: 1, bytes })
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        // The next run clears what stays.
        drop(clear(&self.folder));
    }
}

/// Whether a file is to be unpacked, by its content; its name says only which archives are models.
fn unpacking(name: &str, kind: Option<Kind>) -> Option<Result<(), ArchiveError>> {
    let name = name.to_ascii_lowercase();
    let ends_with_one_of = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match kind? {
        Kind::Zip | Kind::Tar | Kind::TarGz if ends_with_one_of(&MODELS) => None,
        Kind::Zip | Kind::Tar | Kind::TarGz => Some(Ok(())),
        Kind::Other(got) if ends_with_one_of(&ARCHIVES) => Some(Err(ArchiveError::Kind { got })),
        Kind::Other(_) => None,
    }
}

/// Runs what blocks on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WebError> + Send + 'static,
) -> Result<T, WebError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The runtime ends, or the work panicked.
        Err(error) => {
            let path = PathBuf::from(ARRIVALS);
            Err(write_error(&path)(std::io::Error::other(error)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_unless_the_name_is_a_models() {
        let other = Some(Kind::Other("xz"));
        for (name, kind, expected) in [
            ("model.zip", Some(Kind::Zip), Some(true)),
            ("model.zip", None, None),
            ("download", Some(Kind::TarGz), Some(true)),
            ("model.bin", Some(Kind::Tar), Some(true)),
            ("weights.NPZ", Some(Kind::Zip), None),
            ("model.skops", Some(Kind::Zip), None),
            ("model.tar.XZ", other, Some(false)),
            ("model.joblib", other, None),
        ] {
            let unpacking = unpacking(name, kind).map(|allowed| allowed.is_ok());
            assert_eq!(unpacking, expected, "{name} {kind:?}");
        }
    }
}
