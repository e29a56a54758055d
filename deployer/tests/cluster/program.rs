//! The program with a kubeconfig of its own, and objects that look like those of Seldon's operator.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Reply, Request, Server};

/// Where SeldonDeployments are.
pub(crate) const SDEPS: &str = "/apis/machinelearning.seldon.io/v1/namespaces/ml/seldondeployments";
/// Where Deployments are.
pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/ml/deployments";
/// Where pods are.
pub(crate) const PODS: &str = "/api/v1/namespaces/ml/pods";

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A program that asks one server.
pub(crate) struct Program {
    folder: TempDir,
    binary: PathBuf,
}

impl Program {
    pub(crate) fn new(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = server.kubeconfig(&json!({"token": "t"}));
        fs::write(folder.path().join("config"), config).unwrap();
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_radiant-deploy"));
        Self { folder, binary }
    }

    /// The same with a script in the place of the server's program.
    pub(crate) fn beside(server: &Server, script: &str) -> Self {
        let mut program = Self::new(server);
        let binary = program.folder.path().join("radiant-deploy");
        fs::copy(&program.binary, &binary).unwrap();
        program.binary = binary;
        let beside = program.folder.path().join("radiant");
        fs::write(&beside, script).unwrap();
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    /// Writes a file into the folder that it runs in.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Puts a file into the folder that it runs in.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the program under test")]
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("KUBECONFIG", self.folder.path().join("config"));
        for name in ["NO_COLOR", "HTTP_PROXY", "http_proxy", "KUBERNETES_SERVICE_HOST"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Starts it, reads as many lines of its output, and ends it.
    pub(crate) fn first_lines(&self, arguments: &[&str], n_lines: usize) -> Vec<String> {
        let mut command = self.command(arguments);
        let mut child: Child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = lines.take(n_lines).map(Result::unwrap).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        lines
    }
}

impl Program {
    /// Runs it until it is ready, and sends it SIGINT then.
    pub(crate) fn interrupted(&self, arguments: &[&str], is_ready: impl Fn() -> bool) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !is_ready() {
            thread::yield_now();
        }
        #[expect(clippy::disallowed_methods, reason = "what sends signals without unsafe code")]
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let (mut out, mut err) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        Ran { code: child.wait().unwrap().code().unwrap(), out, err }
    }
}

/// A SeldonDeployment that serves, made by this tool.
pub(crate) fn sdep(name: &str) -> Value {
    json!({
        "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
        "metadata": {
            "name": name, "namespace": "ml", "uid": format!("uid-{name}"), "resourceVersion": "5",
            "generation": 1, "creationTimestamp": "2020-01-01T00:00:00Z",
            "annotations": {"radiant.dev/revision": "7", "radiant.dev/model-uri": "s3://models/fraud"},
            "managedFields": [{"manager": "radiant-deploy"}],
        },
        "spec": {"name": name, "replicas": 2, "predictors": [{"name": "main", "graph": {"name": "model"},
            "componentSpecs": [{"spec": {"containers": [{"name": "model", "image": "radiant:1",
                "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "hunter2"}]}]}}]}]},
        "status": {"state": "Available",
            "address": {"url": format!("http://{name}-main.ml.svc.cluster.local:8000/api/v1.0/predictions")},
            "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// The Deployment that the operator makes of it, with as many pods available as there are.
pub(crate) fn deployment(name: &str, available: u32) -> Value {
    json!({
        "metadata": {"name": format!("{name}-main-0-model"), "namespace": "ml", "generation": 1,
                     "labels": {"seldon-deployment-id": name}},
        "spec": {"replicas": 2, "selector": {}, "template": {"spec": {"containers": [
            {"name": "model", "image": "radiant:1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2,
                   "availableReplicas": available},
    })
}

/// A pod of it.
pub(crate) fn pod(name: &str, idx: u32) -> Value {
    json!({
        "metadata": {"name": format!("{name}-main-0-model-5d9-{idx}"), "namespace": "ml",
                     "uid": format!("pod-{idx}"), "resourceVersion": "1",
                     "labels": {"seldon-deployment-id": name}},
        "spec": {"containers": [{"name": "model"}], "nodeName": "node-a"},
        "status": {"phase": "Running", "containerStatuses": [{"name": "model", "image": "", "imageID": "",
            "ready": true, "restartCount": 3, "state": {"running": {}}}]},
    })
}

/// An event of a pod.
pub(crate) fn event(idx: u32, object: &str, message: &str) -> Value {
    json!({
        "metadata": {"name": format!("e{idx}"), "uid": format!("e{idx}"), "namespace": "ml"},
        "involvedObject": {"kind": "Pod", "name": object}, "type": "Warning", "reason": "BackOff",
        "message": message, "lastTimestamp": format!("2020-01-01T00:00:0{idx}Z"), "count": 2,
    })
}

/// Answers as a cluster does with one deployment, `fraud`, and nothing else.
pub(crate) fn with_fraud(asked: &Request) -> Reply {
    match asked.path.as_str() {
        SDEPS => Reply::list(&[sdep("fraud")]),
        DEPLOYMENTS => Reply::list(&[deployment("fraud", 2)]),
        PODS => Reply::list(&[pod("fraud", 1), pod("fraud", 2)]),
        "/apis/machinelearning.seldon.io/v1/seldondeployments" => Reply::list(&[sdep("fraud")]),
        "/apis/apps/v1/deployments" => Reply::list(&[deployment("fraud", 2)]),
        "/api/v1/namespaces/ml" => Reply::json(&json!({"metadata": {"name": "ml"}})),
        "/api/v1/services" if asked.query.contains("istio") => Reply::list(&[json!({
            "metadata": {"name": "istio-ingressgateway", "namespace": "istio-system"},
            "spec": {"ports": [{"name": "http2", "port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
        })]),
        path => match path.strip_prefix(SDEPS) {
            Some("/fraud") => Reply::json(&sdep("fraud")),
            Some(name) => Reply::missing("seldondeployments", name.trim_start_matches('/')),
            None => Reply::list(&[]),
        },
    }
}
