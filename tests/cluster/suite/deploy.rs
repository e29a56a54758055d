//! The deployer's own story: a model is deployed, replaced, tried beside itself, brought back and deleted.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::deployer::{Deployer, config, ended};
use crate::stand::{at, items, try_proxied};
use crate::web::{Page, model, other_model, web};

const REQUEST: &str = r#"{"data":{"ndarray":[[6.3,2.7,4.9,1.8]]}}"#;

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_model_is_deployed_replaced_tried_beside_itself_brought_back_and_deleted() {
    let address = web(BTreeMap::from([
        ("/1/model.onnx", Page::File(model())),
        ("/2/model.onnx", Page::File(other_model())),
    ]));
    let uri = |version: u32| format!("model.uri=http://{address}/{version}/model.onnx");
    let first = format!("http://{address}/1/model.onnx");
    let deployer = Deployer::new("deploy", &config("iris", "deploy", &first));
    let sdep = || deployer.namespace.get(&["sdep", "iris"]);
    let revision = |object: &Value| {
        at(object, "/metadata/annotations/radiant.dev~1revision").as_str().map(str::to_owned)
    };

    // Created, and the same again writes nothing.
    let (out, _) = deployer.ends(0, &["apply", "--timeout", "4m"]);
    assert!(out.contains("seldondeployment.machinelearning.seldon.io/iris created"), "{out}");
    assert!(out.contains("iris revision 1 ready in"), "{out}");
    let before = sdep();
    let (out, _) = deployer.ends(0, &["apply"]);
    assert!(out.contains("iris unchanged"), "{out}");
    assert_eq!(at(&sdep(), "/metadata/resourceVersion"), at(&before, "/metadata/resourceVersion"));
    deployer.ends(0, &["diff"]);
    let (out, _) = deployer.named(0, &["predict", "iris", "--raw", "-d", REQUEST]);
    assert!(out.contains("ndarray"), "{out}");
    let through_pod = ["predict", "iris", "--raw", "--via", "pod", "-d", REQUEST];
    assert_eq!(deployer.named(0, &through_pod).0, out);
    let (out, _) = deployer.named(0, &["get", "iris"]);
    assert!(out.contains("Ready"), "{out}");

    // A canary beside it, half of the traffic, and it takes over.
    let (out, _) =
        deployer.ends(0, &["apply", "--set", &uri(2), "--canary", "20", "--timeout", "4m"]);
    assert!(out.contains("iris revision 2 ready in"), "{out}");
    let names = |object: &Value| {
        let all = at(object, "/spec/predictors").as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|it| (it["name"].as_str().unwrap_or_default().to_owned(), it["traffic"].as_u64()))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&sdep()), [("main".to_owned(), Some(80)), ("canary-2".to_owned(), Some(20))]);
    let (_, err) = deployer.ends(4, &["apply"]);
    assert!(err.contains("`canary-2` is still beside the main model"), "{err}");
    deployer.named(0, &["traffic", "iris", "main=50", "canary=50", "--timeout", "4m"]);
    assert_eq!(names(&sdep())[1].1, Some(50));
    deployer.named(0, &["promote", "iris", "--timeout", "4m"]);
    assert_eq!(names(&sdep()), [("main".to_owned(), None)]);
    let (out, _) = deployer.named(0, &["history", "iris", "-o", "json"]);
    let history: Value = serde_json::from_str(&out).expect("JSON");
    let told: Vec<_> =
        items(&history).iter().map(|it| it["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["superseded", "deployed"], "{history:#}");

    // A model that is not there stops everything before anything is written.
    let before = sdep();
    deployer.ends(10, &["apply", "--set", &uri(3)]);
    assert_eq!(at(&sdep(), "/metadata/resourceVersion"), at(&before, "/metadata/resourceVersion"));

    // A golden request that is answered otherwise brings the revision before back.
    deployer.file("one.json", REQUEST);
    deployer.file("one.out.json", r#"{"data":{"ndarray":[[1,0,0]]}}"#);
    let tests = r#"tests=[{"request":"one.json","expect":"one.out.json"}]"#;
    let (_, err) =
        deployer.ends(7, &["apply", "--set", tests, "--set", &uri(1), "--timeout", "4m"]);
    assert!(err.contains("golden") && err.contains("revision 2 is back"), "{err}");
    assert_eq!(revision(&sdep()).as_deref(), Some("2"));

    // The first one again, under a number of its own.
    deployer.named(0, &["rollback", "iris", "1", "--timeout", "4m"]);
    assert_eq!(revision(&sdep()).as_deref(), Some("4"));
    deployer.named(0, &["delete", "iris"]);
    let left = deployer.namespace.get(&["sdep,pods,configmaps"]);
    let ours = items(&left).iter().filter(|it| {
        it["kind"] != "ConfigMap"
            || at(it, "/metadata/name").as_str().is_some_and(|name| name.starts_with("radiant."))
    });
    assert_eq!(ours.count(), 0, "{left:#}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_canary_grows_step_by_step_and_takes_over_or_goes() {
    let address = web(BTreeMap::from([
        ("/1/model.onnx", Page::File(model())),
        ("/2/model.onnx", Page::File(other_model())),
    ]));
    let mut config = config("iris", "steps", &format!("http://{address}/1/model.onnx"));
    config["rollout"] = json!({
        "strategy": "canary",
        "canary": {"steps": [20, 60], "hold": "2s", "abortWhen": {"errorRate": "1%"}},
    });
    let deployer = Deployer::new("steps", &config);
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let uri = format!("model.uri=http://{address}/2/model.onnx");
    let (_, err) = deployer.ends(0, &["apply", "--set", &uri, "--timeout", "4m"]);
    for told in
        ["canary-2 with 20% of the traffic", "canary-2 with 60%", "canary-2 is the main model"]
    {
        assert!(err.contains(told), "{told}: {err}");
    }
    let object = deployer.namespace.get(&["sdep", "iris"]);
    assert_eq!(at(&object, "/spec/predictors").as_array().map(Vec::len), Some(1), "{object:#}");
    assert_eq!(at(&object, "/spec/predictors/0/name"), "main");
    let (out, _) = deployer.named(0, &["history", "iris"]);
    assert!(out.contains("superseded") && out.contains("deployed"), "{out}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_canary_that_answers_with_errors_goes() {
    let address = web(BTreeMap::from([
        ("/1/model.onnx", Page::File(model())),
        ("/2/model.onnx", Page::File(other_model())),
    ]));
    let mut config = config("iris", "worse", &format!("http://{address}/1/model.onnx"));
    config["rollout"] = json!({
        "strategy": "canary",
        "canary": {"steps": [10], "hold": "2m", "abortWhen": {"errorRate": "1%"}},
    });
    let deployer = Deployer::new("worse", &config);
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let uri = format!("model.uri=http://{address}/2/model.onnx");
    // It has no time for most large requests, and the main model has.
    let hasty = "server.env.RADIANT_REQUEST_TIMEOUT=1ms";
    let args = ["apply", "--timeout", "4m", "--set", &uri, "--set", hasty];
    let mut child = deployer.command(&args).stderr(Stdio::piped()).spawn().expect("it starts");
    let pods = deployer.namespace.until(&["pods", "--selector=version=canary-2"], |pods| {
        at(pods, "/items/0/status/containerStatuses/0/ready") == true
    });
    let pod = at(&pods, "/items/0/metadata/name").as_str().expect("a name");
    let large = json!({"data": {"ndarray": vec![json!([6.3, 2.7, 4.9, 1.8]); 50_000]}}).to_string();
    let pod = format!("pods/{pod}:9000");
    while child.try_wait().expect("it is ours").is_none() {
        try_proxied(&deployer.namespace, &pod, "api/v1.0/predictions", &large);
    }
    let (_, err) = ended(7, &child.wait_with_output().expect("it ends"));
    for words in ["of its answers are errors, beyond 1%", "revision 1 is back"] {
        assert!(err.contains(words), "{words}: {err}");
    }
    let object = deployer.namespace.get(&["sdep", "iris"]);
    assert_eq!(at(&object, "/spec/predictors").as_array().map(Vec::len), Some(1), "{object:#}");
}
