//! Bringing a manifest into the cluster as a revision, and following it to its end.
//!
//! What is written, in this order: the Secret, the SeldonDeployment, the Secret's owner, the revision.
//! A process that ends in between leaves a deployment that works and a revision `pending`, and the next
//! `apply` of the same goes on from there. Only the strategy `recreate` takes all pods away before; what
//! was there is noted as by `stop`, so that `start` brings it back.

use anyhow::anyhow;
use k8s_openapi::api::core::v1;
use serde_json::{Value, json};

use super::waiting::{Following, follow};
use super::{revisions, scale};
use crate::cli::WaitingArgs;
use crate::cluster::{Apply, Cluster, SeldonObject};
use crate::config::OnFailure;
use crate::credentials::SecretObject;
use crate::error::{Code, Failure};
use crate::manifest::{NAME_LABEL, is_recreated};
use crate::output::Printer;
use crate::revision::{Outcome, Owner, Revision};
use crate::rollout::{Ended, Goal, Phase};
use crate::traffic::{MAIN, canary, renumber};

/// What is brought into the cluster.
#[derive(Debug)]
pub(super) struct Change {
    /// The object's name.
    pub(super) name: String,
    /// The revision, with the manifest as it is applied.
    pub(super) revision: Revision,
    /// Whether the revision is new, or one that is there is applied again.
    pub(super) is_new: bool,
    /// The Secret that its pods read, if one is made.
    pub(super) secret: Option<SecretObject>,
}

impl Change {
    /// The predictor that is new.
    pub(super) fn predictor(&self) -> Option<String> {
        let canary = canary(&self.revision.manifest).map(str::to_owned);
        canary.or_else(|| Some(MAIN.to_owned()))
    }

    /// Whether it stands beside an older one, which has the most of the traffic.
    pub(super) fn is_beside(&self) -> bool {
        canary(&self.revision.manifest).is_some()
    }
}

/// How one waits while something is brought into the cluster, and who is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) waiting: &'a WaitingArgs,
    pub(super) printer: &'a Printer,
}

/// Writes it. Gives the object as it is afterwards.
pub(super) async fn write(
    cluster: &Cluster,
    change: &Change,
    how: Apply,
    told: Told<'_>,
) -> Result<Value, Failure> {
    if let Some(secret) = &change.secret {
        match cluster.create::<v1::Secret>(secret.expose()).await {
            // Its name is the hash of what is in it.
            Err(failure) if failure.code() == Some(Code::Conflict) => {}
            result => drop(result?),
        }
    }
    let object = put(cluster, (&change.name, &change.revision.manifest), how, told).await?;
    let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
    if let (Some(secret), Some(uid)) = (&change.secret, uid) {
        let owner = crate::credentials::owner(&change.name, uid);
        let patch = json!({"metadata": {"ownerReferences": [owner]}});
        cluster.patch::<v1::Secret>(secret.name(), &patch).await?;
    }
    if change.is_new {
        let owner = Owner { name: &change.name, uid };
        revisions::keep(cluster, &change.revision, &owner).await?;
    }
    Ok(object)
}

/// Applies a manifest as another revision than the one that lives. Where its strategy is `recreate`, all
/// old pods end before.
async fn put(
    cluster: &Cluster,
    (name, manifest): (&str, &Value),
    how: Apply,
    told: Told<'_>,
) -> Result<Value, Failure> {
    let live = cluster.find::<SeldonObject>(name).await?;
    if let Some(live) = &live
        && takes_pods_first(&live.to_value(), manifest)
    {
        take_pods(cluster, live, told).await?;
    }
    let object = cluster.apply(manifest, how).await?;
    if object["metadata"]["annotations"].get(scale::NOTE).is_some() {
        // Nothing is stopped any more.
        let patch = json!({"metadata": {"annotations": {scale::NOTE: null}}});
        return Ok(cluster.patch::<SeldonObject>(name, &patch).await?.to_value());
    }
    Ok(object)
}

/// Whether old pods must end before those of a manifest begin: where they are replaced, and do not stand
/// beside each other.
fn takes_pods_first(live: &Value, manifest: &Value) -> bool {
    let is_other = number(live) != number(manifest);
    let is_alone = [live, manifest].iter().all(|it| canary(it).is_none());
    is_recreated(manifest) && is_other && is_alone
}

