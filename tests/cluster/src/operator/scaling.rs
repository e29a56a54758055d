//! What scales a component, or keeps its pods: autoscalers and disruption budgets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::plan::Owner;
use super::spec::Component;
use crate::object::text;

/// Both, as far as the component asks for them. A component with KEDA's has no autoscaler.
pub(crate) fn all(owner: Owner<'_>, component: &Component, deployment: &Value) -> Vec<Value> {
    let name = text(deployment, "/metadata/name").unwrap_or_default();
    let labels = BTreeMap::from([("seldon-deployment-id".to_owned(), owner.id())]);
    let metadata = owner.metadata(name, &labels, &BTreeMap::new());
    let autoscaler = component.hpa_spec.as_ref().filter(|_| component.keda_spec.is_none());
    let autoscaler = autoscaler.map(|hpa| {
        let (version, metrics) = match &hpa["metricsv2"] {
            Value::Null => ("autoscaling/v2beta1", &hpa["metrics"]),
            metrics => ("autoscaling/v2beta2", metrics),
        };
        json!({
            "apiVersion": version, "kind": "HorizontalPodAutoscaler", "metadata": metadata,
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": hpa["minReplicas"], "maxReplicas": hpa["maxReplicas"], "metrics": metrics,
            },
        })
    });
    let budget = component.pdb_spec.as_ref().map(|pdb| {
        let mut spec = pdb.clone();
        spec["selector"] = deployment["spec"]["selector"].clone();
        json!({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec})
    });
    autoscaler.into_iter().chain(budget).collect()
}
