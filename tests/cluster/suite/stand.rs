//! The cluster that the tests share, and what they ask of it.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use radiant_cluster::kubelet::{self, Image, Images};
use radiant_cluster::{Cluster, Options, operator};
use radiant_contract::{EnvSource as _, ProcessEnv};
use serde_json::{Value, json};

const IMAGE: &str = "RADIANT_TEST_IMAGE";
const KUBERNETES: &str = "RADIANT_TEST_KUBERNETES";
/// How often something is looked at that will change.
const TICK: Duration = Duration::from_millis(200);
/// How long anything may take that should happen, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(5);
/// Programs of this machine that pods of the tests are made of.
const TOOLS: [&str; 7] = ["sh", "sleep", "cat", "env", "id", "ls", "head"];

/// The kind of SeldonDeployments.
const KINDS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../deployer/src/manifest/crd/seldondeployments.json");

/// The cluster, or why there is none.
static CLUSTER: LazyLock<Result<Cluster, String>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder").keep();
    let options = Options {
        cache: variable(KUBERNETES).into(),
        kinds: vec![KINDS.into()],
        kubelet: kubelet::Settings::new(images(&folder.join("images"))?),
        operator: operator::Settings::default(),
        folder,
    };
    Cluster::start(options).map_err(|error| format!("{error:#}"))
});

fn cluster() -> &'static Cluster {
    CLUSTER.as_ref().unwrap_or_else(|error| panic!("there is no cluster: {error}"))
}

/// The kubeconfig of an administrator.
pub(crate) fn kubeconfig() -> &'static Path {
    cluster().kubeconfig()
}

fn variable(name: &str) -> String {
    ProcessEnv.get(name).unwrap_or_else(|| panic!("`{name}` is not set: `.ci/run cluster` sets it"))
}

/// The server under the names that its users give it, tools, and the orchestrator.
fn images(folder: &Path) -> Result<Images, String> {
    let program = |name: &str, programs: &[(&Path, &str)]| {
        Image::programs(programs, &folder.join(name)).map_err(|error| format!("{error:#}"))
    };
    let server = Image::layout(&variable(IMAGE), &folder.join("radiant"));
    let tools = TOOLS.map(|name| (PathBuf::from(format!("/bin/{name}")), format!("/bin/{name}")));
    let tools: Vec<(&Path, &str)> =
        tools.iter().map(|(path, at)| (path.as_path(), at.as_str())).collect();
    let orchestrator = Path::new(env!("CARGO_BIN_EXE_radiant-orchestrator"));
    Ok(Images::default()
        .with("radiant", server.map_err(|error| format!("{error:#}"))?)
        .with("tools", program("tools", &tools)?)
        .with(
            "seldonio/seldon-core-executor",
            program("orchestrator", &[(orchestrator, "/orchestrator")])?,
        ))
}

/// What is set for all deployments is changed by one test at a time.
pub(crate) fn settings() -> MutexGuard<'static, ()> {
    static SETTINGS: Mutex<()> = Mutex::new(());
    SETTINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A namespace of a test, deleted with it.
pub(crate) struct Namespace {
    pub(crate) name: &'static str,
}

impl Namespace {
    /// A new one of this name.
    pub(crate) fn new(name: &'static str) -> Self {
        let namespace = Self { name };
        let made = cluster().expect(&["create", "namespace", name]);
        made.unwrap_or_else(|error| panic!("{error:#}"));
        namespace
    }

