//! The small models of the tree, which mutations start from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The largest file that is taken, in bytes.
const BYTES_MAX: u64 = 20 << 10;

/// Where models lie. A mutation first chooses one of the folders below, so that many models of one
/// kind do not crowd out the others.
const PLACES: [&str; 7] = [
    "tests/engines",
    "tests/models",
    "tests/pipelines",
    "runtime/engines/native/testdata",
    "runtime/engines/onnx/testdata",
    "runtime/engines/ort/testdata",
    "runtime/engines/tract/tests",
];

/// A model that mutations start from.
#[derive(Debug)]
pub(crate) struct Seed {
    /// The path in the tree.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The models, folder by folder.
///
/// # Errors
/// When the tree cannot be read, or has none.
pub(crate) fn seeds() -> Result<Vec<Vec<Seed>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = Vec::new();
    for place in PLACES {
        collect(&root, &root.join(place), &mut folders)?;
    }
    ensure!(!folders.is_empty(), "there are no models in {PLACES:?}");
    Ok(folders)
}

fn collect(root: &Path, folder: &Path, folders: &mut Vec<Vec<Seed>>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let entries =
        fs::read_dir(folder).with_context(|| format!("reading `{}`", folder.display()))?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    // The same order on every machine.
    paths.sort();
    let mut models = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, folders)?;
        } else if path.extension().is_some_and(|end| end == "onnx")
            && path.metadata()?.len() <= BYTES_MAX
        {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            models.push(Seed { name, bytes: fs::read(&path)? });
        }
    }
    if !models.is_empty() {
        folders.push(models);
    }
    Ok(())
}
