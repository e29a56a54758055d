//! What the operator's stand-in does with SeldonDeployments in a cluster.

use serde_json::{Value, json};

use crate::stand::{Namespace, at, items, settings};

/// A SeldonDeployment whose containers open their port by other means than a model.
pub(crate) fn tools(name: &str, predictor: &str, script: &str) -> Value {
    json!({
        "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": {"name": name},
        "spec": {"predictors": [{
            "name": predictor, "replicas": 1, "annotations": {"seldon.io/no-engine": "true"},
            "graph": {"name": "model", "type": "MODEL"},
            "componentSpecs": [{"spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [{
                    "name": "model", "image": "tools:1", "command": ["/bin/sh", "-c", script],
                    "readinessProbe": {
                        "exec": {"command": ["/bin/cat", "/tmp/ready"]}, "periodSeconds": 1, "timeoutSeconds": 30,
                    },
                    "livenessProbe": {"exec": {"command": ["/bin/ls"]}, "timeoutSeconds": 30},
                    "lifecycle": {"preStop": {"exec": {"command": ["/bin/ls"]}}},
                }],
            }}],
        }]},
    })
}

const READY: &str = "echo > /tmp/ready; sleep 1000";
const NEVER: &str = "sleep 1000";

fn state(object: &Value) -> &Value {
    at(object, "/status/state")
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_deployment_becomes_available_and_says_where() {
    let namespace = Namespace::new("available");
    namespace.apply(&tools("flowers", "main", READY).to_string());
    let object = namespace.until(&["sdep", "flowers"], |object| state(object) == "Available");
    let counts = json!({"flowers-main-0-model": {"replicas": 1, "availableReplicas": 1}});
    assert_eq!(at(&object, "/status/deploymentStatus"), &counts);
    assert_eq!(at(&object, "/status/replicas"), 1);
    let url = "http://flowers-main.available.svc.cluster.local:9000/api/v1.0/predictions";
    assert_eq!(at(&object, "/status/address/url"), url);
    let deployment = namespace.get(&["deployment", "flowers-main-0-model"]);
    assert_eq!(at(&deployment, "/metadata/ownerReferences/0/kind"), "SeldonDeployment");
    let endpoints = namespace.until(&["endpoints", "flowers-main"], |one| {
        at(one, "/subsets/0/addresses/0/ip").is_string()
    });
    assert_eq!(at(&endpoints, "/subsets/0/ports/0/port"), 9000);
    namespace.kubectl(&["delete", "sdep", "flowers"]);
    namespace.until(&["pods"], |pods| items(pods).is_empty());
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn nothing_to_run_is_creating_for_ever() {
    let namespace = Namespace::new("stopped");
    let mut object = tools("flowers", "main", READY);
    object["spec"]["predictors"][0]["replicas"] = json!(0);
    namespace.apply(&object.to_string());
    namespace.until(&["deployment", "flowers-main-0-model"], |one| {
        at(one, "/status/observedGeneration") == 1
    });
    let object = namespace.until(&["sdep", "flowers"], |object| !state(object).is_null());
    assert_eq!(state(&object), "Creating");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn another_predictor_replaces_the_old_one_when_it_is_ready() {
    let namespace = Namespace::new("replaced");
    namespace.apply(&tools("flowers", "old", READY).to_string());
    namespace.until(&["sdep", "flowers"], |object| state(object) == "Available");
    namespace.apply(&tools("flowers", "new", NEVER).to_string());
    namespace.until(&["sdep", "flowers"], |object| state(object) == "Creating");
    namespace.until(&["pods"], |pods| {
        items(pods).iter().filter(|pod| at(pod, "/status/phase") == "Running").count() == 2
    });
    namespace.get(&["deployment", "flowers-old-0-model"]);
    namespace.apply(&tools("flowers", "new", READY).to_string());
    namespace.until(&["deployments"], |list| items(list).len() == 1);
    let left = namespace.get(&["deployments"]);
    assert_eq!(at(&left, "/items/0/metadata/name"), "flowers-new-0-model");
    namespace.until(&["services"], |list| items(list).len() == 2);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_deployment_that_gives_up_has_failed_without_a_message_in_its_conditions() {
    let namespace = Namespace::new("failed");
    let mut object = tools("flowers", "main", NEVER);
    object["spec"]["predictors"][0]["progressDeadlineSeconds"] = json!(2);
    namespace.apply(&object.to_string());
    let object = namespace.until(&["sdep", "flowers"], |object| state(object) == "Failed");
    let words = "Deployment is no longer progressing and not available.";
    assert_eq!(at(&object, "/status/description"), words);
    let conditions = at(&object, "/status/conditions").as_array().expect("conditions");
    assert!(conditions.iter().all(|condition| condition.get("message").is_none()));
    assert!(at(&object, "/status/observedGeneration").is_null());
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_server_is_found_in_the_settings_as_they_are_now() {
    let _ours = settings();
    let namespace = Namespace::new("servers");
    let object = json!({
        "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": {"name": "flowers"},
        "spec": {"predictors": [{
            "name": "main",
            "graph": {"name": "model", "implementation": "TOOLS_SERVER", "modelUri": "s3://b/m"},
            "componentSpecs": [{"spec": {"containers": [{"name": "model", "image": "tools:1"}]}}],
        }]},
    });
    // The webhook is content with an image, and the operator is not.
    namespace.apply(&object.to_string());
    let failed = namespace.until(&["sdep", "flowers"], |object| state(object) == "Failed");
    let words = "Failed to get server config for TOOLS_SERVER";
    assert_eq!(at(&failed, "/status"), &json!({"state": "Failed", "description": words}));
    namespace.until_event("InternalError", words);
    let servers = json!({"TOOLS_SERVER": {"protocols": {"seldon": {"image": "tools", "defaultImageVersion": "7"}}}});
    let patch = json!({"data": {"predictor_servers": servers.to_string()}});
    namespace.kubectl(&[
        "patch",
        "-n",
        "seldon-system",
        "configmap",
        "seldon-config",
        "-p",
        &patch.to_string(),
    ]);
    let found = namespace.until(&["sdep", "flowers"], |object| state(object) == "Creating");
    assert!(at(&found, "/status/description").is_null());
    let deployment = namespace.get(&["deployment", "flowers-main-0-model"]);
    let containers =
        at(&deployment, "/spec/template/spec/containers").as_array().expect("containers");
    assert_eq!(containers.len(), 2);
    // Nobody here has the image of the initializer.
    namespace.until_event(
        "Failed",
        "Failed to pull image \"seldonio/rclone-storage-initializer:1.17.1\"",
    );
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn the_webhook_refuses_with_the_field() {
    let namespace = Namespace::new("webhook");
    let mut object = tools("flowers", "main", READY);
    object["spec"]["predictors"][0]["graph"]["name"] = json!("clssifier");
    let refusal = namespace.apply_refused(&object);
    let words = "admission webhook \"v1.vseldondeployment.kb.io\" denied the request: \
                 SeldonDeployment.machinelearning.seldon.io \"flowers\" is invalid: spec.predictors[0].graph: \
                 Invalid value: \"clssifier\": Can't find container for Predictive Unit";
    assert!(refusal.contains(words), "{refusal}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn what_another_controller_is_for_has_no_status() {
    let namespace = Namespace::new("ignored");
    let mut object = tools("flowers", "main", READY);
    object["metadata"]["labels"] = json!({"seldon.io/controller-id": "other"});
    namespace.apply(&object.to_string());
    // One that came later is seen to, so the first one was passed over.
    namespace.apply(&tools("roses", "main", READY).to_string());
    namespace.until(&["sdep", "roses"], |object| state(object) == "Available");
    assert!(at(&namespace.get(&["sdep", "flowers"]), "/status").is_null());
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn what_the_cluster_refuses_is_told_in_the_status() {
    let namespace = Namespace::new("refusal");
    namespace.apply(&tools("flowers", "My Model", READY).to_string());
    let object = namespace.until(&["sdep", "flowers"], |object| state(object) == "Failed");
    let words = at(&object, "/status/description").as_str().expect("a description");
    assert!(words.contains("My Model"), "{words}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn two_predictors_run_side_by_side_each_behind_its_own_service() {
    let namespace = Namespace::new("canary");
    let mut object = tools("flowers", "main", READY);
    let mut canary = object["spec"]["predictors"][0].clone();
    canary["name"] = json!("canary-2");
    (object["spec"]["predictors"][0]["traffic"], canary["traffic"]) = (json!(90), json!(10));
    object["spec"]["predictors"].as_array_mut().expect("a list").push(canary);
    namespace.apply(&object.to_string());
    namespace.until(&["sdep", "flowers"], |object| state(object) == "Available");
    for predictor in ["main", "canary-2"] {
        let label = format!("--selector=seldon-app=flowers-{predictor}");
        let pods = namespace.get(&["pods", &label]);
        let address = at(&pods, "/items/0/status/podIP");
        let endpoints = namespace.until(&["endpoints", &format!("flowers-{predictor}")], |one| {
            at(one, "/subsets/0/addresses/0/ip") == address
        });
        assert_eq!(at(&endpoints, "/subsets/0/addresses").as_array().map(Vec::len), Some(1));
    }
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn an_update_keeps_the_old_pod_until_the_new_one_is_ready() {
    let namespace = Namespace::new("update");
    namespace.apply(&tools("flowers", "main", READY).to_string());
    namespace.until(&["sdep", "flowers"], |object| state(object) == "Available");
    namespace.apply(&tools("flowers", "main", NEVER).to_string());
    namespace.until(&["sdep", "flowers"], |object| state(object) == "Creating");
    namespace.until(&["pods"], |pods| {
        items(pods).iter().filter(|pod| at(pod, "/status/phase") == "Running").count() == 2
    });
    // Its probe may miss once where everything is slow.
    namespace.until(&["deployment", "flowers-main-0-model"], |one| {
        at(one, "/status/availableReplicas") == 1
    });
    namespace.apply(&tools("flowers", "main", READY).to_string());
    namespace.until(&["sdep", "flowers"], |object| state(object) == "Available");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_quota_keeps_pods_from_being_made() {
    let namespace = Namespace::new("quota");
    namespace.kubectl(&["create", "quota", "none", "--hard=pods=0"]);
    namespace.until(&["quota", "none"], |quota| at(quota, "/status/hard/pods") == "0");
    namespace.apply(&tools("flowers", "main", READY).to_string());
    namespace.until_event("FailedCreate", "exceeded quota: none");
    namespace.until(&["deployment", "flowers-main-0-model"], |one| {
        let conditions = at(one, "/status/conditions").as_array();
        conditions.into_iter().flatten().any(|one| one["type"] == "ReplicaFailure")
    });
}
