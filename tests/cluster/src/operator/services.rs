//! The Services of a predictor.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::container::Ports;
use super::names;
use super::plan::Owner;
use super::spec::{Predictor, Spec};

/// The orchestrator's ports.
const ORCHESTRATOR: (u64, u64) = (8000, 5001);

/// The ports at which a predictor is reached from outside.
fn outer(predictor: &Predictor, ports: &BTreeMap<String, Ports>) -> (u64, u64) {
    let own = ports.get(&predictor.graph.name).filter(|_| predictor.has_no_engine());
    own.map_or(ORCHESTRATOR, |own| (own.http, own.grpc))
}

/// All of them: one for each container of a node, and one for the predictor.
pub(crate) fn all(
    owner: Owner<'_>,
    spec: &Spec,
    predictor: &Predictor,
    ports: &BTreeMap<String, Ports>,
) -> Vec<Value> {
    let headless = spec.annotations.get("seldon.io/headless-svc");
    let is_headless = headless.is_some_and(|value| value != "false");
    let service = |name: &str, selector: (String, String), (http, grpc): (u64, u64)| {
        let mut labels = BTreeMap::from([("seldon-deployment-id".to_owned(), owner.id())]);
        labels.extend([selector.clone()]);
        let mut service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": owner.metadata(name, &labels, &BTreeMap::new()),
            "spec": {
                "type": "ClusterIP",
                "selector": {
                    selector.0: selector.1,
                    "seldon-deployment-id": owner.id(),
                },
                "ports": [
                    {"name": "http", "port": http, "targetPort": http, "protocol": "TCP"},
                    {"name": "grpc", "port": grpc, "targetPort": grpc, "protocol": "TCP"},
                ],
            },
        });
        if is_headless {
            service["spec"]["clusterIP"] = json!("None");
        }
        service
    };
    let key = names::predictor(owner.name, predictor);
    let first = service(&key, ("seldon-app".to_owned(), key.clone()), outer(predictor, ports));
    let others = ports.iter().map(|(node, own)| {
        let name = names::container(owner.name, &predictor.name, node);
        let selector = (format!("seldon-app-svc-{node}"), name.clone());
        service(&name, selector, (own.http, own.grpc))
    });
    std::iter::once(first).chain(others).collect()
}

/// Where a predictor answers inside the cluster.
pub(crate) fn url(
    owner: Owner<'_>,
    spec: &Spec,
    predictor: &Predictor,
    ports: &BTreeMap<String, Ports>,
) -> String {
    let host = format!(
        "{}.{}.svc.cluster.local",
        names::predictor(owner.name, predictor),
        owner.namespace
    );
    let (port, node) = (outer(predictor, ports).0, &predictor.graph.name);
    let path = match spec.protocol() {
        "tensorflow" => format!("v1/models/{node}:predict"),
        "v2" | "kfserving" => format!("v2/models/{node}/infer"),
        _ => "api/v1.0/predictions".to_owned(),
    };
    format!("http://{host}:{port}/{path}")
}

/// What the status says of a Service.
pub(crate) fn status(service: &Value) -> Value {
    let name = service["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = service["metadata"]["namespace"].as_str().unwrap_or_default();
    let endpoint = |idx: usize| {
        let port = service["spec"]["ports"][idx]["port"].as_u64().unwrap_or_default();
        format!("{name}.{namespace}:{port}")
    };
    json!({"svcName": name, "httpEndpoint": endpoint(0), "grpcEndpoint": endpoint(1)})
}
