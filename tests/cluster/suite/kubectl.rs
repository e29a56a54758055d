//! What `kubectl` makes of a deployment of ours, and what it makes of the deployer.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::deployer::{Deployer, config, ended};
use crate::stand::{at, kubeconfig};
use crate::web::{Page, model, web};

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn kubectl_reads_scales_and_follows_a_deployment() {
    let address = web(BTreeMap::from([("/model.onnx", Page::File(model()))]));
    let uri = format!("http://{address}/model.onnx");
    let deployer = Deployer::new("kubectl", &config("iris", "kubectl", &uri));
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let namespace = &deployer.namespace;
    assert!(namespace.kubectl(&["get", "sdep"]).contains("\niris "));
    let rollout = ["rollout", "status", "deployment", "iris-main-0-model", "--timeout=60s"];
    assert!(namespace.kubectl(&rollout).contains("successfully rolled out"));

    namespace.kubectl(&["scale", "sdep", "iris", "--replicas=2"]);
    deployer.named(0, &["wait", "iris", "--timeout", "4m"]);
    assert!(namespace.kubectl(&rollout).contains("successfully rolled out"));
    let status = deployer.document(0, &["status", "iris"]);
    assert_eq!(at(&status, "/predictors/0/ready"), 2, "{status:#}");
    namespace.kubectl(&["delete", "sdep", "iris"]);
    deployer.named(0, &["wait", "iris", "--for", "deleted", "--timeout", "4m"]);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn the_deployer_is_a_plugin_of_kubectl() {
    let address = web(BTreeMap::from([("/model.onnx", Page::File(model()))]));
    let uri = format!("http://{address}/model.onnx");
    let deployer = Deployer::new("plugin", &config("iris", "plugin", &uri));
    let program = deployer.command(&[]).get_program().to_owned();
    let folder = deployer.folder.path();
    symlink(Path::new(&program), folder.join("kubectl-radiant")).expect("our own folder");
    let kubectl = |args: &[&str]| {
        #[expect(clippy::disallowed_methods, reason = "other people's programs are the subject")]
        let mut command = std::process::Command::new("sh");
        command.args(["-c", r#"PATH="$PWD:$PATH"; exec kubectl radiant "$@""#, "sh"]).args(args);
        command.current_dir(folder).env("KUBECONFIG", kubeconfig()).env("HOME", folder);
        ended(0, &command.output().expect("it starts")).0
    };
    assert!(kubectl(&["validate"]).contains("iris"));
    kubectl(&["apply", "--timeout", "4m"]);
    assert!(kubectl(&["get", "-n", "plugin"]).contains("iris"));
}
