//! Libraries that cannot be used, in a process that has none yet.

use std::path::{Path, PathBuf};

use radiant_engine_ort::{Library, LibraryError};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn refusal(path: &Path) -> LibraryError {
    let Err(error) = Library::find(Some(path)) else { panic!("{} was loaded", path.display()) };
    let text = error.to_string();
    assert!(text.contains("pip install onnxruntime"), "{text}");
    error
}

#[test]
fn a_missing_file_is_an_error_that_says_how_to_get_it() {
    for name in ["nothing/libonnxruntime.so", "."] {
        let error = refusal(&testdata(name));
        assert!(matches!(error, LibraryError::Missing { .. }), "{error}");
    }
}

#[test]
fn a_file_that_is_no_library_is_an_error_with_the_loaders_words() {
    for name in ["broken/libonnxruntime.so.1.9.0", "broken"] {
        let error = refusal(&testdata(name));
        let LibraryError::Broken { path, problem } = &error else { panic!("{error}") };
        assert!(path.starts_with(testdata("broken").canonicalize().unwrap()), "{error}");
        assert!(problem.contains("libonnxruntime.so.1."), "{error}");
    }
}

#[test]
fn a_name_that_the_dynamic_loader_does_not_know_is_an_error() {
    let error = refusal(Path::new("libonnxruntime.so.missing"));
    assert!(matches!(error, LibraryError::Broken { .. }), "{error}");
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn another_library_is_an_error() {
    let text = refusal(Path::new("libm.so.6")).to_string();
    assert!(text.starts_with("`libm.so.6` cannot be loaded: it is not ONNX Runtime"), "{text}");
}
