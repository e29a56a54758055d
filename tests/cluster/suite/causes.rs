//! Why a deployment is stuck: each cause provoked on the cluster, and told by `apply`, `status` and `wait`.

use std::collections::BTreeMap;
use std::thread;

use serde_json::{Value, json};

use crate::deployer::{Deployer, config};
use crate::operator::tools;
use crate::stand::{Namespace, at};
use crate::web::{Page, model, other_model, web};

/// A deployment that cannot become ready, and what must be said of it.
struct Stuck {
    /// The namespace, and what is wrong in a word.
    name: &'static str,
    /// Where the model is.
    path: &'static str,
    /// What is otherwise in its configuration: dotted paths.
    changes: Vec<(&'static str, Value)>,
    /// What is done to the namespace before.
    prepare: fn(&Namespace),
    kind: &'static str,
    /// What the text of the cause has.
    words: &'static [&'static str],
    /// The field of the configuration to change.
    field: Value,
}

impl Stuck {
    fn new(name: &'static str, kind: &'static str, words: &'static [&'static str]) -> Self {
        let (path, field) = ("/model.onnx", Value::Null);
        Self { name, path, changes: Vec::new(), prepare: |_| {}, kind, words, field }
    }

    fn model(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    fn with(mut self, path: &'static str, value: Value) -> Self {
        self.changes.push((path, value));
        self
    }

    fn after(self, prepare: fn(&Namespace)) -> Self {
        Self { prepare, ..self }
    }

    fn field(self, field: &str) -> Self {
        Self { field: json!(field), ..self }
    }

    fn config(&self, store: &str) -> Value {
        let mut config = config(self.name, self.name, &format!("{store}{}", self.path));
        for (path, value) in &self.changes {
            let place = path.split('.').fold(&mut config, |place, key| &mut place[key]);
            place.clone_from(value);
        }
        config
    }

    /// `apply` fails with the cause, and whoever looks later is told the same.
    fn check(&self, store: &str) {
        let deployer = Deployer::new(self.name, &self.config(store));
        (self.prepare)(&deployer.namespace);
        let apply = ["apply", "--grace", "2s", "--timeout", "3m", "-o", "json"];
        let (out, err) = deployer.ends(6, &apply);
        let told: Value = serde_json::from_str(&out).expect("a document");
        self.compare(at(&told, "/cause"));
        assert_eq!(told["phase"], if self.kind == "ignored" { "Ignored" } else { "Failed" });
        for word in self.words {
            assert!(err.contains(word), "{}: `{word}` in {err}", self.name);
        }
        // Whoever looks without patience of his own may be told that it can still pass.
        let status = ["status", self.name, "-n", self.name, "-o", "json"];
        let status = deployer.command(&status).output().expect("it starts");
        let told: Value = serde_json::from_slice(&status.stdout).expect("a document");
        self.compare(at(&told, "/cause"));
        deployer.named(6, &["wait", self.name, "--grace", "2s", "--timeout", "3m"]);
    }

    fn compare(&self, cause: &Value) {
        assert_eq!(cause["kind"], self.kind, "{}: {cause:#}", self.name);
        let text = cause["text"].as_str().unwrap_or_default();
        for word in self.words {
            assert!(text.contains(word), "{}: `{word}` in {text}", self.name);
        }
        assert_eq!(cause["field"], self.field, "{}: {cause:#}", self.name);
    }
}

/// Checks all of them at once, as most of their time is waiting.
fn check_all(all: &[Stuck]) {
    let store = store();
    thread::scope(|scope| {
        for stuck in all {
            scope.spawn(|| stuck.check(&store));
        }
    });
}

/// A store of models, good and bad ones.
fn store() -> String {
    let mut large = model();
    // A field that no reader of ONNX knows, of 96 MiB.
    large.extend([0xa2, 0x1f, 0x80, 0x80, 0x80, 0x30]);
    large.resize(large.len() + (96 << 20), 0);
    let address = web(BTreeMap::from([
        ("/model.onnx", Page::File(model())),
        ("/other.onnx", Page::File(other_model())),
        ("/nonsense.onnx", Page::File(b"nonsense".to_vec())),
        ("/unknown.onnx", Page::File(with_unknown_operator())),
        ("/large.onnx", Page::File(large)),
        ("/not-for-pods.onnx", Page::NotForPods(model())),
        ("/halting.onnx", Page::Halting(model())),
    ]));
    format!("http://{address}")
}

