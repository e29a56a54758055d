//! `radiant-deploy rollback` and `rollout undo`: an earlier revision again.

use super::release::{self, Change};
use super::revisions;
use crate::cli::RollbackArgs;
use crate::cluster::{Apply, Cluster, SeldonObject};
use crate::config::OnFailure;
use crate::error::Failure;
use crate::output::Printer;
use crate::revision;

pub(super) async fn run(args: &RollbackArgs, printer: &Printer) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let live = cluster.get::<SeldonObject>(&args.name).await?.to_value();
    let (all, _) = revisions::list(&cluster, &args.name).await?;
    let current = release::number(&live).unwrap_or_else(|| revision::next(&all));
    let earlier = release::target(&all, current, args.revision)?;
    let cause = args.change_cause.clone();
    let revision = release::again(earlier, revision::next(&all), super::now(), cause);
    let number = revision.number;
    let change = Change { name: args.name.clone(), revision, is_new: true, secret: None };
    let how = Apply { is_forced: args.force_conflicts, is_dry_run: false };
    let object = release::write(&cluster, &change, how).await?;
    printer.tell(&format!("revision {number} is revision {} again\n", earlier.number));
    let ended = release::wait(&cluster, &args.name, &object, &args.waiting, printer).await;
    let is_ready = ended.result.is_ok();
    if is_ready {
        release::settle(&cluster, &args.name, number, args.history_max).await?;
    }
    let line = format!("{} rolled back to revision {}\n", args.name, earlier.number);
    let printed = super::wait::print(ended, &line, printer);
    match printed {
        Err(failure) if !is_ready => {
            Err(release::recover(&cluster, &change, None, OnFailure::Keep, failure).await)
        }
        other => other,
    }
}
