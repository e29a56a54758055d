//! `radiant-deploy delete`: a deployment with all that belongs to it.

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::ResourceExt as _;
use kube::core::PartialObjectMeta;
use serde_json::json;

use super::family::allowed;
use super::waiting::{Following, follow};
use crate::cli::{CascadeChoice, DeleteArgs};
use crate::cluster::seldon::{RESOURCE, selector};
use crate::cluster::{Cascade, Cluster, Deletion, SeldonObject, Selected};
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::rollout::Goal;

pub(super) async fn run(args: &DeleteArgs, printer: &Printer) -> Result<(), Failure> {
    printer.check_done()?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let mut missing = None;
    for name in &args.names {
        match cluster.get::<SeldonObject>(name).await {
            Ok(sdep) => delete(args, printer, &cluster, &sdep).await?,
            Err(failure) if failure.code() == Some(Code::NotFound) && args.ignore_not_found => {
                // Its Secret may be there without it.
                left_behind(args, printer, &cluster, name).await?;
            }
            // The others are deleted all the same.
            Err(failure) if failure.code() == Some(Code::NotFound) => {
                missing.get_or_insert(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    missing.map_or(Ok(()), Err)
}

/// Deletes a deployment that is there, and all that belongs to it.
///
/// # Errors
/// When it may not be deleted, or its pods stay.
pub(super) async fn delete(
    args: &DeleteArgs,
    printer: &Printer,
    cluster: &Cluster,
    sdep: &SeldonObject,
) -> Result<(), Failure> {
    let name = sdep.name();
    if args.keep_secret {
        disown(cluster, sdep).await?;
    }
    let how = Deletion {
        cascade: match args.cascade {
            CascadeChoice::Background => Cascade::Background,
            CascadeChoice::Foreground => Cascade::Foreground,
            CascadeChoice::Orphan => Cascade::Orphan,
        },
        grace_s: args.force.then_some(0),
        uid: sdep.metadata.uid.clone(),
    };
    cluster.delete::<SeldonObject>(name, &how).await?;
    printer.done(&format!("{RESOURCE}/{name}"), "deleted")?;
    if args.cascade != CascadeChoice::Orphan {
        if args.force {
            end_pods(cluster, name).await?;
        }
        if !args.waiting.timeout.is_some_and(|limit| limit.is_zero()) {
            let following =
                Following { name, goal: Goal::Deleted, revision: None, generation: None };
            follow(cluster, following, &args.waiting, printer).await.result?;
        }
    }
    left_behind(args, printer, cluster, name).await
}

/// Ends pods without the time that they ask for.
async fn end_pods(cluster: &Cluster, name: &str) -> Result<(), Failure> {
    let how = Deletion { grace_s: Some(0), ..Deletion::default() };
    for pod in allowed(cluster.list::<Pod>(&Selected::labels(selector(name))).await)? {
        cluster.delete::<Pod>(&pod.name_any(), &how).await?;
    }
    Ok(())
}

/// What this tool made for a deployment, by its labels.
fn ours(name: &str) -> Selected {
    Selected::labels(format!("app.kubernetes.io/managed-by=radiant-deploy,radiant.dev/name={name}"))
}

/// Deletes Secrets and the history. The cluster does it too where they are owned by the deployment, but
/// not everything is that was made before it.
async fn left_behind(
    args: &DeleteArgs,
    printer: &Printer,
    cluster: &Cluster,
    name: &str,
) -> Result<(), Failure> {
    let how = Deletion::default();
    let maps = cluster.list::<PartialObjectMeta<ConfigMap>>(&ours(name)).await;
    for map in allowed(maps)? {
        let map = map.name_any();
        if cluster.delete::<ConfigMap>(&map, &how).await? {
            printer.done(&format!("configmap/{map}"), "deleted")?;
        }
    }
    if args.keep_secret {
        return Ok(());
    }
    let secrets = cluster.list::<PartialObjectMeta<Secret>>(&ours(name)).await;
    for secret in allowed(secrets)? {
        let secret = secret.name_any();
        if cluster.delete::<Secret>(&secret, &how).await? {
            printer.done(&format!("secret/{secret}"), "deleted")?;
        }
    }
    Ok(())
}

/// Makes Secrets nobody's, so that they do not go with the deployment.
async fn disown(cluster: &Cluster, sdep: &SeldonObject) -> Result<(), Failure> {
    let secrets = cluster.list::<PartialObjectMeta<Secret>>(&ours(sdep.name())).await?;
    for secret in secrets {
        let owners = secret.metadata.owner_references.clone().unwrap_or_default();
        let kept: Vec<_> =
            owners.iter().filter(|owner| Some(&owner.uid) != sdep.metadata.uid.as_ref()).collect();
        if kept.len() < owners.len() {
            let version = &secret.metadata.resource_version;
            let patch = json!({"metadata": {"ownerReferences": kept, "resourceVersion": version}});
            cluster.patch::<PartialObjectMeta<Secret>>(&secret.name_any(), &patch).await?;
        }
    }
    Ok(())
}