/// Takes all pods away as `stop` does, and waits until they are gone.
async fn take_pods(
    cluster: &Cluster,
    live: &SeldonObject,
    Told { waiting, printer }: Told<'_>,
) -> Result<(), Failure> {
    let name = live.name();
    let stopped = scale::take_pods(cluster, live).await?;
    let generation = stopped.and_then(|it| it.metadata.generation);
    printer.tell(&format!("{name}: the old pods end before new ones begin\n"));
    let goal = Goal::Phase(Phase::Stopped);
    let following = Following { name, goal, revision: None, generation };
    let ended = follow(cluster, following, waiting, printer).await;
    ended.result.map_err(|failure| {
        failure.hint_more(format!("`radiant-deploy start {name}` brings the old pods back"))
    })
}

/// Applies a revision otherwise than before, and keeps it so.
pub(super) async fn amend(
    cluster: &Cluster,
    change: &Change,
    manifest: &Value,
) -> Result<Value, Failure> {
    let object = cluster.apply(manifest, Apply::default()).await?;
    let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
    let revision = Revision { manifest: manifest.clone(), ..change.revision.clone() };
    revisions::rewrite(cluster, &revision, &Owner { name: &change.name, uid }).await?;
    Ok(object)
}

/// Waits until the pods of the revision serve.
pub(super) async fn wait(
    cluster: &Cluster,
    name: &str,
    object: &Value,
    args: &WaitingArgs,
    printer: &Printer,
) -> Ended {
    let following = Following {
        name,
        goal: Goal::Ready,
        revision: number(object).map(|number| number.to_string()),
        generation: object.pointer("/metadata/generation").and_then(Value::as_i64),
    };
    follow(cluster, following, args, printer).await
}

/// The revision that an object says that it is.
pub(super) fn number(object: &Value) -> Option<u32> {
    let text = object.pointer("/metadata/annotations/radiant.dev~1revision")?.as_str()?;
    text.parse().ok()
}

/// A revision that cannot serve, and what is to be done about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Broken<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) change: &'a Change,
    /// The revision that served before it.
    pub(super) before: Option<&'a Revision>,
    pub(super) on_failure: OnFailure,
}

/// Does what is to be done when a revision cannot serve, and says so in the failure.
pub(super) async fn recover(broken: Broken<'_>, failure: Failure, told: Told<'_>) -> Failure {
    let Broken { cluster, change, before, on_failure } = broken;
    let number = change.revision.number;
    if let Err(unsaid) = revisions::note(cluster, &change.name, number, Outcome::Failed).await {
        return failure
            .context(format!("and revision {number} could not be marked: {}", unsaid.text()));
    }
    let stays = format!("revision {number} stays as it is, to be looked at");
    match (on_failure, before) {
        // What stands beside a canary serves, and must not be stopped with it.
        (OnFailure::Stop, Some(before)) if change.is_beside() => {
            back(broken, before, failure, told).await
        }
        (OnFailure::Rollback, Some(before)) => back(broken, before, failure, told).await,
        (OnFailure::Rollback, None) => failure.hint_more(format!(
            "there is no earlier revision that served; {stays}. `radiant-deploy delete` removes it"
        )),
        (OnFailure::Keep, _) => failure.hint_more(stays),
        (OnFailure::Stop, _) => match stop(cluster, &change.name).await {
            Ok(()) => failure.context(format!("revision {number} failed, and is stopped")),
            Err(error) => failure.context(format!(
                "revision {number} failed, and could not be stopped: {}",
                error.text()
            )),
        },
    }
}

/// Brings the revision before back.
async fn back(
    Broken { cluster, change, .. }: Broken<'_>,
    before: &Revision,
    failure: Failure,
    told: Told<'_>,
) -> Failure {
    let number = change.revision.number;
    let earlier = before.number;
    match apply_again(cluster, &change.name, before, told).await {
        Ok(_) => failure
            .coded(Code::RolledBack)
            .context(format!("revision {number} failed, and revision {earlier} is back")),
        Err(error) => failure.context(format!(
            "revision {number} failed, and revision {earlier} could not be brought back: {}",
            error.text()
        )),
    }
}

/// Stops it as the command `stop` does, so that `start` gives it its pods back.
async fn stop(cluster: &Cluster, name: &str) -> Result<(), Failure> {
    let live = cluster.get::<SeldonObject>(name).await?;
    scale::take_pods(cluster, &live).await.map(drop)
}

