//! The deployer's own story: a model is deployed, replaced, tried beside itself, brought back and deleted.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use radiant_contract::{EnvSource as _, ProcessEnv};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stand::{Namespace, at, items, kubeconfig};

const DEPLOY: &str = "RADIANT_TEST_DEPLOY";
/// The node's address, where pods reach what runs beside them.
const NODE: &str = "198.51.100.7:0";
pub(crate) const REQUEST: &str = r#"{"data":{"ndarray":[[6.3,2.7,4.9,1.8]]}}"#;

/// A web server with files, for as long as the tests run.
pub(crate) fn web(files: BTreeMap<&'static str, Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind(NODE).expect("the node's address");
    let address = listener.local_addr().expect("a bound socket");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever goes away in between is not answered.
            drop(answer(&stream, &files));
        }
    });
    address
}

fn answer(mut stream: &TcpStream, files: &BTreeMap<&'static str, Vec<u8>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let (method, path) = first.split_once(' ').unwrap_or_default();
    let path = path.split(' ').next().unwrap_or_default();
    match files.get(path) {
        Some(bytes) => {
            let n = bytes.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nETag: \"{n}\"\r\nContent-Length: {n}\r\nConnection: close\r\n\r\n"
            )?;
            if method == "GET" { stream.write_all(bytes) } else { Ok(()) }
        }
        None => write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
    }
}

/// A folder with a configuration, and the program that reads it.
pub(crate) struct Deployer {
    folder: TempDir,
    pub(crate) namespace: Namespace,
}

