//! Parameters and quantities: plain values of a configuration as Seldon and Kubernetes spell them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use radiant_contract::ports;
use serde_json::Value;

use super::RenderError;
use super::node::{How, Node};
use crate::config::Resources;
use crate::manifest::problem::member;
use crate::manifest::seldon::Parameter;

const MODEL_URI: &str = "model_uri";
const METHOD: &str = "method";

/// The parameters of a node: where its model is, its method, then the others by name.
pub(super) fn parameters(node: &Node<'_>) -> Result<Vec<Parameter>, RenderError> {
    let uri = match node.how {
        How::Container => node.address.as_ref().map(|address| address.text.clone()),
        How::Initialized => Some(ports::MODEL_DIR.to_owned()),
        // The operator says it itself.
        How::Server(_) | How::BuiltIn(_) => None,
    };
    let method = node.model.and_then(|model| model.method.clone());
    let ours = [(MODEL_URI, uri), (METHOD, method)];
    let mut parameters = Vec::new();
    for (name, value) in ours {
        let Some(value) = value else { continue };
        if node.parameters.contains_key(name) {
            let path = member(&node.at(place(node)), name);
            let instead = if name == METHOD { "model.method" } else { "model.uri" };
            return Err(RenderError::new(path, format!("it as `{instead}` alone"), "both"));
        }
        parameters.push(Parameter { name: name.to_owned(), kind: "STRING".to_owned(), value });
    }
    for (name, value) in node.parameters {
        let path = || member(&node.at(place(node)), name);
        let (kind, value) = typed(value).ok_or_else(|| {
            RenderError::new(path(), "a string, a number or a boolean", shape(value))
        })?;
        parameters.push(Parameter { name: name.clone(), kind: kind.to_owned(), value });
    }
    Ok(parameters)
}

/// Where a node's parameters are in the configuration.
fn place(node: &Node<'_>) -> &'static str {
    if node.path.starts_with("graph") { "parameters" } else { "server.parameters" }
}

/// A value with Seldon's type of it.
fn typed(value: &Value) -> Option<(&'static str, String)> {
    match value {
        Value::Bool(flag) => Some(("BOOL", flag.to_string())),
        Value::Number(number) if number.is_f64() => Some(("FLOAT", number.to_string())),
        Value::Number(number) => Some(("INT", number.to_string())),
        Value::String(text) => Some(("STRING", text.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Requests and limits; none where nothing is said.
pub(super) fn resources(
    path: &str,
    resources: &Resources,
) -> Result<Option<ResourceRequirements>, RenderError> {
    let requests = quantities(&member(path, "requests"), &resources.requests)?;
    let limits = quantities(&member(path, "limits"), &resources.limits)?;
    if requests.is_none() && limits.is_none() {
        return Ok(None);
    }
    Ok(Some(ResourceRequirements { requests, limits, ..ResourceRequirements::default() }))
}

fn quantities(
    path: &str,
    values: &BTreeMap<String, Value>,
) -> Result<Option<BTreeMap<String, Quantity>>, RenderError> {
    let quantity = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                let path = member(path, name);
                return Err(RenderError::new(path, "a quantity such as `500m`", shape(value)));
            }
        };
        Ok((name.clone(), Quantity(text)))
    };
    let quantities = values.iter().map(quantity).collect::<Result<BTreeMap<_, _>, _>>()?;
    Ok((!quantities.is_empty()).then_some(quantities))
}
