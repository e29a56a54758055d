//! The server's program, where it lies beside this one: it knows models, and this program does not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};
use serde_json::Value;

use crate::image::PROGRAM;

/// The program beside this one, if it is there.
pub(crate) fn beside() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name(PROGRAM);
    path.is_file().then_some(path)
}

/// What the program says of a model: the document of `radiant check -o json`.
///
/// Blocks until the model has been loaded and tried.
///
/// # Errors
/// The program does not start, or refuses the model: its last words are the error.
pub(crate) fn check(program: &Path, model: &str) -> anyhow::Result<Value> {
    #[expect(clippy::disallowed_methods, reason = "the program that knows models")]
    let mut command = Command::new(program);
    let command = command.args(["check", "-o", "json", "--", model]).stdin(Stdio::null());
    let output =
        command.output().with_context(|| format!("cannot start `{}`", program.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(anyhow!("{}", said.trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("`{} check -o json` gave no JSON", program.display()))
}
