//! Which model a first configuration is for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use radiant_storage::{ModelUri, StorageError, Store, resolve};

use crate::config::names::DEPLOYMENT_MAX;
use crate::error::{Code, Failure};

/// How many files of a folder are looked at.
const FILES_MAX: usize = 10_000;

/// Ends of names, and the formats that they mostly are.
const KINDS: [(&str, &str); 11] = [
    ("onnx", "onnx"),
    ("joblib", "sklearn"),
    ("pkl", "sklearn"),
    ("pickle", "sklearn"),
    ("skops", "sklearn"),
    ("bst", "xgboost"),
    ("ubj", "xgboost"),
    ("xgb", "xgboost"),
    ("lgb", "lightgbm"),
    ("cbm", "catboost"),
    ("mlmodel", "mlflow"),
];

/// A model, as far as its name tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) place: Place,
    /// What its deployment may be called.
    pub(super) name: String,
    /// Its format, where its name has it.
    pub(super) format: Option<&'static str>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On this machine.
    Here {
        /// As a configuration beside it names it.
        path: String,
        /// As this process opens it.
        open: PathBuf,
    },
    /// Where pods fetch it.
    There {
        uri: String,
        /// Whether its store wants to know who asks.
        asks: bool,
    },
}

impl Found {
    pub(super) fn described(&self) -> String {
        let place = match &self.place {
            Place::Here { path, .. } => path,
            Place::There { uri, .. } => uri,
        };
        match self.format {
            Some(format) => format!("`{place}`, by its name of format {format}"),
            None => format!("`{place}`"),
        }
    }
}

/// Finds the model that is named, or else that of a folder.
///
/// Blocks on the file system.
pub(super) fn find(folder: &Path, named: Option<&str>) -> Result<Found, Failure> {
    let Some(named) = named else { return in_folder(folder) };
    match ModelUri::parse(named).map_err(Failure::usage)? {
        ModelUri::Local(path) if !named.starts_with("file://") => here(folder, &path),
        ModelUri::Remote(remote) => {
            let uri = remote.to_string();
            if uri.contains("***") {
                let error =
                    anyhow!("`--model`: expected a URI without anything secret, got `{uri}`");
                return Err(
                    Failure::usage(error).hint("`credentials` in radiant.yaml say who asks")
                );
            }
            let asks = matches!(
                remote.store(),
                Store::S3 | Store::GoogleCloud | Store::Azure | Store::Rclone
            );
            Ok(there(named, asks))
        }
        ModelUri::Local(_) | ModelUri::Builtin(_) => Ok(there(named, false)),
    }
}

fn there(uri: &str, asks: bool) -> Found {
    let path = uri.rsplit_once(':').map_or(uri, |(_, path)| path).trim_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    Found {
        name: name_of(path.split('/')),
        format: format_of(Path::new(last)),
        place: Place::There { uri: uri.to_owned(), asks },
    }
}

fn here(folder: &Path, path: &Path) -> Result<Found, Failure> {
    let model = resolve(path).map_err(|error| match error {
        StorageError::Missing { .. } => Failure::new(Code::NotFound, error),
        other => Failure::usage(other),
    })?;
    let file = model.path;
    // A folder is packed whole, as files beside the model may belong to it.
    let packed = if path.is_dir() { path } else { file.as_path() };
    Ok(local(folder, packed, &file))
}

fn local(folder: &Path, packed: &Path, file: &Path) -> Found {
    let full = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (base, full_path) = (full(folder), full(packed));
    // Beside the configuration, it is found wherever both are moved to.
    let path = match full_path.strip_prefix(&base) {
        Ok(inner) if inner.as_os_str().is_empty() => ".".to_owned(),
        Ok(inner) => inner.display().to_string(),
        Err(_) => full_path.display().to_string(),
    };
    let full_file = full(file);
    let parts: Vec<String> =
        full_file.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    Found {
        name: name_of(parts.iter().map(String::as_str)),
        format: format_of(file),
        place: Place::Here { path, open: packed.to_owned() },
    }
}

fn in_folder(folder: &Path) -> Result<Found, Failure> {
    let inner = folder.join("model");
    if let Ok(model) = resolve(folder) {
        // Only MLflow's is a whole folder by its name.
        let is_folder = model.path.file_name().is_some_and(|name| name == "MLmodel");
        let packed = if is_folder { folder } else { model.path.as_path() };
        return Ok(local(folder, packed, &model.path));
    }
    if let Ok(model) = resolve(&inner) {
        return Ok(local(folder, &inner, &model.path));
    }
    let models = models_in(folder);
    if let [only] = models.as_slice() {
        return Ok(local(folder, only, only));
    }
    let shown = folder.display();
    let got = match models.len() {
        0 => "none".to_owned(),
        n => format!("{n}"),
    };
    let error = anyhow!("folder `{shown}`: expected a model in it or in `model`, got {got}");
    let hint = "name the model: `--model FILE`, or `--model s3://bucket/path` for one in a store";
    Err(Failure::new(Code::NotFound, error).hint(hint))
}

