//! `radiant-deploy rollout`: the verbs that kubectl has for Deployments.

use anyhow::anyhow;
use radiant_contract::EnvSource;
use serde_json::json;

use super::url::known;
use super::wait::print;
use super::waiting::{Following, follow};
use crate::cli::{RestartArgs, RolloutArgs, RolloutCommand, RolloutStatusArgs};
use crate::cluster::{Cluster, SeldonObject};
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::rollout::{Ended, Goal, Status};
use crate::traffic;

pub(super) fn run(
    args: &RolloutArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    match &args.command {
        RolloutCommand::Status(args) => status(args, printer),
        RolloutCommand::History(args) => super::wait(super::history::run(args, printer)),
        RolloutCommand::Undo(args) => {
            let mut rollback = args.rollback.clone();
            rollback.revision = args.to_revision.or(rollback.revision);
            super::wait(super::rollback::run(&rollback, printer, env))
        }
        RolloutCommand::Pause(args) => super::wait(super::pause::pause(args, printer)),
        RolloutCommand::Resume(args) => super::wait(super::pause::resume(args, printer)),
        RolloutCommand::Restart(args) => super::wait(restart(args, printer)),
    }
}

fn status(args: &RolloutStatusArgs, printer: &Printer) -> Result<(), Failure> {
    let mut waiting = args.waiting.clone();
    if !args.watch {
        waiting.timeout = Some(std::time::Duration::ZERO);
    }
    let (mut ended, url) = super::wait(async {
        let cluster = Cluster::connect(&args.cluster, None).await?;
        let following =
            Following { name: &args.name, goal: Goal::Ready, revision: None, generation: None };
        let ended = follow(&cluster, following, &waiting, printer).await;
        let url = known(&cluster, &args.name, &args.route).await;
        Ok((ended, url))
    })?;
    if let (Some(wanted), Some(status)) = (&args.revision, &ended.status)
        && status.revision.as_ref() != Some(wanted)
    {
        ended.result = Err(superseded(wanted, status));
    }
    let is_on_its_way = ended.result.as_ref().is_err_and(|it| it.code() == Some(Code::Timeout));
    if !args.watch && is_on_its_way && ended.status.is_some() {
        // To look is no wait, and what is on its way has not failed.
        ended.result = Ok(());
    }
    let line = line(&ended, url.as_deref());
    print(ended, url, &line, printer)
}

/// Gives the pods' templates the time as an annotation, as `kubectl rollout restart` does: a template that
/// differs makes new pods.
async fn restart(args: &RestartArgs, printer: &Printer) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let live = cluster.get::<SeldonObject>(&args.name).await?;
    let mut spec = live.spec.clone();
    let n_restarted = traffic::restart(&mut spec, &super::now());
    if n_restarted == 0 {
        let error =
            anyhow!("`{}`: expected `componentSpecs` with pods to restart, got none", args.name);
        return Err(Failure::new(Code::Conflict, error).hint(
            "its pods are the operator's alone: `radiant-deploy stop` and `start` replace them",
        ));
    }
    let version = &live.metadata.resource_version;
    let patch = json!({"metadata": {"resourceVersion": version}, "spec": spec});
    let object = cluster.patch::<SeldonObject>(&args.name, &patch).await?;
    let following = Following {
        name: &args.name,
        goal: Goal::Ready,
        revision: None,
        generation: object.metadata.generation,
    };
    let ended = follow(&cluster, following, &args.waiting, printer).await;
    print(ended, None, &format!("{} restarted\n", args.name), printer)
}

/// Another revision came meanwhile, or before.
fn superseded(wanted: &str, status: &Status) -> Failure {
    let got = status.revision.as_deref().unwrap_or("none");
    let error = anyhow!("`{}`: expected revision {wanted}, got {got}", status.name);
    Failure::new(Code::Conflict, error).hint("somebody has applied another one")
}

/// `fraud revision 7 ready in 14.2s  http://...`, or how far it is.
fn line(ended: &Ended, url: Option<&str>) -> String {
    let Some(status) = &ended.status else { return String::new() };
    let revision = status.revision.as_ref().map(|it| format!(" revision {it}")).unwrap_or_default();
    if !Goal::Ready.is_reached(status) {
        return format!("{}{revision} {}: {}\n", status.name, status.phase, status.summary);
    }
    let url = url.or(status.address.as_deref());
    let url = url.map(|it| format!("  {it}")).unwrap_or_default();
    let seconds = ended.elapsed.as_secs_f64();
    format!("{}{revision} ready in {seconds:.1}s{url}\n", status.name)
}
