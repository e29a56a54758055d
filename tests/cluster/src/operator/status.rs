//! The status of a SeldonDeployment, quirks included: no `observedGeneration`, reasons without
//! messages, `Creating` for as long as nothing is to run.

use serde_json::{Map, Value, json};

use super::plan::Plan;
use super::services;
use crate::event::now;
use crate::object::{list, text};

/// The kinds of conditions, besides that of all together.
const KINDS: [(&str, &str, &str); 7] = [
    ("DeploymentsReady", "All deployments are available", "Not all deployments are available"),
    ("ServicesReady", "All services created", "Not all services created"),
    ("KedaReady", "No KEDA resources defined", "KEDA resources not ready"),
    ("istioVirtualServicesReady", "No VirtualServices defined", "Not all VirtualServices created"),
    ("HpasReady", "No HPAs defined", "Not all HPAs created"),
    ("PdbsReady", "No PDBs defined", "Not all PDBs created"),
    ("AmbassadorMappingsReady", "No Ambassador Mappings defined", "Not all Mappings created"),
];
/// What is said of a Deployment that has given up.
const STUCK: &str = "Deployment is no longer progressing and not available.";

/// What was found of a plan's Deployments.
pub(crate) struct Found<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) deployments: &'a [Value],
}

impl Found<'_> {
    /// Whether everything runs as it is meant to.
    pub(crate) fn is_ready(&self) -> bool {
        self.deployments.len() == self.plan.deployments.len()
            && self.deployments.iter().all(|deployment| {
                let count = |field: &str| deployment["status"][field].as_i64().unwrap_or(0);
                count("readyReplicas") > 0 && count("unavailableReplicas") == 0
            })
    }

    fn is_stuck(&self) -> bool {
        self.deployments.iter().any(|deployment| {
            let is_false = |kind: &str| {
                let mut conditions = list(deployment, "/status/conditions").iter();
                conditions.any(|one| one["type"] == kind && one["status"] == "False")
            };
            is_false("Progressing") && is_false("Available")
        })
    }

    /// The status, of which `old` is the one before.
    pub(crate) fn status(&self, old: &Value) -> Value {
        let ready = self.is_ready();
        let (state, description) = match (ready, self.is_stuck()) {
            (true, _) => ("Available", ""),
            (false, true) => ("Failed", STUCK),
            (false, false) => ("Creating", ""),
        };
        let mut deployments = Map::new();
        for deployment in self.deployments {
            let name = text(deployment, "/metadata/name").unwrap_or_default();
            let mut counts = Map::new();
            for field in ["replicas", "availableReplicas"] {
                if let Some(count) = deployment["status"][field].as_i64().filter(|&count| count > 0)
                {
                    counts.insert(field.to_owned(), json!(count));
                }
            }
            deployments.insert(name.to_owned(), Value::Object(counts));
        }
        let services = self.plan.services.iter().map(|service| {
            let status = services::status(service);
            (text(&status, "/svcName").unwrap_or_default().to_owned(), status)
        });
        let replicas =
            self.deployments.first().and_then(|first| first["status"]["replicas"].as_i64());
        let mut status = json!({
            "state": state,
            "deploymentStatus": deployments,
            "serviceStatus": services.collect::<Map<_, _>>(),
            "replicas": replicas.unwrap_or(0),
            "address": {"url": self.plan.url},
            "conditions": conditions(old, ready),
        });
        if !description.is_empty() {
            status["description"] = json!(description);
        }
        status
    }
}

/// The status after a mistake, which keeps what was there.
pub(crate) fn failed(old: &Value, description: &str) -> Value {
    let mut status = if old.is_object() { old.clone() } else { json!({}) };
    status["state"] = json!("Failed");
    status["description"] = json!(description);
    status
}

fn conditions(old: &Value, ready: bool) -> Vec<Value> {
    let condition = |kind: &str, holds: bool, reason: Option<&str>| {
        let status = if holds { "True" } else { "False" };
        let before = list(old, "/conditions").iter().find(|one| one["type"] == kind);
        let since = before.filter(|one| one["status"] == status);
        let since = since.and_then(|one| text(one, "/lastTransitionTime")).map(str::to_owned);
        let mut condition = json!({
            "type": kind, "status": status, "lastTransitionTime": since.unwrap_or_else(now),
        });
        if let Some(reason) = reason {
            condition["reason"] = json!(reason);
        }
        condition
    };
    let mut conditions: Vec<Value> = KINDS
        .iter()
        .map(|(kind, good, bad)| {
            let holds = ready || *kind != "DeploymentsReady";
            condition(kind, holds, Some(if holds { good } else { bad }))
        })
        .collect();
    let reason = (!ready).then_some("Not all deployments are available");
    conditions.push(condition("Ready", ready, reason));
    conditions.sort_by_key(|one| one["type"].as_str().unwrap_or_default().to_owned());
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(deployment_status: &Value) -> Value {
        let plan = Plan { deployments: vec![json!({})], ..Plan::default() };
        let deployments = [json!({"metadata": {"name": "d"}, "status": deployment_status})];
        Found { plan: &plan, deployments: &deployments }.status(&Value::Null)
    }

    #[test]
    fn states_follow_the_deployments() {
        let (down, stuck) = (
            json!({"type": "Available", "status": "False"}),
            json!({"type": "Progressing", "status": "False"}),
        );
        let up = json!({"type": "Available", "status": "True"});
        let cases = [
            (json!({"readyReplicas": 1, "replicas": 1}), "Available"),
            (json!({"readyReplicas": 1, "unavailableReplicas": 1}), "Creating"),
            (json!({"replicas": 0}), "Creating"),
            (json!({"conditions": [down, stuck]}), "Failed"),
            // A failed update beside old pods is never told.
            (
                json!({"readyReplicas": 1, "unavailableReplicas": 1, "conditions": [up, stuck]}),
                "Creating",
            ),
        ];
        for (status, expected) in cases {
            assert_eq!(state(&status)["state"], expected, "{status}");
        }
    }

    #[test]
    fn no_condition_has_a_message_and_nothing_tells_the_generation() {
        let status = state(&json!({}));
        assert!(list(&status, "/conditions").iter().all(|one| one.get("message").is_none()));
        assert!(status.get("observedGeneration").is_none());
        assert_eq!(list(&status, "/conditions").len(), 8);
    }

    #[test]
    fn a_mistake_before_anything_was_there_leaves_no_conditions() {
        let status = failed(&Value::Null, "no");
        assert_eq!(status, json!({"state": "Failed", "description": "no"}));
    }
}
