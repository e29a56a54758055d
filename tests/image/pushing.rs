//! Pushed by ours into a real registry, pulled out of it by others.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::container::Launch;
use crate::model::{check_rest, iris};
use crate::parts::{Outcome, SOURCE, deploy, finish, folder, layout, run, text};
use crate::podman::podman;
use crate::registry::{PASSWORD, Registry, USER};
use crate::support::model_file;
use crate::tls::Authority;

/// Pushes a layout to a name as somebody with this password who trusts whom the folder names.
fn push(registry: &Registry, what: &[&str], [password, trust]: [&str; 2]) -> Outcome {
    let mut command = deploy(&["push", "--output", "json", "--registry-ca", trust]);
    command.args(what).env("REGISTRY_AUTH_FILE", registry.logins(password));
    finish(command)
}

/// Pushes as somebody who may.
fn pushed(registry: &Registry, layout: &Path, name: &str) -> Value {
    let ca = registry.trust().join("ca.crt");
    push(registry, &[text(layout), name], [PASSWORD, text(&ca)]).json()
}

/// How many bytes of each blob a push uploaded, if any.
fn uploaded(report: &Value) -> Vec<u64> {
    let blobs = report.pointer("/repositories/0/blobs").and_then(Value::as_array);
    let new = blobs.expect("a report").iter().filter(|blob| blob["way"] == "uploaded");
    new.map(|blob| blob["bytes"].as_u64().expect("a size")).collect()
}

/// The image with a bundled model as a layout folder.
fn build(model: &str, folder: &Path) -> PathBuf {
    let layout = folder.join(model);
    let model = model_file(model, "model.onnx");
    let args = ["build", text(&model), "--base", &SOURCE, "--oci-layout", text(&layout)];
    finish(deploy(&args)).ok();
    layout
}

fn skopeo(registry: &Registry, command: &[&str]) -> Outcome {
    let (login, trust) = (format!("{USER}:{PASSWORD}"), registry.trust());
    let options = ["--creds", &login, "--cert-dir", text(&trust)];
    let (verb, rest) = command.split_first().expect("a command");
    run("skopeo", &[&[*verb], &options[..], rest].concat())
}

fn pull(registry: &Registry, name: &str) {
    let (login, trust) = (format!("{USER}:{PASSWORD}"), registry.trust());
    podman(&["pull", "--quiet", "--creds", &login, "--cert-dir", text(&trust), name]).ok();
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn what_was_pushed_is_pulled_by_others_and_runs() {
    let (registry, models) = (Registry::start(), iris());
    let name = registry.name("team/radiant:1");
    let report = pushed(&registry, &layout(), &name);
    let seen = skopeo(&registry, &["inspect", &format!("docker://{name}")]).json();
    assert_eq!(seen["Digest"], report["digest"], "{report}");
    pull(&registry, &name);
    check_rest(&Launch::image(&name).mount(models.path(), "/mnt/models").serve());
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_second_model_uploads_its_own_layer_alone() {
    let (registry, folder) = (Registry::start(), folder());
    let (first, second) = (build("iris", folder.path()), build("digits-mlp", folder.path()));
    let all = uploaded(&pushed(&registry, &first, &registry.name("models:iris")));
    let again = uploaded(&pushed(&registry, &first, &registry.name("models:same")));
    assert_eq!(again, [0; 0], "it is there already");
    let new = uploaded(&pushed(&registry, &second, &registry.name("models:digits")));
    // The layer of the model, and for each platform, which has one program, the configuration that names it.
    let n_platforms = all.iter().filter(|bytes| **bytes > 1 << 20).count();
    assert!(new.len() <= 1 + n_platforms && new.len() < all.len(), "{new:?} of {all:?}");
    assert!(new.iter().sum::<u64>() * 10 < all.iter().sum(), "{new:?} of {all:?}");
    let (ca, other) = (registry.trust().join("ca.crt"), registry.name("others:digits"));
    let mounted = [text(&second), &other, "--mount-from", "models"];
    let mounted = uploaded(&push(&registry, &mounted, [PASSWORD, text(&ca)]).json());
    assert_eq!(mounted, [0; 0], "another repository has all of it");
    let name = registry.name("models:iris");
    pull(&registry, &name);
    check_rest(&Launch::image(&name).serve());
}

/// Checks that a push was refused with these words, and that no tag of it is there.
#[track_caller]
fn refused(registry: &Registry, outcome: &Outcome, words: &[&str]) {
    assert_ne!(outcome.code, Some(0), "{}", outcome.stdout);
    for word in words.iter().chain(&["hint: "]) {
        assert!(outcome.stderr.contains(word), "`{word}` is missing in: {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
    let tags = skopeo(registry, &["list-tags", &format!("docker://{}", registry.name("team/new"))]);
    assert_ne!(tags.code, Some(0), "{}", tags.stdout);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_wrong_password_publishes_nothing() {
    let registry = Registry::start();
    let ca = registry.trust().join("ca.crt");
    let address = registry.address().to_string();
    let name = registry.name("team/new:1");
    let outcome = push(&registry, &[text(&layout()), &name], ["hunter2", text(&ca)]);
    refused(&registry, &outcome, &[&address, "401", "login.json"]);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn an_authority_that_nobody_named_is_not_trusted() {
    let (registry, folder) = (Registry::start(), folder());
    let other = Authority::new().write(folder.path());
    let address = registry.address().to_string();
    let name = registry.name("team/new:1");
    let outcome = push(&registry, &[text(&layout()), &name], [PASSWORD, text(&other)]);
    refused(&registry, &outcome, &[&address, "certificate", "--registry-ca"]);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_registry_that_is_not_there_is_told_with_its_address() {
    let registry = Registry::start();
    let ca = registry.trust().join("ca.crt");
    let name = "127.0.0.1:9/team/new:1";
    let outcome = push(&registry, &[text(&layout()), name], [PASSWORD, text(&ca)]);
    refused(&registry, &outcome, &["127.0.0.1:9"]);
}
