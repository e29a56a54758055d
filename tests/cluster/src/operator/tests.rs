//! What the plan says, row by row.

use serde_json::{Value, json};

use super::plan::{Owner, Plan, plan};
use super::settings::{Config, Settings};
use super::spec::Spec;
use super::validate::{faults, message};
use crate::object::{list, text};

const OWNER: Owner<'_> = Owner { name: "iris", namespace: "ml", uid: "u-1" };

/// A SeldonDeployment of one container, as most are.
fn one() -> Value {
    json!({"predictors": [{
        "name": "main", "annotations": {"seldon.io/no-engine": "true"},
        "graph": {"name": "model", "type": "MODEL"},
        "componentSpecs": [{"spec": {"containers": [{"name": "model", "image": "radiant:1"}]}}],
    }]})
}

/// The same with something changed.
fn with(pointer: &str, value: Value) -> Value {
    let mut spec = one();
    set(&mut spec, pointer, value);
    spec
}

fn set(spec: &mut Value, pointer: &str, value: Value) {
    if let Some(there) = spec.pointer_mut(pointer) {
        *there = value;
        return;
    }
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    spec.pointer_mut(parent).expect("a parent")[field] = value;
}

fn settings() -> Settings {
    let servers = json!({
        "RADIANT_SERVER": {"protocols": {
            "seldon": {"image": "radiant", "defaultImageVersion": "2"}, "v2": {"image": "radiant@sha256:1"},
        }},
    });
    let config = Config::new(&json!({"predictor_servers": servers.to_string()}));
    Settings { config, ..Settings::default() }
}

fn planned(spec: &Value) -> Plan {
    let spec: Spec = serde_json::from_value(spec.clone()).expect("a spec");
    plan(OWNER, &spec, &settings()).expect("a plan")
}

fn pod(plan: &Plan) -> &Value {
    &plan.deployments[0]["spec"]["template"]["spec"]
}

fn container<'a>(plan: &'a Plan, name: &str) -> &'a Value {
    let mut containers = list(pod(plan), "/containers").iter();
    containers.find(|container| container["name"] == name).expect("the container")
}

fn env<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    let mut all = list(container, "/env").iter();
    text(all.find(|variable| variable["name"] == name)?, "/value")
}

#[test]
fn a_container_gets_ports_environment_probes_a_hook_and_a_volume() {
    let plan = planned(&one());
    let model = container(&plan, "model");
    let ports: Vec<_> =
        list(model, "/ports").iter().map(|port| (&port["name"], &port["containerPort"])).collect();
    assert_eq!(
        ports,
        [
            (&json!("http"), &json!(9000)),
            (&json!("grpc"), &json!(9500)),
            (&json!("metrics"), &json!(6000))
        ]
    );
    let expected = [
        ("PREDICTIVE_UNIT_SERVICE_PORT", "9000"),
        ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "9000"),
        ("PREDICTIVE_UNIT_GRPC_SERVICE_PORT", "9500"),
        ("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", "6000"),
        ("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus"),
        ("PREDICTIVE_UNIT_ID", "model"),
        ("PREDICTIVE_UNIT_IMAGE", "radiant:1"),
        ("PREDICTOR_ID", "main"),
        ("PREDICTOR_LABELS", r#"{"version":"main"}"#),
        ("SELDON_DEPLOYMENT_ID", "iris"),
        ("SELDON_EXECUTOR_ENABLED", "true"),
        ("MLSERVER_HTTP_PORT", "9000"),
        ("MLSERVER_GRPC_PORT", "9500"),
        ("MLSERVER_METRICS_PORT", "6000"),
        ("MLSERVER_METRICS_ENDPOINT", "/prometheus"),
        ("MLSERVER_MODEL_NAME", "model"),
    ];
    for (name, value) in expected {
        assert_eq!(env(model, name), Some(value), "{name}");
    }
    assert_eq!(
        (env(model, "PREDICTIVE_UNIT_PARAMETERS"), env(model, "MLSERVER_MODEL_URI")),
        (None, None)
    );
    for (probe, delay_s) in [("livenessProbe", 60), ("readinessProbe", 20)] {
        assert_eq!(model[probe]["tcpSocket"]["port"], 9000, "{probe}");
        assert_eq!(model[probe]["initialDelaySeconds"], delay_s, "{probe}");
        assert_eq!(model[probe]["periodSeconds"], 5, "{probe}");
    }
    let hook = json!(["/bin/sh", "-c", "/bin/sleep 10"]);
    assert_eq!(model["lifecycle"]["preStop"]["exec"]["command"], hook);
    assert_eq!(
        model["volumeMounts"],
        json!([{"name": "seldon-podinfo", "mountPath": "/etc/podinfo"}])
    );
    assert_eq!(model["imagePullPolicy"], "IfNotPresent");
    assert_eq!(pod(&plan)["terminationGracePeriodSeconds"], 20);
    assert_eq!(pod(&plan)["securityContext"], json!({"runAsUser": 8888}));
    assert_eq!(pod(&plan)["volumes"][0]["name"], "seldon-podinfo");
}

