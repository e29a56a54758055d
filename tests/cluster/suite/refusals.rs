//! What the cluster refuses, and what whoever is refused is told.

use std::collections::BTreeMap;

use serde_json::json;

use crate::deployer::{Deployer, config};
use crate::stand::at;
use crate::web::{Page, model, web};

fn store() -> String {
    let address = web(BTreeMap::from([("/model.onnx", Page::File(model()))]));
    format!("http://{address}/model.onnx")
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn who_may_do_nothing_learns_what_is_missing_and_the_printed_role_is_enough() {
    let deployer = Deployer::new("role", &config("iris", "role", &store()));
    let somebody = |args: &[&'static str]| [args, &["--context", "deployer"]].concat();
    let (_, err) = deployer.ends(8, &somebody(&["apply"]));
    for words in [
        "no permission for user `deployer` to get seldondeployments.machinelearning.seldon.io `iris`",
        "radiant-deploy rbac --namespace role --bind user:deployer | kubectl apply -f -",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    let (_, err) = deployer.named(8, &somebody(&["get"]));
    assert!(err.contains("list seldondeployments.machinelearning.seldon.io"), "{err}");

    // Who may look may not write.
    let view = ["rbac", "--for", "view", "--name", "viewer", "--bind", "user:deployer"];
    let (role, _) = deployer.named(0, &view);
    deployer.namespace.apply(&role);
    deployer.named(0, &somebody(&["get"]));
    let (_, err) = deployer.ends(8, &somebody(&["apply"]));
    let words = "no permission for user `deployer` to patch seldondeployments.machinelearning";
    assert!(err.contains(words), "{err}");

    let (role, _) = deployer.named(0, &["rbac", "--bind", "user:deployer"]);
    deployer.namespace.apply(&role);
    deployer.ends(0, &somebody(&["apply", "--timeout", "4m"]));
    for args in
        [&["status", "iris"][..], &["logs", "iris"], &["events", "iris"], &["history", "iris"]]
    {
        deployer.named(0, &somebody(args));
    }
    deployer.named(0, &somebody(&["delete", "iris"]));
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn what_the_webhook_refuses_is_told_with_the_field_before_anything_is_written() {
    let mut config = config("iris", "hook", "s3://models/iris");
    config["credentials"] = json!({"implicit": true});
    config["server"] = json!({"mode": "prepackaged", "implementation": "NOBODYS_SERVER"});
    let deployer = Deployer::new("hook", &config);
    let (_, err) = deployer.ends(2, &["apply"]);
    let words = ["webhook `v1.vseldondeployment.kb.io` refuses it", "spec.predictors[0].graph"];
    for words in words {
        assert!(err.contains(words), "{words}: {err}");
    }
    let left = deployer.namespace.get(&["sdep,secrets"]);
    assert_eq!(at(&left, "/items"), &json!([]));
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn fields_of_others_are_left_to_them_or_taken_by_force() {
    let deployer = Deployer::new("owners", &config("iris", "owners", &store()));
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let theirs = json!({
        "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
        "metadata": {"name": "iris"}, "spec": {"replicas": 2},
    });
    deployer.file("theirs.json", &theirs.to_string());
    let theirs = deployer.folder.path().join("theirs.json").display().to_string();
    let apply = ["apply", "--server-side", "--field-manager=team", "-f", theirs.as_str()];
    // It is no whole object, and none is needed for a field.
    let how = ["--force-conflicts", "--validate=false"];
    deployer.namespace.kubectl(&[&apply[..], &how].concat());
    let more = ["apply", "--set", "scale.replicas=3", "--timeout", "4m"];
    let (_, err) = deployer.ends(4, &more);
    for words in ["`team` owns `.spec.replicas`", "--force-conflicts"] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert_eq!(at(&deployer.namespace.get(&["sdep", "iris"]), "/spec/replicas"), 2);
    deployer.ends(0, &[&more[..], &["--force-conflicts"]].concat());
    assert_eq!(at(&deployer.namespace.get(&["sdep", "iris"]), "/spec/replicas"), 3);
}
