//! The pod on this machine: the program with the variables that it would have in the cluster.
//!
//! What a manifest says of the model's container, and what the operator adds to it, becomes the
//! environment of a process or the arguments of `docker run`. Nothing else is inherited but what finds
//! programs and certificates.

mod arguments;
mod process;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::operator::environment::{Node, variables};

pub use arguments::docker;
pub(crate) use process::{Server, free_ports};

/// Variables of this machine that a program needs to find others, and to speak with the world.
const INHERITED: [&str; 10] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "SSL_CERT_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// What cannot be run here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LocalError {
    /// The manifest has no predictor.
    #[error("`spec.predictors`: expected at least one, got none")]
    NoPredictor,
    /// The graph has several nodes, and an orchestrator between them.
    #[error(
        "`graph`: expected one node, got {0}: an orchestrator stands between them in the cluster"
    )]
    Graph(usize),
}

/// The model's container of a manifest, as the operator would start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The container's image.
    pub image: Option<String>,
    /// Its variables, without those of Secrets.
    pub variables: BTreeMap<String, String>,
}

/// Where it runs, and what is otherwise than in the cluster.
#[derive(Debug, Clone)]
pub struct Here<'a> {
    /// The ports: REST, gRPC, metrics; 0 lets the system choose.
    pub ports: [u16; 3],
    /// The address to listen on.
    pub host: &'a str,
    /// Where fetched models are kept.
    pub cache: &'a Path,
    /// The model, where it lies on this machine.
    pub model: Option<PathBuf>,
}

impl Local {
    /// Finds the container of the first predictor's node.
    ///
    /// # Errors
    /// When there is none, or the graph has several nodes.
    pub fn of(manifest: &Value, here: &Here<'_>) -> Result<Self, LocalError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let predictor = &manifest["spec"]["predictors"][0];
        let graph = predictor.get("graph").ok_or(LocalError::NoPredictor)?;
        let n_nodes = count(graph);
        if n_nodes > 1 {
            return Err(LocalError::Graph(n_nodes));
        }
        let (deployment, node) = (text(&manifest["metadata"]["name"]), text(&graph["name"]));
        let container = container(predictor, &node);
        let image = container.and_then(|it| it["image"].as_str()).map(str::to_owned);
        let parameters = graph["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let set = variables(&Node {
            deployment: &deployment,
            predictor: &text(&predictor["name"]),
            name: &node,
            image: image.as_deref().unwrap_or_default(),
            ports: here.ports,
            is_grpc: manifest["spec"]["transport"] == "grpc",
            parameters,
            has_model: false,
        });
        let mut variables: BTreeMap<_, _> =
            set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let own = container.and_then(|it| it["env"].as_array()).map(Vec::as_slice);
        for variable in own.unwrap_or_default() {
            if let (Some(name), Some(value)) =
                (variable["name"].as_str(), variable["value"].as_str())
            {
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        variables.insert("RADIANT_HOST".to_owned(), here.host.to_owned());
        variables.insert("RADIANT_CACHE_DIR".to_owned(), here.cache.display().to_string());
        let fetched = graph["modelUri"].as_str().map(str::to_owned);
        if let Some(model) = here.model.as_ref().map(|it| it.display().to_string()).or(fetched) {
            variables.insert("RADIANT_MODEL".to_owned(), model);
        }
        Ok(Self { image, variables })
    }

    /// All that the process gets: the variables, those of a Secret, and those of this machine that
    /// it needs.
    pub fn environment(
        &self,
        secret: &BTreeMap<String, String>,
        machine: impl Fn(&str) -> Option<String>,
    ) -> BTreeMap<String, String> {
        let inherited =
            INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), machine(name)?)));
        let mut all: BTreeMap<_, _> = inherited.collect();
        all.extend(secret.clone());
        all.extend(self.variables.clone());
        all
    }
}

fn count(node: &Value) -> usize {
    let children = node["children"].as_array().map(Vec::as_slice).unwrap_or_default();
    1 + children.iter().map(count).sum::<usize>()
}

fn container<'a>(predictor: &'a Value, name: &str) -> Option<&'a Value> {
    let components = predictor["componentSpecs"].as_array()?;
    let all = components.iter().filter_map(|it| it["spec"]["containers"].as_array()).flatten();
    all.into_iter().find(|it| it["name"] == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Value {
        json!({
            "metadata": {"name": "fraud"},
            "spec": {"predictors": [{
                "name": "main",
                "graph": {"name": "model", "parameters": [
                    {"name": "model_uri", "type": "STRING", "value": "s3://m"},
                ]},
                "componentSpecs": [{"spec": {"containers": [{
                    "name": "model", "image": "radiant:1",
                    "env": [
                        {"name": "RADIANT_LOG_FORMAT", "value": "json"},
                        {"name": "RADIANT_CACHE_DIR", "value": "/cache"},
                        {"name": "POD", "valueFrom": {}},
                    ],
                }]}}],
            }]},
        })
    }

    fn here(model: Option<&str>) -> Here<'_> {
        let model = model.map(PathBuf::from);
        Here { ports: [8080, 0, 0], host: "127.0.0.1", cache: Path::new("/tmp/cache"), model }
    }

    #[test]
    fn the_process_is_told_what_the_pod_would_be() {
        let local = Local::of(&manifest(), &here(None)).unwrap();
        let get = |name: &str| local.variables.get(name).map(String::as_str);
        assert_eq!(get("PREDICTIVE_UNIT_HTTP_SERVICE_PORT"), Some("8080"));
        assert_eq!(get("SELDON_DEPLOYMENT_ID"), Some("fraud"));
        assert_eq!(get("RADIANT_LOG_FORMAT"), Some("json"));
        assert_eq!(get("RADIANT_CACHE_DIR"), Some("/tmp/cache"));
        assert_eq!(get("RADIANT_HOST"), Some("127.0.0.1"));
        assert_eq!(get("RADIANT_MODEL"), None);
        assert_eq!(local.image.as_deref(), Some("radiant:1"));
        let local = Local::of(&manifest(), &here(Some("./iris"))).unwrap();
        assert_eq!(local.variables["RADIANT_MODEL"], "./iris");
    }

    #[test]
    fn only_what_is_needed_is_inherited() {
        let local = Local::of(&manifest(), &here(None)).unwrap();
        let secret = BTreeMap::from([("AWS_SECRET_ACCESS_KEY".to_owned(), "s".to_owned())]);
        let all = local.environment(&secret, |name| Some(format!("machine's {name}")));
        assert_eq!(all["PATH"], "machine's PATH");
        assert_eq!(all["AWS_SECRET_ACCESS_KEY"], "s");
        assert_eq!(all.get("LANG"), None);
    }

    #[test]
    fn graphs_need_an_orchestrator() {
        let mut several = manifest();
        several["spec"]["predictors"][0]["graph"]["children"] = json!([{"name": "b"}]);
        assert_eq!(Local::of(&several, &here(None)), Err(LocalError::Graph(2)));
        assert_eq!(Local::of(&json!({}), &here(None)), Err(LocalError::NoPredictor));
    }
}
