//! Podman, with a store and settings of these tests' own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use crate::parts::{self, Outcome, text};

/// The image under test in podman's store.
const IMAGE: &str = "localhost/radiant:test";

/// `runc`, because podman's own choice refuses hybrid control groups; limits below those of this
/// process, because podman's own are above what a container of CI may set; no systemd anywhere.
const SETTINGS: &str = r#"[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"#;

/// The folder of podman's settings and its store, made when it is first asked for.
static STORE: LazyLock<&Path> = LazyLock::new(|| {
    let home = parts::home();
    let (images, run) = (home.join("images"), home.join("run"));
    let storage =
        format!("[storage]\ndriver = \"overlay\"\ngraphroot = {images:?}\nrunroot = {run:?}\n");
    for (name, text) in [
        ("containers.conf", SETTINGS),
        ("storage.conf", &storage),
        ("registries.conf", "unqualified-search-registries = []\n"),
        ("auth.json", "{}"),
    ] {
        fs::write(home.join(name), text).expect("our own folder");
    }
    home
});

/// The image under test, which is loaded once.
static LOADED: LazyLock<&str> = LazyLock::new(|| {
    podman(&["tag", &pull(&parts::layout()), IMAGE]).ok();
    IMAGE
});

/// Loads the first image of a layout; its id.
pub(crate) fn pull(layout: &Path) -> String {
    let (folder, name) = (layout.parent(), layout.file_name());
    let name = Path::new(name.expect("a layout has a name"));
    let source = parts::source(layout).replacen(text(layout), text(name), 1);
    let mut command = command(&["pull", "--quiet", &source]);
    // Podman calls an image as its path is called, which must then be in small letters.
    command.current_dir(folder.expect("a layout lies in a folder"));
    parts::finish(command).ok()
}

/// The name of the image under test.
pub(crate) fn image() -> &'static str {
    *LOADED
}

/// Podman with these arguments.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = parts::command("podman");
    for (variable, file) in [
        ("CONTAINERS_CONF", "containers.conf"),
        ("CONTAINERS_STORAGE_CONF", "storage.conf"),
        ("CONTAINERS_REGISTRIES_CONF", "registries.conf"),
    ] {
        command.env(variable, STORE.join(file));
    }
    command.env("DISABLE_HC_SYSTEMD", "true");
    command.args(args);
    command
}

/// Runs podman to its end.
pub(crate) fn podman(args: &[&str]) -> Outcome {
    parts::finish(command(args))
}
