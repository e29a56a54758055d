//! `--if COMMAND`: a check of the user's own before anything is changed. Where it says no, what was there
//! serves on.

use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};

use super::waiting;
use crate::cli::{ApplyArgs, DryRun};
use crate::cluster::{Cluster, SeldonObject};
use crate::commands::scale;
use crate::commands::waiting::{Following, follow};
use crate::config::{Deployment, Loaded};
use crate::error::Failure;
use crate::manifest::object_name;
use crate::output::Printer;
use crate::rollout::Goal;

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

/// Lets what is there serve: where it was stopped, it gets its pods back.
///
/// # Errors
/// When it may not be changed, or cannot serve.
pub(super) async fn keep(
    args: &ApplyArgs,
    loaded: &Loaded,
    printer: &Printer,
) -> Result<(), Failure> {
    if args.dry_run != DryRun::None {
        return Ok(());
    }
    let config = &loaded.deployment;
    let name = object_name(config);
    let cluster = Cluster::connect(&args.cluster, config.namespace.as_deref()).await?;
    let Some(live) = cluster.find::<SeldonObject>(&name).await? else {
        printer.tell(&format!("`{name}` is not there, and is not made\n"));
        return Ok(());
    };
    let Some(started) = scale::give_pods(&cluster, &live).await? else { return Ok(()) };
    printer.tell(&format!("`{name}` was stopped, and gets its pods back\n"));
    let (is_waiting, waiting) = waiting(args, loaded)?;
    if !is_waiting {
        return Ok(());
    }
    let generation = started.metadata.generation;
    let following = Following { name: &name, goal: Goal::Ready, revision: None, generation };
    follow(&cluster, following, &waiting, printer).await.result
}
