//! Revisions in a cluster.

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use crate::cluster::{Cluster, Deletion, Selected};
use crate::error::{Code, Failure};
use crate::revision::{self, Outcome, Owner, Revision, RevisionError};

/// The revisions of a deployment, and what looks like one and is none.
///
/// # Errors
/// When they may not be listed.
pub(super) async fn list(
    cluster: &Cluster,
    name: &str,
) -> Result<(Vec<Revision>, Vec<RevisionError>), Failure> {
    let maps: Vec<ConfigMap> = cluster.list(&Selected::labels(revision::selector(name))).await?;
    let mut revisions = Vec::new();
    let mut foreign = Vec::new();
    for map in &maps {
        match revision::read(map) {
            Ok(revision) => revisions.push(revision),
            Err(error) => foreign.push(error),
        }
    }
    revisions.sort_by_key(|revision| revision.number);
    Ok((revisions, foreign))
}

/// Keeps a revision that is new.
///
/// # Errors
/// When it may not be written, or somebody else has written the same number meanwhile.
pub(super) async fn keep(
    cluster: &Cluster,
    revision: &Revision,
    owner: &Owner<'_>,
) -> Result<(), Failure> {
    let map = revision::config_map(revision, owner);
    cluster.create(&map).await.map(drop).map_err(|failure| match failure.code() {
        Some(Code::Conflict) => failure.hint(
            "somebody else applies the same deployment at this time: look at `history`, then try again",
        ),
        _ => failure,
    })
}

/// Writes a revision anew that is applied otherwise now.
///
/// # Errors
/// When it may not be written.
pub(super) async fn rewrite(
    cluster: &Cluster,
    revision: &Revision,
    owner: &Owner<'_>,
) -> Result<(), Failure> {
    let map = serde_json::to_value(revision::config_map(revision, owner));
    let map = map.map_err(anyhow::Error::from)?;
    let named = revision::name(owner.name, revision.number);
    cluster.patch::<ConfigMap>(&named, &map).await.map(drop)
}

/// Notes what became of a revision.
///
/// # Errors
/// When it may not be written.
pub(super) async fn note(
    cluster: &Cluster,
    name: &str,
    number: u32,
    outcome: Outcome,
) -> Result<(), Failure> {
    let patch = json!({"metadata": {"labels": {"radiant.dev/status": outcome.to_string()}}});
    cluster.patch::<ConfigMap>(&revision::name(name, number), &patch).await.map(drop)
}

/// Deletes the oldest, so that `keep` stay.
///
/// # Errors
/// When they may not be deleted.
pub(super) async fn forget(
    cluster: &Cluster,
    name: &str,
    revisions: &[Revision],
    keep: usize,
) -> Result<(), Failure> {
    for number in revision::stale(revisions, keep) {
        let named = revision::name(name, number);
        cluster.delete::<ConfigMap>(&named, &Deletion::default()).await?;
    }
    Ok(())
}
