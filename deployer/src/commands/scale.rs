//! `radiant-deploy scale`, `stop` and `start`: how many pods a deployment has.
//!
//! A number at a predictor or one of its parts goes before the one of the whole, and an autoscaler before
//! all of them. So these are changed where they are, and what `stop` takes away is noted in an annotation.

mod numbers;

use anyhow::anyhow;

use super::waiting::{Following, follow};
use crate::cli::{ScaleArgs, SettleArgs, StopArgs};
use crate::cluster::seldon::RESOURCE;
use crate::cluster::{Cluster, SeldonObject};
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::rollout::{Goal, Phase};

/// The annotation with the numbers from before a stop.
pub(super) const NOTE: &str = "radiant.dev/replicas";

pub(super) async fn scale(args: &ScaleArgs, printer: &Printer) -> Result<(), Failure> {
    printer.check_done()?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let sdep = cluster.get::<SeldonObject>(&args.name).await?;
    if let Some(autoscaler) = numbers::autoscaler(&sdep.spec) {
        let name = &args.name;
        let error =
            anyhow!("`{name}`: an autoscaler decides how many pods there are (`{autoscaler}`)");
        return Err(Failure::new(Code::Conflict, error)
            .hint("change its bounds in `scale.auto`, and apply; `stop` works with one"));
    }
    let mut patch = numbers::scaled(&sdep, args.replicas);
    if sdep.annotation(NOTE).is_some() {
        patch["metadata"]["annotations"][NOTE] = serde_json::Value::Null;
    }
    let scaled = cluster.patch::<SeldonObject>(&args.name, &patch).await?;
    printer.done(&object(&args.name), "scaled")?;
    let generation = scaled.metadata.generation;
    let goal = if args.replicas == 0 { Goal::Phase(Phase::Stopped) } else { Goal::Ready };
    let following = Following { name: &args.name, goal, revision: None, generation };
    finish(&args.settle, &cluster, following, printer).await
}

pub(super) async fn stop(args: &StopArgs, printer: &Printer) -> Result<(), Failure> {
    printer.check_done()?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let sdep = cluster.get::<SeldonObject>(&args.name).await?;
    let stopped = take_pods(&cluster, &sdep).await?;
    let done = if stopped.is_some() { "stopped" } else { "unchanged (is stopped)" };
    printer.done(&object(&args.name), done)?;
    let generation = stopped.and_then(|it| it.metadata.generation);
    let goal = Goal::Phase(Phase::Stopped);
    let following = Following { name: &args.name, goal, revision: None, generation };
    finish(&args.settle, &cluster, following, printer).await
}

pub(super) async fn start(args: &StopArgs, printer: &Printer) -> Result<(), Failure> {
    printer.check_done()?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let sdep = cluster.get::<SeldonObject>(&args.name).await?;
    let started = give_pods(&cluster, &sdep).await?;
    let done = if started.is_some() { "started" } else { "unchanged (is not stopped)" };
    printer.done(&object(&args.name), done)?;
    let generation = started.and_then(|it| it.metadata.generation);
    let following = Following { name: &args.name, goal: Goal::Ready, revision: None, generation };
    finish(&args.settle, &cluster, following, printer).await
}

/// Takes all pods away, with a note of how many there were. Gives the object as it is afterwards; nothing
/// where it was stopped already.
///
/// # Errors
/// When it may not be changed, or somebody else was faster.
pub(super) async fn take_pods(
    cluster: &Cluster,
    sdep: &SeldonObject,
) -> Result<Option<SeldonObject>, Failure> {
    // A second note would say that there were no pods.
    if sdep.annotation(NOTE).is_some() && numbers::is_zero(sdep) {
        return Ok(None);
    }
    cluster.patch(sdep.name(), &numbers::stopped(sdep, NOTE)).await.map(Some)
}

/// Gives a stopped deployment the pods of its note, or one. Gives the object as it is afterwards; nothing
/// where it is not stopped.
///
/// # Errors
/// When it may not be changed, or its note was.
pub(super) async fn give_pods(
    cluster: &Cluster,
    sdep: &SeldonObject,
) -> Result<Option<SeldonObject>, Failure> {
    if !numbers::is_zero(sdep) {
        return Ok(None);
    }
    let patch = match sdep.annotation(NOTE) {
        Some(note) => numbers::started(sdep, NOTE, note).map_err(|error| {
            let place = format!("annotation `{NOTE}` of `{}`", sdep.name());
            Failure::new(Code::Failed, anyhow!(error).context(place))
                .hint("somebody changed it: say how many with `radiant-deploy scale --replicas`")
        })?,
        None => numbers::scaled(sdep, 1),
    };
    cluster.patch(sdep.name(), &patch).await.map(Some)
}

/// What the object is called in lines of results.
fn object(name: &str) -> String {
    format!("{RESOURCE}/{name}")
}

async fn finish(
    args: &SettleArgs,
    cluster: &Cluster,
    following: Following<'_>,
    printer: &Printer,
) -> Result<(), Failure> {
    if args.wait { follow(cluster, following, &args.waiting, printer).await.result } else { Ok(()) }
}
