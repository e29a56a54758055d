//! Copies, and what stops them.

use tempfile::TempDir;

use super::*;
use crate::staging::STAGING;

const LIMITS: Limits = Limits { total_bytes: 100, file_bytes: 60, files: 5 };

/// A source and a target beside it.
struct Place {
    root: TempDir,
}

impl Place {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let place = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(place.source()).unwrap();
        for (name, bytes) in files {
            let path = place.source().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        place
    }

    fn source(&self) -> PathBuf {
        self.root.path().join("source")
    }

    fn target(&self) -> PathBuf {
        self.root.path().join("target")
    }

    fn fetch(&self) -> Result<Report, String> {
        self.fetch_from(&self.source())
    }

    fn fetch_from(&self, source: &Path) -> Result<Report, String> {
        let root = self.root.path().canonicalize().unwrap().display().to_string();
        fetch(source, &self.target(), &LIMITS).map_err(|error| error.to_string().replace(&root, ""))
    }

    /// Every file in the target with its content.
    fn copied(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.target()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert!(!path.is_symlink(), "{}", path.display());
                    let name = path.strip_prefix(self.target()).unwrap().display().to_string();
                    found.push((name, fs::read(path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

fn files(expected: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    expected.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
}

#[test]
fn a_folder_is_copied_with_all_that_is_in_it() {
    let content: &[(&str, &[u8])] = &[("deep/er/data.bin", b"12345"), ("model.onnx", b"123")];
    let place = Place::new(content);
    assert_eq!(place.fetch(), Ok(Report { files: 2, bytes: 8 }));
    assert_eq!(place.copied(), files(content));
    assert!(!place.target().join(STAGING).exists());
}

#[test]
fn a_file_is_copied_into_the_folder() {
    let place = Place::new(&[("iris.onnx", b"123"), ("other", b"1")]);
    let report = place.fetch_from(&place.source().join("iris.onnx"));
    assert_eq!(report, Ok(Report { files: 1, bytes: 3 }));
    assert_eq!(place.copied(), files(&[("iris.onnx", b"123")]));
}

#[test]
fn a_second_copy_replaces_the_files_of_the_first_and_what_a_killed_one_left() {
    let place = Place::new(&[("model.onnx", b"new")]);
    fs::create_dir_all(place.target().join(STAGING)).unwrap();
    fs::write(place.target().join(STAGING).join("model.onnx"), b"half").unwrap();
    fs::write(place.target().join("model.onnx"), b"old").unwrap();
    fs::write(place.target().join("kept"), b"kept").unwrap();
    assert_eq!(place.fetch(), Ok(Report { files: 1, bytes: 3 }));
    assert_eq!(place.copied(), files(&[("kept", b"kept"), ("model.onnx", b"new")]));
}

#[test]
fn a_missing_or_empty_source_is_an_error() {
    let place = Place::new(&[]);
    assert_eq!(
        place.fetch(),
        Err("model folder `/source`: expected at least one file, got none".into())
    );
    fs::create_dir(place.source().join("only-a-folder")).unwrap();
    assert!(place.fetch().is_err());
    assert_eq!(
        place.fetch_from(&place.root.path().join("nowhere")),
        Err("model `/nowhere`: expected a file or folder, got nothing".into())
    );
    assert!(!place.target().exists());
}

#[test]
fn limits_are_checked_before_anything_is_written() {
    for (content, text) in [
        (&[("big", &[0_u8; 61][..])][..], "model `/source/big`: expected at most 60 bytes, got 61"),
        (
            &[("a", &[0; 60]), ("b", &[0; 41])],
            "model `/source`: expected at most 100 bytes, got 101",
        ),
        (
            &[("a", &[0]), ("b", &[0]), ("c", &[0]), ("d", &[0]), ("e", &[0]), ("f", &[0])],
            "model `/source`: expected at most 5 files, got 6",
        ),
    ] {
        let place = Place::new(content);
        assert_eq!(place.fetch(), Err(text.to_owned()));
        assert!(!place.target().exists());
    }
}

#[test]
fn paths_must_be_absolute_and_plain() {
    let place = Place::new(&[("model.onnx", b"1")]);
    let error = place.fetch_from(Path::new("relative")).unwrap_err();
    assert_eq!(error, "model `relative`: expected an absolute path without `..`");
    assert!(place.fetch_from(&place.source().join("../source")).is_err());
    let error = fetch(&place.source(), Path::new("models"), &LIMITS).unwrap_err();
    assert_eq!(error.to_string(), "target folder `models`: expected an absolute path without `..`");
}

#[test]
fn the_target_is_a_folder_outside_the_source() {
    let place = Place::new(&[("model.onnx", b"1")]);
    for target in [place.source(), place.source().join("inside")] {
        let error = fetch(&place.source(), &target, &LIMITS).unwrap_err();
        assert!(matches!(error, StorageError::Overlap { .. }), "{error}");
    }
    fs::write(place.target(), b"a file").unwrap();
    assert_eq!(
        place.fetch(),
        Err("target `/target`: expected a folder, got something else".into())
    );
}

#[test]
fn a_failed_copy_leaves_nothing_half_done() {
    let place = Place::new(&[("a", b"1"), ("b/c", b"1")]);
    // The file `b` of the target is in the way of the folder `b`.
    fs::create_dir(place.target()).unwrap();
    fs::write(place.target().join("b"), b"in the way").unwrap();
    assert_eq!(
        place.fetch(),
        Err("target `/target/b`: expected a folder, got something else".into())
    );
    assert!(!place.target().join(STAGING).exists());
}

#[test]
fn a_file_that_changes_while_it_is_copied_is_an_error() {
    let place = Place::new(&[("model.onnx", b"123")]);
    let from = place.source().join("model.onnx");
    for counted in [2, 4] {
        let entry = Entry { from: from.clone(), to: PathBuf::from("model.onnx"), bytes: counted };
        let error = stage(&[entry], &Staging::open(&place.target()).unwrap()).unwrap_err();
        assert!(matches!(error, StorageError::Changed { .. }), "{error}");
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_within_the_source_are_followed() {
        // The layout of a volume that Kubernetes mounts from a config map.
        let place = Place::new(&[("..2024/model.onnx", b"123")]);
        symlink("..2024", place.source().join("..data")).unwrap();
        symlink("..data/model.onnx", place.source().join("model.onnx")).unwrap();
        assert_eq!(place.fetch(), Ok(Report { files: 1, bytes: 3 }));
        assert_eq!(place.copied(), files(&[("model.onnx", b"123")]));
    }

    #[test]
    fn links_that_lead_out_of_the_source_are_refused() {
        let place = Place::new(&[("model.onnx", b"1")]);
        fs::write(place.root.path().join("secret"), b"secret").unwrap();
        symlink("../secret", place.source().join("link")).unwrap();
        assert_eq!(
            place.fetch(),
            Err("link `/source/link`: expected a target inside `/source`, got `/secret`".into())
        );
        assert!(!place.target().exists());
    }

    #[test]
    fn links_in_a_circle_end() {
        let place = Place::new(&[("folder/file", b"1")]);
        symlink("..", place.source().join("folder/up")).unwrap();
        let error = place.fetch().unwrap_err();
        assert!(error.contains("expected at most"), "{error}");
    }

    #[test]
    fn links_to_nothing_are_errors() {
        let place = Place::new(&[("model.onnx", b"1")]);
        symlink("nowhere", place.source().join("link")).unwrap();
        assert!(place.fetch().unwrap_err().starts_with("cannot read `/source/link`: "));
    }

    #[test]
    fn sockets_are_refused() {
        let place = Place::new(&[("model.onnx", b"1")]);
        let socket = place.source().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert_eq!(
            place.fetch(),
            Err("model `/source/socket`: expected a file or folder, got a device, pipe or socket"
                .into())
        );
    }
}
