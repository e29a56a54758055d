//! `radiant-deploy init`: what it writes, and that what it writes is valid.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::install::install;
use crate::program::run;

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("iris.onnx"), "a model").unwrap();
    place
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_model_that_is_here_is_found() {
    let place = place();
    let said = run(place.path(), &["init"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, "./radiant.yaml\n./tests/one.json\n"),
        "{said:?}"
    );
    assert!(said.stderr.contains("found `iris.onnx`, by its name of format onnx"), "{said:?}");
    let text = read(place.path(), "radiant.yaml");
    assert!(
        text.contains("name: iris ") && text.contains("path: iris.onnx ") && text.contains('#')
    );
    let request: serde_json::Value =
        serde_json::from_str(&read(place.path(), "tests/one.json")).unwrap();
    assert!(request["data"]["ndarray"].is_array());
    let said = run(place.path(), &["validate", "--strict"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "radiant.yaml: iris is valid\n"), "{said:?}");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let place = place();
    assert_eq!(run(place.path(), &["init"]).code, 0);
    fs::write(place.path().join("radiant.yaml"), "mine").unwrap();
    let said = run(place.path(), &["init"]);
    assert_eq!((said.code, said.stdout.as_str()), (4, ""), "{said:?}");
    assert!(said.stderr.contains("hint: `--force` overwrites it"), "{said:?}");
    assert_eq!(read(place.path(), "radiant.yaml"), "mine");
    fs::remove_file(place.path().join("radiant.yaml")).unwrap();
    fs::write(place.path().join("tests/one.json"), "mine").unwrap();
    let said = run(place.path(), &["init"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "./radiant.yaml\n"), "{said:?}");
    assert_eq!(read(place.path(), "tests/one.json"), "mine");
    assert_eq!(run(place.path(), &["init", "--force"]).code, 0);
    assert!(read(place.path(), "tests/one.json").contains("ndarray"));
}

#[test]
fn a_model_in_a_store_is_named() {
    let place = tempfile::tempdir().unwrap();
    let arguments =
        ["init", "deploy", "--model", "s3://models/fraud/7", "--minimal", "--image", "a/radiant:1"];
    let said = run(place.path(), &[&arguments[..], &["-o", "json"]].concat());
    assert_eq!(said.code, 0, "{said:?}");
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (&document["name"], &document["model"]["uri"]),
        (&"fraud".into(), &"s3://models/fraud/7".into())
    );
    let expected = "apiVersion: radiant.dev/v1\nkind: Deployment\nname: fraud\nmodel:\n  uri: \
                    s3://models/fraud/7\ncredentials:\n  fromEnv: true\nserver:\n  image: a/radiant:1\n";
    assert_eq!(read(place.path(), "deploy/radiant.yaml"), expected);
    let said = run(place.path(), &["validate", "-f", "deploy/radiant.yaml"]);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn without_a_model_nothing_is_written() {
    let place = tempfile::tempdir().unwrap();
    for (arguments, code, expected) in [
        (&["init"][..], 3, "hint: name the model"),
        (&["init", "--model", "none.onnx"], 3, "none.onnx"),
        (&["init", "--model", "s3://"], 2, "a bucket after the scheme"),
        (&["init", "--model", "https://me:hunter2@h/a"], 2, "without anything secret"),
        (&["init", "--model", "s3://models/a", "--name", "A"], 2, "`--name`: expected"),
    ] {
        let said = run(place.path(), arguments);
        assert_eq!((said.code, said.stdout.as_str()), (code, ""), "{arguments:?}");
        assert!(said.stderr.contains(expected) && !said.stderr.contains("hunter2"), "{said:?}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

/// A program called `radiant` beside this one, which answers as a script says.
fn with_server(place: &Path, script: &str) -> (i32, String) {
    let bin = tempfile::tempdir().unwrap();
    let deployer = bin.path().join("radiant-deploy");
    install(Path::new(env!("CARGO_BIN_EXE_radiant-deploy")), &deployer);
    let source = bin.path().join("source");
    fs::write(&source, format!("#!/bin/sh\n{script}\n")).unwrap();
    install(&source, &bin.path().join("radiant"));
    #[expect(clippy::disallowed_methods, reason = "the program under test")]
    let mut command = Command::new(deployer);
    let output = command.args(["init", "--force"]).current_dir(place).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_server_tells_what_a_model_takes() {
    let place = place();
    let document =
        r#"{"examples": [{"protocol": "Seldon v1", "transport": "REST", "body": "{\"a\": 1}"}]}"#;
    let script = format!("[ \"$*\" = 'check -o json -- ./iris.onnx' ] && echo '{document}'");
    let (code, stderr) = with_server(place.path(), &script);
    assert_eq!(code, 0, "{stderr}");
    assert!(!stderr.contains("guess"), "{stderr}");
    assert_eq!(read(place.path(), "tests/one.json"), "{\"a\": 1}\n");
    let (code, stderr) = with_server(place.path(), "echo 'error: no such operator' >&2; exit 1");
    assert!(
        code == 0 && stderr.contains("no such operator") && stderr.contains("guess"),
        "{stderr}"
    );
    let (code, stderr) = with_server(place.path(), "echo '[]'");
    assert!(code == 0 && stderr.contains("guess"), "{stderr}");
}
