//! What is tested, and the programs of others that it is tested with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use radiant_contract::{EnvSource as _, ProcessEnv};
use serde_json::Value;
use tempfile::TempDir;

const IMAGE: &str = "RADIANT_TEST_IMAGE";
const IMAGE_ORT: &str = "RADIANT_TEST_IMAGE_ORT";
const DEPLOY: &str = "RADIANT_TEST_DEPLOY";
/// Names an image in the index of a layout (image-spec 1.1, "Pre-Defined Annotation Keys").
const REF_NAME: &str = "/annotations/org.opencontainers.image.ref.name";
/// How many seconds a program may take that is expected to end.
const RUN_MAX_S: &str = "120";

/// The folder of everything that programs keep: their settings, logins and images.
static HOME: LazyLock<PathBuf> = LazyLock::new(|| folder().keep());

/// The image under test, as [`source`] names it.
pub(crate) static SOURCE: LazyLock<String> = LazyLock::new(|| source(&layout()));

/// The first image of a layout, as `containers-transports(5)` names it: `oci:FOLDER[:NAME]`.
pub(crate) fn source(layout: &Path) -> String {
    let index = fs::read(layout.join("index.json")).expect("the layout has an index");
    let index: Value = serde_json::from_slice(&index).expect("the index is JSON");
    let manifests = index["manifests"].as_array().expect("the index has manifests");
    let named = manifests.iter().find_map(|manifest| manifest.pointer(REF_NAME)?.as_str());
    let name = named.map(|name| format!(":{name}")).unwrap_or_default();
    format!("oci:{}{name}", layout.display())
}

/// The OCI layout folder of the image under test.
pub(crate) fn layout() -> PathBuf {
    named_by(IMAGE).into()
}

/// That of the flavour with ONNX Runtime.
pub(crate) fn layout_with_onnx_runtime() -> PathBuf {
    named_by(IMAGE_ORT).into()
}

fn named_by(variable: &str) -> String {
    let value = ProcessEnv.get(variable);
    value.unwrap_or_else(|| panic!("`{variable}` is not set: `.ci/run image` sets it"))
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// What a program printed that did what it was asked to.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout.trim_end().to_owned()
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// Checks that it ended with this code and said all of these words to people.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing in: {}", self.stderr);
        }
    }
}

/// A program that sees no settings but those of these tests, and that is ended when it takes too long.
pub(crate) fn command(program: &str) -> Command {
    #[expect(clippy::disallowed_methods, reason = "other people's programs are the subject")]
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", RUN_MAX_S, program]).env_clear();
    for name in ["PATH", "TMPDIR", "SSL_CERT_FILE"] {
        if let Some(value) = ProcessEnv.get(name) {
            command.env(name, value);
        }
    }
    command.env("HOME", &*HOME).env("REGISTRY_AUTH_FILE", HOME.join("auth.json"));
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command) -> Outcome {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, args: &[&str]) -> Outcome {
    let mut command = command(program);
    command.args(args);
    finish(command)
}

/// `radiant-deploy` with these arguments.
pub(crate) fn deploy(args: &[&str]) -> Command {
    let mut command = command(&named_by(DEPLOY));
    command.args(args);
    command
}

/// The folder of everything that programs keep.
pub(crate) fn home() -> &'static Path {
    &HOME
}

/// A folder that any user may read and write, as a volume of a pod.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("our own folder");
    folder
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
