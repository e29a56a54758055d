//! `--if COMMAND`: a check of the user's own before anything is changed.

use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};

use crate::config::Deployment;
use crate::error::Failure;
use crate::output::Printer;

/// Runs the command by the shell, and tells whether it succeeded. It reads the deployment's name and
/// model from `RADIANT_DEPLOY_NAME` and `RADIANT_DEPLOY_MODEL_URI`, and may say what it likes on stderr.
///
/// # Errors
/// When it cannot be run, or a signal ended it.
pub(super) async fn holds(
    command: &str,
    config: &Deployment,
    printer: &Printer,
) -> Result<bool, Failure> {
    #[expect(clippy::disallowed_methods, reason = "the command is what the user asks for")]
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null());
    shell.env("RADIANT_DEPLOY_NAME", &config.name);
    shell.env("RADIANT_DEPLOY_MODEL_URI", config.model.uri.as_deref().unwrap_or_default());
    let ended = tokio::task::spawn_blocking(move || shell.status()).await;
    let status = ended.context("cannot wait for the command of `--if`")?;
    let status = status.context("cannot run /bin/sh, which `--if` needs")?;
    match status.code() {
        Some(0) => Ok(true),
        Some(code) => {
            printer.tell(&format!(
                "`--if`: the command ended with {code}: `{}` stays as it is\n",
                config.name
            ));
            Ok(false)
        }
        None => Err(Failure::from(anyhow!("`--if`: a signal ended the command"))),
    }
}
