//! Which file a local address means.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::StorageError;

/// The file in a model folder that needs no other name.
const WELL_KNOWN: &str = "model.onnx";

/// The description of an MLflow model folder: what else is in it is for its reader to find.
const MLFLOW: &str = "MLmodel";

/// The names that other servers and libraries give a model of another format, in the order in which they
/// are looked for: MLflow's, scikit-learn's and XGBoost's as MLServer does, then LightGBM's. What such a
/// file holds is for its reader to say.
pub const OTHER_WELL_KNOWN: [&str; 12] = [
    MLFLOW,
    "model.joblib",
    "model.pickle",
    "model.pkl",
    "model.skops",
    "model.bst",
    "model.json",
    "model.ubj",
    "model.xgb",
    "model.lgb",
    "model.txt",
    // Read by nobody: its reader says what can be done.
    "saved_model.pb",
];

/// How many names of a folder an error lists.
const NAMES_SHOWN: usize = 20;

/// A model on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalModel {
    /// The model file. Files beside it may belong to it.
    pub path: PathBuf,
}

/// Finds the model file: the path itself, or in a folder `MLmodel`, or else `model.onnx`, or else the
/// only file whose name ends in `.onnx`, or else the first of [`OTHER_WELL_KNOWN`]. Links are followed.
///
/// # Errors
/// [`StorageError`]: nothing is there, or a folder holds no
/// model or several, which are listed.
pub fn resolve(path: &Path) -> Result<LocalModel, StorageError> {
    match Kind::of(path)? {
        Kind::File => Ok(LocalModel { path: path.to_owned() }),
        Kind::Folder => in_folder(path),
    }
}

/// What can hold a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
}

impl Kind {
    /// What is at this path, or at the end of the links there.
    pub(crate) fn of(path: &Path) -> Result<Self, StorageError> {
        let owned = || path.to_owned();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(Self::File),
            Ok(metadata) if metadata.is_dir() => Ok(Self::Folder),
            Ok(_) => Err(StorageError::Special { path: owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StorageError::Missing { path: owned() })
            }
            Err(source) => Err(StorageError::Read { path: owned(), source }),
        }
    }
}

fn in_folder(folder: &Path) -> Result<LocalModel, StorageError> {
    let read = |source| StorageError::Read { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        names.push(PathBuf::from(entry.map_err(read)?.file_name()));
    }
    names.sort();
    let is_model = |name: &&PathBuf| {
        name.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
            && folder.join(name).is_file()
    };
    let models: Vec<&PathBuf> = names.iter().filter(is_model).collect();
    let called = |known: &str| {
        let is_known = |name: &&PathBuf| name.as_os_str() == known;
        names.iter().find(is_known).filter(|name| folder.join(name).is_file())
    };
    let found = match models.as_slice() {
        _ if called(MLFLOW).is_some() => called(MLFLOW),
        [only] => Some(*only),
        [] => OTHER_WELL_KNOWN.iter().find_map(|known| called(known)),
        several => several.iter().copied().find(|name| name.as_os_str() == WELL_KNOWN),
    };
    match found {
        Some(name) => Ok(LocalModel { path: folder.join(name) }),
        None => Err(StorageError::NoModel { path: folder.to_owned(), got: listed(&names) }),
    }
}

fn listed(names: &[PathBuf]) -> String {
    if names.is_empty() {
        return "an empty folder".to_owned();
    }
    let shown = names.iter().take(NAMES_SHOWN).map(|name| format!("`{}`", name.display()));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMES_SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(folder.path().join(file), b"x").unwrap();
        }
        folder
    }

    fn found(folder: &Path) -> Result<String, String> {
        match resolve(folder) {
            Ok(model) => Ok(model.path.strip_prefix(folder).unwrap().display().to_string()),
            Err(error) => Err(error.to_string().replace(&folder.display().to_string(), "FOLDER")),
        }
    }

    #[test]
    fn a_folder_means_its_model_file() {
        for (files, expected) in [
            (&["model.onnx", "other.onnx"][..], Ok("model.onnx")),
            (&["iris.onnx", "notes.txt"], Ok("iris.onnx")),
            (&["Iris.ONNX"], Ok("Iris.ONNX")),
            (&[], Err("an empty folder")),
            (&["model.pt"], Err("`model.pt`")),
            (&["model.onnx", "MLmodel", "model.pkl"], Ok("MLmodel")),
            (&["model.pkl", "model.joblib"], Ok("model.joblib")),
            (&["model.json", "model.bst", "notes.txt"], Ok("model.bst")),
            (&["model.txt", "model.onnx"], Ok("model.onnx")),
            (&["model.lgb", "trees.txt"], Ok("model.lgb")),
            (&["b.onnx", "a.onnx"], Err("`a.onnx`, `b.onnx`")),
        ] {
            let folder = folder(files);
            let expected = expected.map(str::to_owned).map_err(|got| {
                let expected = "expected `model.onnx`, one other `.onnx` file, or one of \
                                `MLmodel`, `model.joblib`, `model.pickle`, `model.pkl`, \
                                `model.skops`, `model.bst`, `model.json`, `model.ubj`, `model.xgb`, \
                                `model.lgb`, `model.txt`, `saved_model.pb`";
                format!("model folder `FOLDER`: {expected}, got {got}")
            });
            assert_eq!(found(folder.path()), expected);
        }
    }

    #[test]
    fn long_listings_are_cut() {
        let names: Vec<String> = (0..23).map(|n| format!("{n:02}.bin")).collect();
        let folder = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let error = found(folder.path()).unwrap_err();
        assert!(error.ends_with("`18.bin`, `19.bin` and 3 more"), "{error}");
    }

    #[test]
    fn a_file_means_itself_whatever_its_name() {
        let folder = folder(&["anything"]);
        let path = folder.path().join("anything");
        assert_eq!(resolve(&path).unwrap(), LocalModel { path });
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let error = resolve("/no/such/model".as_ref()).unwrap_err();
        let text = "model `/no/such/model`: expected a file or folder, got nothing";
        assert_eq!(error.to_string(), text);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_neither_file_nor_folder_is_refused() {
        let error = resolve("/dev/null".as_ref()).unwrap_err();
        assert!(matches!(error, StorageError::Special { .. }), "{error}");
    }
}
