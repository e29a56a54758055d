//! What the tests share: a real server process, a client that sends exact bytes, and comparisons
//! that keep the spelling of numbers.
//!
//! Nothing here knows what the server should answer. Everything waits on a condition with a
//! deadline; nothing sleeps.

pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod golden;
pub(crate) mod grpc;
pub(crate) mod http;
pub(crate) mod json;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod proto;

use std::path::PathBuf;
use std::time::Duration;

/// How long any test waits for something that should happen at once, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("`tests` lies in the workspace").to_owned()
}

/// A file of a bundled model.
pub(crate) fn model_file(model: &str, file: &str) -> PathBuf {
    workspace().join("tests/models").join(model).join(file)
}
