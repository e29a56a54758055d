//! A SeldonDeployment with all that was made of it: what several commands look at.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, SeldonObject, Selected};
use crate::error::{Code, Failure};
use crate::rollout::Observed;

/// A SeldonDeployment with all that was made of it.
#[derive(Debug, Clone)]
pub(super) struct Family {
    pub(super) sdep: SeldonObject,
    pub(super) deployments: Vec<Deployment>,
    pub(super) replica_sets: Vec<ReplicaSet>,
    pub(super) pods: Vec<Pod>,
    pub(super) autoscalers: Vec<HorizontalPodAutoscaler>,
    pub(super) events: Vec<Event>,
}

impl Family {
    /// Reads all of it; what may not be listed is left out, and told of.
    ///
    /// # Errors
    /// When the SeldonDeployment cannot be read.
    pub(super) async fn read(cluster: &Cluster, name: &str) -> Result<Self, Failure> {
        let sdep = cluster.get::<SeldonObject>(name).await?;
        let which = Selected::labels(selector(name));
        let all = Selected::default();
        let (deployments, replica_sets, pods, autoscalers, events) = tokio::join!(
            cluster.list::<Deployment>(&which),
            cluster.list::<ReplicaSet>(&which),
            cluster.list::<Pod>(&which),
            cluster.list::<HorizontalPodAutoscaler>(&all),
            cluster.list::<Event>(&all),
        );
        let mut family = Self {
            sdep,
            deployments: allowed(deployments)?,
            replica_sets: allowed(replica_sets)?,
            pods: allowed(pods)?,
            autoscalers: allowed(autoscalers)?,
            events: allowed(events)?,
        };
        family.keep_own();
        Ok(family)
    }

    /// What events tell of a deployment that is not there any more, if they tell of one.
    ///
    /// # Errors
    /// When they may not be listed.
    pub(super) async fn gone(cluster: &Cluster, name: &str) -> Result<Option<Self>, Failure> {
        let events = cluster.list::<Event>(&Selected::default()).await?;
        let living = allowed(cluster.list::<SeldonObject>(&Selected::default()).await)?;
        let living: Vec<&str> = living.iter().map(SeldonObject::name).collect();
        let mut family = Self {
            sdep: SeldonObject::named(cluster.namespace(), name),
            deployments: made_of(name, &events, &living),
            replica_sets: Vec::new(),
            pods: Vec::new(),
            autoscalers: Vec::new(),
            events,
        };
        family.keep_own();
        Ok((!family.events.is_empty()).then_some(family))
    }

    /// The same for whoever judges how it fares.
    pub(super) fn observed(&self, now: Timestamp) -> Observed {
        let (namespace, name) = (self.sdep.namespace(), self.sdep.name());
        Observed {
            sdep: Some(self.sdep.to_value()),
            deployments: self.deployments.clone(),
            replica_sets: self.replica_sets.clone(),
            pods: self.pods.clone(),
            events: self.events.clone(),
            ..Observed::nothing(namespace, name, now)
        }
    }

    /// Leaves out autoscalers and events of others.
    fn keep_own(&mut self) {
        let names: Vec<String> = self.deployments.iter().map(ResourceExt::name_any).collect();
        self.autoscalers.retain(|it| {
            let target = it.spec.as_ref().map(|spec| spec.scale_target_ref.name.as_str());
            target.is_some_and(|target| names.iter().any(|name| name == target))
        });
        let mut events = std::mem::take(&mut self.events);
        events.retain(|event| self.is_own(event));
        self.events = events;
    }

    /// Whether an event is of one of these objects, or of a pod of theirs that is gone.
    pub(super) fn is_own(&self, event: &Event) -> bool {
        let object = &event.involved_object;
        let name = object.name.as_deref().unwrap_or_default();
        let has = |mut names: Box<dyn Iterator<Item = String> + '_>| names.any(|own| own == name);
        match object.kind.as_deref().unwrap_or_default() {
            "SeldonDeployment" => name == self.sdep.name(),
            "Deployment" => has(Box::new(self.deployments.iter().map(ResourceExt::name_any))),
            "ReplicaSet" => {
                let parents = self.deployments.iter().map(ResourceExt::name_any);
                has(Box::new(self.replica_sets.iter().map(ResourceExt::name_any)))
                    || parents.into_iter().any(|parent| is_child(name, &parent, 1))
            }
            "Pod" => {
                let parents = self.deployments.iter().map(ResourceExt::name_any);
                has(Box::new(self.pods.iter().map(ResourceExt::name_any)))
                    || parents.into_iter().any(|parent| is_child(name, &parent, 2))
            }
            "HorizontalPodAutoscaler" => {
                has(Box::new(self.autoscalers.iter().map(ResourceExt::name_any)))
            }
            _ => false,
        }
    }
}

