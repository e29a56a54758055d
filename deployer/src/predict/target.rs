//! Which pod of a deployment is asked, where, and in which protocol.

use anyhow::anyhow;
use k8s_openapi::api::core::v1::{Container, Pod};
use serde_json::Value;

use crate::cluster::SeldonObject;
use crate::cluster::seldon::ENGINE;
use crate::config::Protocol;
use crate::error::{Code, Failure};
use crate::rollout::is_ready;

/// The ports that the operator gives to what names none.
const OF_ENGINE: Ports = Ports { http: 8000, grpc: 5001 };
const OF_MODEL: Ports = Ports { http: 9000, grpc: 9500 };
/// Labels of a pod that say which predictor it is of: by its own name, and with that of the deployment.
const PREDICTOR: &str = "version";
const PREDICTOR_KEY: &str = "seldon-app";

/// What a request is for: the protocol and the name of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Served {
    /// What the operator says that it speaks.
    pub(crate) protocol: Protocol,
    /// The model, as V2 and TensorFlow name it in paths.
    pub(crate) model: String,
}

/// A pod that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The pod.
    pub(crate) pod: String,
    /// Its ports.
    pub(crate) ports: Ports,
}

/// Where a pod listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    /// For REST.
    pub(crate) http: u16,
    /// For gRPC.
    pub(crate) grpc: u16,
}

/// What a deployment serves, by the first of its predictors.
pub(crate) fn served(deployment: &SeldonObject) -> Served {
    let text = |value: &Value| value.as_str().map(str::to_lowercase).unwrap_or_default();
    let of_predictor = deployment.predictors().first().and_then(|it| it.get("protocol"));
    let named = deployment.spec.get("protocol").or(of_predictor).map(text).unwrap_or_default();
    let protocol = match named.as_str() {
        "v2" | "kfserving" => Protocol::V2,
        "tensorflow" => Protocol::Tensorflow,
        _ => Protocol::Seldon,
    };
    let model = deployment.root_node().unwrap_or_else(|| deployment.name()).to_owned();
    Served { protocol, model }
}

/// A pod that is ready, of one predictor or of any.
///
/// # Errors
/// When there is none.
pub(crate) fn ready_pod(
    deployment: &SeldonObject,
    pods: &[Pod],
    predictor: Option<&str>,
) -> Result<Target, Failure> {
    let name = deployment.name();
    let is_of = |pod: &Pod| {
        let label = |key: &str| pod.metadata.labels.as_ref()?.get(key).map(String::as_str);
        predictor.is_none_or(|it| {
            label(PREDICTOR) == Some(it)
                || label(PREDICTOR_KEY).is_some_and(|key| key == format!("{name}-{it}"))
        })
    };
    let mut ready: Vec<&Pod> = pods.iter().filter(|pod| is_of(pod) && is_ready(pod)).collect();
    ready.sort_by_key(|pod| pod.metadata.name.clone());
    let Some(pod) = ready.first() else {
        let of = predictor.map(|it| format!(" of predictor `{it}`")).unwrap_or_default();
        let n = pods.iter().filter(|pod| is_of(pod)).count();
        let error =
            anyhow!("SeldonDeployment `{name}`: expected a pod{of} that is ready, got none of {n}");
        return Err(Failure::new(Code::Failed, error)
            .hint(format!("`radiant-deploy status {name}` says what they wait for")));
    };
    let ports = ports_of(pod, deployment.root_node());
    Ok(Target { pod: pod.metadata.name.clone().unwrap_or_default(), ports })
}

/// The ports of the orchestrator, or of the node that stands at the root.
fn ports_of(pod: &Pod, root: Option<&str>) -> Ports {
    let containers: &[Container] =
        pod.spec.as_ref().map_or(&[][..], |spec| spec.containers.as_slice());
    let container = |name: &str| containers.iter().find(|it| it.name == name);
    if let Some(engine) = container(ENGINE) {
        return named(engine, OF_ENGINE);
    }
    let node = root.and_then(container).or_else(|| containers.first());
    node.map_or(OF_MODEL, |node| named(node, OF_MODEL))
}

/// The ports that a container names, else those that it has anyway.
fn named(container: &Container, usual: Ports) -> Ports {
    let port = |name: &str| {
        let mut ports = container.ports.iter().flatten();
        let named = ports.find(|port| port.name.as_deref() == Some(name))?;
        u16::try_from(named.container_port).ok()
    };
    Ports { http: port("http").unwrap_or(usual.http), grpc: port("grpc").unwrap_or(usual.grpc) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(protocol: &str) -> SeldonObject {
        serde_json::from_value(json!({
            "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
            "metadata": {"name": "fraud"},
            "spec": {"protocol": protocol, "predictors": [{"name": "main", "graph": {"name": "model"}}]},
        }))
        .unwrap()
    }

    fn pod(name: &str, predictor: &str, ready: &str, containers: &Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": name, "labels": {"seldon-app": format!("fraud-{predictor}")}},
            "spec": {"containers": containers},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }))
        .unwrap()
    }

    #[test]
    fn the_protocol_is_the_operators() {
        for (text, expected) in [
            ("seldon", Protocol::Seldon),
            ("", Protocol::Seldon),
            ("v2", Protocol::V2),
            ("kfserving", Protocol::V2),
            ("tensorflow", Protocol::Tensorflow),
        ] {
            let served = served(&deployment(text));
            assert_eq!((served.protocol, served.model.as_str()), (expected, "model"), "{text}");
        }
    }

    #[test]
    fn a_pod_that_is_ready_is_asked_at_its_port() {
        let model = json!([{"name": "model", "ports": [{"name": "http", "containerPort": 9001}]}]);
        let bare = json!([{"name": "model"}]);
        let engine = json!([
            {"name": "model", "ports": [{"name": "http", "containerPort": 9001}]},
            {"name": "seldon-container-engine"},
        ]);
        let cases = [(model, 9001, 9500), (bare.clone(), 9000, 9500), (engine, 8000, 5001)];
        for (containers, http, grpc) in cases {
            let pods = [
                pod("a", "main", "False", &bare),
                pod("c", "main", "True", &bare),
                pod("b", "main", "True", &containers),
            ];
            let found = ready_pod(&deployment(""), &pods, None).unwrap();
            assert_eq!(found, Target { pod: "b".to_owned(), ports: Ports { http, grpc } });
        }
    }

    #[test]
    fn a_predictor_has_its_own_pods_and_none_may_be_ready() {
        let containers = json!([{"name": "model"}]);
        let pods =
            [pod("a", "main", "True", &containers), pod("b", "canary-2", "True", &containers)];
        let found = ready_pod(&deployment(""), &pods, Some("canary-2")).unwrap();
        assert_eq!(found.pod, "b");
        let text = ready_pod(&deployment(""), &pods, Some("gone")).unwrap_err().text();
        assert!(text.contains("predictor `gone`") && text.contains("none of 0"), "{text}");
    }
}
