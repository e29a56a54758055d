//! `radiant-deploy apply` and `diff`: from a configuration to pods that serve it.
//!
//! [`one`] is the way of one deployment, from top to bottom.

mod condition;
mod drift;
mod facts;
mod plan;
mod report;
mod steps;

use std::time::Duration;

use anyhow::anyhow;
use radiant_contract::EnvSource;
use serde_json::Value;

use self::plan::Plan;
use self::steps::Way;
use super::release::{self, Change};
use super::{configuration, revisions};
use crate::cli::{ApplyArgs, DiffArgs, DryRun, WaitingArgs, duration};
use crate::cluster::{Apply, Cluster, SeldonObject};
use crate::config::{Loaded, OnFailure, Strategy};
use crate::error::{Code, Failure};
use crate::manifest::object_name;
use crate::output::{self, Printer};
use crate::revision::Revision;
use crate::traffic::{self, MAIN, Share};

pub(super) async fn run(
    args: &ApplyArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    for loaded in configuration::load(&args.config, printer, env)? {
        if let Some(command) = &args.condition
            && !condition::holds(command, &loaded.deployment, printer).await?
        {
            continue;
        }
        one(args, &loaded, printer, env).await?;
    }
    Ok(())
}

/// Finds out, renders, tries, writes, waits, asks golden requests, and settles or goes back.
async fn one(
    args: &ApplyArgs,
    loaded: &Loaded,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let config = &loaded.deployment;
    let name = object_name(config);
    if args.dry_run == DryRun::Client {
        let plan = Plan::offline(config)?;
        return output::write(&format!("{} (client dry run)\n", plan.line("rendered")));
    }
    let cluster = Cluster::connect(&args.cluster, config.namespace.as_deref()).await?;
    let live = cluster.find::<SeldonObject>(&name).await?.map(|live| live.to_value());
    let (all, _) = revisions::list(&cluster, &name).await?;
    let found = facts::find(loaded, &cluster, printer, env).await?;
    let plan = Plan::new(config, live.as_ref(), &all, &found, plan::Beside::of(args, config))?;
    for warning in &plan.warnings {
        printer.tell(&format!("warning: {warning}\n"));
    }

    let how = Apply { is_forced: args.force_conflicts, is_dry_run: true };
    let tried = cluster.apply(&plan.manifest, how).await?;
    let difference = drift::lines(&name, live.as_ref(), &tried)?;
    if args.diff {
        printer.tell(&difference);
    }
    if args.dry_run == DryRun::Server {
        let verb = plan.verb(difference.is_empty());
        return output::write(&format!("{} (server dry run)\n", plan.line(verb)));
    }
    let waiting = waiting(args, loaded)?;
    let is_same = difference.is_empty();
    if is_same && (plan.is_settled || waiting.is_none()) {
        return report::unchanged(&plan, live.as_ref(), printer);
    }

    let change = plan.change(&name, &found, args.change_cause.clone(), super::now());
    // The same again goes on where an interrupted one was.
    let object = match live {
        Some(live) if is_same => live,
        _ => release::write(&cluster, &change, Apply { is_dry_run: false, ..how }).await?,
    };
    report::written(&plan.line(plan.verb(is_same)), printer)?;
    let Some(waiting) = waiting else { return Ok(()) };
    let before = plan.before.and_then(|number| crate::revision::find(&all, number));
    let written = Written { cluster: &cluster, change: &change, object: &object, before };
    follow(args, loaded, written, &waiting, printer).await
}

/// Lets a canary's share grow as the configuration says, and promotes it in the end; whether it is the
/// main model then.
async fn walk(
    loaded: &Loaded,
    written: Written<'_>,
    waiting: &WaitingArgs,
    printer: &Printer,
) -> Result<bool, Failure> {
    let Written { cluster, change, .. } = written;
    let canary = crate::traffic::canary(&change.revision.manifest);
    let (Some(canary), Some(config)) = (canary, &loaded.deployment.rollout.canary) else {
        return Ok(false);
    };
    if loaded.deployment.rollout.strategy != Strategy::Canary {
        return Ok(false);
    }
    let way = Way::of(config)?;
    let mut manifest = change.revision.manifest.clone();
    for (at, &percent) in way.steps.iter().enumerate() {
        if at > 0 {
            let share =
                |predictor: &str, percent| Share { predictor: predictor.to_owned(), percent };
            let shares = [share(MAIN, 100 - percent), share(canary, percent)];
            manifest = traffic::set(&manifest, &shares).map_err(Failure::usage)?;
            release::amend(cluster, change, &manifest).await?;
        }
        steps::hold(cluster, (&change.name, canary), &way, percent, printer).await?;
    }
    let promoted = traffic::promote(&manifest).map_err(Failure::usage)?;
    let object = release::amend(cluster, change, &promoted).await?;
    release::wait(cluster, &change.name, &object, waiting, printer).await.result?;
    printer.tell(&format!("{canary} is the main model now\n"));
    Ok(true)
}

