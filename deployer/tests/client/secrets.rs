//! `radiant-deploy secret convert` and `check`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::process::{Program, Server};
use crate::program::{MARK, run};

const S3S_FS: Program = Program {
    name: "s3s-fs",
    install: "cargo install --locked s3s-fs --version 0.14.1 --features binary",
};
const MODEL: [&str; 2] = ["--model", "s3://models/fraud"];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let keys = format!("AWS_ACCESS_KEY_ID=AKIEXAMPLE\nAWS_SECRET_ACCESS_KEY={MARK}\n");
    fs::write(folder.path().join("keys.env"), keys).unwrap();
    folder
}

fn secret(folder: &Path, arguments: &[&str]) -> crate::program::Ended {
    run(folder, &[], &[&["secret"], arguments].concat())
}

#[test]
fn what_a_pod_would_get_is_shown_without_values() {
    let folder = folder();
    let convert = [&["convert", "--from-file", "keys.env"][..], &MODEL].concat();
    for format in ["table", "json", "yaml", "jsonl"] {
        let ended = secret(folder.path(), &[&convert[..], &["-o", format]].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.contains("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY"), "{ended:?}");
        assert!(ended.stderr.contains("an access key"), "{ended:?}");
        assert!(!ended.all().contains(MARK) && !ended.all().contains("AKIEXAMPLE"), "{ended:?}");
    }
}

#[test]
fn a_manifest_with_values_is_for_its_owner_alone() {
    let folder = folder();
    let convert = [&["convert", "--from-file", "keys.env", "--name", "fraud"][..], &MODEL].concat();
    let ended = secret(folder.path(), &[&convert[..], &["--out", "out.yaml"]].concat());
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
    let file = folder.path().join("out.yaml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(file).unwrap();
    for part in ["kind: Secret", "immutable: true", "radiant-fraud-storage-", "aHVudGVyMg=="] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let ended = secret(folder.path(), &[&convert[..], &["--out", "-"]].concat());
    assert_eq!((ended.code, ended.stdout), (0, text));
    assert!(!ended.stderr.contains(MARK), "{}", ended.stderr);
    // What was written is a source again.
    let again =
        [&["convert", "--from-file", "out.yaml", "--name", "fraud", "--out", "-"][..], &MODEL];
    assert!(secret(folder.path(), &again.concat()).stdout.contains("aHVudGVyMg=="));
}

#[test]
fn what_is_wrong_has_its_exit_code_and_a_way_out() {
    let folder = folder();
    fs::write(folder.path().join("bad.env"), format!("AWS_ACCESS_KEY_ID={MARK}\n")).unwrap();
    for (arguments, code, word) in [
        (
            &["convert", "--from-file", "bad.env", "--model", "s3://m/x"][..],
            10,
            "AWS_SECRET_ACCESS_KEY",
        ),
        (&["convert", "--from-file", "gone", "--model", "s3://m/x"], 10, "`gone`"),
        (&["convert", "--from-file", "keys.env", "--model", "gs://m/x"], 10, "GOOGLE_APPLICATION"),
        (&["convert", "--from-env", "--model", "s3://m/x"], 10, "--from-profile"),
        (&["convert", "--from-file", "keys.env", "--model", "/m"], 2, "needs no Secret"),
        (&["convert", "--model", "s3://m/x"], 2, "--from-env"),
        (&["convert", "--from-env", "--anonymous", "--model", "s3://m/x"], 2, "cannot be used"),
    ] {
        let ended = secret(folder.path(), arguments);
        let text = ended.stderr.replace("need no Secret", "needs no Secret");
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(text.contains(word) && ended.stdout.is_empty(), "{arguments:?}: {ended:?}");
        assert!(!ended.all().contains(MARK), "{ended:?}");
    }
}

/// A store that checks signatures, with a model in it.
fn store() -> Option<(Server, TempDir)> {
    let root = tempfile::tempdir().unwrap();
    let model = root.path().join("models/fraud");
    fs::create_dir_all(&model).unwrap();
    fs::write(model.join("model.onnx"), "a model").unwrap();
    let place = root.path().to_str().unwrap().to_owned();
    let args = ["--host", "127.0.0.1", "--port", "0", "--access-key", "AKIEXAMPLE"];
    let secret = format!("{MARK}-right");
    let server = S3S_FS.start(&[&args[..], &["--secret-key", &secret, &place]].concat())?;
    Some((server, root))
}

#[test]
fn a_store_is_asked_with_the_very_credentials_and_no_others() {
    let Some((server, _root)) = store() else { return };
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}", server.address);
    let check = |secret: &str, model: &str| {
        let keys = format!(
            "RCLONE_CONFIG_S3_TYPE=s3\nRCLONE_CONFIG_S3_ACCESS_KEY_ID=AKIEXAMPLE\n\
             RCLONE_CONFIG_S3_SECRET_ACCESS_KEY={secret}\nRCLONE_CONFIG_S3_ENDPOINT={endpoint}\n"
        );
        fs::write(folder.path().join("keys"), keys).unwrap();
        // This process' own would open it.
        let right = format!("{MARK}-right");
        let own = [
            ("AWS_ACCESS_KEY_ID", "AKIEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", &right),
            ("AWS_ENDPOINT_URL", &endpoint),
        ];
        let arguments = ["secret", "check", "--from-file", "keys", "--model", model, "-o", "json"];
        run(folder.path(), &own, &arguments)
    };
    let right = check(&format!("{MARK}-right"), "s3://models/fraud");
    assert_eq!(right.code, 0, "{right:?}");
    for part in ["\"result\": \"listed\"", "\"files\": 1", "\"bytes\": 7", "RCLONE_CONFIG_S3_"] {
        assert!(right.stdout.contains(part), "{part}: {right:?}");
    }
    let wrong = check(&format!("{MARK}-wrong"), "s3://models/fraud");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (10, ""), "{wrong:?}");
    assert!(
        wrong.stderr.contains("s3://models/fraud") && wrong.stderr.contains("hint: "),
        "{wrong:?}"
    );
    let gone = check(&format!("{MARK}-right"), "s3://models/other");
    assert_eq!(gone.code, 10, "{gone:?}");
    assert!(gone.stderr.contains("names are case-sensitive"), "{gone:?}");
    for ended in [right, wrong, gone] {
        assert!(!ended.all().contains(MARK), "{ended:?}");
    }
}
