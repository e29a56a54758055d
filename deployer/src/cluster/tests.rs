//! The client against an API server that answers what a test says.

use std::fs;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::Pod;
use radiant_contract::MapEnv;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::pods::Answer;
use super::*;
use crate::error::Code;

#[path = "../../tests/cli/install.rs"]
mod install;
#[path = "../../tests/cluster/server.rs"]
mod server;

use server::{Reply, Server};

const SDEPS: &str = "/apis/machinelearning.seldon.io/v1/namespaces/ml/seldondeployments";

/// A folder with a kubeconfig.
struct Place {
    folder: TempDir,
    args: ClusterArgs,
}

impl Place {
    fn new(kubeconfig: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, kubeconfig).unwrap();
        let args = ClusterArgs {
            namespace: None,
            context: None,
            kubeconfig: Some(file),
            impersonate: None,
            request_timeout: "20s".to_owned(),
            field_manager: "radiant-deploy".to_owned(),
        };
        Self { folder, args }
    }

    /// A program in the folder, as credential plugins are.
    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let source = path.with_extension("sh");
        fs::write(&source, format!("#!/bin/sh\n{text}\n")).unwrap();
        install::install(&source, &path);
        path
    }

    async fn connect(&self) -> Result<Cluster, Failure> {
        Cluster::connect_with(&self.args, None, &MapEnv::default()).await
    }
}

async fn connected(server: &Server) -> Cluster {
    Place::new(&server.kubeconfig(&json!({"token": "t"}))).connect().await.unwrap()
}

fn sdep(name: &str) -> Value {
    json!({"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
           "metadata": {"name": name, "namespace": "ml"}, "spec": {"replicas": 1}})
}

fn failure<T>(result: Result<T, Failure>) -> (Code, String) {
    match result {
        Ok(_) => panic!("it was done"),
        Err(failure) => (failure.code().unwrap(), failure.text()),
    }
}