/// A model of one node, of an operator that nobody has.
fn with_unknown_operator() -> Vec<u8> {
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u8::try_from(bytes.len()).expect("a short one");
        [&[number << 3 | 2, length][..], bytes].concat()
    }
    let tensor = |name: &str| {
        // One dimension of size 4, in single precision.
        let shape = field(2, &field(1, &[0x08, 4]));
        let tensor = [&[0x08, 1][..], &shape].concat();
        [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
    };
    let node = [field(1, b"x"), field(2, b"y"), field(4, b"Frobnicate")].concat();
    let (input, output) = (field(11, &tensor("x")), field(12, &tensor("y")));
    let graph = [field(1, &node), field(2, b"graph"), input, output].concat();
    [&[0x08, 8][..], &field(8, &[0x10, 13]), &field(7, &graph)].concat()
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn containers_that_do_not_come_to_run_are_explained() {
    let mounts = json!([{"name": "extra", "mountPath": "/extra"}]);
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = json!("extra");
        json!([volume])
    };
    check_all(&[
        Stuck::new("image", "image", &["image `nothing:1` cannot be pulled", "not found"])
            .with("server.image", json!("nothing:1"))
            .field("server.image"),
        Stuck::new("no-secret", "config", &["cannot be set up: secret \"none\" not found"])
            .with("credentials.existingSecret", json!("none"))
            .field("credentials.existingSecret"),
        Stuck::new("no-volume", "volume", &["a volume is not there", "secret \"none\" not found"])
            .with("pod.volumes", volume(json!({"secret": {"secretName": "none"}})))
            .with("pod.volumeMounts", mounts.clone())
            .field("pod.volumes"),
        Stuck::new("no-key", "volume", &["references non-existent config key: K"])
            .after(|namespace| {
                namespace.kubectl(&["create", "configmap", "some", "--from-literal=L=1"]);
            })
            .with(
                "pod.volumes",
                volume(json!({
                    "configMap": {"name": "some", "items": [{"key": "K", "path": "k"}]},
                })),
            )
            .with("pod.volumeMounts", mounts.clone())
            .field("pod.volumes"),
        Stuck::new("no-map", "volume", &["configmap \"none\" not found"])
            .with("pod.volumes", volume(json!({"configMap": {"name": "none"}})))
            .with("pod.volumeMounts", mounts.clone())
            .field("pod.volumes"),
        Stuck::new("no-claim", "unschedulable", &["persistentvolumeclaim \"none\" not found"])
            .with("pod.volumes", volume(json!({"persistentVolumeClaim": {"claimName": "none"}})))
            .with("pod.volumeMounts", mounts)
            .field("pod.volumes"),
        Stuck::new("no-cpu", "unschedulable", &["1 Insufficient cpu", "asks for cpu 4k"])
            .with("server.resources.requests.cpu", json!("4000"))
            .field("server.resources.requests.cpu"),
        Stuck::new("no-node", "unschedulable", &["didn't match Pod's node affinity"])
            .with("pod.nodeSelector.disk", json!("gold"))
            .field("pod.nodeSelector"),
    ]);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_key_that_is_missing_is_explained_for_what_others_made_too() {
    let deployer = Deployer::new("key", &config("iris", "key", "file:///nowhere"));
    let mut object = tools("flowers", "main", "sleep 1000");
    let container =
        &mut object["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0];
    let reference = json!({"secretKeyRef": {"name": "some", "key": "K"}});
    container["env"] = json!([{"name": "X", "valueFrom": reference}]);
    deployer.namespace.kubectl(&["create", "secret", "generic", "some", "--from-literal=L=1"]);
    deployer.namespace.apply(&object.to_string());
    let wait = ["wait", "flowers", "--grace", "2s", "--timeout", "3m"];
    let (_, err) = deployer.named(6, &wait);
    assert!(err.contains("couldn't find key K in Secret key/some"), "{err}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn servers_that_end_are_explained_by_their_last_words() {
    check_all(&[
        Stuck::new("nonsense", "crash", &["the server exited", "nonsense.onnx"])
            .model("/nonsense.onnx")
            .field("model.uri"),
        Stuck::new("unknown", "crash", &["the server exited", "Frobnicate"])
            .model("/unknown.onnx")
            .field("model.uri"),
        Stuck::new("gone", "crash", &["the server exited", "404"])
            .model("/not-for-pods.onnx")
            .field("model.uri"),
        Stuck::new("init", "init", &["the storage initializer failed: it exited", "404"])
            .model("/not-for-pods.onnx")
            .with("server.mode", json!("initializer"))
            .field("model.uri"),
        Stuck::new("settings", "crash", &["the server exited 2", "RADIANT_THREADS"])
            .with("server.env.RADIANT_THREADS", json!("many"))
            .field("server.env"),
        // Tried out in a process of its own, it takes only that one with it.
        Stuck::new("memory-trial", "crash", &["the server exited 1", "memory"])
            .model("/large.onnx")
            .with("server.resources.limits.memory", json!("48Mi"))
            .field("server.resources.limits.memory"),
        Stuck::new("memory-limit", "outOfMemory", &["the memory limit 48Mi is too low"])
            .model("/large.onnx")
            .with("server.env.RADIANT_LOAD_ISOLATED", json!("never"))
            .with("server.resources.limits.memory", json!("48Mi"))
            .field("server.resources.limits.memory"),
    ]);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn pods_that_may_not_be_made_are_explained() {
    check_all(&[
        Stuck::new("no-quota", "podsRefused", &["exceeded quota: none, requested: pods=1"])
            .after(|namespace| {
                namespace.kubectl(&["create", "quota", "none", "--hard=pods=0"]);
                namespace.until(&["quota", "none"], |it| at(it, "/status/hard/pods") == "0");
            })
            .field("scale.replicas"),
        Stuck::new("range", "podsRefused", &["maximum memory usage per Container is 64Mi"])
            .after(|namespace| {
                let limits = json!([{"type": "Container", "max": {"memory": "64Mi"}}]);
                let range = json!({
                    "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"},
                    "spec": {"limits": limits},
                });
                namespace.apply(&range.to_string());
            })
            .with("server.resources.limits.memory", json!("128Mi"))
            .field("server.resources.limits.memory"),
        Stuck::new("policy", "podsRefused", &["denied the request: pods need an owner"])
            .with("pod.labels", json!({"policy.test/denied": "true"})),
    ]);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn what_the_operator_says_or_does_not_say_is_explained() {
    check_all(&[
        Stuck::new("no-server", "operator", &["Failed to get server config for NOBODYS_SERVER"])
            .with("model.uri", json!("s3://models/iris"))
            .with("credentials.implicit", json!(true))
            .with("server.mode", json!("prepackaged"))
            .with("server.implementation", json!("NOBODYS_SERVER")),
        Stuck::new("no-operator", "ignored", &["the namespace `no-operator` has the label"]).after(
            |namespace| {
                let label = ["label", "namespace", "no-operator", "seldon.io/controller-id=other"];
                namespace.kubectl(&label);
            },
        ),
        Stuck::new("other-operator", "ignored", &["leaves it to an operator of that name"])
            .with("labels", json!({"seldon.io/controller-id": "other"})),
    ]);
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_server_that_still_loads_says_how_far_it_is() {
    let uri = format!("{}/halting.onnx", store());
    let deployer = Deployer::new("loading", &config("iris", "loading", &uri));
    let (_, err) = deployer.ends(5, &["apply", "--timeout", "15s"]);
    assert!(err.contains("HTTP 503") && err.contains("wait iris"), "{err}");
    let status = deployer.document(0, &["status", "iris"]);
    assert_eq!(
        (&status["phase"], at(&status, "/cause/kind")),
        (&json!("Creating"), &json!("notReady"))
    );
    let text = at(&status, "/cause/text").as_str().unwrap_or_default();
    assert!(text.contains("probe failed: HTTP 503") && text.contains("fetching http://"), "{text}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn a_revision_that_cannot_serve_leaves_the_old_pods_alone_and_goes() {
    let uri = format!("{}/model.onnx", store());
    let deployer = Deployer::new("replaced-badly", &config("iris", "replaced-badly", &uri));
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let before = deployer.namespace.get(&["pods"]);
    let bad = ["apply", "--grace", "2s", "--set", "server.image=nothing:1"];
    let (_, err) = deployer.ends(7, &bad);
    for words in ["cannot be pulled", "revision 2 failed, and revision 1 is back"] {
        assert!(err.contains(words), "{words}: {err}");
    }
    deployer.named(0, &["wait", "iris", "--timeout", "4m"]);
    let after = deployer.namespace.get(&["pods"]);
    assert_eq!(at(&after, "/items/0/metadata/uid"), at(&before, "/items/0/metadata/uid"));
    let history = deployer.document(0, &["history", "iris"]);
    let told: Vec<_> = crate::stand::items(&history).iter().map(|it| &it["status"]).collect();
    assert_eq!(told, ["deployed", "failed"], "{history:#}");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn kubernetes_own_deadline_counts_though_old_pods_serve() {
    let uri = format!("{}/model.onnx", store());
    let mut config = config("iris", "deadline", &uri);
    // Sooner than the ten minutes that are usual.
    config["rollout"] = json!({"onFailure": "keep", "timeout": "1m"});
    let deployer = Deployer::new("deadline", &config);
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let deployment = deployer.namespace.get(&["deployment", "iris-main-0-model"]);
    assert_eq!(at(&deployment, "/spec/progressDeadlineSeconds"), 60);
    let bad = ["apply", "--fail-fast=false", "--timeout", "4m", "--set", "server.image=nothing:1"];
    let (_, err) = deployer.ends(6, &bad);
    for words in ["no pod got further for 60 s (ProgressDeadlineExceeded)", "cannot be pulled"] {
        assert!(err.contains(words), "{words}: {err}");
    }
    let status = deployer.document(6, &["status", "iris"]);
    assert_eq!(status["phase"], "Failed");
    assert_eq!(at(&status, "/predictors/0/available"), 1);
    assert_eq!(at(&deployer.namespace.get(&["sdep", "iris"]), "/status/state"), "Creating");
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn an_operator_that_has_gone_is_told_though_old_pods_serve() {
    let store = store();
    let deployer = Deployer::new(
        "gone-operator",
        &config("iris", "gone-operator", &format!("{store}/model.onnx")),
    );
    deployer.ends(0, &["apply", "--timeout", "4m"]);
    let label = ["label", "namespace", "gone-operator", "seldon.io/controller-id=other"];
    deployer.namespace.kubectl(&label);
    let uri = format!("model.uri={store}/other.onnx");
    let (_, err) = deployer.ends(7, &["apply", "--grace", "2s", "--set", &uri]);
    let words = "the operator has not brought the present spec to Deployment `iris-main-0-model`";
    assert!(err.contains(words), "{err}");
}
