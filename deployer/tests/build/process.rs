//! `radiant-deploy build` as a process: what it prints, its exit codes, and what it leaves behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// `radiant-deploy build`, about to be run.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    program(folder, &[&["build"], arguments].concat())
}

/// The program, about to be run.
pub(crate) fn program(folder: &Path, arguments: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the program under test")]
    let mut program = Command::new(env!("CARGO_BIN_EXE_radiant-deploy"));
    program.args(arguments).current_dir(folder);
    program.env_remove("SOURCE_DATE_EPOCH");
    program
}

fn build(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with a model, and a program that is no more than the head of one.
pub(crate) fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let mut program = vec![0_u8; 64];
    program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (program[16], program[18], program[20]) = (2, 62, 1);
    (program[52], program[54], program[58]) = (64, 56, 64);
    fs::write(place.path().join("radiant"), program).unwrap();
    fs::create_dir(place.path().join("model")).unwrap();
    fs::write(place.path().join("model/iris.onnx"), "a model").unwrap();
    place
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_digest_is_all_that_stdout_says_and_is_the_same_anywhere() {
    let mut digests = Vec::new();
    for (out, extra) in [("a", &[][..]), ("b", &["--tarball", "b.tar", "-q"][..])] {
        let place = place();
        let mut arguments =
            vec!["model", "--runtime", "radiant", "--oci-layout", out, "-t", "iris"];
        arguments.extend(extra);
        let output = build(place.path(), &arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        digests.push(text(&output.stdout));
        assert_eq!(output.stderr.is_empty(), extra.contains(&"-q"), "{}", text(&output.stderr));
        let left = names(place.path());
        assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
    }
    assert_eq!(digests[0], digests[1]);
    assert!(digests[0].starts_with("sha256:") && digests[0].lines().count() == 1, "{digests:?}");
}

#[test]
fn json_tells_what_each_layer_holds() {
    let place = place();
    let arguments =
        ["model", "--runtime", "radiant", "--oci-layout", "out", "-o", "json", "--sbom", "spdx"];
    let output = build(place.path(), &arguments);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "radiant/build/v1");
    let layers = report["images"][0]["layers"].as_array().unwrap();
    let holds: Vec<&str> = layers.iter().map(|layer| layer["holds"].as_str().unwrap()).collect();
    assert_eq!(holds, ["system", "program", "model"]);
    assert_eq!(report["sboms"][0]["artifactType"], "application/spdx+json");
}

#[test]
fn what_fails_says_why_and_leaves_nothing() {
    let place = place();
    let before = names(place.path());
    let runtime = ["--runtime", "radiant", "--oci-layout", "out"];
    let with = |more: &[&'static str]| [&runtime[..], more].concat();
    let cases = [
        (vec!["model"], 2, "--oci-layout"),
        (with(&["none.onnx"]), 3, "none.onnx"),
        (with(&["model", "--model-bytes-max", "3B"]), 2, "at most 3 bytes"),
        (with(&["--env", "AWS_SECRET_ACCESS_KEY=hunter2"]), 2, "AWS_SECRET_ACCESS_KEY"),
        (with(&["--platform", "linux/s390x"]), 2, "expected one of linux/amd64"),
        (with(&["--base", "oci:nowhere"]), 3, "oci:nowhere"),
        (with(&["--push", "host.io/A:1"]), 2, "a repository of lowercase letters"),
        (with(&["--tag", "A B"]), 2, "--tag A B"),
        (with(&["--runtime", "model/iris.onnx"]), 2, "no ELF file"),
        (with(&["--config", "radiant"]), 2, "`radiant.yaml`"),
        (vec!["--runtime", "radiant", "--tarball", "no/folder/x.tar"], 1, "no/folder"),
        (vec!["--runtime", "radiant", "--oci-layout", "model"], 1, "expected an OCI image layout"),
    ];
    for (arguments, code, expected) in cases {
        let output = build(place.path(), &arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected) && !said.contains("hunter2"), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
        assert_eq!(names(place.path()), before, "{arguments:?}");
    }
}

#[test]
fn without_a_program_beside_it_one_must_be_named() {
    let place = place();
    let alone = tempfile::tempdir().unwrap();
    let program = alone.path().join("radiant-deploy");
    fs::copy(env!("CARGO_BIN_EXE_radiant-deploy"), &program).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the program under test")]
    let mut command = Command::new(program);
    let output =
        command.args(["build", "--oci-layout", "out"]).current_dir(&place).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("--runtime FILE"), "{said}");
}
