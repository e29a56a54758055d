//! Files of this repository, and what is wrong with manifests in them.

use std::fs;
use std::path::{Path, PathBuf};

use radiant_deploy::manifest::Schema;
use serde_json::Value;

/// A file of this repository.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// All documents of a file of YAML.
pub(crate) fn documents(path: &Path) -> Vec<Value> {
    let shown = path.display();
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{shown}: {error}"));
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{shown}: {error}"))
}

/// What is wrong with a SeldonDeployment.
pub(crate) fn problems(object: &Value) -> Vec<String> {
    let problems = radiant_deploy::manifest::problems(object, Schema::bundled(), None);
    problems.iter().map(ToString::to_string).collect()
}
