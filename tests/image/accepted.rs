//! The image in the hands of other people's tools: skopeo, umoci and podman.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::container::Launch;
use crate::model::check_rest;
use crate::parts::{SOURCE, deploy, finish, folder, home, run, source, text};
use crate::podman::{podman, pull};
use crate::support::model_file;

/// Authorities that any public store's certificate comes from; there are well over a hundred.
const AUTHORITIES_MIN: usize = 100;

/// The image under test, unpacked by umoci.
static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let (bundle, one) = (home().join("bundle"), format!("oci:{}:one", text(&home().join("one"))));
    let is_for_several = inspect(&["--raw", &SOURCE])["manifests"].is_array();
    if is_for_several {
        // umoci does not choose.
        run("skopeo", &["copy", "--quiet", &SOURCE, &one]).ok();
    }
    let source = if is_for_several { &one } else { &*SOURCE };
    let image = source.strip_prefix("oci:").expect("it is a layout");
    run("umoci", &["unpack", "--image", image, text(&bundle)]).ok();
    bundle.join("rootfs")
});

fn inspect(arguments: &[&str]) -> Value {
    run("skopeo", &[&["inspect"], arguments].concat()).json()
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn skopeo_reads_what_the_image_says_of_itself() {
    let image = inspect(&["--config", &SOURCE]);
    let config = &image["config"];
    assert_eq!(config["Entrypoint"], json!(["/radiant"]));
    assert_eq!(config.get("Cmd"), None, "without arguments it serves what the environment names");
    assert!(["8888", "8888:8888"].contains(&config["User"].as_str().expect("a user")), "{config}");
    for port in ["9000/tcp", "5000/tcp", "6000/tcp"] {
        assert!(config["ExposedPorts"].get(port).is_some(), "{config}");
    }
    for label in ["source", "revision", "version", "licenses", "title", "description"] {
        let label = format!("org.opencontainers.image.{label}");
        let value = config["Labels"][&label].as_str().unwrap_or_default();
        assert!(!value.is_empty(), "no `{label}` in {config}");
    }
    assert_eq!(image["os"], "linux");
    let summary = inspect(&[&*SOURCE]);
    assert_eq!(summary["Architecture"], image["architecture"], "{summary}");
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn umoci_unpacks_a_root_file_system_that_is_roots_alone() {
    let mut folders = vec![ROOT.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the image") {
            let path = entry.expect("an entry of the image").path();
            let found = path.symlink_metadata().expect("an entry of the image");
            assert_eq!((found.uid(), found.gid()), (0, 0), "{}", path.display());
            let mode = found.permissions().mode() & 0o7777;
            match path.strip_prefix(&*ROOT).expect("below the root").to_str() {
                Some("tmp") => assert_eq!(mode, 0o1777),
                _ if found.is_symlink() => {}
                _ => assert_eq!(mode & 0o7022, 0, "{}: {mode:o}", path.display()),
            }
            if found.is_dir() {
                folders.push(path);
            }
        }
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn the_root_file_system_has_what_the_program_needs() {
    let file = |name: &str| ROOT.join(name);
    for name in ["bin/sh", "bin/sleep"] {
        let target = fs::read_link(file(name)).expect("it is a link");
        assert!(target.ends_with("radiant"), "{name}: {}", target.display());
    }
    let lines = |name: &str| fs::read_to_string(file(name)).expect("a file of the image");
    for (name, line) in [
        ("etc/passwd", "radiant:x:8888:8888:"),
        ("etc/passwd", "root:x:0:0:"),
        ("etc/group", "radiant:x:8888:"),
    ] {
        assert!(lines(name).lines().any(|found| found.starts_with(line)), "{}", lines(name));
    }
    assert!(file("models").is_dir());
    let licences = fs::read_dir(file("licenses")).expect("a folder of the image");
    assert!(licences.count() > 0, "no licences");
    let bundle = fs::read(file("etc/ssl/certs/ca-certificates.crt")).expect("a file of the image");
    let authorities = CertificateDer::pem_slice_iter(&bundle).map(|one| one.expect("PEM"));
    let n_authorities = authorities.count();
    assert!(n_authorities > AUTHORITIES_MIN, "{n_authorities} authorities");
}

/// An image with the bundled model in all forms: the folder has `layout` and `image.tar`.
fn packed(folder: &Path) {
    let (layout, tarball) = (folder.join("layout"), folder.join("image.tar"));
    let model = model_file("iris", "model.onnx");
    let args = ["build", text(&model), "--base", &SOURCE, "--tag", "localhost/iris:1"];
    // Another image than any other test has: it is removed while they run.
    let outputs =
        ["--label", "test=forms", "--oci-layout", text(&layout), "--tarball", text(&tarball)];
    finish(deploy(&[&args[..], &outputs].concat())).ok();
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn podman_takes_one_image_from_each_form() {
    let folder = folder();
    packed(folder.path());
    let tarball = folder.path().join("image.tar");
    let path = text(&tarball);
    let layout = folder.path().join("layout");
    let archives = ["docker-archive", "oci-archive"].map(|form| format!("{form}:{path}"));
    for form in [&source(&layout), &archives[0], &archives[1]] {
        let config = inspect(&["--config", form]);
        assert_eq!(config["config"]["Entrypoint"], json!(["/radiant"]), "{form}");
    }
    let [docker, oci] = archives.map(|form| podman(&["pull", "--quiet", &form]).ok());
    let ids = [pull(&layout), docker, oci];
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let loaded = podman(&["load", "--input", path]).ok();
    assert!(loaded.contains("localhost/iris:1"), "{loaded}");
    podman(&["rmi", "--force", &ids[0]]).ok();
    // It brings its model; and the check of its health, which podman takes from Docker's form alone.
    podman(&["pull", "--quiet", &format!("docker-archive:{path}")]).ok();
    let server = Launch::image("localhost/iris:1").serve();
    check_rest(&server);
    server.container.podman(&["healthcheck", "run"]).ok();
    assert_eq!(server.container.inspect("{{.State.Health.Status}}"), "healthy");
}
