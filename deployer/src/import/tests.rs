//! What becomes of whole objects.

use serde_json::{Value, json};

use super::*;
use crate::config::{Mode, Orchestrator, Protocol};

fn object(spec: &Value) -> Value {
    json!({
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {
            "name": "fraud",
            "namespace": "ml",
            "uid": "0",
            "labels": {"team": "risk", "app.kubernetes.io/managed-by": "radiant-deploy"},
        },
        "spec": spec,
        "status": {"state": "Available"},
    })
}

fn custom() -> Value {
    json!({
        "name": "fraud",
        "protocol": "v2",
        "replicas": 2,
        "predictors": [{
            "name": "default",
            "annotations": {"seldon.io/no-engine": "true"},
            "graph": {
                "name": "classifier", "type": "MODEL",
                "parameters": [
                    {"name": "model_uri", "type": "STRING", "value": "s3://models/fraud"},
                    {"name": "method", "type": "STRING", "value": "predict"},
                    {"name": "batch_max", "type": "INT", "value": "32"},
                    {"name": "is_strict", "type": "BOOL", "value": "True"},
                ],
            },
            "componentSpecs": [{
                "hpaSpec": {"minReplicas": 1, "maxReplicas": 5, "metrics": [
                    {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 70}},
                ]},
                "spec": {
                    "serviceAccountName": "fraud",
                    "tolerations": [{"key": "gpu"}],
                    "volumes": [{"name": "seldon-podinfo"}, {"name": "extra", "emptyDir": {}}],
                    "hostNetwork": true,
                    "containers": [{
                        "name": "classifier",
                        "image": "radiant:1",
                        "env": [
                            {"name": "RADIANT_LOG_FORMAT", "value": "json"},
                            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                        ],
                        "resources": {"limits": {"memory": "1Gi"}},
                        "volumeMounts": [{"name": "extra", "mountPath": "/x"}],
                    }],
                },
            }],
        }],
    })
}

