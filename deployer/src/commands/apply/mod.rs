//! `radiant-deploy apply` and `diff`: from a configuration to pods that serve it.
//!
//! [`one`] is the way of one deployment, from top to bottom.

mod adopt;
mod condition;
mod drift;
mod facts;
mod follow;
mod plan;
mod prune;
mod report;
mod signature;

use std::time::Duration;

use anyhow::anyhow;
use radiant_contract::EnvSource;

pub(super) use self::adopt::adopt;
pub(super) use self::facts::{Found, survey};
use self::follow::Written;
use self::plan::Plan;
use self::signature::Compared;
use super::release::{self, Told};
use super::{configuration, revisions};
use crate::cli::{ApplyArgs, DiffArgs, DryRun, WaitingArgs, duration};
use crate::cluster::{Apply, Cluster, SeldonObject};
use crate::config::Loaded;
use crate::error::{Code, Failure};
use crate::manifest::object_name;
use crate::output::{self, Printer};

pub(super) async fn run(
    args: &ApplyArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let all = configuration::load(&args.config, printer, env)?;
    // What is to be confirmed is, before anything is written.
    let strays = if args.prune { prune::find(args, &all, printer).await? } else { Vec::new() };
    for loaded in &all {
        if let Some(command) = &args.condition
            && !condition::holds(command, &loaded.deployment, printer).await?
        {
            condition::keep(args, loaded, printer).await?;
            continue;
        }
        one(args, loaded, printer, env).await?;
    }
    prune::delete(args, &strays, printer).await
}

/// Finds out, renders, tries, compares, writes, waits, asks golden requests, and settles or goes back.
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
    let before = plan.before.and_then(|number| crate::revision::find(&all, number));

    let how = Apply { is_forced: args.force_conflicts, is_dry_run: true };
    let tried = cluster.apply(&plan.manifest, how).await?;
    let difference = drift::lines(&name, live.as_ref(), &tried)?;
    if args.diff {
        printer.tell(&difference);
    }
    let mut change = plan.change(&name, &found, args.change_cause.clone(), super::now());
    if change.is_new {
        let is_allowed = args.allow_breaking;
        let compared = Compared { config, found: &found, before, is_allowed };
        change.revision.signature = signature::guard(compared, printer, env).await?;
    }
    if args.dry_run == DryRun::Server {
        let verb = plan.verb(difference.is_empty());
        return output::write(&format!("{} (server dry run)\n", plan.line(verb)));
    }
    let (is_waiting, waiting) = waiting(args, loaded)?;
    let is_same = difference.is_empty();
    if is_same && (plan.is_settled || !is_waiting) {
        return report::unchanged(&plan, live.as_ref(), printer);
    }

    let told = Told { waiting: &waiting, printer };
    // The same again goes on where an interrupted one was.
    let object = match live {
        Some(live) if is_same => live,
        _ => release::write(&cluster, &change, Apply { is_dry_run: false, ..how }, told).await?,
    };
    report::written(&plan.line(plan.verb(is_same)), printer)?;
    if !is_waiting {
        return report::begun(&object, printer);
    }
    let written = Written { cluster: &cluster, change: &change, object: &object, before };
    follow::follow(args, loaded, written, told).await
}

/// Whether it is waited until it serves, and how. Who waits for nothing waits for old pods all the same,
/// where these must end first.
fn waiting(args: &ApplyArgs, loaded: &Loaded) -> Result<(bool, WaitingArgs), Failure> {
    let text = &loaded.deployment.rollout.timeout;
    let of_config = duration(text).map_err(|expected| {
        Failure::usage(anyhow!("`rollout.timeout`: {expected}, got `{text}`"))
    })?;
    let timeout = args.waiting.timeout.unwrap_or(of_config);
    let is_waiting = (args.wait || !args.no_wait) && timeout > Duration::ZERO;
    let timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
    Ok((is_waiting, WaitingArgs { timeout, ..args.waiting.clone() }))
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