impl Deployer {
    pub(crate) fn new(namespace: &'static str, config: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let deployer = Self { folder, namespace: Namespace::new(namespace) };
        deployer.file("radiant.yaml", &config.to_string());
        deployer
    }

    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("our own folder");
    }

    fn run(&self, args: &[&str]) -> Output {
        let program = ProcessEnv.get(DEPLOY).unwrap_or_else(|| panic!("`{DEPLOY}` is not set"));
        #[expect(clippy::disallowed_methods, reason = "the program is the subject")]
        let mut command = Command::new(PathBuf::from(program));
        command.args(args).current_dir(self.folder.path()).env("KUBECONFIG", kubeconfig());
        command.output().expect("it starts")
    }

    /// Runs it; it must end with this code. Gives what it says on stdout and stderr.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, args: &[&str]) -> (String, String) {
        let output = self.run(args);
        let [out, err] =
            [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
        (out, err)
    }

    fn config(&self, args: &[&str]) -> Vec<String> {
        let all = [args, &["--namespace", self.namespace.name]].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    #[track_caller]
    pub(crate) fn named(&self, code: i32, args: &[&str]) -> (String, String) {
        let args = self.config(args);
        self.ends(code, &args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

pub(crate) fn model() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/iris/model.onnx");
    fs::read(path).expect("our own model")
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_model_is_deployed_replaced_tried_beside_itself_brought_back_and_deleted() {
    let mut longer = model();
    // A field that no reader of ONNX knows: other bytes, the same model.
    longer.extend([0xa2, 0x1f, 0x00]);
    let address = web(BTreeMap::from([("/1/model.onnx", model()), ("/2/model.onnx", longer)]));
    let uri = |version: u32| format!("model.uri=http://{address}/{version}/model.onnx");
    let deployer = Deployer::new(
        "deploy",
        &json!({
            "apiVersion": "radiant.dev/v1", "kind": "Deployment", "name": "iris",
            "namespace": "deploy",
            "model": {"uri": format!("http://{address}/1/model.onnx")},
            "server": {"image": "radiant:1"},
        }),
    );
    let sdep = || deployer.namespace.get(&["sdep", "iris"]);
    let revision = |object: &Value| {
        at(object, "/metadata/annotations/radiant.dev~1revision").as_str().map(str::to_owned)
    };

    // Created, and the same again writes nothing.
    let (out, _) = deployer.ends(0, &["apply", "--timeout", "4m"]);
    assert!(out.contains("seldondeployment.machinelearning.seldon.io/iris created"), "{out}");
    assert!(out.contains("iris revision 1 ready in"), "{out}");
    let before = sdep();
    let (out, _) = deployer.ends(0, &["apply"]);
    assert!(out.contains("iris unchanged"), "{out}");
    assert_eq!(at(&sdep(), "/metadata/resourceVersion"), at(&before, "/metadata/resourceVersion"));
    deployer.ends(0, &["diff"]);
    let (out, _) = deployer.named(0, &["predict", "iris", "--raw", "-d", REQUEST]);
    assert!(out.contains("ndarray"), "{out}");
    let (out, _) = deployer.named(0, &["get", "iris"]);
    assert!(out.contains("Ready"), "{out}");

    // A canary beside it, half of the traffic, and it takes over.
    let (out, _) =
        deployer.ends(0, &["apply", "--set", &uri(2), "--canary", "20", "--timeout", "4m"]);
    assert!(out.contains("iris revision 2 ready in"), "{out}");
    let names = |object: &Value| {
        let all = at(object, "/spec/predictors").as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|it| (it["name"].as_str().unwrap_or_default().to_owned(), it["traffic"].as_u64()))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&sdep()), [("main".to_owned(), Some(80)), ("canary-2".to_owned(), Some(20))]);
    let (_, err) = deployer.ends(4, &["apply"]);
    assert!(err.contains("`canary-2` is still beside the main model"), "{err}");
    deployer.named(0, &["traffic", "iris", "main=50", "canary=50", "--timeout", "4m"]);
    assert_eq!(names(&sdep())[1].1, Some(50));
    deployer.named(0, &["promote", "iris", "--timeout", "4m"]);
    assert_eq!(names(&sdep()), [("main".to_owned(), None)]);
    let (out, _) = deployer.named(0, &["history", "iris", "-o", "json"]);
    let history: Value = serde_json::from_str(&out).expect("JSON");
    let told: Vec<_> =
        items(&history).iter().map(|it| it["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["superseded", "deployed"], "{history:#}");

    // A model that is not there stops everything before anything is written.
    let before = sdep();
    deployer.ends(10, &["apply", "--set", &uri(3)]);
    assert_eq!(at(&sdep(), "/metadata/resourceVersion"), at(&before, "/metadata/resourceVersion"));

    // A golden request that is answered otherwise brings the revision before back.
    deployer.file("one.json", REQUEST);
    deployer.file("one.out.json", r#"{"data":{"ndarray":[[1,0,0]]}}"#);
    let tests = r#"tests=[{"request":"one.json","expect":"one.out.json"}]"#;
    let (_, err) =
        deployer.ends(7, &["apply", "--set", tests, "--set", &uri(1), "--timeout", "4m"]);
    assert!(err.contains("golden") && err.contains("revision 2 is back"), "{err}");
    assert_eq!(revision(&sdep()).as_deref(), Some("2"));

    // The first one again, under a number of its own.
    deployer.named(0, &["rollback", "iris", "1", "--timeout", "4m"]);
    assert_eq!(revision(&sdep()).as_deref(), Some("4"));
    deployer.named(0, &["delete", "iris"]);
    let left = deployer.namespace.get(&["sdep,pods,configmaps"]);
    let ours = items(&left).iter().filter(|it| {
        it["kind"] != "ConfigMap"
            || at(it, "/metadata/name").as_str().is_some_and(|name| name.starts_with("radiant."))
    });
    assert_eq!(ours.count(), 0, "{left:#}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_canary_grows_step_by_step_and_takes_over_or_goes() {
    let mut longer = model();
    longer.extend([0xa2, 0x1f, 0x00]);
    let address = web(BTreeMap::from([("/1/model.onnx", model()), ("/2/model.onnx", longer)]));
    let deployer = Deployer::new(
        "canary",
        &json!({
            "apiVersion": "radiant.dev/v1", "kind": "Deployment", "name": "iris",
            "namespace": "canary",
            "model": {"uri": format!("http://{address}/1/model.onnx")},
            "server": {"image": "radiant:1"},
            "rollout": {
                "strategy": "canary",
                "canary": {"steps": [20, 60], "hold": "2s", "abortWhen": {"errorRate": "1%"}},
            },
        }),
    );
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let uri = format!("model.uri=http://{address}/2/model.onnx");
    let (_, err) = deployer.ends(0, &["apply", "--set", &uri, "--timeout", "4m"]);
    for told in
        ["canary-2 with 20% of the traffic", "canary-2 with 60%", "canary-2 is the main model"]
    {
        assert!(err.contains(told), "{told}: {err}");
    }
    let object = deployer.namespace.get(&["sdep", "iris"]);
    assert_eq!(at(&object, "/spec/predictors").as_array().map(Vec::len), Some(1), "{object:#}");
    assert_eq!(at(&object, "/spec/predictors/0/name"), "main");
    let (out, _) = deployer.named(0, &["history", "iris"]);
    assert!(out.contains("superseded") && out.contains("deployed"), "{out}");
}
