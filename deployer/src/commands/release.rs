//! Bringing a manifest into the cluster as a revision, and following it to its end.
//!
//! What is written, in this order: the Secret, the SeldonDeployment, the Secret's owner, the revision.
//! A process that ends in between leaves a deployment that works and a revision `pending`, and the next
//! `apply` of the same goes on from there.

use anyhow::anyhow;
use k8s_openapi::api::core::v1;
use serde_json::{Value, json};

use super::revisions;
use super::waiting::{Following, follow};
use crate::cli::WaitingArgs;
use crate::cluster::{Apply, Cluster};
use crate::config::OnFailure;
use crate::credentials::SecretObject;
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::revision::{Outcome, Owner, Revision};
use crate::rollout::{Ended, Goal};
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

/// Writes it. Gives the object as it is afterwards.
pub(super) async fn write(
    cluster: &Cluster,
    change: &Change,
    how: Apply,
) -> Result<Value, Failure> {
    if let Some(secret) = &change.secret {
        match cluster.create::<v1::Secret>(secret.expose()).await {
            // Its name is the hash of what is in it.
            Err(failure) if failure.code() == Some(Code::Conflict) => {}
            result => drop(result?),
        }
    }
    let object = cluster.apply(&change.revision.manifest, how).await?;
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

/// Does what is to be done when a revision cannot serve, and says so in the failure.
pub(super) async fn recover(
    cluster: &Cluster,
    change: &Change,
    before: Option<&Revision>,
    on_failure: OnFailure,
    failure: Failure,
) -> Failure {
    let number = change.revision.number;
    if let Err(unsaid) = revisions::note(cluster, &change.name, number, Outcome::Failed).await {
        return failure
            .context(format!("and revision {number} could not be marked: {}", unsaid.text()));
    }
    let stays = format!("revision {number} stays as it is, to be looked at");
    match (on_failure, before) {
        (OnFailure::Rollback, Some(before)) => {
            let back = apply_again(cluster, &change.name, before).await;
            match back {
                Ok(_) => failure.coded(Code::RolledBack).context(format!(
                    "revision {number} failed, and revision {} is back",
                    before.number
                )),
                Err(error) => failure.context(format!(
                    "revision {number} failed, and revision {} could not be brought back: {}",
                    before.number,
                    error.text()
                )),
            }
        }
        (OnFailure::Rollback, None) => failure.hint_more(format!(
            "there is no earlier revision that served; {stays}. `radiant-deploy delete` removes it"
        )),
        (OnFailure::Keep, _) => failure.hint_more(stays),
        (OnFailure::Stop, _) => {
            let patch = json!({"spec": {"replicas": 0}});
            let stopped = cluster.patch::<crate::cluster::SeldonObject>(&change.name, &patch).await;
            match stopped {
                Ok(_) => failure.context(format!("revision {number} failed, and is stopped")),
                Err(error) => failure.context(format!(
                    "revision {number} failed, and could not be stopped: {}",
                    error.text()
                )),
            }
        }
    }
}

/// Applies an earlier revision's manifest as it was.
async fn apply_again(cluster: &Cluster, name: &str, revision: &Revision) -> Result<Value, Failure> {
    let how = Apply { is_forced: true, is_dry_run: false };
    let object = cluster.apply(&revision.manifest, how).await?;
    revisions::note(cluster, name, revision.number, Outcome::Deployed).await?;
    Ok(object)
}

/// Notes that a revision serves, and that those before it do not any more; forgets the oldest.
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
    revisions::forget(cluster, name, &all, keep).await
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
        let wanted = wanted.map_or("an earlier one that served".to_owned(), |it| it.to_string());
        let error = anyhow!("expected revision {wanted}, got only {known}");
        Failure::new(Code::NotFound, error).hint("`radiant-deploy history` lists what is kept")
    })
}
