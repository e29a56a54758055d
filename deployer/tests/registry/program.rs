//! The program itself: arguments, passwords, output and exit codes.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use radiant_deploy::layout::media_type;
use radiant_storage::oci::Digest;
use serde_json::{Value, json};

use crate::images::{Images, bytes};
use crate::install::install;
use crate::server::{self, PASSWORD, USER};

/// Runs `radiant-deploy` with these files of logins, and gives what it says.
struct Deploy<'a> {
    home: &'a Path,
    stdin: &'a str,
}

impl Deploy<'_> {
    fn push(&self, args: &[&str]) -> (i32, String, String) {
        self.run("push", args)
    }

    fn run(&self, verb: &str, args: &[&str]) -> (i32, String, String) {
        #[expect(clippy::disallowed_methods, reason = "the program is what is tested")]
        let mut command = Command::new(env!("CARGO_BIN_EXE_radiant-deploy"));
        let path = format!("{}:/usr/bin:/bin", self.home.display());
        command.env_clear().env("HOME", self.home).env("PATH", path).env("TOKEN", PASSWORD);
        command.arg(verb).args(args).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It need not read it.
        drop(child.stdin.take().unwrap().write_all(self.stdin.as_bytes()));
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert!(!format!("{stdout} {stderr}").contains(PASSWORD), "{stdout} {stderr}");
        (status.code().unwrap(), stdout, stderr)
    }
}

fn tagged(images: &Images, tag: &str, layer: &[u8]) -> radiant_deploy::layout::Descriptor {
    let image = images.add(&[layer]);
    let name = ("org.opencontainers.image.ref.name".to_owned(), tag.to_owned());
    radiant_deploy::layout::Descriptor { annotations: Some([name].into()), ..image }
}