#[tokio::test]
async fn namespaces_come_from_flag_then_configuration_then_context() {
    let server = Server::start(|_| Reply::unknown());
    let mut place = Place::new(&server.kubeconfig(&json!({})));
    let env = MapEnv::default();
    let cases = [
        (Some("f"), Some("c"), "test", "f"),
        (None, Some("c"), "test", "c"),
        (None, None, "test", "ml"),
        (None, None, "bare", "default"),
    ];
    for (flag, config, context, expected) in cases {
        place.args.namespace = flag.map(str::to_owned);
        place.args.context = Some(context.to_owned());
        let cluster = Cluster::connect_with(&place.args, config, &env).await.unwrap();
        assert_eq!(cluster.namespace(), expected);
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn files_of_kubeconfig_are_merged_and_missing_ones_passed_over() {
    let server = Server::start(|_| Reply::unknown());
    let mut place = Place::new(&server.kubeconfig(&json!({})));
    let first = place.folder.path().join("first");
    fs::write(&first, r#"{"current-context": "bare"}"#).unwrap();
    let missing = place.folder.path().join("missing");
    let list = [&first, &missing, &place.args.kubeconfig.take().unwrap()];
    let list = std::env::join_paths(list).unwrap().into_string().unwrap();
    let env: MapEnv = [("KUBECONFIG", list)].into_iter().collect();
    let cluster = Cluster::connect_with(&place.args, None, &env).await.unwrap();
    assert_eq!(cluster.place().context.as_deref(), Some("bare"));

    let (code, text) = failure(Cluster::connect_with(&place.args, None, &MapEnv::default()).await);
    assert_eq!(code, Code::Usage);
    assert!(text.contains("no cluster is configured"), "{text}");
    // What a pod has is read by kube itself, and there is no pod here.
    let in_pod: MapEnv = [("KUBERNETES_SERVICE_HOST", "k".to_owned())].into_iter().collect();
    let (code, text) = failure(Cluster::connect_with(&place.args, None, &in_pod).await);
    assert_eq!(code, Code::Usage);
    assert!(text.contains("the pod's own account"), "{text}");
    place.args.kubeconfig = Some(missing);
    assert_eq!(failure(place.connect().await).0, Code::NotFound);
}

#[tokio::test]
async fn a_wrong_kubeconfig_is_explained_and_not_shown() {
    let server = Server::start(|_| Reply::unknown());
    let mut place = Place::new(&server.kubeconfig(&json!({})));
    place.args.context = Some("prod".to_owned());
    let (code, text) = failure(place.connect().await);
    assert_eq!(code, Code::NotFound);
    assert!(text.contains("no context `prod`") && text.contains("`test`, `bare`"), "{text}");
    for broken in ["users: [{name: me, user: {token: hunter2, token: [}}]", "token: hunter2: x"] {
        let (code, text) = failure(Place::new(broken).connect().await);
        assert_eq!(code, Code::Usage, "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    let no_context = r#"{"contexts": [{"name": "a", "context": {"cluster": "c"}}]}"#;
    let (_, text) = failure(Place::new(no_context).connect().await);
    assert!(text.contains("no context is chosen: expected one of `a`"), "{text}");
}

#[tokio::test]
async fn tokens_and_impersonation_reach_the_server() {
    let server = Server::start(|_| Reply::json(&sdep("fraud")));
    let mut place = Place::new(&server.kubeconfig(&json!({"token": "t0"})));
    place.args.impersonate = Some("jane".to_owned());
    let cluster = place.connect().await.unwrap();
    cluster.get::<SeldonObject>("fraud").await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].path, format!("{SDEPS}/fraud"));
    assert_eq!(asked[0].header("authorization"), Some("Bearer t0"));
    assert_eq!(asked[0].header("impersonate-user"), Some("jane"));
}

#[tokio::test]
async fn programs_that_give_credentials_are_run_and_named_when_they_do_not() {
    let server = Server::start(|_| Reply::json(&sdep("fraud")));
    let with = |command: &str| {
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": command,
            "args": ["--secret=hunter2"], "interactiveMode": "Never", "installHint": "get it there"});
        Place::new(&server.kubeconfig(&json!({"exec": exec})))
    };
    let scripts = with("");
    let credential = r#"echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "from-script"}}'"#;
    let good = scripts.script("good", credential);
    let cluster = with(good.to_str().unwrap()).connect().await.unwrap();
    cluster.get::<SeldonObject>("fraud").await.unwrap();
    assert_eq!(server.asked()[0].header("authorization"), Some("Bearer from-script"));

    let failing = scripts.script("failing", "echo hunter2; echo 'session has ended' >&2; exit 3");
    let silent = scripts.script("silent", "echo hunter2");
    let cases = [
        (failing.to_str().unwrap(), Code::Forbidden, "session has ended"),
        (silent.to_str().unwrap(), Code::Failed, "printed no ExecCredential"),
        ("radiant-no-such-program", Code::NotFound, "hint: get it there"),
    ];
    for (command, expected, words) in cases {
        let (code, text) = failure(with(command).connect().await);
        assert_eq!(code, expected, "{text}");
        assert!(text.contains(&format!("`{command}`")) && text.contains(words), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = json!({"current-context": "c",
        "clusters": [{"name": "k", "cluster": {"server": format!("http://{address}")}}],
        "contexts": [{"name": "c", "context": {"cluster": "k"}}]});
    let cluster = Place::new(&config.to_string()).connect().await.unwrap();
    let (code, text) = failure(cluster.get::<SeldonObject>("fraud").await);
    assert_eq!(code, Code::Unreachable);
    assert!(text.contains(&format!("`http://{address}` of context `c`")), "{text}");
    assert!(text.contains("nothing listens there"), "{text}");
    let mut watch = cluster.watch::<Pod>(&Selected::default());
    assert_eq!(failure(watch.next().await).0, Code::Unreachable);
    let error = cluster.client().apiserver_version().await.unwrap_err();
    let failure = cluster.explain(&error, &cluster.asked::<Pod>("watch", None));
    assert_eq!(failure.code(), Some(Code::Unreachable));
}

#[tokio::test]
async fn an_answer_may_take_no_longer_than_it_may() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = json!({"current-context": "c",
        "clusters": [{"name": "k", "cluster":
            {"server": format!("http://{}", listener.local_addr().unwrap())}}],
        "contexts": [{"name": "c", "context": {"cluster": "k"}}]});
    let mut place = Place::new(&config.to_string());
    place.args.request_timeout = "20ms".to_owned();
    let cluster = place.connect().await.unwrap();
    let (code, text) = failure(cluster.get::<SeldonObject>("fraud").await);
    assert_eq!(code, Code::Timeout);
    assert!(text.contains("--request-timeout"), "{text}");
    place.args.request_timeout = "soon".to_owned();
    assert_eq!(failure(place.connect().await).0, Code::Usage);
}

#[tokio::test]
async fn missing_objects_namespaces_and_kinds_are_told_apart() {
    let missing = || Reply::missing("seldondeployments", "fraud");
    let server = Server::start(move |_| missing());
    let (_, text) = failure(connected(&server).await.get::<SeldonObject>("fraud").await);
    assert!(text.contains("no namespace `ml`"), "{text}");
    let found = connected(&server).await.find::<SeldonObject>("fraud").await.unwrap();
    assert_eq!(found, None);

    let server = Server::start(move |asked| {
        if asked.path == "/api/v1/namespaces/ml" {
            return Reply::status(403, "Forbidden", "no", Value::Null);
        }
        missing()
    });
    let (_, text) = failure(connected(&server).await.get::<SeldonObject>("fraud").await);
    assert!(text.contains("`fraud` in namespace `ml`"), "{text}");

    let server = Server::start(|_| Reply::unknown());
    let (code, text) = failure(connected(&server).await.find::<SeldonObject>("fraud").await);
    assert_eq!(code, Code::NotFound);
    assert!(text.contains("does not know SeldonDeployments"), "{text}");
    assert_eq!(connected(&server).await.seldon_crd().await.unwrap(), None);
}

#[tokio::test]
async fn lists_are_read_to_their_end_even_when_they_expire() {
    let server = Server::start(|asked| {
        let page = |name: &str, next: &str| {
            let metadata = json!({"resourceVersion": "1", "continue": next});
            Reply::json(&json!({"metadata": metadata, "items": [sdep(name)]}))
        };
        match (asked.query.contains("continue=two"), asked.query.contains("labelSelector=old")) {
            _ if !asked.query.contains("limit=500") => page("all", ""),
            (false, _) => page("one", "two"),
            (true, false) => page("two", ""),
            (true, true) => Reply::status(410, "Expired", "too old", Value::Null),
        }
    });
    let cluster = connected(&server).await;
    let names = async |which: Selected| {
        let items = cluster.list::<SeldonObject>(&which).await.unwrap();
        items.iter().map(|it| it.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(Selected::default()).await, ["one", "two"]);
    assert_eq!(names(Selected::labels("old")).await, ["all"]);
    let everywhere = Selected { is_everywhere: true, ..Selected::default() };
    names(everywhere).await;
    let last = server.asked().pop().unwrap();
    assert_eq!(last.path, "/apis/machinelearning.seldon.io/v1/seldondeployments");
}

#[tokio::test]
async fn our_own_fields_are_taken_back_and_those_of_others_are_not() {
    for (owner, expected) in [("radiant-deploy", 2), ("kubectl", 1)] {
        let server = Server::start(move |asked| {
            if asked.query.contains("force=true") {
                return Reply::json(&sdep("fraud"));
            }
            let message = format!("conflict with \"{owner}\" using machinelearning.seldon.io/v1");
            let cause = json!({"reason": "FieldManagerConflict", "message": message,
                               "field": ".spec.replicas"});
            Reply::status(409, "Conflict", "Apply failed", json!({"causes": [cause]}))
        });
        let cluster = connected(&server).await;
        let result = cluster.apply(&sdep("fraud"), Apply::default()).await;
        let asked = server.asked();
        assert_eq!(asked.len(), expected);
        assert_eq!(asked[0].header("content-type"), Some("application/apply-patch+yaml"));
        assert!(asked[0].query.contains("fieldManager=radiant-deploy"), "{}", asked[0].query);
        match result {
            Ok(object) => assert_eq!(object["metadata"]["name"], "fraud"),
            Err(failure) => assert_eq!(failure.code(), Some(Code::Conflict)),
        }
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_pod_never() {
    let server = Server::start(|asked| {
        if asked.path.ends_with("/proxy/predict") {
            return Reply { code: 503, ..Reply::text("loading") };
        }
        Reply::status(429, "TooManyRequests", "later", Value::Null)
    });
    let mut cluster = connected(&server).await;
    cluster.retry_first = Duration::ZERO;
    assert_eq!(failure(cluster.get::<SeldonObject>("fraud").await).0, Code::Unreachable);
    assert_eq!(server.asked().len(), 4);
    let request = PodRequest {
        pod: "p".to_owned(),
        port: 9000,
        method: http::Method::POST,
        path: "/predict".to_owned(),
        headers: [(http::header::CONTENT_TYPE, "application/json".parse().unwrap())]
            .into_iter()
            .collect(),
        body: "{}".into(),
    };
    let answer: Answer = cluster.ask_pod(&request).await.unwrap();
    assert_eq!(answer.headers[http::header::CONTENT_TYPE], "text/plain");
    assert_eq!((answer.status, &answer.body[..]), (503, &b"loading"[..]));
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
    assert_eq!(asked[4].path, "/api/v1/namespaces/ml/pods/p:9000/proxy/predict");
    assert_eq!(asked[4].body, "{}");
}

#[tokio::test]
async fn a_watch_begins_with_all_and_goes_on_with_changes() {
    let pod = |name: &str| json!({"metadata": {"name": name, "resourceVersion": "2"}});
    let server = Server::start(move |asked| {
        if !asked.query.contains("watch=true") {
            return Reply::list(&[pod("a")]);
        }
        Reply::watch(&[
            json!({"type": "ADDED", "object": pod("b")}),
            json!({"type": "DELETED", "object": pod("a")}),
        ])
    });
    let mut watch = connected(&server).await.watch::<Pod>(&Selected::labels("x=y"));
    let name = |pod: &Pod| pod.metadata.name.clone().unwrap();
    assert!(matches!(watch.next().await.unwrap(), Change::All(pods) if pods.len() == 1));
    assert!(matches!(watch.next().await.unwrap(), Change::Applied(pod) if name(&pod) == "b"));
    assert!(matches!(watch.next().await.unwrap(), Change::Deleted(pod) if name(&pod) == "a"));
}

#[tokio::test]
async fn deleting_what_is_gone_is_no_failure_but_another_one_is() {
    let server = Server::start(|asked| match asked.path.rsplit('/').next() {
        Some("gone") => Reply::missing("seldondeployments", "gone"),
        Some("other") => Reply::status(409, "Conflict", "Precondition failed: UID", Value::Null),
        _ => Reply::status(200, "", "", Value::Null),
    });
    let cluster = connected(&server).await;
    let how =
        Deletion { cascade: Cascade::Foreground, grace_s: Some(0), uid: Some("u".to_owned()) };
    assert!(cluster.delete::<SeldonObject>("there", &how).await.unwrap());
    assert!(!cluster.delete::<SeldonObject>("gone", &how).await.unwrap());
    assert_eq!(failure(cluster.delete::<SeldonObject>("other", &how).await).0, Code::Conflict);
    let sent = server.asked()[0].json();
    let expected = json!({"gracePeriodSeconds": 0, "propagationPolicy": "Foreground",
                          "preconditions": {"uid": "u"}});
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn what_is_made_has_our_name_on_it() {
    let server = Server::start(|asked| match asked.json()["metadata"]["name"].as_str() {
        Some("new") => Reply::json(&asked.json()),
        _ => Reply::status(409, "AlreadyExists", "there", json!({"kind": "configmaps"})),
    });
    let cluster = connected(&server).await;
    let map = |name: &str| -> k8s_openapi::api::core::v1::ConfigMap {
        serde_json::from_value(json!({"metadata": {"name": name}})).unwrap()
    };
    cluster.create(&map("new")).await.unwrap();
    assert_eq!(server.asked()[0].query, "fieldManager=radiant-deploy");
    assert_eq!(failure(cluster.create(&map("old")).await).0, Code::Conflict);
}

#[tokio::test]
async fn permissions_are_asked_for_by_group_and_part() {
    let server = Server::start(|asked| {
        let mut review = asked.json();
        let allowed = review["spec"]["resourceAttributes"]["subresource"] == "log";
        review["status"] = json!({"allowed": allowed});
        Reply::json(&review)
    });
    let cluster = connected(&server).await;
    let access = |subresource| Access { verb: "get", group: "", resource: "pods", subresource };
    assert!(cluster.may(&access("log")).await.unwrap());
    assert!(!cluster.may(&access("")).await.unwrap());
    assert_eq!(server.asked()[0].json()["spec"]["resourceAttributes"]["namespace"], "ml");
}

#[tokio::test]
async fn a_definition_that_may_not_be_read_is_discovered() {
    let group = "machinelearning.seldon.io";
    let kind = json!([{"group": group, "kind": "SeldonDeployment", "version": "v1"}]);
    let predictor = json!({"properties": {"progressDeadlineSeconds": {}}});
    let spec = json!({"properties": {"predictors": {"items": predictor}}});
    let schema = json!({"x-kubernetes-group-version-kind": kind, "properties": {"spec": spec}});
    let published = json!({"definitions": {"a": {}, "io.seldon": schema}});
    for (published, has_progress_deadline) in [(Some(published), Some(true)), (None, None)] {
        let server = Server::start(move |asked| match (asked.path.as_str(), &published) {
            ("/apis/machinelearning.seldon.io", _) => {
                Reply::json(&json!({"kind": "APIGroup", "versions": [{"version": "v1"}]}))
            }
            ("/openapi/v2", Some(published)) => Reply::json(published),
            _ => Reply::status(403, "Forbidden", "User \"x\" cannot get resource", Value::Null),
        });
        let crd = connected(&server).await.seldon_crd().await.unwrap().unwrap();
        assert_eq!(crd, SeldonCrd { versions: vec!["v1".to_owned()], has_progress_deadline });
    }
}

#[tokio::test]
async fn logs_are_asked_for_with_their_times() {
    let server =
        Server::start(|_| Reply::text("2026-01-01T00:00:00Z one\n2026-01-01T00:00:01Z two\n"));
    let cluster = connected(&server).await;
    let request = LogRequest {
        pod: "p".to_owned(),
        container: "model".to_owned(),
        tail: Some(5),
        is_previous: true,
        since: Some(Duration::from_mins(1)),
        ..LogRequest::default()
    };
    assert_eq!(cluster.last_lines(&request).await.unwrap(), ["one", "two"]);
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/api/v1/namespaces/ml/pods/p/log");
    let query = "container=model&previous=true&sinceSeconds=60&tailLines=5&timestamps=true";
    assert_eq!(asked.query, query);
}