/// Whether a name is its parent's with as many words behind it, as controllers make them.
fn is_child(name: &str, parent: &str, n_words: usize) -> bool {
    let rest = name.strip_prefix(parent).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| rest.split('-').count() == n_words)
}

/// The Deployments of a SeldonDeployment that is gone, by the names that events know: the operator
/// calls them `<name>-<predictor>-<number>-<containers>`. Those of others whose names go on from this one
/// are left out.
fn made_of(name: &str, events: &[Event], living: &[&str]) -> Vec<Deployment> {
    let is_below = |made: &str, owner: &str| {
        made.strip_prefix(owner).is_some_and(|rest| rest.starts_with('-'))
    };
    let is_made = |made: &&str| {
        let words: Vec<&str> = made.split('-').collect();
        let rest = words.get(name.split('-').count()..).unwrap_or_default();
        let inner = rest.get(1..rest.len().saturating_sub(1)).unwrap_or_default();
        let is_numbered = inner.iter().any(|word| word.parse::<u32>().is_ok());
        let is_of_other = |other: &&&str| is_below(other, name) && is_below(made, other);
        is_below(made, name) && is_numbered && !living.iter().any(|other| is_of_other(&other))
    };
    let made: BTreeSet<&str> = events.iter().filter_map(made_for).filter(is_made).collect();
    let deployment = |name: &str| {
        let name = Some(name.to_owned());
        Deployment {
            metadata: ObjectMeta { name, ..ObjectMeta::default() },
            ..Deployment::default()
        }
    };
    made.into_iter().map(deployment).collect()
}

/// The Deployment that an event's object is, or was made for.
fn made_for(event: &Event) -> Option<&str> {
    let name = event.involved_object.name.as_deref()?;
    let n_words = match event.involved_object.kind.as_deref()? {
        "Deployment" => return Some(name),
        "ReplicaSet" => 1,
        "Pod" => 2,
        _ => return None,
    };
    name.rsplitn(n_words + 1, '-').nth(n_words)
}

/// What may not be listed is nothing, said once; other failures stay.
pub(super) fn allowed<T>(listed: Result<Vec<T>, Failure>) -> Result<Vec<T>, Failure> {
    match listed {
        Err(failure) if failure.code() == Some(Code::Forbidden) => {
            tracing::warn!("{}", failure.summary());
            Ok(Vec::new())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_of_the_family_also_when_their_pod_is_gone() {
        let named = |name: &str| json!({"metadata": {"name": name}});
        let family = Family {
            sdep: serde_json::from_value(named("fraud")).unwrap(),
            deployments: vec![serde_json::from_value(named("fraud-main-0-model")).unwrap()],
            replica_sets: Vec::new(),
            pods: vec![serde_json::from_value(named("odd")).unwrap()],
            autoscalers: Vec::new(),
            events: Vec::new(),
        };
        let cases = [
            ("SeldonDeployment", "fraud", true),
            ("SeldonDeployment", "fraud2", false),
            ("Deployment", "fraud-main-0-model", true),
            ("ReplicaSet", "fraud-main-0-model-5d9", true),
            ("Pod", "fraud-main-0-model-5d9-x2x", true),
            ("Pod", "fraud-main-0-model-b-5d9-x2x", false),
            ("Pod", "odd", true),
            ("Node", "fraud", false),
        ];
        for (kind, name, expected) in cases {
            let event = json!({"metadata": {}, "involvedObject": {"kind": kind, "name": name}});
            let event = serde_json::from_value(event).unwrap();
            assert_eq!(family.is_own(&event), expected, "{kind} {name}");
        }
    }

    #[test]
    fn deployments_that_are_gone_are_known_by_their_events() {
        let names = [
            ("Deployment", "fraud-main-0-model"),
            ("ReplicaSet", "fraud-canary-8-0-model-5d9"),
            ("Pod", "fraud-main-0-model-5d9-x2x"),
            // Of another that lives, of one that is no SeldonDeployment, and of nothing of the kind.
            ("Pod", "fraud-v2-main-0-model-5d9-x2x"),
            ("Pod", "fraud-api-5d9-x2x"),
            ("Deployment", "fraudulent-main-0-model"),
            ("Node", "fraud-main-0-model"),
        ];
        let events = names.map(|(kind, name)| {
            let event = json!({"metadata": {}, "involvedObject": {"kind": kind, "name": name}});
            serde_json::from_value(event).unwrap()
        });
        let made = made_of("fraud", &events, &["fraud-v2", "other"]);
        let made: Vec<String> = made.iter().map(ResourceExt::name_any).collect();
        assert_eq!(made, ["fraud-canary-8-0-model", "fraud-main-0-model"]);
    }
}
