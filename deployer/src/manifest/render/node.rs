//! The nodes of a graph, and what each is made of, wherever in the configuration it was said.

use std::collections::BTreeMap;

use radiant_storage::{ModelUri, Store};
use serde_json::{Map, Value};

use super::RenderError;
use super::part::Part;
use crate::config::{GraphNode, Mode, Model, NodeType, Resources};

/// The name of the node, and of its container, where there is one node.
pub const MODEL_NODE: &str = "model";

/// Nodes that the orchestrator is itself, without a container.
const BUILT_IN: [&str; 4] = ["SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"];

/// How a node's server comes into the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How<'a> {
    /// A container that fetches its model itself.
    Container,
    /// A container, and one before it that fetches the model.
    Initialized,
    /// A server that the operator knows by name.
    Server(&'a str),
    /// A part of the orchestrator.
    BuiltIn(&'a str),
}

/// A node with all that is said of it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// Where it is in the configuration, to name in errors; empty for the whole of it.
    pub(super) path: String,
    pub(super) name: &'a str,
    pub(super) kind: NodeType,
    pub(super) how: How<'a>,
    /// As the configuration calls it.
    pub(super) image: Option<&'a str>,
    /// Whether the container is our server, whose probes, paths and variables are known.
    pub(super) is_ours: bool,
    pub(super) model: Option<&'a Model>,
    pub(super) address: Option<Address>,
    pub(super) parameters: &'a BTreeMap<String, Value>,
    pub(super) env: BTreeMap<&'a str, &'a str>,
    pub(super) resources: &'a Resources,
    pub(super) logger: Option<&'a Map<String, Value>>,
    pub(super) children: Vec<Self>,
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// As the configuration has it.
    pub(super) text: String,
    /// The volume claim that it is in.
    pub(super) claim: Option<String>,
    /// Whether it is fetched over a network.
    pub(super) is_remote: bool,
}

impl<'a> Node<'a> {
    /// The root of a predictor's graph.
    pub(super) fn root(part: &Part<'a>) -> Result<Self, RenderError> {
        match part.graph {
            Some(node) => Self::of_graph(part, node, "graph"),
            None => Self::single(part),
        }
    }

    fn single(part: &Part<'a>) -> Result<Self, RenderError> {
        let server = part.server;
        let how = match server.mode {
            Mode::Custom => How::Container,
            Mode::Initializer => How::Initialized,
            Mode::Prepackaged => How::Server(&server.implementation),
        };
        let env = server.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(Self {
            path: part.path.clone(),
            name: MODEL_NODE,
            kind: NodeType::Model,
            how,
            image: server.image.as_deref(),
            is_ours: is_ours(how, server.image.is_some()),
            model: Some(part.model),
            address: address(&part.at("model.uri"), part.model)?,
            parameters: &server.parameters,
            env: env.collect(),
            resources: &server.resources,
            logger: None,
            children: Vec::new(),
        })
    }

    fn of_graph(part: &Part<'a>, node: &'a GraphNode, path: &str) -> Result<Self, RenderError> {
        let server = part.server;
        let how = match (node.implementation.as_deref(), server.mode) {
            (Some(name), _) if BUILT_IN.contains(&name) => How::BuiltIn(name),
            (Some(name), _) => How::Server(name),
            (None, _) if node.image.is_some() || node.model.is_none() => How::Container,
            (None, Mode::Custom) => How::Container,
            (None, Mode::Initializer) => How::Initialized,
            (None, Mode::Prepackaged) => How::Server(&server.implementation),
        };
        // A node of another image or another server has nothing of the server's.
        let is_server = node.image.is_none() && node.implementation.is_none();
        let shared = server.env.iter().filter(|_| is_server).chain(&node.env);
        let children = node.children.iter().enumerate();
        let children = children.map(|(index, child)| {
            Self::of_graph(part, child, &format!("{path}.children[{index}]"))
        });
        let uri = format!("{path}.model.uri");
        Ok(Self {
            path: path.to_owned(),
            name: &node.name,
            kind: node.kind,
            how,
            image: node.image.as_deref().or(server.image.as_deref().filter(|_| is_server)),
            is_ours: node.image.is_none() && is_ours(how, is_server && server.image.is_some()),
            model: node.model.as_ref(),
            address: node.model.as_ref().map_or(Ok(None), |model| address(&uri, model))?,
            parameters: &node.parameters,
            env: shared.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            resources: node.resources.as_ref().unwrap_or(&server.resources),
            logger: node.logger.as_ref(),
            children: children.collect::<Result<_, _>>()?,
        })
    }

    /// It and all below it, in the order in which their containers stand in the pod.
    pub(super) fn all(&self) -> Vec<&Self> {
        std::iter::once(self).chain(self.children.iter().flat_map(Self::all)).collect()
    }

    /// The path of a member of it in the configuration.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The operator's word for what it does; built-in nodes do what they are called.
    pub(super) fn seldon_type(&self) -> Option<&'static str> {
        if matches!((self.how, self.kind), (How::BuiltIn(_), NodeType::Model)) {
            return None;
        }
        Some(match self.kind {
            NodeType::Model => "MODEL",
            NodeType::Transformer => "TRANSFORMER",
            NodeType::OutputTransformer => "OUTPUT_TRANSFORMER",
            NodeType::Router => "ROUTER",
            NodeType::Combiner => "COMBINER",
        })
    }
}

/// A server of another name may be anybody's unless its image was said.
fn is_ours(how: How<'_>, has_image: bool) -> bool {
    match how {
        How::Container | How::Initialized => true,
        How::Server(name) => has_image || name == "RADIANT_SERVER",
        How::BuiltIn(_) => false,
    }
}

fn address(path: &str, model: &Model) -> Result<Option<Address>, RenderError> {
    let Some(text) = model.uri.as_deref() else { return Ok(None) };
    let uri = ModelUri::parse(text)
        // The address itself is not told: it may hold a password.
        .map_err(|error| RenderError::new(path, "a model's address", error.to_string()))?;
    let shown = uri.to_string();
    if shown.contains("***") {
        let expected = "an address without passwords and signatures";
        return Err(RenderError::new(path, expected, format!("`{shown}`")).hint(
            "manifests are kept and shown: give it by `credentials`, which becomes a Secret",
        ));
    }
    let (claim, is_remote) = match &uri {
        ModelUri::Local(_) | ModelUri::Builtin(_) => (None, false),
        ModelUri::Remote(remote) if remote.store() == Store::VolumeClaim => {
            let claim = text.split("//").nth(1).and_then(|rest| rest.split('/').next());
            (claim.map(str::to_owned), false)
        }
        ModelUri::Remote(_) => (None, true),
    };
    Ok(Some(Address { text: text.to_owned(), claim, is_remote }))
}
