//! A model that is served, from its manifest to its end, told by `kubectl` and `curl`.

use std::path::Path;

use serde_json::{Value, json};

use crate::stand::{Namespace, at, items, proxied};

/// A request, and what the model says to it.
const REQUEST: &str = r#"{"data":{"ndarray":[[6.3,2.7,4.9,1.8]]}}"#;

fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).display().to_string()
}

/// Puts the model where the manifests in `k8s/` expect it.
fn give_model(namespace: &Namespace) {
    let file = format!("--from-file={}", repository("tests/models/iris/model.onnx"));
    namespace.kubectl(&["create", "configmap", "iris-model", &file]);
}

/// The manifest of the model.
fn manifest() -> Value {
    let text = std::fs::read_to_string(repository("k8s/seldondeployment-iris.yaml"));
    serde_saphyr::from_str(&text.expect("our own manifest")).expect("our own manifest")
}

/// The name of the only pod.
fn pod(namespace: &Namespace) -> String {
    let pods = namespace.until(&["pods"], |pods| items(pods).len() == 1);
    at(&pods, "/items/0/metadata/name").as_str().expect("a name").to_owned()
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_manifest_becomes_a_server_that_answers_and_ends_in_peace() {
    let namespace = Namespace::new("story");
    give_model(&namespace);
    namespace.kubectl(&["apply", "-f", &repository("k8s/seldondeployment-iris.yaml")]);
    namespace.until(&["sdep", "iris"], |object| at(object, "/status/state") == "Available");
    let pod = pod(&namespace);
    let answer = proxied(&namespace, &format!("pods/{pod}:9000"), "api/v1.0/predictions", REQUEST);
    assert_eq!(at(&answer, "/data/ndarray/0").as_array().map(Vec::len), Some(3), "{answer}");
    let answer = proxied(&namespace, "services/iris-default:http", "api/v1.0/predictions", REQUEST);
    assert!(
        at(&answer, "/data/ndarray/0/2").as_f64().is_some_and(|chance| chance > 0.5),
        "{answer}"
    );
    let log = namespace.kubectl(&["logs", &pod]);
    assert!(log.contains("ready"), "{log}");
    namespace.kubectl(&["delete", "sdep", "iris"]);
    namespace.until(&["pods"], |pods| items(pods).is_empty());
    // The image has a shell as far as the operator's hook needs one, so it did not fail.
    let events = namespace.get(&["events"]);
    let failed = items(&events).iter().find(|event| event["reason"] == "FailedPreStopHook");
    assert_eq!(failed, None);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn an_orchestrator_hands_requests_to_the_server() {
    let namespace = Namespace::new("engine");
    give_model(&namespace);
    let mut object = manifest();
    object["spec"]["predictors"][0]["annotations"] = json!({});
    namespace.apply(&object.to_string());
    namespace.until(&["sdep", "iris"], |object| at(object, "/status/state") == "Available");
    let pod = pod(&namespace);
    let answer = proxied(&namespace, &format!("pods/{pod}:8000"), "api/v1.0/predictions", REQUEST);
    assert_eq!(at(&answer, "/data/ndarray/0").as_array().map(Vec::len), Some(3), "{answer}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_server_without_its_model_says_why_in_its_last_word() {
    let namespace = Namespace::new("wrong");
    namespace.kubectl(&["create", "configmap", "iris-model", "--from-literal=model.onnx=nonsense"]);
    namespace.kubectl(&["apply", "-f", &repository("k8s/seldondeployment-iris.yaml")]);
    let pod = pod(&namespace);
    let last = "/status/containerStatuses/0/lastState/terminated";
    let pod = namespace.until(&["pod", &pod], |pod| at(pod, last).is_object());
    let ended = at(&pod, last);
    assert_eq!(ended["reason"], "Error", "{ended}");
    assert!(
        ended["message"].as_str().is_some_and(|message| message.contains("model.onnx")),
        "{ended}"
    );
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_wrong_path_of_a_probe_keeps_the_pod_from_being_ready() {
    let namespace = Namespace::new("probe");
    give_model(&namespace);
    let mut object = manifest();
    let container =
        &mut object["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0];
    container["readinessProbe"]["httpGet"]["path"] = json!("/nowhere");
    namespace.apply(&object.to_string());
    namespace
        .until_event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404");
    let pods = namespace.get(&["pods"]);
    assert_eq!(at(&pods, "/items/0/status/containerStatuses/0/ready"), false);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn the_server_fetches_models_for_itself_or_says_what_is_missing() {
    let namespace = Namespace::new("initializer");
    give_model(&namespace);
    let mut object = manifest();
    let graph = &mut object["spec"]["predictors"][0]["graph"];
    graph["modelUri"] = json!("file:///nowhere");
    graph["storageInitializerImage"] = json!("radiant:1");
    namespace.apply(&object.to_string());
    let before = "/items/0/status/initContainerStatuses/0";
    let pods =
        namespace.until(&["pods"], |pods| at(pods, before)["lastState"]["terminated"].is_object());
    let ended = &at(&pods, before)["lastState"]["terminated"];
    assert_eq!(at(&pods, before)["name"], "classifier-model-initializer");
    assert!(
        ended["message"].as_str().is_some_and(|message| message.contains("nowhere")),
        "{ended}"
    );
}