/// Applies an earlier revision's manifest as it was.
async fn apply_again(
    cluster: &Cluster,
    name: &str,
    revision: &Revision,
    told: Told<'_>,
) -> Result<Value, Failure> {
    let how = Apply { is_forced: true, is_dry_run: false };
    let object = put(cluster, (name, &revision.manifest), how, told).await?;
    revisions::note(cluster, name, revision.number, Outcome::Deployed).await?;
    Ok(object)
}

/// Notes that a revision serves, and that those before it do not any more; forgets the oldest, and deletes
/// Secrets that nothing names then.
pub(super) async fn settle(
    cluster: &Cluster,
    name: &str,
    number: u32,
    keep: usize,
) -> Result<(), Failure> {
    let (mut all, _) = revisions::list(cluster, name).await?;
    for revision in &mut all {
        let outcome = match revision.outcome {
            _ if revision.number == number => Outcome::Deployed,
            Outcome::Deployed => Outcome::Superseded,
            other => other,
        };
        if outcome != revision.outcome {
            revisions::note(cluster, name, revision.number, outcome).await?;
            revision.outcome = outcome;
        }
    }
    revisions::forget(cluster, name, &all, keep).await?;
    let settled = crate::revision::find(&all, number);
    if let Some(deployment) = settled.and_then(|it| configured_name(&it.manifest)) {
        forget_secrets(cluster, deployment).await;
    }
    Ok(())
}

/// The name in the configuration, which Secrets have in their labels; the object's may be another.
fn configured_name(manifest: &Value) -> Option<&str> {
    manifest["metadata"]["labels"][NAME_LABEL].as_str()
}

/// Deletes Secrets that nothing names. What cannot be deleted stays for `secret gc`: the revision serves
/// all the same.
async fn forget_secrets(cluster: &Cluster, deployment: &str) {
    match super::secret::forget(cluster, deployment).await {
        Ok(deleted) => {
            for name in deleted {
                tracing::info!(secret = name, "deleted, as nothing names it");
            }
        }
        // Who has no business with Secrets has made none.
        Err(failure) if failure.code() == Some(Code::Forbidden) => {}
        Err(failure) => tracing::warn!("Secrets were not cleared away: {}", failure.summary()),
    }
}

/// An earlier revision as a new one: the same but for its number.
pub(super) fn again(
    earlier: &Revision,
    number: u32,
    applied: String,
    cause: Option<String>,
) -> Revision {
    let mut revision = Revision {
        number,
        outcome: Outcome::Pending,
        applied,
        change_cause: cause.or_else(|| Some(format!("rollback to revision {}", earlier.number))),
        ..earlier.clone()
    };
    renumber(&mut revision.manifest, number, &[MAIN]);
    revision
}

/// The revision to go back to, or why there is none.
pub(super) fn target(
    all: &[Revision],
    current: u32,
    wanted: Option<u32>,
) -> Result<&Revision, Failure> {
    let found = match wanted {
        Some(number) => crate::revision::find(all, number),
        None => crate::revision::predecessor(all, current),
    };
    found.ok_or_else(|| {
        let known = all.iter().map(|it| it.number.to_string()).collect::<Vec<_>>().join(", ");
        let wanted = wanted
            .map_or("an earlier revision that served".to_owned(), |it| format!("revision {it}"));
        let error = anyhow!("expected {wanted}, got only {known}");
        Failure::new(Code::NotFound, error).hint("`radiant-deploy history` lists what is kept")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u32, strategy: &str, predictors: &[&str]) -> Value {
        let predictors: Vec<Value> = predictors.iter().map(|name| json!({"name": name})).collect();
        let revision = number.to_string();
        let said = json!({"radiant.dev/revision": revision, "radiant.dev/strategy": strategy});
        json!({"metadata": {"annotations": said}, "spec": {"predictors": predictors}})
    }

    #[test]
    fn old_pods_go_first_where_they_are_replaced_and_the_strategy_says_so() {
        let live = object(1, "rolling", &["main"]);
        let cases = [
            (object(2, "recreate", &["main"]), true),
            (object(2, "rolling", &["main"]), false),
            (object(1, "recreate", &["main"]), false),
            (object(2, "recreate", &["main", "canary-2"]), false),
        ];
        for (manifest, expected) in cases {
            assert_eq!(takes_pods_first(&live, &manifest), expected, "{manifest}");
        }
        let both = object(2, "recreate", &["main", "canary-2"]);
        assert!(!takes_pods_first(&both, &object(1, "recreate", &["main"])), "a canary goes alone");
    }
}
