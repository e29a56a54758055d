//! `apply --prune`: deployments of ours that are in no file any more.
//!
//! Only SeldonDeployments go by name. Their Secrets and revisions carry the same labels and go with them;
//! autoscalers and budgets are the operator's, which keeps them as the SeldonDeployment says.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;

use crate::cli::{ApplyArgs, CascadeChoice, DeleteArgs, DryRun};
use crate::cluster::seldon::RESOURCE;
use crate::cluster::{Cluster, SeldonObject, Selected};
use crate::commands::{consent, delete};
use crate::config::Loaded;
use crate::error::{Code, Failure};
use crate::manifest::{MANAGED_BY, NAME_LABEL, object_name};
use crate::output::Printer;

/// A deployment that is to go.
#[derive(Debug)]
pub(super) struct Stray {
    cluster: Cluster,
    object: SeldonObject,
}

/// Those that are to go, in the namespaces of the files; whoever applies has agreed to it.
///
/// # Errors
/// When they may not be listed, or nobody has agreed.
pub(super) async fn find(
    args: &ApplyArgs,
    all: &[Loaded],
    printer: &Printer,
) -> Result<Vec<Stray>, Failure> {
    if args.dry_run == DryRun::Client {
        printer.tell("what `--prune` would delete is not known without the cluster\n");
        return Ok(Vec::new());
    }
    let mut kept: BTreeMap<String, (Cluster, BTreeSet<String>)> = BTreeMap::new();
    for config in all.iter().map(|loaded| &loaded.deployment) {
        let cluster = Cluster::connect(&args.cluster, config.namespace.as_deref()).await?;
        let namespace = cluster.namespace().to_owned();
        let (_, names) = kept.entry(namespace).or_insert_with(|| (cluster, BTreeSet::new()));
        names.insert(object_name(config));
    }
    let mut found = Vec::new();
    for (cluster, kept) in kept.into_values() {
        let which = Selected::labels(selector(args.selector.as_deref()));
        let live = cluster.list::<SeldonObject>(&which).await?;
        let strays = live.into_iter().filter(|it| !kept.contains(it.name()));
        found.extend(strays.map(|object| Stray { cluster: cluster.clone(), object }));
    }
    if args.dry_run == DryRun::None && !args.yes {
        confirm(&found).await?;
    }
    Ok(found)
}

/// The labels of what may go: ours, and those that are asked for.
fn selector(asked: Option<&str>) -> String {
    let ours = format!("{}={},{NAME_LABEL}", MANAGED_BY.0, MANAGED_BY.1);
    asked.map_or(ours.clone(), |asked| format!("{ours},{asked}"))
}

/// Asks whoever sits at the terminal.
async fn confirm(strays: &[Stray]) -> Result<(), Failure> {
    if strays.is_empty() {
        return Ok(());
    }
    let names =
        strays.iter().map(|it| format!("`{}/{}`", it.cluster.namespace(), it.object.name()));
    let names = names.collect::<Vec<_>>().join(", ");
    match consent::ask(&format!("delete {names}, with their Secrets and history?")).await? {
        Some(true) => return Ok(()),
        Some(false) => {}
        None => {
            let error = anyhow!("`--prune`: expected `--yes` to delete {names}, got none");
            return Err(Failure::usage(error).hint(
                "`--dry-run server` lists what would go, `--selector` narrows it; nothing was changed",
            ));
        }
    }
    Err(Failure::new(Code::Failed, anyhow!("`--prune`: not confirmed, nothing was changed")))
}

/// Deletes them as `delete` does, or says that it would.
///
/// # Errors
/// When one may not be deleted, or its pods stay.
pub(super) async fn delete(
    args: &ApplyArgs,
    strays: &[Stray],
    printer: &Printer,
) -> Result<(), Failure> {
    let how = DeleteArgs {
        names: Vec::new(),
        ignore_not_found: true,
        force: false,
        keep_secret: false,
        cascade: CascadeChoice::Background,
        waiting: args.waiting.clone(),
        cluster: args.cluster.clone(),
    };
    for Stray { cluster, object } in strays {
        if args.dry_run == DryRun::None {
            delete::delete(&how, printer, cluster, object).await?;
        } else {
            printer.done(&format!("{RESOURCE}/{}", object.name()), "deleted (server dry run)")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_marked_as_ours_may_go() {
        let ours = "app.kubernetes.io/managed-by=radiant-deploy,radiant.dev/name";
        assert_eq!(selector(None), ours);
        assert_eq!(selector(Some("team=risk")), format!("{ours},team=risk"));
    }
}