    /// Runs `kubectl` in it, which must end well.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let ran = cluster().expect(&[&["--namespace", self.name], args].concat());
        ran.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The same, when it must not end well: what it says to people.
    #[track_caller]
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        let ran = cluster().kubectl(&[&["--namespace", self.name], args].concat());
        let ran = ran.unwrap_or_else(|error| panic!("{error:#}"));
        assert!(!ran.status.success(), "it was not refused: {args:?}");
        String::from_utf8_lossy(&ran.stderr).into_owned()
    }

    /// Writes objects, given as YAML or JSON, into a file that `kubectl` reads.
    fn file(objects: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), objects).expect("our own file");
        file
    }

    /// Applies objects.
    #[track_caller]
    pub(crate) fn apply(&self, objects: &str) {
        let file = Self::file(objects);
        self.kubectl(&["apply", "-f", &file.path().display().to_string()]);
    }

    /// Applies objects that the cluster must refuse: what it says.
    #[track_caller]
    pub(crate) fn apply_refused(&self, objects: &Value) -> String {
        let file = Self::file(&objects.to_string());
        self.refused(&["apply", "-f", &file.path().display().to_string()])
    }

    /// An object, as it is now.
    #[track_caller]
    pub(crate) fn get(&self, what: &[&str]) -> Value {
        let text = self.kubectl(&[&["get", "-o", "json"], what].concat());
        serde_json::from_str(&text).expect("kubectl writes JSON")
    }

    /// Waits until an object is as it is wanted, and gives it.
    #[track_caller]
    pub(crate) fn until(&self, what: &[&str], is_wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = cluster()
                .kubectl(&[&["--namespace", self.name, "get", "-o", "json"], what].concat());
            let found = found.unwrap_or_else(|error| panic!("{error:#}"));
            let object = serde_json::from_slice(&found.stdout).unwrap_or(Value::Null);
            if is_wanted(&object) {
                return object;
            }
            assert!(Instant::now() < deadline, "{what:?} is not as wanted: {object:#}");
            thread::park_timeout(TICK);
        }
    }

    /// Waits for an event of this reason whose message has these words.
    #[track_caller]
    pub(crate) fn until_event(&self, reason: &str, words: &str) {
        self.until(&["events"], |events| {
            let mut events = items(events).iter();
            events.any(|event| {
                let message = event["message"].as_str().unwrap_or_default();
                event["reason"] == reason && message.contains(words)
            })
        });
    }

    /// Runs a pod of tools, which says these words to a shell.
    #[track_caller]
    pub(crate) fn pod(&self, name: &str, script: &str, change: impl Fn(&mut Value)) {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": {"seldon.io/x": "1"}},
            "spec": {
                "terminationGracePeriodSeconds": 5,
                "containers": [{"name": "main", "image": "tools:1", "command": ["/bin/sh", "-c", script]}],
            },
        });
        change(&mut pod);
        self.apply(&pod.to_string());
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let Ok(cluster) = &*CLUSTER else { return };
        // What is left ends with the namespace of the tests.
        drop(cluster.kubectl(&["delete", "namespace", self.name, "--wait=false"]));
    }
}

/// The elements of a list that `kubectl` gives.
pub(crate) fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

/// A value inside another, by its JSON pointer.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// Posts JSON to a pod or a Service through the API server, and gives the answer.
#[track_caller]
pub(crate) fn proxied(namespace: &Namespace, whom: &str, path: &str, body: &str) -> Value {
    let text = try_proxied(namespace, whom, path, body);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The same with whatever is said of somebody who may be going away.
#[track_caller]
pub(crate) fn try_proxied(namespace: &Namespace, whom: &str, path: &str, body: &str) -> String {
    let server =
        namespace.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    let folder = cluster().kubeconfig().parent().expect("it lies in a folder");
    #[expect(clippy::disallowed_methods, reason = "other people's programs are the subject")]
    let mut curl = std::process::Command::new("curl");
    for (option, file) in [("--cacert", "ca.crt"), ("--cert", "admin.crt"), ("--key", "admin.key")]
    {
        curl.arg(option).arg(folder.join(file));
    }
    let body = Namespace::file(body);
    curl.args(["--silent", "--show-error", "--header", "Content-Type: application/json"]);
    curl.args(["--data-binary", &format!("@{}", body.path().display())]);
    curl.arg(format!("{server}/api/v1/namespaces/{}/{whom}/proxy/{path}", namespace.name));
    let answer = curl.output().expect("curl runs");
    String::from_utf8_lossy(&[answer.stdout, answer.stderr].concat()).into_owned()
}
