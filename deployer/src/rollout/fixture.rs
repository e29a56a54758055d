//! A deployment as a cluster would show it, for tests to change.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, Pod};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::observed::Observed;
use super::phase::{Expected, Status, phase_of};

/// The time of all stages.
pub(super) const NOW: &str = "2026-10-01T10:10:00Z";
/// Ten minutes before.
pub(super) const THEN: &str = "2026-10-01T10:00:00Z";

/// What is observed, with shortcuts to change it.
pub(super) struct Stage {
    pub(super) observed: Observed,
}

pub(super) fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the fixture has the form of its type")
}

/// Lays `patch` over `base`: objects by key, all else as a whole.
pub(super) fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

fn patched<T: Serialize + DeserializeOwned>(object: &T, patch: Value) -> T {
    let mut value = serde_json::to_value(object).expect("it is JSON");
    merge(&mut value, patch);
    of(value)
}

impl Stage {
    /// `fraud` in `ml`: revision 7, two pods that serve.
    pub(super) fn ready() -> Self {
        let now = NOW.parse().expect("it is a time");
        let mut observed = Observed::nothing("ml", "fraud", now);
        observed.sdep = Some(json!({
            "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
            "metadata": {
                "name": "fraud", "namespace": "ml", "uid": "s1", "generation": 7,
                "creationTimestamp": THEN,
                "annotations": {"radiant.dev/revision": "7", "radiant.dev/model-uri": "s3://models/fraud"},
            },
            "spec": {"name": "fraud", "replicas": 2, "predictors": [{
                "name": "main", "graph": {"name": "model", "type": "MODEL"},
                "componentSpecs": [{
                    "metadata": {"annotations": {"radiant.dev/revision": "7"}},
                    "spec": {"containers": [{"name": "model", "image": "radiant:1"}]},
                }],
            }]},
            "status": {"state": "Available", "address": {"url": "http://fraud-main.ml/api/v1.0/predictions"},
                       "conditions": [{"type": "Ready", "status": "True"}]},
        }));
        observed.deployments = vec![of(json!({
            "metadata": {
                "name": "fraud-main-0-model", "uid": "d1", "generation": 3, "creationTimestamp": THEN,
                "labels": {"seldon-deployment-id": "fraud", "seldon-app": "fraud-main"},
                "annotations": {"deployment.kubernetes.io/revision": "2"},
            },
            "spec": {"replicas": 2, "selector": {}, "template": {
                "metadata": {"annotations": {"radiant.dev/revision": "7"}},
                "spec": {"containers": [{"name": "model", "image": "radiant:1"}]},
            }},
            "status": {
                "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                "availableReplicas": 2, "conditions": [
                    {"type": "Available", "status": "True"},
                    {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                ],
            },
        }))];
        observed.replica_sets = vec![
            set("r6", "fraud-main-0-model-66", "1", 0),
            set("r7", "fraud-main-0-model-77", "2", 2),
        ];
        observed.pods = vec![pod("fraud-a", "r7", "7"), pod("fraud-b", "r7", "7")];
        Self { observed }
    }

