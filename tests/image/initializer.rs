//! The image as storage initializer, as the operator injects it, and a server on what it fetched.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::container::Launch;
use crate::failing::fails;
use crate::model::{check_grpc, check_rest, iris_bytes, put};
use crate::parts::{folder, text};
use crate::process::{Program, Server};

const S3S_FS: Program = Program {
    name: "s3s-fs",
    install: "cargo install --locked s3s-fs --version 0.14.1 --features binary",
};
const ACCESS_KEY: &str = "AKEXAMPLE";
const SECRET_KEY: &str = "SKEXAMPLE";

/// An S3 server that checks signatures, with one model at `s3://models/iris`.
struct S3 {
    server: Server,
    // A bucket is a folder in it.
    _root: TempDir,
}

impl S3 {
    fn start() -> Self {
        let root = folder();
        put(&root.path().join("models/iris"), "model.onnx", &iris_bytes());
        put(&root.path().join("models/iris/labels"), "names.txt", b"setosa\n");
        fs::create_dir(root.path().join("models/empty")).expect("our own folder");
        let keys = ["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY];
        let args = [&["--host", "127.0.0.1", "--port", "0"], &keys[..], &[text(root.path())]];
        let server = S3S_FS.start(&args.concat()).expect("it is in `PATH`");
        Self { server, _root: root }
    }

    /// The init container that the operator adds to a pod with this model and a Secret for rclone.
    fn initializer(&self, uri: &str, secret_key: &str, volume: &Path) -> Launch {
        let endpoint = format!("http://{}", self.server.address);
        let secret = [
            ("TYPE", "s3"),
            ("PROVIDER", "minio"),
            ("ENV_AUTH", "false"),
            ("ACCESS_KEY_ID", ACCESS_KEY),
            ("SECRET_ACCESS_KEY", secret_key),
            ("ENDPOINT", &endpoint),
        ];
        let launch = Launch::new().mount_writable(volume, "/mnt/models").option("--memory=100m");
        let launch = secret.iter().fold(launch, |launch, (key, value)| {
            launch.env(&format!("RCLONE_CONFIG_S3_{key}"), value)
        });
        launch.args([uri, "/mnt/models"])
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn what_the_initializer_fetched_is_served_from_the_same_volume() {
    let (s3, volume) = (S3::start(), folder());
    let (_, outcome) = s3.initializer("s3://models/iris", SECRET_KEY, volume.path()).run();
    outcome.ok();
    let names = fs::read_to_string(volume.path().join("labels/names.txt"));
    assert_eq!(names.expect("folders are copied, too"), "setosa\n");
    let server = Launch::new().mount(volume.path(), "/mnt/models").serve();
    check_rest(&server);
    check_grpc(&server);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_claim_is_copied_from_where_the_operator_mounts_it() {
    let (claim, volume) = (folder(), folder());
    put(&claim.path().join("iris"), "model.onnx", &iris_bytes());
    let launch = Launch::new().mount(claim.path(), "/mnt/pvc");
    let launch = launch.mount_writable(volume.path(), "/mnt/models");
    let (_, outcome) = launch.args(["/mnt/pvc/iris", "/mnt/models"]).run();
    outcome.ok();
    check_rest(&Launch::new().mount(volume.path(), "/mnt/models").serve());
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_pod_does_not_start_on_nothing() {
    let s3 = S3::start();
    for (uri, word) in [
        ("s3://models/nothing", "s3://models/nothing"),
        ("s3://models/empty/", "s3://models/empty"),
        ("s3://nobucket/iris", "nobucket"),
    ] {
        let volume = folder();
        let (_, outcome) = s3.initializer(uri, SECRET_KEY, volume.path()).run();
        outcome.says(1, &[word]);
        assert_eq!(fs::read_dir(volume.path()).expect("a folder").count(), 0, "{uri}");
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_wrong_key_is_told_and_not_shown() {
    let (s3, volume) = (S3::start(), folder());
    let launch = s3.initializer("s3://models/iris", "hunter2", volume.path());
    let (_, outcome) = fails(launch, 1, &["s3://models/iris", "RCLONE_CONFIG_S3"]);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    assert_eq!(fs::read_dir(volume.path()).expect("a folder").count(), 0);
}
