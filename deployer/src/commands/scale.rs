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
const NOTE: &str = "radiant.dev/replicas";

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
    let generation = change(printer, &cluster, &sdep, patch, "scaled").await?;
    let goal = if args.replicas == 0 { Goal::Phase(Phase::Stopped) } else { Goal::Ready };
    let following = Following { name: &args.name, goal, revision: None, generation };
    finish(&args.settle, &cluster, following, printer).await
}

pub(super) async fn stop(args: &StopArgs, printer: &Printer) -> Result<(), Failure> {
    printer.check_done()?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let sdep = cluster.get::<SeldonObject>(&args.name).await?;
    // A second stop would note that there were no pods.
    let generation = if sdep.annotation(NOTE).is_some() && numbers::is_zero(&sdep) {
        printer.done(&object(&args.name), "unchanged (is stopped)")?;
        None
    } else {
        change(printer, &cluster, &sdep, numbers::stopped(&sdep, NOTE), "stopped").await?
    };
    let goal = Goal::Phase(Phase::Stopped);
    let following = Following { name: &args.name, goal, revision: None, generation };
    finish(&args.settle, &cluster, following, printer).await
}

pub(super) async fn start(args: &StopArgs, printer: &Printer) -> Result<(), Failure> {
    printer.check_done()?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let sdep = cluster.get::<SeldonObject>(&args.name).await?;
    let patch = match sdep.annotation(NOTE).map(str::to_owned) {
        _ if !numbers::is_zero(&sdep) => None,
        Some(note) => Some(numbers::started(&sdep, NOTE, &note).map_err(|error| {
            let place = format!("annotation `{NOTE}` of `{}`", args.name);
            Failure::new(Code::Failed, anyhow!(error).context(place))
                .hint("somebody changed it: say how many with `radiant-deploy scale --replicas`")
        })?),
        None => Some(numbers::scaled(&sdep, 1)),
    };
    let generation = if let Some(patch) = patch {
        change(printer, &cluster, &sdep, patch, "started").await?
    } else {
        printer.done(&object(&args.name), "unchanged (is not stopped)")?;
        None
    };
    let following = Following { name: &args.name, goal: Goal::Ready, revision: None, generation };
    finish(&args.settle, &cluster, following, printer).await
}

/// What the object is called in lines of results.
fn object(name: &str) -> String {
    format!("{RESOURCE}/{name}")
}

/// Changes the object, says so, and gives its new generation.
async fn change(
    printer: &Printer,
    cluster: &Cluster,
    sdep: &SeldonObject,
    patch: serde_json::Value,
    done: &str,
) -> Result<Option<i64>, Failure> {
    let name = sdep.name();
    let changed = cluster.patch::<SeldonObject>(name, &patch).await?;
    printer.done(&object(name), done)?;
    Ok(changed.metadata.generation)
}

async fn finish(
    args: &SettleArgs,
    cluster: &Cluster,
    following: Following<'_>,
    printer: &Printer,
) -> Result<(), Failure> {
    if args.wait { follow(cluster, following, &args.waiting, printer).await.result } else { Ok(()) }
}