/// Files of a folder whose names end like those of models.
fn models_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().take(FILES_MAX).map(|entry| entry.path());
    let mut models: Vec<PathBuf> =
        paths.filter(|path| path.is_file() && format_of(path).is_some()).collect();
    models.sort();
    models
}

fn format_of(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let end = name.rsplit('.').next()?;
    match name.as_str() {
        "model.json" => Some("xgboost"),
        "model.txt" => Some("lightgbm"),
        _ => KINDS.into_iter().find(|(kind, _)| *kind == end).map(|(_, format)| format),
    }
}

/// A name from the parts of a path: the last that says something, as a DNS label.
fn name_of<'a>(parts: impl DoubleEndedIterator<Item = &'a str>) -> String {
    const SAY_NOTHING: [&str; 5] = ["model", "models", "mlmodel", "artifacts", "latest"];
    for part in parts.rev() {
        let stem = match part.rsplit_once('.') {
            Some((stem, end)) if KINDS.iter().any(|(kind, _)| end.eq_ignore_ascii_case(kind)) => {
                stem
            }
            Some((stem, "json" | "txt")) => stem,
            _ => part,
        };
        let stem = stem.to_lowercase();
        if SAY_NOTHING.contains(&stem.as_str()) || !stem.contains(|c: char| c.is_ascii_alphabetic())
        {
            continue;
        }
        let is_version = stem
            .strip_prefix('v')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        let name = dns_label(&stem);
        if !is_version && !name.is_empty() {
            return name;
        }
    }
    "model".to_owned()
}

fn dns_label(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let cut: String = name.chars().take(DEPLOYMENT_MAX).collect();
    cut.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::names;

    fn place(files: &[&str]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("Fraud Model");
        for file in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        place
    }

    #[test]
    fn a_model_is_found_in_a_folder_and_named() {
        for (files, path, name, format) in [
            (&["model.onnx", "readme.txt"][..], "model.onnx", "fraud-model", Some("onnx")),
            (&["iris v2.joblib"], "iris v2.joblib", "iris-v2", Some("sklearn")),
            (&["model/model.bst"], "model", "fraud-model", Some("xgboost")),
            (&["MLmodel", "model.pkl"], ".", "fraud-model", Some("mlflow")),
            (&["churn.cbm", "a.py"], "churn.cbm", "churn", Some("catboost")),
        ] {
            let place = place(files);
            let folder = place.path().join("Fraud Model");
            let found = find(&folder, None).unwrap();
            assert_eq!((found.name.as_str(), found.format), (name, format), "{files:?}");
            let Place::Here { path: got, .. } = found.place else { panic!("{files:?}") };
            assert_eq!(got, path, "{files:?}");
        }
    }

    #[test]
    fn no_model_and_several_are_refused() {
        for files in [&["readme.txt"][..], &["a.joblib", "b.joblib"]] {
            let place = place(files);
            let failure = find(&place.path().join("Fraud Model"), None).unwrap_err();
            assert_eq!(failure.code(), Some(Code::NotFound));
            assert!(failure.text().contains("--model FILE"), "{}", failure.text());
        }
        assert_eq!(
            find(Path::new("."), Some("none.onnx")).unwrap_err().code(),
            Some(Code::NotFound)
        );
        let failure = find(Path::new("."), Some("https://me:hunter2@host/a.onnx")).unwrap_err();
        assert!(!failure.text().contains("hunter2"), "{}", failure.text());
    }

    #[test]
    fn uris_have_a_name_in_them() {
        for (uri, name, asks) in [
            ("s3://models/fraud/7", "fraud", true),
            ("s3://models/fraud/v3/model.onnx", "fraud", true),
            ("minio:bucket/Churn_Rate/2026-10-01/", "churn-rate", true),
            ("https://host/files/iris.onnx", "iris", false),
            ("oci://registry.example.com/team/iris", "iris", false),
            ("s3://models", "model", true),
        ] {
            let found = find(Path::new("."), Some(uri)).unwrap();
            assert_eq!(
                (found.name.as_str(), found.place),
                (name, Place::There { uri: uri.to_owned(), asks })
            );
        }
    }

    proptest! {
        #[test]
        fn names_are_always_such(parts in proptest::collection::vec("\\PC{0,50}", 0..4)) {
            let name = name_of(parts.iter().map(String::as_str));
            prop_assert_eq!(names::service(&name, DEPLOYMENT_MAX), Ok(()));
        }
    }
}
