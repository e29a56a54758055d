//! Models that are elsewhere: served, fetched by an initializer's arguments, kept, and refused.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::files::Files;
use crate::support::http::Request;
use crate::support::model_file;
use crate::support::process::{Outcome, Start};

const FLOWER: &str = r#"{"data":{"ndarray":[[6,3,5,2]]}}"#;

fn model() -> Vec<u8> {
    fs::read(model_file("iris", "model.onnx")).expect("the bundled model")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn last_line(outcome: &Outcome) -> &str {
    outcome.stderr.trim_end().lines().last().unwrap_or_default()
}

#[test]
fn a_model_of_the_web_is_served_and_kept_for_the_next_time() {
    let (files, cache) = (Files::new(), folder());
    files.put("/models/iris.onnx", model());
    let serve = || {
        let url = files.url("/models/iris.onnx");
        let server = Start::serve(&url).env("RADIANT_CACHE_DIR", text(cache.path())).start();
        let reply = server.send(&Request::json("/predict", FLOWER));
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(server.send(&Request::get("/v2/models/iris")).status, 200, "its name");
    };
    serve();
    let sent = files.bytes_sent();
    assert!(sent >= model().len());
    serve();
    assert!(files.bytes_sent() < sent + 100, "only looked at, not fetched again");
}

#[test]
fn an_initializers_arguments_fetch_from_anywhere() {
    let (files, folder) = (Files::new(), folder());
    files.put("/models/model.onnx", model());
    let target = folder.path().join("mnt/models");
    let url = files.url("/models/model.onnx");
    let outcome = Start::default().args([&*url, text(&target)]).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(last_line(&outcome).contains("fetched"), "{}", outcome.stderr);
    assert_eq!(fs::read(target.join("model.onnx")).expect("the file"), model());
    assert_eq!(fs::read_dir(&target).expect("a folder").count(), 1, "nothing else is there");

    let missing = files.url("/models/nothing.onnx");
    let outcome = Start::default().args([&*missing, text(&target)]).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let line = last_line(&outcome);
    assert!(line.contains("404") && line.contains("/models/nothing.onnx"), "{line}");
}

#[test]
fn an_example_is_checked_from_anywhere() {
    let (files, cache) = (Files::new(), folder());
    files.put("/iris.onnx", model());
    let url = files.url("/iris.onnx");
    let outcome = Start::default().args(["check", &url, "--cache-dir", text(cache.path())]).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("float_input"), "{}", outcome.stdout);
}

#[test]
fn a_refusal_names_the_credentials_and_shows_none() {
    let folder = folder();
    let secret = folder.path().join("secret");
    fs::create_dir(&secret).expect("a folder");
    for (name, value) in [
        ("RCLONE_CONFIG_MINIO_TYPE", "s3"),
        ("RCLONE_CONFIG_MINIO_ACCESS_KEY_ID", "somebody"),
        ("RCLONE_CONFIG_MINIO_SECRET_ACCESS_KEY", "hunter2"),
        // Nobody listens there.
        ("RCLONE_CONFIG_MINIO_ENDPOINT", "http://127.0.0.1:1"),
    ] {
        fs::write(secret.join(name), value).expect("a file");
    }
    let target = folder.path().join("models");
    let fetch = |uri: &str| {
        let arguments = [uri, text(&target)];
        let credentials = text(&secret);
        Start::default().args(arguments).env("RADIANT_CREDENTIALS", credentials).run()
    };
    let outcome = fetch("minio:models/iris");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let line = last_line(&outcome);
    assert!(line.contains("minio:models/iris") && line.contains("http://127.0.0.1:1"), "{line}");
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    assert!(!target.exists(), "nothing was written");

    let outcome = fetch("other:models/iris");
    let line = last_line(&outcome);
    assert!(line.contains("RCLONE_CONFIG_OTHER_TYPE"), "{line}");
}

#[test]
fn what_cannot_be_kept_or_read_says_what_to_do() {
    let files = Files::new();
    files.put("/iris.onnx", model());
    let url = files.url("/iris.onnx");
    for (arguments, code, parts) in [
        (vec!["check", &*url, "--cache-dir", "/proc/radiant"], 1, ["/proc/radiant", "mount"]),
        (vec!["check", "hf://org/model"], 1, ["hf://org/model", "download"]),
        (vec!["check", &*url, "--fetch-parallel", "0"], 2, ["fetch_parallel", "1 to 64"]),
        (vec!["check", &*url, "--credentials", "/no/such"], 1, ["/no/such", "cannot read"]),
        (vec!["check", &*url, "--fetch-bytes-max", "10"], 1, ["10", "/iris.onnx"]),
    ] {
        let outcome = Start::default().args(arguments.iter().copied()).run();
        assert_eq!(outcome.code, Some(code), "{arguments:?}: {}", outcome.stderr);
        for part in parts {
            assert!(outcome.stderr.contains(part), "{arguments:?}: {}", outcome.stderr);
        }
    }
}