/// What is in the cluster now.
#[derive(Clone, Copy)]
struct Written<'a> {
    cluster: &'a Cluster,
    change: &'a Change,
    /// The object as it is after that.
    object: &'a Value,
    /// The revision that comes back when this one fails.
    before: Option<&'a Revision>,
}

/// Waits until it serves and answers as it must; then it is the revision that holds, or the one before
/// comes back.
async fn follow(
    args: &ApplyArgs,
    loaded: &Loaded,
    written: Written<'_>,
    waiting: &WaitingArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let Written { cluster, change, object, before } = written;
    let mut ended = release::wait(cluster, &change.name, object, waiting, printer).await;
    if ended.result.is_ok() && !loaded.deployment.tests.is_empty() {
        ended.result = super::golden::ask(cluster, loaded, change, printer).await;
    }
    let mut is_main = !change.is_beside();
    if ended.result.is_ok() && args.canary.is_none() {
        match walk(loaded, written, waiting, printer).await {
            Ok(is_promoted) => is_main |= is_promoted,
            Err(failure) => ended.result = Err(failure),
        }
    }
    match std::mem::replace(&mut ended.result, Ok(())) {
        Ok(()) => {
            if is_main {
                let keep = args.history_max;
                release::settle(cluster, &change.name, change.revision.number, keep).await?;
            }
            report::ready(change, ended, printer)
        }
        // What was begun goes on: nobody has said that it is wrong.
        Err(failure)
            if matches!(failure.code(), Some(Code::Interrupted | Code::Timeout))
                && !args.atomic =>
        {
            Err(failure)
        }
        Err(failure) => {
            let of_config = loaded.deployment.rollout.on_failure;
            let on_failure = if args.atomic { OnFailure::Rollback } else { of_config };
            let failure = release::recover(cluster, change, before, on_failure, failure).await;
            report::failed(change, ended, printer)?;
            Err(failure)
        }
    }
}

/// How it is waited; none at all, if that is asked for.
fn waiting(args: &ApplyArgs, loaded: &Loaded) -> Result<Option<WaitingArgs>, Failure> {
    let text = &loaded.deployment.rollout.timeout;
    let of_config = duration(text).map_err(|expected| {
        Failure::usage(anyhow!("`rollout.timeout`: {expected}, got `{text}`"))
    })?;
    let timeout = args.waiting.timeout.unwrap_or(of_config);
    let is_waiting = !args.no_wait && timeout > Duration::ZERO;
    Ok(is_waiting.then(|| WaitingArgs { timeout: Some(timeout), ..args.waiting.clone() }))
}

/// Shows what `apply` would change, and fails with 1 if that is anything.
pub(super) async fn diff(
    args: &DiffArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let mut all_lines = String::new();
    for loaded in configuration::load(&args.config, printer, env)? {
        let config = &loaded.deployment;
        let name = object_name(config);
        let cluster = Cluster::connect(&args.cluster, config.namespace.as_deref()).await?;
        let live = cluster.find::<SeldonObject>(&name).await?.map(|live| live.to_value());
        let (all, _) = revisions::list(&cluster, &name).await?;
        let found = facts::find(&loaded, &cluster, printer, env).await?;
        let plan = Plan::new(config, live.as_ref(), &all, &found, plan::Beside::Nothing)?;
        let tried =
            cluster.apply(&plan.manifest, Apply { is_forced: true, is_dry_run: true }).await?;
        all_lines.push_str(&drift::lines(&name, live.as_ref(), &tried)?);
    }
    output::write(&all_lines)?;
    if all_lines.is_empty() { Ok(()) } else { Err(Failure::silent(Code::Failed)) }
}