#[test]
fn a_custom_container_becomes_a_configuration() {
    let Imported { deployment, left_out, .. } = seldon(object(&custom())).unwrap();
    assert_eq!(deployment.name, "fraud");
    assert_eq!(deployment.labels.keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!(deployment.model.uri.as_deref(), Some("s3://models/fraud"));
    assert_eq!(deployment.model.method.as_deref(), Some("predict"));
    assert_eq!(deployment.server.protocol, Protocol::V2);
    assert_eq!(deployment.server.engine, Orchestrator::Off);
    assert_eq!(deployment.server.parameters["batch_max"], 32);
    assert_eq!(deployment.server.parameters["is_strict"], true);
    assert_eq!(deployment.server.env["RADIANT_LOG_FORMAT"], "json");
    assert_eq!(deployment.server.resources.limits["memory"], "1Gi");
    assert_eq!(deployment.credentials.service_account.as_deref(), Some("fraud"));
    let auto = deployment.scale.auto.unwrap();
    assert_eq!((auto.min, auto.max, auto.cpu), (1, 5, Some(70)));
    assert_eq!(deployment.scale.replicas, None);
    assert_eq!(deployment.pod.volumes.len(), 1);
    let spec = "spec.predictors[0].componentSpecs[0].spec";
    assert_eq!(
        left_out,
        [
            format!("{spec}.containers[0].env[1].valueFrom (of `POD`)"),
            format!("{spec}.hostNetwork")
        ]
    );
}

#[test]
fn what_is_as_by_default_is_not_written() {
    let deployment = seldon(object(&custom())).unwrap().deployment;
    let terse = terse(&deployment);
    assert_eq!(terse["server"].get("mode"), None);
    assert_eq!(terse.get("rollout"), None);
    assert_eq!(terse["apiVersion"], "radiant.dev/v1");
    let again: crate::config::Deployment = serde_json::from_value(terse).unwrap();
    assert_eq!(again, deployment);
}

#[test]
fn predictors_beside_the_main_one_are_variants() {
    let predictor = |name: &str, traffic: u32, shadow: bool| {
        json!({
            "name": name, "traffic": traffic, "shadow": shadow,
            "graph": {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": format!("gs://b/{name}")},
        })
    };
    let spec = json!({"predictors": [
        predictor("b", 20, false), predictor("a", 80, false), predictor("mirror", 100, true),
    ]});
    let deployment = seldon(object(&spec)).unwrap().deployment;
    assert_eq!(deployment.model.uri.as_deref(), Some("gs://b/a"));
    assert_eq!(deployment.server.mode, Mode::Prepackaged);
    assert_eq!(deployment.server.implementation, "SKLEARN_SERVER");
    assert_eq!(deployment.server.engine, Orchestrator::On);
    let variants: Vec<_> =
        deployment.variants.iter().map(|it| (it.name.as_str(), it.traffic, it.shadow)).collect();
    assert_eq!(variants, [("b", Some(20), false), ("mirror", Some(100), true)]);
    assert!(deployment.variants.iter().all(|it| it.server.is_none() && it.scale.is_none()));
}

#[test]
fn a_graph_of_several_nodes_stays_one() {
    let spec = json!({"predictors": [{
        "name": "p",
        "graph": {
            "name": "scale", "type": "TRANSFORMER",
            "children": [{"name": "model", "modelUri": "s3://m", "children": []}],
        },
        "componentSpecs": [{"spec": {"containers": [
            {"name": "scale", "image": "scale:1"}, {"name": "model", "image": "radiant:1"},
        ]}}],
    }]});
    let graph = seldon(object(&spec)).unwrap().deployment.graph.unwrap();
    assert_eq!((graph.name.as_str(), graph.image.as_deref()), ("scale", Some("scale:1")));
    assert_eq!(graph.children[0].model.as_ref().unwrap().uri.as_deref(), Some("s3://m"));
}

#[test]
fn zenml_objects_say_what_took_no_effect() {
    let service = json!({
        "model_name": "fraud model", "model_uri": "s3://m", "implementation": "SKLEARN_SERVER",
        "resources": {"limits": {"memory": "500m"}}, "pipeline_name": "train",
    });
    let mut object = object(&json!({
        "name": "zenml-1",
        "predictors": [{
            "name": "fraud model", "replicas": 3,
            "engineResources": {"limits": {"memory": "500m"}},
            "graph": {
                "name": "classifier", "type": "MODEL", "implementation": "SKLEARN_SERVER",
                "modelUri": "s3://m", "envSecretRefName": "zenml-seldon-core-1",
            },
        }],
    }));
    assert!(matches!(zenml(object.clone()), Err(ImportError::NotZenml)));
    object["metadata"]["labels"] = json!({"app": "zenml", "zenml.model_name": "fraud_model"});
    object["metadata"]["annotations"] = json!({"zenml.service_config": service.to_string()});
    let Imported { deployment, notes, left_out } = zenml(object).unwrap();
    assert!(deployment.compat.zenml && deployment.labels.is_empty());
    assert_eq!(deployment.scale.replicas, Some(3));
    assert_eq!(deployment.server.resources.limits["memory"], "500m");
    assert_eq!(deployment.credentials.existing_secret.as_deref(), Some("zenml-seldon-core-1"));
    assert_eq!(left_out, [""; 0]);
    let said = notes.join("\n");
    assert!(said.contains("`engineResources` was written and never applied"), "{said}");
    assert!(said.contains("thousandths of a byte") && said.contains("`train`"), "{said}");
}

#[test]
fn an_init_container_of_zenml_gives_the_address() {
    let spec = json!({"predictors": [{
        "name": "p",
        "graph": {"name": "classifier", "type": "MODEL"},
        "componentSpecs": [{"spec": {
            "volumes": [{"name": "classifier-provision-location", "emptyDir": {}}],
            "initContainers": [{
                "name": "classifier-model-initializer",
                "image": "seldonio/rclone-storage-initializer:1.14.0-dev",
                "args": ["s3://models/x", "/mnt/models"],
                "envFrom": [{"secretRef": {"name": "store"}}],
            }],
            "containers": [{"name": "classifier", "image": "x"}],
        }}],
    }]});
    let Imported { deployment, left_out, .. } = seldon(object(&spec)).unwrap();
    assert_eq!(deployment.model.uri.as_deref(), Some("s3://models/x"));
    assert_eq!(deployment.credentials.existing_secret.as_deref(), Some("store"));
    assert_eq!(left_out, [""; 0]);
}

#[test]
fn other_objects_are_refused_by_name() {
    let error = seldon(json!({"apiVersion": "v1", "kind": "Pod"})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a SeldonDeployment of machinelearning.seldon.io, got kind `Pod` of `v1`"
    );
    let error = seldon(object(&json!({"predictors": []}))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`spec.predictors`: expected at least one predictor, got nothing"
    );
}
