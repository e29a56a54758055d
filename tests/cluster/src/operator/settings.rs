//! What is set for all SeldonDeployments: the ConfigMap `seldon-config` of the operator's namespace.

use serde_json::{Value, json};

use crate::object::text;

/// The operator's namespace.
pub(crate) const NAMESPACE: &str = "seldon-system";
/// Its settings.
pub(crate) const CONFIG: &str = "seldon-config";

/// What the operator was installed with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The image of the orchestrator.
    pub orchestrator_image: String,
    /// The image that fetches models where the ConfigMap names no other.
    pub initializer_image: String,
    /// The Secret that initializers get where a node names none.
    pub default_env_secret: Option<String>,
    /// Whose SeldonDeployments are looked at: those with this value of `seldon.io/controller-id`, or,
    /// where it is empty, those without that label.
    pub controller_id: String,
    /// Whether models of nodes with a container of their own are fetched, as from 1.17.1 on.
    pub fetches_for_all: bool,
    /// What the ConfigMap says of servers, and of the initializer.
    pub(crate) config: Config,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            orchestrator_image: "seldonio/seldon-core-executor:1.17.1".to_owned(),
            initializer_image: "seldonio/rclone-storage-initializer:1.17.1".to_owned(),
            default_env_secret: None,
            controller_id: String::new(),
            fetches_for_all: true,
            config: Config::default(),
        }
    }
}

/// The ConfigMap's texts, read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    servers: Value,
    initializer: Value,
}

impl Config {
    /// Reads the `data` of the ConfigMap. What is not JSON counts as nothing, as for the operator.
    pub(crate) fn new(data: &Value) -> Self {
        let read = |key: &str| {
            let text = data.get(key).and_then(Value::as_str).unwrap_or_default();
            serde_json::from_str(text).unwrap_or(Value::Null)
        };
        Self { servers: read("predictor_servers"), initializer: read("storageInitializer") }
    }

    /// Whether there is a server of this name.
    pub(crate) fn has_server(&self, name: &str) -> bool {
        self.servers.get(name).is_some()
    }

    /// The image of a server for a protocol; empty if it has none for it.
    pub(crate) fn image(&self, server: &str, protocol: &str) -> String {
        let protocols: &[&str] = match protocol {
            "v2" | "kfserving" => &["kfserving", "v2"],
            other => &[other],
        };
        let found = protocols
            .iter()
            .find_map(|protocol| self.servers.pointer(&format!("/{server}/protocols/{protocol}")));
        let Some(found) = found else { return String::new() };
        let image = text(found, "/image").unwrap_or_default();
        match text(found, "/defaultImageVersion").unwrap_or_default() {
            "" => image.to_owned(),
            version => format!("{image}:{version}"),
        }
    }

    /// The image of the initializer, if one is set.
    pub(crate) fn initializer_image(&self) -> Option<&str> {
        text(&self.initializer, "/image").filter(|image| !image.is_empty())
    }

    /// What an initializer may use.
    pub(crate) fn initializer_resources(&self) -> Value {
        let of =
            |key: &str, default: &str| text(&self.initializer, key).unwrap_or(default).to_owned();
        json!({
            "requests": {"cpu": of("/cpuRequest", "100m"), "memory": of("/memoryRequest", "100Mi")},
            "limits": {"cpu": of("/cpuLimit", "1"), "memory": of("/memoryLimit", "1Gi")},
        })
    }
}
