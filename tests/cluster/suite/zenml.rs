//! What ZenML must find: a deployment of ours in the hands of its own client.

use std::collections::BTreeMap;
use std::process::Command;

use radiant_contract::{EnvSource as _, ProcessEnv};
use serde_json::json;

use crate::deployer::{Deployer, config, ended};
use crate::stand::{at, items, kubeconfig};
use crate::web::{Page, model, web};

const PYTHON: &str = "RADIANT_TEST_ZENML";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/zenml/client.py");

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn zenml_reads_finds_and_deletes_what_was_made_for_it() {
    let address = web(BTreeMap::from([("/model.onnx", Page::File(model()))]));
    let uri = format!("http://{address}/model.onnx");
    let mut config = config("iris", "zenml", &uri);
    config["compat"] = json!({"zenml": true});
    let deployer = Deployer::new("zenml", &config);
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let found = deployer.namespace.get(&["sdep"]);
    let name = at(&found, "/items/0/metadata/name").as_str().expect("a name").to_owned();
    let python = ProcessEnv.get(PYTHON).unwrap_or_else(|| panic!("`{PYTHON}` is not set"));
    let folder = deployer.folder.path();
    #[expect(clippy::disallowed_methods, reason = "other people's programs are the subject")]
    let mut client = Command::new(python);
    client.args([SCRIPT, "zenml", &name, "iris", &uri]).env("KUBECONFIG", kubeconfig());
    client.env("ZENML_CONFIG_PATH", folder).env("ZENML_ANALYTICS_OPT_IN", "false");
    let (out, _) = ended(0, &client.output().expect("it starts"));
    assert!(out.ends_with("it is deleted\n"), "{out}");
    deployer.namespace.until(&["pods"], |pods| items(pods).is_empty());
}
