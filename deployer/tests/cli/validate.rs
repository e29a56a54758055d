//! `radiant-deploy validate`: what it says, and its exit codes.

use std::fs;
use std::path::Path;

use crate::program::{run, run_with};

const VALID: &str = "\
apiVersion: radiant.dev/v1
kind: Deployment
name: fraud
namespace: ml
model: {uri: s3://models/fraud}
credentials: {serviceAccount: fraud}
server: {image: acme/radiant:1.4}
environments:
  prod: {scale: {replicas: 4}}
";

fn place(text: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("radiant.yaml"), text).unwrap();
    place
}

#[test]
fn what_is_valid_is_one_line_each() {
    let place = place(&format!("{VALID}---\n{}", VALID.replace("fraud", "churn")));
    let said = run(place.path(), &["validate"]);
    let expected = "radiant.yaml: fraud in ml is valid\nradiant.yaml: churn in ml is valid\n";
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, expected, ""));
    let said = run(place.path(), &["lint", "-e", "prod", "-o", "json", "--set", "labels.a=1"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["schema"], "radiant/validate/v1");
    assert_eq!(document["valid"], true);
    let config = &document["deployments"][1]["config"];
    assert_eq!((&config["scale"]["replicas"], &config["labels"]["a"]), (&4.into(), &"1".into()));
}

#[test]
fn older_operators_are_told_of_by_what_they_lack() {
    let place = place(VALID);
    let said = run(place.path(), &["validate", "--crd-version", "1.14"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "radiant.yaml: fraud in ml is valid\n"));
    let note = "note: Seldon Core 1.14 has no `spec.predictors.progressDeadlineSeconds`\n";
    assert!(said.stderr.contains(note), "{}", said.stderr);
    let said = run(place.path(), &["validate", "--crd-version", "1.17.1"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
}

#[test]
fn every_mistake_is_told_with_its_place_and_a_way_out() {
    let place =
        place(&VALID.replace("model: {uri:", "model: {url:").replace("name: fraud", "name: Fraud"));
    let said = run(place.path(), &["validate"]);
    let expected = "\
error: radiant.yaml:3:1: `name`: expected at most 40 lowercase letters, digits and `-`, a letter \
first, a letter or digit last, got `Fraud`
error: radiant.yaml:5:9: `model.url`: expected one of the keys `digest`, `format`, `method`, `path` \
or `uri`, got another key
  hint: did you mean `uri`?
error: the configuration has 2 mistakes
";
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (2, "", expected));
    let said = run(place.path(), &["validate", "-o", "json"]);
    assert_eq!(said.code, 2);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["valid"], false);
    let first = &document["problems"][1];
    assert_eq!((&first["path"], &first["place"]["line"]), (&"model.url".into(), &5.into()));
    assert_eq!(first["hint"], "did you mean `uri`?");
}

#[test]
fn warnings_are_errors_when_that_is_asked_for() {
    let place = place(&format!("{VALID}pod: {{}}\nscale: {{pdb: {{minAvailable: 1}}}}\n"));
    let said = run(place.path(), &["validate"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.starts_with("warning: radiant.yaml:11:9: `scale.pdb`: "), "{said:?}");
    assert_eq!(run(place.path(), &["validate", "-q"]).stderr, "");
    let said = run(place.path(), &["validate", "--strict"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.ends_with("error: the configuration has 1 mistake\n"), "{said:?}");
}

#[test]
fn standard_input_and_variables_are_read() {
    let place = tempfile::tempdir().unwrap();
    let text = VALID.replace("acme/radiant:1.4", "'acme/radiant:${env:TAG}'");
    let arguments = ["validate", "-f", "-", "-o", "json"];
    let said = run_with(place.path(), &arguments, &text, &[("TAG", "1.5")]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["deployments"][0]["config"]["server"]["image"], "acme/radiant:1.5");
    let text = VALID.replace("acme/radiant:1.4", "'${env:NAME_THAT_IS_NOT_SET}'");
    let said = run_with(place.path(), &["validate", "-f", "-"], &text, &[]);
    let expected = "stdin:7:10: `server.image`: expected the variable `NAME_THAT_IS_NOT_SET` to be set, \
                    got nothing";
    assert!(said.code == 2 && said.stderr.contains(expected), "{said:?}");
}

#[test]
fn files_that_are_not_there_are_named() {
    let place = place(&format!("{VALID}tests: [{{request: a.json, expect: b.json}}]\n"));
    fs::write(place.path().join("b.json"), "{}").unwrap();
    let said = run(place.path(), &["validate"]);
    let expected =
        "radiant.yaml:10:10: `tests[0].request`: expected a file, got nothing at `a.json`";
    assert!(said.code == 2 && said.stderr.contains(expected), "{said:?}");
    for (arguments, code, expected) in [
        (&["validate", "-f", "none.yaml"][..], 3, "hint: `radiant-deploy init` writes one"),
        (&["validate", "-e", "test"], 2, "one of the environments of `fraud`, `prod`, got `test`"),
        (&["validate", "--set", "hunter2"], 2, "expected PATH=VALUE"),
        (&["validate", "-f", "-", "-f", "-"], 2, "expected it once"),
        (&["validate", "-f", "."], 2, "got a folder"),
        (&["validate", "--crd-version", "1.13"], 2, "expected one of `1.14`, `1.15`"),
    ] {
        let said = run(place.path(), arguments);
        assert_eq!((said.code, said.stdout.as_str()), (code, ""), "{arguments:?}");
        assert!(said.stderr.contains(expected), "{arguments:?}: {}", said.stderr);
    }
}

#[test]
fn hostile_files_end_in_a_message() {
    for text in ["a: &a [*a, *a]", "\u{0}", "? ? ?", "- - - -", "%YAML 9", &"[".repeat(100_000)] {
        let place = place(text);
        let said = run(Path::new(place.path()), &["validate"]);
        assert!(said.code == 2 && said.stderr.contains("error: "), "{text:.20}: {said:?}");
    }
}
