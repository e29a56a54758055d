//! How the container ends when it cannot do its work, as a kubelet sees it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use prost::Message as _;
use prost::bytes::Bytes;
use radiant_onnx::pb::{
    Dimension, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
};
use tempfile::TempDir;

use crate::container::{Container, Launch};
use crate::model::{iris, put};
use crate::parts::{Outcome, folder, run};

/// What a kubelet keeps of a termination message at most.
const MESSAGE_BYTES_MAX: usize = 4096;
/// Rows and columns of a matrix that a small pod has no room for: 64 MiB.
const WIDTH: u16 = 4096;
const FLOAT: i32 = 1;

/// The file that a kubelet makes for each container.
struct TerminationLog(TempDir);

impl TerminationLog {
    fn new() -> Self {
        let folder = folder();
        put(folder.path(), "log", b"");
        let log = Self(folder);
        fs::set_permissions(log.path(), fs::Permissions::from_mode(0o666)).expect("our own file");
        log
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn read(&self) -> String {
        fs::read_to_string(self.path()).expect("the message is UTF-8")
    }
}

/// Runs it to its end, which is bad: with this code, and with these words in the log of a pod and in the
/// message that `kubectl describe` shows.
#[track_caller]
pub(crate) fn fails(launch: Launch, code: i32, words: &[&str]) -> (Container, Outcome) {
    let log = TerminationLog::new();
    let (container, outcome) = launch.mount_writable(&log.path(), "/dev/termination-log").run();
    outcome.says(code, words);
    let message = log.read();
    assert!(message.len() <= MESSAGE_BYTES_MAX, "{} bytes", message.len());
    for word in words {
        assert!(message.contains(word), "`{word}` is missing in: {message}");
    }
    (container, outcome)
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_broken_model_is_the_cause_that_is_told() {
    let models = folder();
    put(models.path(), "model.onnx", b"\x08\x0anot a model at all");
    fails(Launch::new().mount(models.path(), "/mnt/models"), 1, &["/mnt/models", "ONNX"]);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_missing_model_is_the_cause_that_is_told() {
    let models = folder();
    fails(Launch::new().mount(models.path(), "/mnt/models"), 1, &["/mnt/models", "expected"]);
    fails(Launch::new(), 1, &["/mnt/models", "nothing"]);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_model_that_this_user_may_not_read_is_the_cause_that_is_told() {
    let models = iris();
    let file = models.path().join("model.onnx");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("our own file");
    let words = ["/mnt/models/model.onnx", "Permission denied"];
    fails(Launch::new().mount(models.path(), "/mnt/models"), 1, &words);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn wrong_settings_are_told_all_at_once() {
    let launch = Launch::new().env("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "many");
    let launch = launch.env("PREDICTIVE_UNIT_PARAMETERS", "{");
    let words = ["PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "PREDICTIVE_UNIT_PARAMETERS"];
    fails(launch, 2, &words);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_termination_log_that_cannot_be_written_changes_nothing() {
    let log = TerminationLog::new();
    fs::set_permissions(log.path(), fs::Permissions::from_mode(0o400)).expect("our own file");
    let launch = Launch::new().mount(&log.path(), "/dev/termination-log");
    let (_, outcome) = launch.run();
    outcome.says(1, &["/mnt/models"]);
    assert_eq!(log.read(), "");
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn too_little_memory_for_a_model_is_seen_from_outside() {
    let models = folder();
    put(models.path(), "model.onnx", &wide());
    let launch = Launch::new().mount(models.path(), "/mnt/models");
    let launch = launch.option("--memory=32m").option("--memory-swap=32m");
    let (container, outcome) = launch.run();
    assert_eq!(outcome.code, Some(137), "{}", outcome.stderr);
    assert!(was_killed_for_memory(&container), "{}", outcome.stderr);
}

/// Whether the kernel says so: podman does not hear it in hybrid control groups.
fn was_killed_for_memory(container: &Container) -> bool {
    let group = format!("libpod-{}", container.inspect("{{.Id}}"));
    let kernel = || run("dmesg", &[]).ok();
    let is_told = |log: &str| log.lines().any(|line| line.contains("oom") && line.contains(&group));
    container.inspect("{{.State.OOMKilled}}") == "true" || is_told(&kernel())
}

/// A model that multiplies by a large matrix.
fn wide() -> Vec<u8> {
    let width = i64::from(WIDTH);
    let value = |name: &str, shape: [i64; 2]| {
        let dim = shape.map(|size| Dimension { value: Some(DimensionValue::DimValue(size)) });
        let shape = Some(TensorShapeProto { dim: dim.to_vec() });
        let tensor = TypeValue::TensorType(TensorTypeProto { elem_type: FLOAT, shape });
        let r#type = Some(TypeProto { value: Some(tensor), ..TypeProto::default() });
        ValueInfoProto { name: name.to_owned(), r#type }
    };
    let matrix = TensorProto {
        dims: vec![width; 2],
        data_type: FLOAT,
        name: "w".to_owned(),
        // Ones and a half: neither zero pages nor anything that packs.
        raw_data: Bytes::from(1.5_f32.to_le_bytes().repeat(usize::from(WIDTH).pow(2))),
        ..TensorProto::default()
    };
    let node = NodeProto {
        input: vec!["x".to_owned(), "w".to_owned()],
        output: vec!["y".to_owned()],
        op_type: "MatMul".to_owned(),
        ..NodeProto::default()
    };
    let graph = GraphProto {
        node: vec![node],
        name: "wide".to_owned(),
        initializer: vec![matrix],
        input: vec![value("x", [1, width])],
        output: vec![value("y", [1, width])],
        ..GraphProto::default()
    };
    let opset_import = vec![OperatorSetIdProto { version: 13, ..OperatorSetIdProto::default() }];
    let model =
        ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..ModelProto::default() };
    model.encode_to_vec()
}
