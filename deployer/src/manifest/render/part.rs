//! The predictors of a deployment: the main model, and others beside it.

use crate::config::{Deployment, GraphNode, Model, Scale, Server};

/// The main predictor's name.
pub const MAIN: &str = "main";

/// What a predictor is made of.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// Where it is in the configuration; empty for the main one.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) model: &'a Model,
    pub(super) server: &'a Server,
    pub(super) scale: &'a Scale,
    /// Whether `scale` is of this one alone.
    pub(super) is_scaled_apart: bool,
    pub(super) graph: Option<&'a GraphNode>,
    pub(super) traffic: Option<u8>,
    pub(super) is_shadow: bool,
}

impl<'a> Part<'a> {
    pub(super) fn main(config: &'a Deployment) -> Self {
        Self {
            path: String::new(),
            name: MAIN.to_owned(),
            model: &config.model,
            server: &config.server,
            scale: &config.scale,
            is_scaled_apart: false,
            graph: config.graph.as_ref(),
            traffic: None,
            is_shadow: false,
        }
    }

    pub(super) fn variants(config: &'a Deployment) -> Vec<Self> {
        let variants = config.variants.iter().enumerate().map(|(index, variant)| Self {
            path: format!("variants[{index}]"),
            name: variant.name.clone(),
            model: &variant.model,
            server: variant.server.as_ref().unwrap_or(&config.server),
            scale: variant.scale.as_ref().unwrap_or(&config.scale),
            is_scaled_apart: variant.scale.is_some(),
            graph: None,
            traffic: variant.traffic,
            is_shadow: variant.shadow,
        });
        variants.collect()
    }

    /// The path of a member of it in the configuration.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
