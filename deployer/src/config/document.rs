//! The whole of a configuration, and its smaller parts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Credentials, GraphNode, Pod, Rollout, Scale, Server};

/// The version of this form. It is no kind of Kubernetes, and no cluster knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first one.
    #[serde(rename = "radiant.dev/v1")]
    V1,
}

/// What a document describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// A model that is served.
    Deployment,
}

/// A model that is served: one SeldonDeployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployment {
    /// The version of this form.
    pub api_version: ApiVersion,
    /// What this document describes.
    pub kind: Kind,
    /// The object's name and part of its URL, for ever: a DNS label of at most 40 characters.
    #[schemars(regex(pattern = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"), length(max = 40))]
    pub name: String,
    /// Where it is; by default the namespace of the current context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), length(max = 63))]
    pub namespace: Option<String>,
    /// What is served.
    #[serde(default)]
    pub model: Model,
    /// Who the model's store takes the pods for.
    #[serde(default)]
    pub credentials: Credentials,
    /// What serves it.
    #[serde(default)]
    pub server: Server,
    /// How many pods there are.
    #[serde(default)]
    pub scale: Scale,
    /// How one revision follows another.
    #[serde(default)]
    pub rollout: Rollout,
    /// Requests with their answers, asked of new pods before traffic moves to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<GoldenTest>,
    /// Where it is reached from outside.
    #[serde(default)]
    pub route: Route,
    /// What every pod is like.
    #[serde(default)]
    pub pod: Pod,
    /// Labels of all objects. They are checked and never changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the SeldonDeployment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Several nodes: transformers, routers, combiners. Without it, one node of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<GraphNode>,
    /// Other models beside the main one, for a share of the traffic or a copy of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// A SeldonDeployment's `explainer`, as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explainer: Option<Map<String, Value>>,
    /// Who else must find it.
    #[serde(default)]
    pub compat: Compat,
    /// Overlays by name: parts of this document that take the place of others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, Map<String, Value>>,
}

/// Formats that a model may be said to have.
pub(crate) const FORMATS: [&str; 7] =
    ["auto", "onnx", "sklearn", "xgboost", "lightgbm", "catboost", "mlflow"];

/// Methods of scikit-learn's models that may answer.
pub(crate) const METHODS: [&str; 3] = ["predict_proba", "predict", "decision_function"];

impl Deployment {
    /// A deployment of which nothing is said but its name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            api_version: ApiVersion::V1,
            kind: Kind::Deployment,
            name: name.into(),
            namespace: None,
            model: Model::default(),
            credentials: Credentials::default(),
            server: Server::default(),
            scale: Scale::default(),
            rollout: Rollout::default(),
            tests: Vec::new(),
            route: Route::default(),
            pod: Pod::default(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            graph: None,
            variants: Vec::new(),
            explainer: None,
            compat: Compat::default(),
            environments: BTreeMap::new(),
        }
    }
}

/// What is served: a URI that pods fetch, or a path that goes into the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Model {
    /// Where pods fetch it: s3, gs, az, abfs, https, file, oci, pvc, or an rclone remote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Where it lies on this machine, for `build` to pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Its format, as the server names it; `auto` looks at the files.
    #[serde(default = "auto")]
    #[schemars(extend("examples" = FORMATS))]
    pub format: String,
    /// Which of a scikit-learn model's methods answers, such as `predict_proba`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = METHODS))]
    pub method: Option<String>,
    /// The digest that its files must have; by default they are taken as they are, and their digest
    /// is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: Option<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self { uri: None, path: None, format: auto(), method: None, digest: None }
    }
}

fn auto() -> String {
    "auto".to_owned()
}

/// A request and what it must be answered with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GoldenTest {
    /// A file with the request's body, beside this document.
    pub request: PathBuf,
    /// A file with the answer's body.
    pub expect: PathBuf,
    /// How far numbers may be apart, absolutely and as a share of the expected one.
    #[serde(default)]
    pub tolerance: f64,
}

/// Where a deployment is reached from outside the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    /// The ingress, as `https://models.example.com`; `auto` asks the cluster for its gateway.
    #[serde(default = "auto")]
    pub base_url: String,
    /// The host that the ingress knows it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Istio's gateway, as `namespace/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
}

impl Default for Route {
    fn default() -> Self {
        Self { base_url: auto(), host: None, gateway: None }
    }
}

/// Another model beside the main one: a predictor of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variant {
    /// The predictor's name: a DNS label.
    pub name: String,
    /// Its share of the traffic in percent; the main model has the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<u8>,
    /// Whether it gets a copy of the traffic, and nobody its answers.
    #[serde(default)]
    pub shadow: bool,
    /// What it serves.
    pub model: Model,
    /// How many pods it has; by default as many as the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    /// What serves it; by default what serves the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
}

/// Who else must find a deployment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compat {
    /// Whether it has ZenML's labels, annotation and form of name, so that ZenML finds it.
    #[serde(default)]
    pub zenml: bool,
}