    /// The same in the middle of a rollout: no new pod is ready.
    pub(super) fn rolling() -> Self {
        let mut stage = Self::ready();
        stage.sdep()["status"] = json!({"state": "Creating", "conditions": []});
        stage.deployment(json!({"status": {
            "readyReplicas": 0, "availableReplicas": 0, "unavailableReplicas": 2,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}],
        }}));
        for idx in 0..2 {
            stage.container(idx, json!({"ready": false}));
            stage.pod(
                idx,
                json!({"status": {"conditions": [
                    {"type": "PodScheduled", "status": "True", "lastTransitionTime": THEN},
                    {"type": "Ready", "status": "False"},
                ]}}),
            );
        }
        stage
    }

    pub(super) fn sdep(&mut self) -> &mut Value {
        self.observed.sdep.as_mut().expect("there is one")
    }

    pub(super) fn deployment(&mut self, patch: Value) {
        self.observed.deployments[0] = patched(&self.observed.deployments[0], patch);
    }

    pub(super) fn replica_set(&mut self, patch: Value) {
        self.observed.replica_sets[1] = patched(&self.observed.replica_sets[1], patch);
    }

    pub(super) fn pod(&mut self, idx: usize, patch: Value) {
        self.observed.pods[idx] = patched(&self.observed.pods[idx], patch);
    }

    /// Changes the status of a pod's container `model`.
    pub(super) fn container(&mut self, idx: usize, patch: Value) {
        let mut status = json!({"name": "model", "image": "radiant:1", "imageID": "", "ready": true, "restartCount": 0});
        if patch.get("state").is_none() {
            status["state"] = json!({"running": {"startedAt": THEN}});
        }
        merge(&mut status, patch);
        self.pod(idx, json!({"status": {"containerStatuses": [status]}}));
    }

    /// Gives a pod a storage initializer with this status.
    pub(super) fn init(&mut self, idx: usize, patch: Value) {
        let mut status = json!({"name": "model-model-initializer", "image": "rclone:1", "imageID": "", "ready": false, "restartCount": 0});
        merge(&mut status, patch);
        self.pod(idx, json!({"status": {"initContainerStatuses": [status]}}));
    }

    /// Lets something be said of a pod.
    pub(super) fn say(&mut self, pod: &str, reason: &str, message: &str, at: &str) {
        self.event(("Pod", pod), reason, message, at);
    }

    pub(super) fn event(
        &mut self,
        (kind, name): (&str, &str),
        reason: &str,
        message: &str,
        at: &str,
    ) {
        let place = message.contains("probe").then_some("spec.containers{model}");
        let kind_of = if reason.starts_with("Successful") || reason == "Pulling" {
            "Normal"
        } else {
            "Warning"
        };
        let event: Event = of(json!({
            "metadata": {"name": format!("{name}.{}", self.observed.events.len())},
            "involvedObject": {"kind": kind, "name": name, "fieldPath": place},
            "type": kind_of, "reason": reason, "message": message,
            "firstTimestamp": at, "lastTimestamp": at, "count": 1,
        }));
        self.observed.events.push(event);
    }

    /// Adds a pod of the revision before.
    pub(super) fn add_former_pod(&mut self, name: &str) {
        self.observed.pods.push(pod(name, "r6", "6"));
    }

    pub(super) fn set_template_revision(deployment: &mut Deployment, revision: &str) {
        let patch = json!({"spec": {"template": {"metadata": {"annotations": {"radiant.dev/revision": revision}}}}});
        *deployment = patched(deployment, patch);
    }

    pub(super) fn status(&self) -> Status {
        phase_of(&self.observed, &Expected::default())
    }
}

fn set<T: DeserializeOwned>(uid: &str, name: &str, number: &str, replicas: i32) -> T {
    of(json!({
        "metadata": {
            "name": name, "uid": uid, "creationTimestamp": THEN,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud-main-0-model", "uid": "d1"}],
            "annotations": {"deployment.kubernetes.io/revision": number},
        },
        "spec": {"replicas": replicas, "selector": {}},
        "status": {"replicas": replicas},
    }))
}

/// A pod that serves.
fn pod(name: &str, set: &str, revision: &str) -> Pod {
    of(json!({
        "metadata": {
            "name": name, "uid": name, "creationTimestamp": THEN,
            "labels": {"seldon-deployment-id": "fraud", "seldon-app": "fraud-main"},
            "annotations": {"radiant.dev/revision": revision},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": set}],
        },
        "spec": {"nodeName": "node-1", "containers": [{
            "name": "model", "image": "radiant:1",
            "ports": [{"name": "http", "containerPort": 9000}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "timeoutSeconds": 2},
            "resources": {"requests": {"cpu": "4"}, "limits": {"memory": "256Mi"}},
        }]},
        "status": {
            "phase": "Running", "podIP": "10.0.0.7",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": THEN},
                {"type": "Ready", "status": "True"},
            ],
            "containerStatuses": [{
                "name": "model", "image": "radiant:1", "imageID": "", "ready": true, "restartCount": 0,
                "state": {"running": {"startedAt": THEN}},
            }],
        },
    }))
}
