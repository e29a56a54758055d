//! `radiant-deploy render` as a process: what it prints, its exit codes, and what it writes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::read::problems;

const CONFIG: &str = "apiVersion: radiant.dev/v1
kind: Deployment
name: iris
model: {uri: s3://models/iris}
credentials: {implicit: true}
server: {image: 'radiant:1'}
scale: {replicas: 2}
";

fn render(folder: &Path, arguments: &[&str]) -> Output {
    #[expect(clippy::disallowed_methods, reason = "the program under test")]
    let mut program = Command::new(env!("CARGO_BIN_EXE_radiant-deploy"));
    program.arg("render").args(arguments).current_dir(folder).output().unwrap()
}

fn place(config: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("radiant.yaml"), config).unwrap();
    place
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_manifest_is_all_that_stdout_says() {
    let place = place(CONFIG);
    let output = render(place.path(), &[]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    let object: Value = serde_saphyr::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(object["kind"], "SeldonDeployment");
    assert_eq!(problems(&object), Vec::<String>::new());
    assert_eq!(render(place.path(), &[]).stdout, output.stdout);

    let output = render(place.path(), &["-o", "json", "-n", "ml"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["metadata"]["namespace"], "ml");
    assert_eq!(json["spec"], object["spec"]);
}

#[test]
fn files_are_written_for_each_tool() {
    let cases = [
        ("seldon", vec!["seldondeployment-iris.yaml"]),
        ("kustomize", vec!["kustomization.yaml", "seldondeployment-iris.yaml"]),
        ("helm", vec!["Chart.yaml", "templates/seldondeployment.yaml", "values.yaml"]),
    ];
    for (form, files) in cases {
        let place = place(CONFIG);
        let output = render(place.path(), &["--as", form, "--split", "a/b"]);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", text(&output.stderr));
        for name in files {
            assert!(text(&output.stderr).contains(name), "{form}: {}", text(&output.stderr));
            assert!(!fs::read(place.path().join("a/b").join(name)).unwrap().is_empty());
        }
    }
}

#[test]
fn what_fails_says_where() {
    let without_image = CONFIG.replace("server: {image: 'radiant:1'}\n", "");
    let explained = format!("{CONFIG}explainer: {{kindOf: AnchorTabular}}\n");
    let keyed = CONFIG.replace("s3://models/iris", "https://me:hunter2@host/iris.onnx");
    let cases = [
        (without_image.as_str(), &[][..], 2, "`server.image`"),
        (
            explained.as_str(),
            &[],
            2,
            "`spec.predictors[0].explainer.kindOf`: unknown field, the API server would drop it",
        ),
        (keyed.as_str(), &[], 2, "`credentials`"),
        (CONFIG, &["--as", "helm"], 2, "--split DIR"),
        (CONFIG, &["-f", "none.yaml"], 3, "none.yaml"),
        (CONFIG, &["--split", "radiant.yaml/x"], 1, "radiant.yaml/x"),
    ];
    for (config, arguments, code, expected) in cases {
        let output = render(place(config).path(), arguments);
        let said = text(&output.stderr);
        assert!(said.contains(expected) && !said.contains("hunter2"), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
        assert_eq!(output.status.code(), Some(code), "{said}");
    }
}
