//! What `apply` does besides: old pods that end first, what fails and is stopped, canaries that are paused,
//! and deployments that are in no file any more.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::deployer::{Deployer, config};
use crate::stand::{at, items};
use crate::web::{Page, model, other_model, web};

const REQUEST: &str = r#"{"data":{"ndarray":[[6.3,2.7,4.9,1.8]]}}"#;

/// Two versions of a model that are the same but for their bytes, behind a web server.
fn two_versions() -> [String; 2] {
    let address = web(BTreeMap::from([
        ("/1/model.onnx", Page::File(model())),
        ("/2/model.onnx", Page::File(other_model())),
    ]));
    ["1", "2"].map(|version| format!("http://{address}/{version}/model.onnx"))
}

fn deployer(namespace: &'static str, uri: &str, rollout: &Value) -> Deployer {
    let mut config = config("iris", namespace, uri);
    config["labels"] = json!({"team": "flowers"});
    config["rollout"] = rollout.clone();
    Deployer::new(namespace, &config)
}

/// The flag that names another model.
fn other(uri: &str) -> String {
    format!("model.uri={uri}")
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn old_pods_end_first_and_come_back_in_the_same_way() {
    let [first, second] = two_versions();
    let deployer = deployer("recreate", &first, &json!({"strategy": "recreate"}));
    let sdep = || deployer.namespace.get(&["sdep", "iris"]);
    let revision = || at(&sdep(), "/metadata/annotations/radiant.dev~1revision").clone();
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let apply = ["apply", "--timeout", "4m", "--set", &other(&second)];
    let (_, err) = deployer.ends(0, &apply);
    assert!(err.contains("the old pods end before new ones begin"), "{err}");
    assert_eq!(revision(), "2");
    assert_eq!(at(&sdep(), "/metadata/annotations/radiant.dev~1replicas"), &Value::Null);
    deployer.named(0, &["predict", "iris", "--raw", "-d", REQUEST]);

    // One that answers otherwise goes before the former pods come back.
    deployer.file("one.json", REQUEST);
    deployer.file("out.json", r#"{"data":{"ndarray":[[1,0,0]]}}"#);
    let tests = r#"tests=[{"request":"one.json","expect":"out.json"}]"#;
    let (_, err) = deployer.ends(7, &["apply", "--timeout", "4m", "--set", tests]);
    assert!(err.contains("revision 2 is back"), "{err}");
    deployer.named(0, &["wait", "iris", "--timeout", "4m"]);
    assert_eq!(revision(), "2");

    // Or it is stopped, and can be started to be looked at.
    let stop = "rollout.onFailure=stop";
    let apply = ["apply", "--timeout", "4m", "--set", tests, "--set", stop];
    let (_, err) = deployer.ends(11, &apply);
    assert!(err.contains("failed, and is stopped"), "{err}");
    deployer.named(0, &["wait", "iris", "--for", "phase=Stopped", "--timeout", "4m"]);
    deployer.named(0, &["start", "iris", "--wait", "--timeout", "4m"]);

    // What was stopped serves again where a check says that nothing new is to come.
    deployer.named(0, &["stop", "iris", "--wait", "--timeout", "4m"]);
    let (_, err) = deployer.ends(0, &["apply", "--if", "exit 1", "--timeout", "4m"]);
    assert!(err.contains("gets its pods back"), "{err}");
    deployer.named(0, &["delete", "iris"]);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_canary_is_paused_and_promoted_after_a_while_and_what_is_in_no_file_goes() {
    let [first, second] = two_versions();
    let deployer = deployer("paused", &first, &json!({}));
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    deployer.named(4, &["rollout", "pause", "iris"]);
    let canary = ["apply", "--canary", "20", "--timeout", "4m", "--set", &other(&second)];
    deployer.ends(0, &canary);
    deployer.named(0, &["rollout", "pause", "iris"]);
    deployer.named(4, &["promote", "iris"]);
    deployer.named(0, &["rollout", "resume", "iris"]);
    let promote = ["promote", "iris", "--after", "2s", "--slo", "errorRate=1%", "--timeout", "4m"];
    deployer.named(0, &promote);
    let object = deployer.namespace.get(&["sdep", "iris"]);
    assert_eq!(at(&object, "/spec/predictors").as_array().map(Vec::len), Some(1), "{object:#}");

    let prune = ["apply", "--prune", "--selector", "team=flowers", "--set", "name=rose"];
    let (_, err) = deployer.ends(2, &prune);
    assert!(err.contains("`paused/iris`"), "{err}");
    deployer.ends(0, &[&prune[..], &["--yes", "--timeout", "4m"]].concat());
    let left = deployer.namespace.get(&["sdep"]);
    let names = items(&left).iter().map(|it| at(it, "/metadata/name").clone());
    assert_eq!(names.collect::<Vec<_>>(), ["rose"]);
    deployer.named(0, &["delete", "rose"]);
}
