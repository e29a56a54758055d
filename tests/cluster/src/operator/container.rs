//! What the containers of a graph's nodes are given: ports, environment, probes, a hook, a volume.

use serde_json::{Value, json};

use super::spec::{Node, Predictor, Spec};
use crate::object::{add_named, list, list_mut, set_default};

/// Where the pod's annotations are mounted.
const PODINFO: &str = "/etc/podinfo";
/// The volume of them.
pub(crate) const PODINFO_VOLUME: &str = "seldon-podinfo";
/// Where models are mounted.
pub(crate) const MODELS: &str = "/mnt/models";

/// The ports of a node's container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u64,
    pub(crate) grpc: u64,
    pub(crate) metrics: u64,
}

impl Ports {
    /// Those that the container names, or else the next that are free.
    pub(crate) fn of(container: &Value, node_idx: u64) -> Self {
        let named = |name: &str, base: u64| {
            let ports = list(container, "/ports").iter();
            let port = ports
                .filter(|port| port["name"] == name)
                .find_map(|port| port["containerPort"].as_u64());
            port.unwrap_or(base + node_idx)
        };
        Self {
            http: named("http", 9000),
            grpc: named("grpc", 9500),
            metrics: named("metrics", 6000),
        }
    }
}

/// A node with its surroundings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) deployment: &'a str,
    pub(crate) spec: &'a Spec,
    pub(crate) predictor: &'a Predictor,
    pub(crate) node: &'a Node,
    pub(crate) ports: Ports,
}

impl Place<'_> {
    /// Whether the node is answered by MLServer's image, or one that is taken for it.
    fn is_mlserver(&self) -> bool {
        let server = self.node.server();
        self.spec.is_v2()
            && server.is_some_and(|name| !matches!(name, "TRITON_SERVER" | "TENSORFLOW_SERVER"))
    }

    /// Fills in what the container does not say itself.
    pub(crate) fn complete(&self, container: &mut Value) {
        self.add_ports(container);
        self.add_environment(container);
        self.add_probes(container);
        set_default(container, "imagePullPolicy", json!("IfNotPresent"));
        set_default(container, "lifecycle", json!({}));
        let hook = json!({"exec": {"command": ["/bin/sh", "-c", "/bin/sleep 10"]}});
        set_default(&mut container["lifecycle"], "preStop", hook);
        if let Some(mounts) = list_mut(container, "volumeMounts") {
            add_named(mounts, json!({"name": PODINFO_VOLUME, "mountPath": PODINFO}));
        }
    }

    fn add_ports(&self, container: &mut Value) {
        let Ports { http, grpc, metrics } = self.ports;
        if self.is_mlserver() {
            container["ports"] = json!([
                {"name": "grpc", "containerPort": grpc, "protocol": "TCP"},
                {"name": "http", "containerPort": http, "protocol": "TCP"},
            ]);
            return;
        }
        let Some(ports) = list_mut(container, "ports") else { return };
        for (name, port) in [("http", http), ("grpc", grpc), ("metrics", metrics)] {
            // One that has a number already keeps its name.
            if !ports.iter().any(|there| there["containerPort"] == port) {
                add_named(ports, json!({"name": name, "containerPort": port, "protocol": "TCP"}));
            }
        }
    }

    /// The environment, in the order in which the operator writes it.
    fn environment(&self, container: &Value) -> Vec<(&'static str, String)> {
        let Ports { http, grpc, metrics } = self.ports;
        let node = self.node;
        let service = if self.spec.is_grpc() { grpc } else { http };
        let image = container["image"].as_str().unwrap_or_default().to_owned();
        let labels = json!(self.predictor.labels).to_string();
        let mut environment = vec![
            ("PREDICTIVE_UNIT_SERVICE_PORT", service.to_string()),
            ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", http.to_string()),
            ("MLSERVER_HTTP_PORT", http.to_string()),
            ("PREDICTIVE_UNIT_GRPC_SERVICE_PORT", grpc.to_string()),
            ("MLSERVER_GRPC_PORT", grpc.to_string()),
            ("PREDICTIVE_UNIT_ID", node.name.clone()),
            ("MLSERVER_MODEL_NAME", node.name.clone()),
            ("PREDICTIVE_UNIT_IMAGE", image),
            ("PREDICTOR_ID", self.predictor.name.clone()),
            ("PREDICTOR_LABELS", labels),
            ("SELDON_DEPLOYMENT_ID", self.deployment.to_owned()),
            ("SELDON_EXECUTOR_ENABLED", "true".to_owned()),
            ("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", metrics.to_string()),
            ("MLSERVER_METRICS_PORT", metrics.to_string()),
            ("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus".to_owned()),
            ("MLSERVER_METRICS_ENDPOINT", "/prometheus".to_owned()),
        ];
        let mut parameters = node.parameters.clone();
        if node.server().is_some() && !self.spec.is_v2() {
            parameters.push(json!({"name": "model_uri", "type": "STRING", "value": MODELS}));
        }
        if !parameters.is_empty() {
            environment.push(("PREDICTIVE_UNIT_PARAMETERS", json!(parameters).to_string()));
        }
        if node.model_uri().is_some() || self.is_mlserver() {
            environment.push(("MLSERVER_MODEL_URI", MODELS.to_owned()));
        }
        if self.is_mlserver() {
            environment.push(("MLSERVER_MODEL_IMPLEMENTATION", implementation(node).to_owned()));
            environment.push(("MLSERVER_MODEL_VERSION", "v1".to_owned()));
            environment.push(("TEMPO_RUNTIME_OPTIONS", String::new()));
        }
        environment
    }

    fn add_environment(&self, container: &mut Value) {
        let environment = self.environment(container);
        if let Some(there) = list_mut(container, "env") {
            for (name, value) in environment {
                add_named(there, json!({"name": name, "value": value}));
            }
        }
    }

    fn add_probes(&self, container: &mut Value) {
        if self.is_mlserver() {
            for (probe, path) in [("readinessProbe", "ready"), ("livenessProbe", "live")] {
                let times =
                    json!({"initialDelaySeconds": 20, "periodSeconds": 5, "timeoutSeconds": 60});
                set_default(container, probe, times);
                for handler in ["exec", "tcpSocket", "grpc"] {
                    container[probe].as_object_mut().and_then(|probe| probe.remove(handler));
                }
                let path = format!("/v2/health/{path}");
                container[probe]["httpGet"] =
                    json!({"path": path, "port": "http", "scheme": "HTTP"});
            }
            return;
        }
        let port = if self.spec.is_grpc() { self.ports.grpc } else { self.ports.http };
        let probe = |delay_s: u32| {
            json!({
                "tcpSocket": {"port": port}, "initialDelaySeconds": delay_s, "periodSeconds": 5,
                "failureThreshold": 3, "successThreshold": 1, "timeoutSeconds": 1,
            })
        };
        set_default(container, "livenessProbe", probe(60));
        set_default(container, "readinessProbe", probe(20));
    }
}

/// The class of MLServer's that a server stands for; empty for those that it has none for.
fn implementation(node: &Node) -> &'static str {
    match node.server().unwrap_or_default() {
        "SKLEARN_SERVER" => "mlserver_sklearn.SKLearnModel",
        "XGBOOST_SERVER" => "mlserver_xgboost.XGBoostModel",
        "TEMPO_SERVER" => "tempo.mlserver.InferenceRuntime",
        "MLFLOW_SERVER" => "mlserver_mlflow.MLflowRuntime",
        "HUGGINGFACE_SERVER" => "mlserver_huggingface.HuggingFaceRuntime",
        _ => "",
    }
}