#[test]
fn a_login_is_from_flags_files_or_a_program_that_keeps_it() {
    let Some((address, ca)) = server::closed() else { return };
    let images = Images::new();
    let image = tagged(&images, "1", &bytes(9, 1000));
    images.list(vec![image.clone()]);
    let (layout, ca) = (images.layout.root().to_str().unwrap(), ca.to_str().unwrap());
    let name = format!("{address}/team/iris:1");
    let home = tempfile::tempdir().unwrap();
    let deploy = Deploy { home: home.path(), stdin: "secret\n" };
    let push = |more: &[&str]| deploy.push(&[&[layout, &name, "--registry-ca", ca], more].concat());

    let (code, _, stderr) = push(&[]);
    assert_eq!(code, 8, "{stderr}");
    for word in ["refuses access (401", "no auth file was found", "hint: log in with"] {
        assert!(stderr.contains(word), "`{word}` in {stderr}");
    }
    let (code, stdout, stderr) = push(&["--username", USER, "--password-stdin"]);
    assert_eq!((code, stdout), (0, format!("{address}/team/iris@{}\n", image.digest)), "{stderr}");
    assert!(stderr.contains("uploading") && stderr.contains("layer 1"), "{stderr}");
    let (code, stdout, _) = push(&["--username", USER, "--password-env", "TOKEN", "-o", "json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["schema"]), (0, &json!("radiant/push/v1")));
    assert_eq!(report["repositories"][0]["blobs"][0]["way"], "existing");
    let (code, _, stderr) = push(&["--username", "other", "--password-stdin"]);
    assert!(code == 8 && stderr.contains("user `other` was given"), "{stderr}");

    let config = home.path().join(".docker/config.json");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let helpers = json!({"credHelpers": {address.to_string(): "test"}});
    std::fs::write(&config, helpers.to_string()).unwrap();
    let (code, _, stderr) = push(&[]);
    assert!(code == 8 && stderr.contains("`docker-credential-test`: it cannot be run"), "{stderr}");
    let helper = home.path().join("docker-credential-test");
    let script = format!(
        "#!/bin/sh\nread server\n[ \"$1 $server\" = 'get {address}' ] && \
         echo '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n"
    );
    let source = home.path().join("source");
    std::fs::write(&source, script).unwrap();
    install(&source, &helper);
    let (code, _, stderr) = push(&["-q"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
}

#[test]
fn a_registry_must_be_there_and_be_trusted() {
    let home = tempfile::tempdir().unwrap();
    let deploy = Deploy { home: home.path(), stdin: "" };
    let images = Images::new();
    images.list(vec![tagged(&images, "1", b"x"), tagged(&images, "2", b"y")]);
    let layout = images.layout.root().to_str().unwrap();
    let one = format!("{layout}:1");
    let cases = [
        (&[&one, "127.0.0.1:1/a:1"][..], 9, "nothing listens at `127.0.0.1:1`"),
        (&[&one, "HOST/a:1"], 2, "a repository"),
        (&[layout, "127.0.0.1:1/a:1"], 2, "got `1`, `2`"),
        (&["/nowhere", "127.0.0.1:1/a:1"], 3, "got nothing"),
        (&[&one, "127.0.0.1:1/a:1", "--registry-ca", layout], 2, "file of authorities"),
        (&[&one, "127.0.0.1:1/a:1", "--username", "u"], 2, "--password"),
        (&[&one], 2, "REFERENCE"),
    ];
    for (args, expected, word) in cases {
        let (code, stdout, stderr) = deploy.push(args);
        assert_eq!((code, stdout.as_str()), (expected, ""), "{args:?}: {stderr}");
        assert!(stderr.contains(word), "`{word}` in {stderr}");
    }
    let Some((address, _)) = server::closed() else { return };
    let (code, _, stderr) = deploy.push(&[&one, &format!("{address}/a:1")]);
    assert!(code == 9 && stderr.contains("`--registry-ca`"), "{stderr}");
}

#[test]
fn an_archive_is_pushed_too() {
    let Some(address) = server::open() else { return };
    let home = tempfile::tempdir().unwrap();
    let images = Images::new();
    let image = tagged(&images, "1", b"layer of an archive");
    images.list(vec![image.clone()]);
    let archive = images.path("image.tar");
    let mut builder = tar::Builder::new(std::fs::File::create(&archive).unwrap());
    builder.append_dir_all(".", images.layout.root()).unwrap();
    drop(builder.into_inner().unwrap());
    let name = format!("{address}/{}", server::repository());
    let deploy = Deploy { home: home.path(), stdin: "" };
    let (code, stdout, stderr) = deploy.push(&[archive.to_str().unwrap(), &name]);
    assert_eq!((code, stdout), (0, format!("{name}@{}\n", image.digest)), "{stderr}");
}

#[test]
fn an_image_is_built_onto_one_of_a_registry_and_pushed_beside_it() {
    let Some(address) = server::open() else { return };
    let home = tempfile::tempdir().unwrap();
    let deploy = Deploy { home: home.path(), stdin: "" };
    let images = Images::new();
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(b"server")]},
    });
    let config = images.layout.add(media_type::CONFIG, config.to_string().as_bytes()).unwrap();
    let base = images.add_with(&[&bytes(10, 100_000)], |manifest| manifest.config = config);
    images.list(vec![base]);
    let base = format!("{address}/{}:1", server::repository());
    let (code, _, stderr) = deploy.push(&[images.layout.root().to_str().unwrap(), &base]);
    assert_eq!(code, 0, "{stderr}");
    let model = images.path("model.onnx");
    std::fs::write(&model, "a model").unwrap();
    let name = format!("{address}/{}:7", server::repository());
    let args = [model.to_str().unwrap(), "--base", &base, "--push", &name, "--sbom", "spdx"];
    let (code, stdout, stderr) = deploy.run("build", &[&args[..], &["-o", "json"]].concat());
    assert_eq!(code, 0, "{stderr}");
    let built: Value = serde_json::from_str(&stdout).unwrap();
    let pushed = &built["pushed"][0];
    assert_eq!(pushed["tags"], json!([{"name": "7", "is_changed": true}]));
    // The server's layer is taken over from the base's repository.
    assert_eq!(pushed["blobs"][1]["way"], "mounted", "{pushed}");
    assert_eq!(pushed["blobs"][2]["way"], "uploaded", "{pushed}");
    assert_eq!(pushed["referrers"].as_array().map(Vec::len), Some(1), "{pushed}");
    let (code, stdout, stderr) = deploy.run("build", &args);
    assert_eq!((code, stdout), (0, format!("{}\n", built["digest"].as_str().unwrap())), "{stderr}");
    let (code, _, stderr) = deploy.run("build", &["--base", &format!("{base}0"), "--push", &name]);
    assert!(code == 3 && stderr.contains("the registry has none"), "{stderr}");
}
