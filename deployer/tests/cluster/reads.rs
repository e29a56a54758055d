//! Commands that change nothing: get, describe, events, url, rbac, config, doctor.

use serde_json::{Value, json};

use crate::program::{DEPLOYMENTS, PODS, Program, SDEPS, deployment, event, sdep, with_fraud};
use crate::server::{Reply, Request, Server};

fn program() -> Program {
    Program::new(&Server::start(with_fraud))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn get_shows_how_deployments_fare() {
    let ran = program().run(&["get"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<Vec<&str>> =
        ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "READY", "PHASE", "REVISION", "MODEL", "TRAFFIC", "AGE", "URL"]);
    assert_eq!(lines[1][..7], ["fraud", "2/2", "Ready", "7", "s3://models/fraud", "main", "100"]);
    let url = "http://192.0.2.7/seldon/ml/fraud/api/v1.0/predictions";
    assert_eq!(lines[1].last(), Some(&url));
    let all = program().run(&["ls", "-A", "--base-url", "none", "-o", "wide"]);
    assert!(all.out.starts_with("NAMESPACE"), "{}", all.out);
    assert!(all.out.contains("radiant:1") && !all.out.contains("192.0.2.7"), "{}", all.out);
}

#[test]
fn get_prints_every_form_and_no_secret() {
    let program = program();
    let forms = [
        ("name", "seldondeployment.machinelearning.seldon.io/fraud\n"),
        ("jsonpath={.spec.replicas}", "2"),
        ("jsonpath={range .spec.predictors[*]}{.name}{\"\\n\"}{end}", "main\n"),
    ];
    for (form, expected) in forms {
        let ran = program.run(&["get", "fraud", "-o", form]);
        assert_eq!((ran.code, ran.out.as_str()), (0, expected), "{}", ran.err);
    }
    for form in ["json", "yaml", "jsonl", "jsonpath={.}"] {
        let ran = program.run(&["get", "fraud", "-o", form]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("***") && !ran.out.contains("hunter2"), "{form}: {}", ran.out);
        assert!(!ran.out.contains("managedFields"), "{form}: {}", ran.out);
    }
    let list = json(&program.run(&["get", "-o", "json"]).out);
    assert_eq!((&list["kind"], list["items"].as_array().unwrap().len()), (&json!("List"), 1));
    assert_eq!(program.run(&["get", "-o", "curl"]).code, 2);
    assert_eq!(program.run(&["get", "-o", "jsonpath={.a"]).code, 2);
}

#[test]
fn get_chooses_by_label_maker_phase_and_model() {
    let server = Server::start(with_fraud);
    let program = Program::new(&server);
    let arguments = ["get", "-l", "team=risk", "--managed-by", "radiant", "-o", "name"];
    assert_eq!(program.run(&arguments).code, 0);
    let asked = server.asked();
    let query = &asked.iter().find(|it| it.path == SDEPS).unwrap().query;
    let labels = "labelSelector=team%3Drisk%2Capp.kubernetes.io%2Fmanaged-by%3Dradiant-deploy";
    assert!(query.contains(labels), "{query}");
    for (arguments, n_found) in [
        (["--phase", "ready"], 1),
        (["--phase", "Failed"], 0),
        (["--model", "s3:"], 1),
        (["--model", "x"], 0),
    ] {
        let ran = program.run(&["get", "-o", "name", arguments[0], arguments[1]]);
        assert_eq!(ran.out.lines().count(), n_found, "{arguments:?}");
    }
    let none = program.run(&["get", "--phase", "Failed"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    assert!(none.err.contains("no deployments found in ml"), "{}", none.err);
}

#[test]
fn what_is_missing_is_told_with_its_code() {
    let program = program();
    let ran = program.run(&["get", "churn"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert!(ran.err.contains("`churn` in namespace `ml`"), "{}", ran.err);
    assert_eq!(program.run(&["get", "--context", "prod"]).code, 3);
    assert_eq!(program.run(&["get", "-n", "a/b"]).code, 2);
    let bare = Program::new(&Server::start(|_| Reply::unknown()));
    let ran = bare.run(&["get"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("does not know SeldonDeployments"), "{}", ran.err);
}

#[test]
fn get_goes_on_with_a_line_for_each_change() {
    let server = Server::start(|asked: &Request| {
        let is_watch = asked.query.contains("watch=true");
        let change = |object: Value| json!({"type": "MODIFIED", "object": object});
        let versioned = |mut object: Value| {
            object["metadata"]["resourceVersion"] = "9".into();
            object
        };
        match (is_watch, asked.path.as_str()) {
            (false, _) => with_fraud(asked),
            (true, DEPLOYMENTS) => Reply::watch(&[change(versioned(deployment("fraud", 1)))]),
            (true, _) => Reply::watch(&[]),
        }
    });
    let lines = Program::new(&server).first_lines(&["get", "-w", "--base-url", "none"], 3);
    assert!(lines[1].contains("2/2") && lines[1].contains("Ready"), "{lines:?}");
    assert!(lines[2].contains("1/2") && lines[2].contains("Progressing"), "{lines:?}");
    let column = |line: &str, word: &str| line.find(word).unwrap();
    assert_eq!(column(&lines[0], "PHASE"), column(&lines[2], "Progressing"));
}

#[test]
fn describe_shows_the_whole_family() {
    let server = Server::start(|asked: &Request| match asked.path.as_str() {
        "/api/v1/namespaces/ml/events" => Reply::list(&[
            event(2, "fraud-main-0-model-5d9-1", "second \u{1b}[31m"),
            event(1, "fraud-main-0-model-5d9-1", "first"),
            event(3, "other-pod", "of others"),
        ]),
        _ => with_fraud(asked),
    });
    let program = Program::new(&server);
    let ran = program.run(&["describe", "fraud"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for expected in [
        "Phase:       Ready (2 of 2 pods serve)",
        "Revision:    7",
        "gRPC:        192.0.2.7:80",
        "fraud-main-0-model-5d9-2",
        "node-a",
        "Conditions:",
    ] {
        assert!(ran.out.contains(expected), "`{expected}` is not in {}", ran.out);
    }
    assert!(ran.out.find("first") < ran.out.find("second"), "{}", ran.out);
    assert!(!ran.out.contains("of others") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    let document = json(&program.run(&["describe", "fraud", "-o", "json"]).out);
    assert_eq!(document["schema"], "radiant/describe/v1");
    assert_eq!(document["events"].as_array().unwrap().len(), 2);
    assert!(!document.to_string().contains("hunter2"));
}

#[test]
fn what_may_not_be_listed_is_left_out_and_told() {
    let server = Server::start(|asked: &Request| match asked.path.as_str() {
        "/api/v1/namespaces/ml/events" | PODS => {
            Reply::status(403, "Forbidden", "User \"jane\" cannot list resource", Value::Null)
        }
        _ => with_fraud(asked),
    });
    let ran = Program::new(&server).run(&["describe", "fraud"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("no permission for user `jane` to list pods"), "{}", ran.err);
    assert!(!ran.out.contains("Pods:"), "{}", ran.out);
}

#[test]
fn events_are_merged_and_go_on() {
    let server = Server::start(|asked: &Request| {
        let is_watch = asked.query.contains("watch=true");
        match (asked.path.as_str(), is_watch) {
            ("/api/v1/namespaces/ml/events", false) => {
                Reply::list(&[event(1, "fraud-main-0-model-5d9-1", "first")])
            }
            ("/api/v1/namespaces/ml/events", true) => {
                let mut later = event(4, "fraud-main-0-model-5d9-9", "of a new pod");
                later["metadata"]["resourceVersion"] = "3".into();
                Reply::watch(&[json!({"type": "ADDED", "object": later})])
            }
            (_, true) => Reply::watch(&[]),
            _ => with_fraud(asked),
        }
    });
    let program = Program::new(&server);
    let ran = program.run(&["events", "fraud"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2), "{}", ran.out);
    assert!(ran.out.contains("(x2)") && ran.out.contains("pod/fraud-main"), "{}", ran.out);
    let lines = program.first_lines(&["events", "fraud", "-w"], 3);
    assert!(lines[2].contains("of a new pod"), "{lines:?}");
}

#[test]
fn events_of_what_is_gone_are_told() {
    let server = Server::start(|asked: &Request| match asked.path.as_str() {
        "/api/v1/namespaces/ml/events" => Reply::list(&[
            event(1, "churn-main-0-model-5d9-1", "of a pod that was"),
            event(2, "fraud-main-0-model-5d9-1", "of others"),
        ]),
        _ => with_fraud(asked),
    });
    let program = Program::new(&server);
    let ran = program.run(&["events", "churn"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2), "{}", ran.out);
    assert!(ran.out.contains("of a pod that was") && ran.err.contains("`churn` is gone"));
    assert_eq!(program.run(&["events", "never"]).code, 3);
}

#[test]
fn whatever_tells_of_a_deployment_tells_its_url_from_outside() {
    let url = "http://192.0.2.7/seldon/ml/fraud/api/v1.0/predictions";
    for arguments in [
        &["status", "fraud", "-o", "jsonpath={.url}"][..],
        &["wait", "fraud", "-o", "jsonpath={.url}"],
        &["rollout", "status", "fraud", "-o", "jsonpath={.url}"],
        &["describe", "fraud", "-o", "jsonpath={.urls.external}"],
    ] {
        let ran = program().run(arguments);
        assert_eq!((ran.code, ran.out.trim_end()), (0, url), "{arguments:?}: {}", ran.err);
    }
    let ran = program().run(&["status", "fraud", "--base-url", "none"]);
    assert!(ran.out.contains("http://fraud-main.ml.svc"), "{}", ran.out);
}

#[test]
fn url_tells_all_ways_and_checks_the_one_from_outside() {
    let server = Server::start(|asked: &Request| match asked.path.as_str() {
        "/in/seldon/ml/fraud/ready" => Reply::text("ok"),
        "/seldon/ml/fraud/ready" => Reply::unknown(),
        _ => with_fraud(asked),
    });
    let program = Program::new(&server);
    let ran = program.run(&["url", "fraud"]);
    for expected in ["192.0.2.7:80", "seldon: fraud, namespace: ml", "fraud-main.ml.svc"] {
        assert!(ran.out.contains(expected), "{}", ran.out);
    }
    let curl = program.run(&["url", "fraud", "-o", "curl"]).out;
    assert!(curl.starts_with("curl -sS 'http://192.0.2.7/seldon/ml/fraud/"), "{curl}");
    let path = program.run(&["url", "fraud", "-o", "jsonpath={.external}"]).out;
    assert!(path.ends_with("/seldon/ml/fraud/api/v1.0/predictions"), "{path}");
    let base = format!("{}/in/", server.url());
    let ran = program.run(&["url", "fraud", "--check", "--base-url", &base]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // The token is for the cluster, and not for its ingress.
    let probe = server.asked().into_iter().find(|it| it.path.ends_with("/ready")).unwrap();
    assert_eq!(probe.header("authorization"), None);
    let ran = program.run(&["url", "fraud", "--check", "--base-url", &server.url()]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("expected status 200, got 404"), "{}", ran.err);
    assert_eq!(program.run(&["url", "fraud", "--check", "--base-url", "none"]).code, 3);
}

#[test]
fn rbac_is_yaml_that_grants_what_refusals_name() {
    let program = program();
    let ran = program.run(&["rbac", "-n", "ml", "--bind", "serviceaccount:ci"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("kind: Role\n") && ran.out.contains("---\n"), "{}", ran.out);
    assert!(ran.out.contains("pods/proxy") && ran.out.contains("RoleBinding"), "{}", ran.out);
    let view = json(&program.run(&["rbac", "--for", "logs", "-o", "json"]).out);
    let expected = json!([{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]);
    assert_eq!(view["items"][0]["rules"], expected);
    let tunnel = program.run(&["rbac", "--for", "tunnel"]).out;
    assert!(tunnel.contains("pods/portforward"), "{tunnel}");
    assert_eq!(program.run(&["rbac", "--bind", "jane"]).code, 2);
}

#[test]
fn contexts_are_listed_without_credentials() {
    let ran = program().run(&["config", "get-contexts"]);
    let lines: Vec<Vec<&str>> =
        ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..3], ["*", "test", "here"]);
    assert_eq!(lines[2][..2], ["-", "bare"]);
    assert_eq!(
        program().run(&["config", "get-contexts", "-o", "name"]).out,
        "context/test\ncontext/bare\n"
    );
}

fn healthy(asked: &Request) -> Reply {
    match asked.path.as_str() {
        "/version" => Reply::json(&json!({"major": "1", "minor": "33", "gitVersion": "v1.33.1",
            "gitCommit": "", "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "",
            "platform": ""})),
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/seldondeployments.machinelearning.seldon.io" => {
            Reply::json(&json!({"spec": {"versions": [{"name": "v1", "served": true}]}}))
        }
        "/apis/apps/v1/deployments" => Reply::list(&[json!({
            "metadata": {"name": "seldon-controller-manager", "namespace": "seldon-system"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "m", "image": "op:1.17.1"}]}}},
            "status": {"availableReplicas": 1},
        })]),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            let mut review = asked.json();
            let part = review["spec"]["resourceAttributes"]["subresource"].clone();
            review["status"] = json!({"allowed": part != "proxy"});
            Reply::json(&review)
        }
        _ => with_fraud(asked),
    }
}

#[test]
fn doctor_names_what_fails_and_how_to_mend_it() {
    let program = Program::new(&Server::start(healthy));
    let ran = program.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(
        ran.out.contains("OK    operator  the operator runs in `seldon-system` (op:1.17.1)"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("FAIL  rbac      `predict` lacks: get pods/proxy, create pods/proxy"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("fix: radiant-deploy rbac -n ml --for predict"), "{}", ran.out);
    let ran = program.run(&["doctor", "--only", "client,cluster,operator,route", "-o", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let document = json(&ran.out);
    assert!(
        document["checks"].as_array().unwrap().iter().all(|check| check["verdict"] == "ok"),
        "{document}"
    );

    let bare = Program::new(&Server::start(|asked| match asked.path.as_str() {
        "/version" => healthy(asked),
        _ => Reply::unknown(),
    }));
    let ran = bare.run(&["doctor", "--only", "operator"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("no SeldonDeployments in this cluster"), "{}", ran.out);
    assert_eq!(sdep("x")["metadata"]["name"], "x");
}

#[test]
fn doctor_looks_at_what_a_configuration_names() {
    let server = Server::start(|asked: &Request| match asked.path.as_str() {
        "/api/v1/nodes" => Reply::list(&[]),
        path if path.starts_with("/v2/") => Reply::unknown(),
        _ => healthy(asked),
    });
    let program = Program::new(&server);
    let asked = ["doctor", "--only", "storage,image", "-o", "json"];
    let ran = program.run(&asked);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let registry = server.url().replace("http://", "");
    let text = format!(
        "{{apiVersion: radiant.dev/v1, kind: Deployment, name: fraud, model: {{uri: s3://models/fraud}},
          credentials: {{serviceAccount: fraud}}, server: {{image: \"{registry}/radiant:1\"}}}}"
    );
    program.write("radiant.yaml", &text);
    let ran = program.run(&asked);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let checks = json(&ran.out)["checks"].clone();
    let of = |idx: usize, key: &str| checks[idx][key].as_str().unwrap_or_default().to_owned();
    assert_eq!((of(0, "area"), of(0, "verdict")), ("storage".to_owned(), "ok".to_owned()));
    assert!(of(0, "what").contains("an identity that this machine has not"), "{checks}");
    assert_eq!((of(1, "area"), of(1, "verdict")), ("image".to_owned(), "fail".to_owned()));
    assert!(of(1, "what").contains("not in its registry"), "{checks}");
    // One that nobody has spoken of keeps nobody from the other checks.
    program.write("radiant.yaml", "kind: Odd");
    let ran = program.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("OK    client") && ran.out.contains("FAIL  storage"), "{}", ran.out);
    assert_eq!(program.run(&asked).code, 2);
}