#[test]
fn what_a_container_says_itself_stays() {
    let own = json!({
        "name": "model", "image": "radiant:1", "imagePullPolicy": "Always",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "PREDICTOR_ID", "value": "mine"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": "http"}}},
    });
    let plan = planned(&with("/predictors/0/componentSpecs/0/spec/containers/0", own));
    let model = container(&plan, "model");
    assert_eq!(model["imagePullPolicy"], "Always");
    assert_eq!(env(model, "PREDICTIVE_UNIT_HTTP_SERVICE_PORT"), Some("8080"));
    assert_eq!(env(model, "PREDICTOR_ID"), Some("mine"));
    assert!(
        model["readinessProbe"].get("tcpSocket").is_none()
            && model["lifecycle"]["preStop"].get("exec").is_none()
    );
    assert_eq!(model["livenessProbe"]["tcpSocket"]["port"], 8080);
    // The Service of a predictor without orchestrator is that of its container.
    assert_eq!(plan.services[0]["spec"]["ports"][0]["port"], 8080);
}

#[test]
fn names_and_labels_follow_deployment_predictor_and_containers() {
    let mut spec = one();
    set(
        &mut spec,
        "/predictors/0/componentSpecs/0/metadata",
        json!({"annotations": {"radiant.dev/revision": "3"}}),
    );
    let plan = planned(&spec);
    let deployment = &plan.deployments[0];
    assert_eq!(deployment["metadata"]["name"], "iris-main-0-model");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    let expected = json!({
        "seldon-deployment-id": "iris", "seldon-app": "iris-main", "app": "iris-main-0-model", "fluentd": "true",
        "version": "main", "app.kubernetes.io/managed-by": "seldon-core", "seldon.io/model": "true",
        "seldon-app-svc-model": "iris-main-model",
    });
    assert_eq!(labels, &expected);
    let annotations = &deployment["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["radiant.dev/revision"], "3");
    assert_eq!(annotations["prometheus.io/path"], "/prometheus");
    let services: Vec<_> =
        plan.services.iter().map(|service| &service["metadata"]["name"]).collect();
    assert_eq!(services, ["iris-main", "iris-main-model"]);
    assert_eq!(plan.url, "http://iris-main.ml.svc.cluster.local:9000/api/v1.0/predictions");
}

#[test]
fn a_name_that_is_too_long_is_a_digest_everywhere() {
    let long = "x".repeat(64);
    let spec: Spec = serde_json::from_value(one()).expect("a spec");
    let plan = plan(Owner { name: &long, ..OWNER }, &spec, &settings()).expect("a plan");
    let deployment = &plan.deployments[0];
    let name = text(deployment, "/metadata/name").expect("a name");
    assert!(name.starts_with("seldon-") && name.len() == 39, "{name}");
    let id = text(deployment, "/metadata/labels/seldon-deployment-id").expect("a label");
    assert_eq!(id, "seldon-c1bb4f81d892b2d57947682aeb252456");
}

#[test]
fn an_orchestrator_stands_beside_unless_it_is_declined() {
    let mut spec = one();
    set(&mut spec, "/predictors/0/annotations", json!({}));
    set(
        &mut spec,
        "/predictors/0/svcOrchSpec",
        json!({"resources": {"requests": {"cpu": "1m"}}, "env": [{"name": "X", "value": "1"}]}),
    );
    let plan = planned(&spec);
    let orchestrator = container(&plan, "seldon-container-engine");
    assert_eq!(orchestrator["readinessProbe"]["initialDelaySeconds"], 20);
    assert_eq!(orchestrator["resources"], json!({"requests": {"cpu": "1m"}}));
    assert_eq!(env(orchestrator, "X"), Some("1"));
    assert_eq!(plan.services[0]["spec"]["ports"][0]["port"], 8000);
    // It counts for nothing in the name.
    assert_eq!(plan.deployments[0]["metadata"]["name"], "iris-main-0-model");
    assert_eq!(list(pod(&planned(&one())), "/containers").len(), 1);
}

#[test]
fn replicas_are_those_of_the_nearest_and_an_autoscaler_removes_them() {
    let cases = [
        (json!(null), json!(null), json!(null), json!(1)),
        (json!(4), json!(null), json!(null), json!(4)),
        (json!(4), json!(3), json!(null), json!(3)),
        (json!(4), json!(3), json!(2), json!(2)),
        (json!(0), json!(null), json!(null), json!(0)),
    ];
    for (all, predictor, component, expected) in cases {
        let mut spec = one();
        set(&mut spec, "/replicas", all);
        set(&mut spec, "/predictors/0/replicas", predictor);
        set(&mut spec, "/predictors/0/componentSpecs/0/replicas", component);
        assert_eq!(planned(&spec).deployments[0]["spec"]["replicas"], expected, "{spec}");
    }
    let mut spec = with("/replicas", json!(4));
    set(
        &mut spec,
        "/predictors/0/componentSpecs/0/hpaSpec",
        json!({"minReplicas": 1, "maxReplicas": 3}),
    );
    let plan = planned(&spec);
    assert!(plan.deployments[0]["spec"].get("replicas").is_none());
    assert_eq!(plan.scaling[0]["spec"]["scaleTargetRef"]["name"], "iris-main-0-model");
}

#[test]
fn a_server_gets_its_image_its_model_and_an_initializer() {
    let graph = json!({
        "name": "model", "implementation": "RADIANT_SERVER", "modelUri": "s3://b/m",
        "envSecretRefName": "keys", "serviceAccountName": "robot",
    });
    let spec = json!({"predictors": [{"name": "main", "graph": graph}]});
    let plan = planned(&spec);
    let model = container(&plan, "model");
    assert_eq!(model["image"], "radiant:2");
    let parameters = r#"[{"name":"model_uri","type":"STRING","value":"/mnt/models"}]"#;
    assert_eq!(env(model, "PREDICTIVE_UNIT_PARAMETERS"), Some(parameters));
    assert_eq!(env(model, "MLSERVER_MODEL_URI"), Some("/mnt/models"));
    assert_eq!(env(model, "PREDICTIVE_UNIT_IMAGE"), Some("radiant:2"));
    assert_eq!(pod(&plan)["serviceAccountName"], "robot");
    let init = &pod(&plan)["initContainers"][0];
    assert_eq!(init["name"], "model-model-initializer");
    assert_eq!(init["args"], json!(["s3://b/m", "/mnt/models"]));
    assert_eq!(init["envFrom"], json!([{"secretRef": {"name": "keys"}}]));
    assert_eq!(init["image"], "seldonio/rclone-storage-initializer:1.17.1");
    assert_eq!(init["resources"]["limits"], json!({"cpu": "1", "memory": "1Gi"}));
    let mount =
        json!({"name": "model-provision-location", "mountPath": "/mnt/models", "readOnly": true});
    assert!(list(model, "/volumeMounts").contains(&mount));
}

#[test]
fn a_server_speaks_v2_as_mlserver_does() {
    let mut spec = one();
    set(&mut spec, "/protocol", json!("v2"));
    set(&mut spec, "/predictors/0/graph/implementation", json!("RADIANT_SERVER"));
    set(&mut spec, "/predictors/0/graph/modelUri", json!("s3://b/m"));
    set(&mut spec, "/predictors/0/componentSpecs/0/spec/containers/0", json!({"name": "model"}));
    set(
        &mut spec,
        "/predictors/0/componentSpecs/0/spec/containers/0/readinessProbe",
        json!({"tcpSocket": {"port": 1}, "periodSeconds": 2}),
    );
    let plan = planned(&spec);
    let model = container(&plan, "model");
    assert_eq!(model["image"], "radiant@sha256:1");
    assert_eq!(list(model, "/ports").len(), 2);
    let probe = &model["readinessProbe"];
    assert_eq!(
        (&probe["httpGet"]["path"], &probe["periodSeconds"]),
        (&json!("/v2/health/ready"), &json!(2))
    );
    assert!(probe.get("tcpSocket").is_none());
    assert_eq!(env(model, "MLSERVER_MODEL_IMPLEMENTATION"), Some(""));
    assert_eq!(env(model, "PREDICTIVE_UNIT_PARAMETERS"), None);
    assert_eq!(plan.url, "http://iris-main.ml.svc.cluster.local:9000/v2/models/model/infer");
}

#[test]
fn an_initializer_of_the_reserved_name_is_left_alone() {
    let mut spec = with("/predictors/0/graph/modelUri", json!("s3://b/m"));
    let own = json!([{"name": "model-model-initializer", "image": "radiant:1"}]);
    set(&mut spec, "/predictors/0/componentSpecs/0/spec/initContainers", own.clone());
    let plan = planned(&spec);
    assert_eq!(pod(&plan)["initContainers"], own);
    let mount =
        json!({"name": "model-provision-location", "mountPath": "/mnt/models", "readOnly": true});
    assert!(list(container(&plan, "model"), "/volumeMounts").contains(&mount));
    let volumes: Vec<_> =
        list(pod(&plan), "/volumes").iter().map(|volume| &volume["name"]).collect();
    assert_eq!(volumes, ["seldon-podinfo"]);
}

#[test]
fn a_custom_container_gets_no_initializer_before_1_17_1_and_no_account_ever() {
    let mut spec = with("/predictors/0/graph/modelUri", json!("s3://b/m"));
    set(&mut spec, "/predictors/0/graph/serviceAccountName", json!("robot"));
    assert!(pod(&planned(&spec)).get("serviceAccountName").is_none());
    assert_eq!(list(pod(&planned(&spec)), "/initContainers").len(), 1);
    let spec: Spec = serde_json::from_value(spec).expect("a spec");
    let older = Settings { fetches_for_all: false, ..settings() };
    let plan = plan(OWNER, &spec, &older).expect("a plan");
    assert!(list(pod(&plan), "/initContainers").is_empty());
    // The variable comes with the address, whoever fetches it.
    assert_eq!(env(container(&plan, "model"), "MLSERVER_MODEL_URI"), Some("/mnt/models"));
}

#[test]
fn a_claim_is_mounted_where_its_model_is_copied_from() {
    let plan = planned(&with("/predictors/0/graph/modelUri", json!("pvc://claim/a/b")));
    assert_eq!(pod(&plan)["initContainers"][0]["args"], json!(["/mnt/pvc/a/b", "/mnt/models"]));
    let mut volumes = list(pod(&plan), "/volumes").iter();
    assert!(volumes.any(|volume| volume["persistentVolumeClaim"]["claimName"] == "claim"));
}

#[test]
fn a_server_that_nobody_registered_has_no_plan() {
    let spec: Spec =
        serde_json::from_value(with("/predictors/0/graph/implementation", json!("OTHER_SERVER")))
            .expect("a spec");
    let why = plan(OWNER, &spec, &settings()).expect_err("no such server");
    assert_eq!(why, "Failed to get server config for OTHER_SERVER");
}

/// Two predictors with these shares of the traffic.
fn two(traffic: [i32; 2]) -> Value {
    let mut spec = one();
    let mut second = spec["predictors"][0].clone();
    second["name"] = json!("canary");
    spec["predictors"].as_array_mut().expect("a list").push(second);
    for (predictor_idx, share) in traffic.into_iter().enumerate() {
        spec["predictors"][predictor_idx]["traffic"] = json!(share);
    }
    spec
}

/// The same spec with a predictor as a shadow.
fn shadow(mut spec: Value, predictor_idx: usize) -> Value {
    spec["predictors"][predictor_idx]["shadow"] = json!(true);
    spec
}

fn check(spec: &Value, expected: Option<&str>) {
    let read: Spec = serde_json::from_value(spec.clone()).expect("a spec");
    let got = message("iris", &faults(&read, &settings().config));
    match expected {
        None => assert_eq!(got, None, "{spec}"),
        Some(words) => {
            assert!(got.as_ref().is_some_and(|got| got.contains(words)), "{got:?}: {spec}");
        }
    }
}

#[test]
fn the_webhook_refuses_traffic_that_does_not_add_up() {
    let mut same = two([50, 50]);
    set(&mut same, "/predictors/1/name", json!("main"));
    let cases = [
        (one(), None),
        (two([90, 10]), None),
        (two([50, 10]), Some("spec.predictors: Invalid value: \"60\": Traffic must sum to 100")),
        (two([0, 0]), Some("Traffic must sum to 100")),
        (shadow(two([100, 10]), 1), None),
        (shadow(shadow(two([0, 0]), 0), 1), Some("Multiple shadows are not allowed")),
        (shadow(one(), 0), Some("A shadow can't be the only predictor")),
        (
            with("/predictors/0/traffic", json!(50)),
            Some("Traffic must be 100 for a single predictor"),
        ),
        (same, Some("spec.predictors[1]: Invalid value: \"main\": Duplicate predictor name")),
        (json!({"predictors": []}), Some("no predictors")),
    ];
    for (spec, expected) in cases {
        check(&spec, expected);
    }
}

#[test]
fn the_webhook_refuses_what_the_operator_cannot_make() {
    let server = |uri: Value| {
        let mut spec = with("/predictors/0/graph/implementation", json!("OTHER_SERVER"));
        set(&mut spec, "/predictors/0/graph/modelUri", uri);
        set(&mut spec, "/predictors/0/componentSpecs", json!([]));
        spec
    };
    let child = json!([{"name": "model", "type": "MODEL"}]);
    let parameter = json!([{"name": "n", "type": "INT", "value": "x"}]);
    let cases = [
        (
            with("/protocol", json!("http")),
            "spec.protocol: Invalid value: \"http\": Invalid protocol",
        ),
        (with("/transport", json!("udp")), "Invalid transport"),
        (with("/serverType", json!("kafka")), "Kafka server type needs this"),
        (
            with("/predictors/0/graph/name", json!("clssifier")),
            "spec.predictors[0].graph: Invalid value: \"clssifier\": Can't find container for \
             Predictive Unit",
        ),
        (
            with("/predictors/0/graph/children", child),
            "Only a single node graph can have no engine",
        ),
        (
            with("/predictors/0/graph/logger", json!({"url": "http://x"})),
            "No logger mode specified",
        ),
        (
            with("/predictors/0/graph/parameters", parameter),
            "The parameter's value is not of its type",
        ),
        (server(json!("s3://b/m")), "No entry in predictors map for OTHER_SERVER"),
        (server(json!(null)), "modelUri required"),
    ];
    for (spec, words) in cases {
        check(&spec, Some(words));
    }
}
