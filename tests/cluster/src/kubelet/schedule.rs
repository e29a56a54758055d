//! The scheduler: which pods the node takes, and why it does not take the others.

use std::collections::BTreeMap;

use anyhow::Result;
use k8s_openapi::api::core::v1::{Container, PersistentVolumeClaim, Pod};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

use super::node;
use crate::event::{Recorder, now};
use crate::quantity::number;

/// Amounts by resource.
type Amounts = BTreeMap<String, f64>;

/// Binds pods to the node.
pub(crate) struct Scheduler {
    client: Client,
    recorder: Recorder,
    capacity: Amounts,
}

impl Scheduler {
    pub(crate) fn new(client: Client, capacity: &BTreeMap<String, String>) -> Self {
        let recorder = Recorder::new(client.clone(), "default-scheduler", None);
        let amounts = capacity.iter().map(|(name, quantity)| (name.clone(), number(quantity)));
        Self { client, recorder, capacity: amounts.collect() }
    }

    /// Looks at all pods that wait, oldest first.
    pub(crate) async fn look(&self) -> Result<()> {
        let pods = Api::<Pod>::all(self.client.clone()).list(&ListParams::default()).await?.items;
        let (bound, mut waiting): (Vec<_>, Vec<_>) =
            pods.into_iter().partition(|pod| node_of(pod).is_some());
        let mut used = Amounts::new();
        for pod in bound.iter().filter(|pod| !has_ended(pod)) {
            add(&mut used, requests(pod));
        }
        waiting.sort_by_key(|pod| pod.metadata.creation_timestamp.clone());
        for pod in waiting.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()) {
            let faults = self.faults(pod, &used).await?;
            if faults.is_empty() {
                add(&mut used, requests(pod));
                self.bind(pod).await?;
            } else {
                self.refuse(pod, &format!("0/1 nodes are available: {}.", faults.join(", ")))
                    .await?;
            }
        }
        Ok(())
    }

    /// Why the node does not take a pod.
    async fn faults(&self, pod: &Pod, used: &Amounts) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        for (name, amount) in requests(pod) {
            let free = self.capacity.get(&name).unwrap_or(&0.0) - used.get(&name).unwrap_or(&0.0);
            if amount > free {
                faults.push(format!("1 Insufficient {name}"));
            }
        }
        let Some(spec) = &pod.spec else { return Ok(faults) };
        let has = |label: &str, value: &str| node::LABELS.contains(&(label, value));
        if spec.node_selector.iter().flatten().any(|(label, value)| !has(label, value)) {
            faults.push("1 node(s) didn't match Pod's node affinity".to_owned());
        }
        let claims: Api<PersistentVolumeClaim> =
            Api::namespaced(self.client.clone(), &namespace(pod));
        for volume in spec.volumes.iter().flatten() {
            let Some(claim) = &volume.persistent_volume_claim else { continue };
            if claims.get_opt(&claim.claim_name).await?.is_none() {
                faults.push(format!("1 persistentvolumeclaim {:?} not found", claim.claim_name));
            }
        }
        Ok(faults)
    }

    async fn bind(&self, pod: &Pod) -> Result<()> {
        let (name, namespace) = (pod.name_any(), namespace(pod));
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, "namespace": namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node::NAME},
        });
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &namespace);
        let bound: Value =
            pods.create_subresource("binding", &name, &PostParams::default(), &binding).await?;
        drop(bound);
        let words = format!("Successfully assigned {namespace}/{name} to {}", node::NAME);
        self.recorder.normal(&object(pod), "Scheduled", &words).await;
        Ok(())
    }

    async fn refuse(&self, pod: &Pod, words: &str) -> Result<()> {
        let status = pod.status.as_ref();
        let mut conditions =
            status.and_then(|status| status.conditions.as_ref()).into_iter().flatten();
        if conditions
            .any(|one| one.type_ == "PodScheduled" && one.message.as_deref() == Some(words))
        {
            return Ok(());
        }
        let condition = json!({
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words,
            "lastTransitionTime": now(),
        });
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &namespace(pod));
        let patch = Patch::Strategic(json!({"status": {"conditions": [condition]}}));
        pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await?;
        self.recorder.warning(&object(pod), "FailedScheduling", words).await;
        Ok(())
    }
}

/// The node that a pod is bound to.
pub(crate) fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// The namespace of a pod.
pub(crate) fn namespace(pod: &Pod) -> String {
    pod.namespace().unwrap_or_default()
}

/// What events say of whom they are about.
pub(crate) fn object(pod: &Pod) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": pod.name_any(), "namespace": pod.namespace(), "uid": pod.uid()},
    })
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// What a pod asks for: its containers together, or the largest of those that run before.
fn requests(pod: &Pod) -> Amounts {
    let Some(spec) = &pod.spec else { return Amounts::new() };
    let of = |container: &Container| -> Amounts {
        let resources = container.resources.as_ref();
        let requests = resources.and_then(|resources| resources.requests.as_ref());
        requests
            .into_iter()
            .flatten()
            .map(|(name, quantity)| (name.clone(), number(&quantity.0)))
            .collect()
    };
    let mut sum = Amounts::from([("pods".to_owned(), 1.0)]);
    spec.containers.iter().for_each(|container| add(&mut sum, of(container)));
    for (name, amount) in spec.init_containers.iter().flatten().flat_map(of) {
        let most = sum.entry(name).or_default();
        *most = most.max(amount);
    }
    sum
}

fn add(sum: &mut Amounts, amounts: Amounts) {
    for (name, amount) in amounts {
        *sum.entry(name).or_default() += amount;
    }
}
