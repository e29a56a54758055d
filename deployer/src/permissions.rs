//! What this tool must be allowed in a namespace, by what it is used for.

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cluster::Access;
use crate::cluster::seldon::GROUP;

/// What the tool is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Feature {
    /// get, describe, status, wait, events, url
    View,
    /// logs
    Logs,
    /// apply, delete, scale, stop, start, rollback, promote, abort, traffic
    Deploy,
    /// Secrets with credentials of stores, as apply and delete handle them
    Secrets,
    /// predict, test and bench through the API server, and the gates of apply
    Predict,
    /// predict, test and bench through a tunnel (`--via pod`), which gRPC needs
    Tunnel,
    /// install and uninstall, in the namespace of the operator
    Install,
}

impl Feature {
    /// What is needed in a namespace of models.
    pub(crate) const OF_MODELS: [Self; 5] =
        [Self::View, Self::Logs, Self::Deploy, Self::Secrets, Self::Predict];

    fn rules(self) -> &'static [Rule] {
        const READ: &[&str] = &["get", "list", "watch"];
        const WRITE: &[&str] = &["get", "list", "create", "patch", "delete"];
        match self {
            Self::View => &[
                Rule { group: GROUP, resources: &["seldondeployments"], verbs: READ },
                Rule { group: "apps", resources: &["deployments", "replicasets"], verbs: READ },
                Rule { group: "", resources: &["pods", "events", "configmaps"], verbs: READ },
                Rule {
                    group: "autoscaling",
                    resources: &["horizontalpodautoscalers"],
                    verbs: READ,
                },
            ],
            Self::Logs => &[Rule { group: "", resources: &["pods/log"], verbs: &["get"] }],
            Self::Deploy => &[
                Rule {
                    group: GROUP,
                    resources: &["seldondeployments"],
                    verbs: &["create", "patch", "delete"],
                },
                Rule {
                    group: "",
                    resources: &["configmaps"],
                    verbs: &["create", "patch", "delete"],
                },
                Rule { group: "", resources: &["pods"], verbs: &["delete"] },
            ],
            Self::Secrets => &[Rule { group: "", resources: &["secrets"], verbs: WRITE }],
            Self::Predict => {
                &[Rule { group: "", resources: &["pods/proxy"], verbs: &["get", "create"] }]
            }
            // A websocket is opened by reading; newer clusters ask for both.
            Self::Tunnel => {
                &[Rule { group: "", resources: &["pods/portforward"], verbs: &["get", "create"] }]
            }
            Self::Install => {
                &[Rule { group: "", resources: &["configmaps"], verbs: &["get", "patch"] }]
            }
        }
    }

    /// The single permissions that it needs.
    pub(crate) fn accesses(self) -> Vec<Access> {
        let rules = self.rules().iter();
        let each = rules.flat_map(|rule| {
            rule.resources.iter().flat_map(move |resource| {
                let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                rule.verbs.iter().map(move |verb| Access {
                    verb,
                    group: rule.group,
                    resource,
                    subresource,
                })
            })
        });
        each.collect()
    }
}

struct Rule {
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

/// A Role with no more than these features need; rules for the same resources become one.
pub(crate) fn role(features: &[Feature], name: &str, namespace: &str) -> Value {
    let mut merged: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for rule in features.iter().flat_map(|feature| feature.rules()) {
        for resource in rule.resources {
            let known = merged.iter_mut().find(|it| it.0 == rule.group && it.1 == *resource);
            match known {
                Some((_, _, verbs)) => {
                    let more = rule.verbs.iter().filter(|verb| !verbs.contains(verb));
                    let more: Vec<&str> = more.copied().collect();
                    verbs.extend(more);
                }
                None => merged.push((rule.group, resource, rule.verbs.to_vec())),
            }
        }
    }
    let rules = merged.iter().map(|(group, resource, verbs)| {
        json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})
    });
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": namespace},
        "rules": rules.collect::<Vec<_>>(),
    })
}

/// A RoleBinding of that Role to somebody.
pub(crate) fn binding(subject: &Value, name: &str, namespace: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [subject],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_each_resource_once_and_all_that_its_features_need() {
        let role = role(&Feature::OF_MODELS, "deployer", "ml");
        let rules = role["rules"].as_array().unwrap();
        let has = |access: &Access| {
            let resource = match access.subresource {
                "" => access.resource.to_owned(),
                part => format!("{}/{part}", access.resource),
            };
            let mut of = rules.iter().filter(|rule| {
                rule["apiGroups"][0] == access.group && rule["resources"][0] == *resource
            });
            let rule = of.next().unwrap();
            assert!(of.next().is_none(), "{resource} is there twice");
            rule["verbs"].as_array().unwrap().contains(&access.verb.into())
        };
        for feature in Feature::OF_MODELS {
            assert!(feature.accesses().iter().all(has), "{feature:?}");
        }
        assert!(!role.to_string().contains('*'));
    }
}
