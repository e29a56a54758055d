//! What a cluster shows of one deployment, at one moment.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

/// What a cluster shows of one deployment, at one moment.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The namespace.
    pub namespace: String,
    /// The SeldonDeployment's name.
    pub name: String,
    /// The SeldonDeployment, if it is there.
    pub sdep: Option<Value>,
    /// The Deployments that the operator has made of it.
    pub deployments: Vec<Deployment>,
    /// Their ReplicaSets.
    pub replica_sets: Vec<ReplicaSet>,
    /// Their pods.
    pub pods: Vec<Pod>,
    /// Events of the namespace; those of other objects are passed over.
    pub events: Vec<Event>,
    /// What lies around it, as far as anybody has looked.
    pub surroundings: Surroundings,
    /// The cluster's time.
    pub now: Timestamp,
}

impl Observed {
    /// Nothing of that name.
    pub fn nothing(namespace: &str, name: &str, now: Timestamp) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            sdep: None,
            deployments: Vec::new(),
            replica_sets: Vec::new(),
            pods: Vec::new(),
            events: Vec::new(),
            surroundings: Surroundings::default(),
            now,
        }
    }
}

/// What decides whether an operator looks at a deployment at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The labels of the namespace, where they may be read.
    pub namespace_labels: Option<BTreeMap<String, String>>,
    /// The operators of the cluster, where they may be listed.
    pub operators: Option<Vec<Operator>>,
}

/// Seldon Core's operator, as its Deployment shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The namespace that it runs in.
    pub namespace: String,
    /// How many of its pods are available.
    pub available: i32,
    /// The only namespace that it looks at, if it does not look at all.
    pub watches: Option<String>,
    /// The only objects that it looks at: those with this `seldon.io/controller-id`.
    pub controller_id: Option<String>,
}
