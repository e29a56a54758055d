//! What a newcomer is told to try: the requests that `radiant check` prints, and those that the
//! documentation page fills in, sent as they are.

use serde_json::{Value, json};

use crate::support::grpc::Client;
use crate::support::http::{Request, send};
use crate::support::json::Json;
use crate::support::process::{Server, Start};
use crate::support::{model_file, proto};

/// Mixed columns, texts, several outputs, columns known by name, folders of MLflow.
const MODELS: [&str; 11] = [
    "skops/columns_logistic.skops",
    "skops/text_tfidf_logistic.skops",
    "sklearn/1.5.2/multi_classifier.joblib",
    "sklearn/0.24.2/columns_usual.joblib",
    "skops/forest_labels_str.skops",
    "mlflow/sk_mixed",
    "mlflow/sk_tensor",
    "mlflow/sk_tensor_named",
    "mlflow/sk_narrow_types",
    "mlflow/sk_no_signature",
    "mlflow/xgb_booster",
];

fn serve(model: &str) -> Server {
    Start::serve(model_file("formats", model)).args(["--name", "m"]).start()
}

/// The requests that `radiant check` prints for a model.
fn printed(model: &str) -> Vec<Value> {
    let path = model_file("formats", model);
    let path = path.to_str().expect("test paths are UTF-8");
    let outcome = Start::default().args(["check", path, "--format", "json"]).run();
    assert_eq!(outcome.code, Some(0), "{model}: {}", outcome.stderr);
    let report: Value = serde_json::from_str(&outcome.stdout).expect("the report is JSON");
    report["examples"].as_array().expect("requests are listed").clone()
}

/// The name by which `radiant check` calls a model.
fn name(model: &str) -> &str {
    let file = model.rsplit('/').next().expect("a file");
    file.split('.').next().expect("a name")
}

#[test]
fn each_request_that_check_prints_is_answered() {
    for model in MODELS {
        let path = model_file("formats", model);
        let server = Start::serve(path).args(["--name", name(model)]).start();
        let requests = printed(model);
        let is_of_mlflow = |request: &Value| request["target"] == "/invocations";
        let has_mlflow = requests.iter().any(is_of_mlflow);
        assert_eq!(has_mlflow, model.starts_with("mlflow/"), "{model}");
        assert_eq!(requests.len(), 6 + usize::from(has_mlflow), "{model}");
        for request in requests {
            let [target, body] =
                ["target", "body"].map(|key| request[key].as_str().expect("a text"));
            if request["transport"] == "REST" {
                let reply = server.send(&Request::json(target, body));
                assert_eq!(reply.status, 200, "{model}: {target} {body}: {}", reply.text());
                continue;
            }
            let path = format!("/{target}");
            let message = proto::request_of(&path).expect("a method of ours");
            let body: Value = serde_json::from_str(body).expect("the message is JSON");
            let sent = proto::encode(&message, &body);
            let answer = Client::connect(server.grpc).unary(&path, &sent);
            assert_eq!(answer.status_name(), "OK", "{model}: {target} {body}: {}", answer.message);
        }
    }
}

#[test]
fn the_request_that_lies_in_a_folder_of_mlflow_is_the_one_that_is_shown() {
    let requests = printed("mlflow/sk_mixed");
    let last = requests.last().expect("there are some");
    let split = json!({
        "columns": ["age", "visits", "colour", "member"],
        "data": [[44.0, 8, "red", false], [37.0, 0, "blue", false]],
    });
    let body: Value = serde_json::from_str(last["body"].as_str().expect("a text")).expect("JSON");
    assert_eq!(body, json!({"dataframe_split": split}));
    let command = last["command"].as_str().expect("a text");
    let start =
        "curl -s localhost:9000/invocations -H 'Content-Type: application/json' -d '{\"data";
    assert!(command.starts_with(start), "{command}");
    let zeros = printed("mlflow/sk_narrow_types");
    let body = zeros.last().expect("there are some")["body"].as_str().expect("a text").to_owned();
    let split = r#"{"dataframe_split":{"columns":["a","b","c","d"],"data":[[0.0,0,0.0,0]]}}"#;
    assert_eq!(body, split);
}

#[test]
fn the_documentation_page_is_given_requests_that_the_model_takes() {
    for model in ["mlflow/sk_mixed", "skops/text_tfidf_logistic.skops"] {
        let server = serve(model);
        let get = |path: &str| send(server.http, &Request::get(path));
        for path in ["/seldon.json", "/v2/docs/dataplane.json", "/v2/models/m/docs/dataplane.json"]
        {
            let document = get(path);
            assert!(document.at("/openapi").starts_with('3'), "{path}");
            let Json::Map(document) = document.json() else { panic!("{path}: an object") };
            let Some(Json::Map(examples)) = document.get("x-examples") else {
                panic!("{path}: requests")
            };
            for (target, body) in examples {
                let target = target.replace("{model}", "m");
                let reply = server.send(&Request::json(&target, body.to_string()));
                assert_eq!(reply.status, 200, "{model}: {target} {body}: {}", reply.text());
            }
            assert_eq!(examples.contains_key("/invocations"), model.starts_with("mlflow/"));
        }
        assert_eq!(get("/v2/models/other/docs/dataplane.json").status, 404);
    }
}
