//! What happens when the cluster, or whoever waits for it, goes away in between.

use std::collections::BTreeMap;
use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::json;

use crate::deployer::{Deployer, config, ended};
use crate::stand::{at, items, kubeconfig};
use crate::web::{Page, model, web};

/// A line to the API server that can be cut.
#[derive(Clone)]
struct Line {
    address: SocketAddr,
    /// The ends of what goes through it; `None` while it is cut.
    ends: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Line {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let line = Self { address, ends: Arc::new(Mutex::new(Some(Vec::new()))) };
        let carrying = line.clone();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&server) else { continue };
                carrying.carry(&near, &far);
            }
        });
        line
    }

    /// Passes on what comes from either end; a connection over a line that is cut is closed at once.
    fn carry(&self, near: &TcpStream, far: &TcpStream) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ends) = &mut *ends else { return };
        for (from, to) in [(near, far), (far, near)] {
            let [mut from, mut to] = [from, to].map(|end| end.try_clone().expect("a socket"));
            ends.push(from.try_clone().expect("a socket"));
            thread::spawn(move || {
                // It was cut, or one end has hung up.
                drop(copy(&mut from, &mut to));
                drop(to.shutdown(Shutdown::Write));
            });
        }
    }

    fn cut(&self) {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner).take();
        for end in ends.into_iter().flatten() {
            drop(end.shutdown(Shutdown::Both));
        }
    }

    fn mend(&self) {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// The program with a kubeconfig that has this line as its only way.
    fn command(&self, deployer: &Deployer, server: &str, args: &[&str]) -> Command {
        let text = std::fs::read_to_string(kubeconfig()).expect("a kubeconfig");
        deployer.file("kubeconfig", &text.replace(server, &self.address.to_string()));
        let mut command = deployer.command(args);
        command.env("KUBECONFIG", "kubeconfig");
        command
    }
}

/// The API server's address.
fn server(deployer: &Deployer) -> String {
    let view = ["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"];
    deployer.namespace.kubectl(&view).trim_start_matches("https://").to_owned()
}

/// A deployment whose pods wait for a Secret.
fn waiting(name: &'static str) -> Deployer {
    let address = web(BTreeMap::from([("/model.onnx", Page::File(model()))]));
    let mut config = config("iris", name, &format!("http://{address}/model.onnx"));
    config["credentials"] = json!({"existingSecret": "late"});
    Deployer::new(name, &config)
}

/// Makes the Secret, after which the pods come to run.
fn release(deployer: &Deployer) {
    deployer.namespace.kubectl(&["create", "secret", "generic", "late", "--from-literal=A=1"]);
    deployer.namespace.until(&["sdep", "iris"], |it| at(it, "/status/state") == "Available");
}

/// Starts it, and waits until the pods wait.
fn begin(mut command: Command, deployer: &Deployer) -> Child {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = piped.spawn().expect("it starts");
    let reason = "/items/0/status/containerStatuses/0/state/waiting/reason";
    deployer.namespace.until(&["pods"], |pods| at(pods, reason) == "CreateContainerConfigError");
    child
}

/// Waits for its end. What it said on stdout and stderr.
#[track_caller]
fn finish(code: i32, child: Child) -> (String, String) {
    ended(code, &child.wait_with_output().expect("it ends"))
}

const APPLY: [&str; 4] = ["apply", "--fail-fast=false", "--timeout", "4m"];

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_wait_outlives_a_line_that_breaks() {
    let deployer = waiting("line");
    let server = server(&deployer);
    let line = Line::to(server.clone());
    let child = begin(line.command(&deployer, &server, &APPLY), &deployer);
    line.cut();
    release(&deployer);
    line.mend();
    let (out, err) = finish(0, child);
    assert!(out.contains("iris revision 1 ready in"), "{out}\n{err}");
    assert!(err.contains("the connection to the cluster was lost"), "{err}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_cluster_that_stays_away_ends_the_wait_and_the_next_one_goes_on() {
    let deployer = waiting("away");
    let server = server(&deployer);
    let line = Line::to(server.clone());
    let child = begin(line.command(&deployer, &server, &APPLY), &deployer);
    line.cut();
    let (_, err) = finish(9, child);
    assert!(err.contains("cannot reach the cluster"), "{err}");
    release(&deployer);
    let (out, _) = deployer.ends(0, &["apply", "--timeout", "4m"]);
    assert!(out.contains("iris revision 1 ready in"), "{out}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn whoever_interrupts_an_apply_leaves_a_rollout_that_goes_on() {
    let deployer = waiting("interrupted");
    let child = begin(deployer.command(&APPLY), &deployer);
    let kill = ["-INT", &child.id().to_string()];
    #[expect(clippy::disallowed_methods, reason = "a signal is the subject")]
    let killed = Command::new("kill").args(kill).status().expect("it runs");
    assert!(killed.success());
    let (_, err) = finish(130, child);
    for words in ["goes on without being watched", "radiant-deploy wait iris -n interrupted"] {
        assert!(err.contains(words), "{words}: {err}");
    }
    release(&deployer);
    let before = deployer.namespace.get(&["pods"]);
    deployer.ends(0, &["wait", "iris", "-n", "interrupted", "--timeout", "4m"]);
    let (out, _) = deployer.ends(0, &["apply", "--timeout", "4m"]);
    assert!(out.contains("iris revision 1 ready in"), "{out}");
    let after = deployer.namespace.get(&["pods"]);
    assert_eq!(at(&after, "/items/0/metadata/uid"), at(&before, "/items/0/metadata/uid"));
    let history = deployer.document(0, &["history", "iris"]);
    let told: Vec<_> = items(&history).iter().map(|it| &it["status"]).collect();
    assert_eq!(told, ["deployed"], "{history:#}");
}
