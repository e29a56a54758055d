//! What Seldon Core's operator makes of a graph's node, and what a cluster adds to it.

use serde_json::json;

use crate::container::{Launch, Ports};
use crate::model::{check_grpc, check_rest, check_virginica, iris, put};
use crate::parts::folder;
use crate::support::http::{self, Request};

/// The ports of the first container of a pod (operator 1.18, `createContainerService`).
const FIRST: Ports = Ports { http: 9000, grpc: 9500, metrics: 6000 };

/// What the operator sets besides ports, of a node with a model of its own.
const ENVIRONMENT: [(&str, &str); 15] = [
    ("PREDICTIVE_UNIT_SERVICE_PORT", "9000"),
    ("MLSERVER_HTTP_PORT", "9000"),
    ("MLSERVER_GRPC_PORT", "9500"),
    (
        "PREDICTIVE_UNIT_PARAMETERS",
        r#"[{"name":"model_uri","type":"STRING","value":"/mnt/models"}]"#,
    ),
    ("MLSERVER_MODEL_URI", "/mnt/models"),
    ("PREDICTIVE_UNIT_ID", "classifier"),
    ("MLSERVER_MODEL_NAME", "classifier"),
    ("PREDICTIVE_UNIT_IMAGE", "registry.test/radiant:1.0"),
    ("PREDICTOR_ID", "default"),
    ("PREDICTOR_LABELS", r#"{"version":"v7"}"#),
    ("SELDON_DEPLOYMENT_ID", "flowers"),
    ("SELDON_EXECUTOR_ENABLED", "true"),
    ("MLSERVER_METRICS_PORT", "6000"),
    ("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus"),
    ("MLSERVER_METRICS_ENDPOINT", "/prometheus"),
];

/// A pod's container as the operator describes it; its model is at `/mnt/models`.
fn node() -> Launch {
    ENVIRONMENT.iter().fold(Launch::new(), |launch, (name, value)| launch.env(name, value))
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_node_of_a_graph_answers_rest_grpc_and_prometheus() {
    let (models, podinfo) = (iris(), folder());
    put(podinfo.path(), "annotations", b"seldon.io/rest-timeout=\"10000\"\nother=\"x\"\n");
    let launch = node().mount(models.path(), "/mnt/models").mount(podinfo.path(), "/etc/podinfo");
    let server = launch.option("--memory=256m").option("--tmpfs=/tmp").serve_at(FIRST);
    check_rest(&server);
    check_grpc(&server);
    let page = http::send(FIRST.metrics, &Request::get("/prometheus"));
    assert_eq!(page.status, 200);
    for label in [
        r#"deployment_name="flowers""#,
        r#"predictor_name="default""#,
        r#"predictor_version="v7""#,
        r#"model="classifier""#,
    ] {
        assert!(page.text().contains(label), "`{label}` is missing in:\n{}", page.text());
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_node_of_the_v2_protocol_is_ready_where_the_operator_probes_it() {
    let models = iris();
    let launch = node().mount(models.path(), "/mnt/models");
    // An implementation that the operator does not know has an empty name.
    let launch =
        launch.env("MLSERVER_MODEL_IMPLEMENTATION", "").env("MLSERVER_MODEL_VERSION", "v1");
    let server = launch.serve();
    for path in ["/v2/health/ready", "/v2/health/live", "/v2/models/classifier/ready"] {
        assert_eq!(server.send(&Request::get(path)).status, 200, "{path}");
    }
    let input = json!({
        "name": "float_input", "datatype": "FP32", "shape": [1, 4], "data": [6.5, 3.0, 5.2, 2.0],
    });
    let body = json!({ "inputs": [input], "outputs": [{ "name": "output_probability" }] });
    let reply = server.send(&Request::json("/v2/models/classifier/infer", body.to_string()));
    assert_eq!(reply.status, 200, "{}", reply.text());
    check_virginica(&reply.at("/outputs/0/data/2"));
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn any_user_of_any_group_serves_without_a_writable_file() {
    let models = iris();
    for user in ["--user=0:0", "--user=1000660000:0", "--user=65534:65534"] {
        let server = Launch::new().option(user).mount(models.path(), "/mnt/models").serve();
        check_rest(&server);
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn it_serves_within_the_memory_of_a_small_pod() {
    let models = iris();
    let server = Launch::new().option("--memory=64m").mount(models.path(), "/mnt/models").serve();
    check_rest(&server);
    check_grpc(&server);
}
