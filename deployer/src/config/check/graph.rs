//! Rules of graphs of several nodes.

use std::collections::BTreeSet;

use super::super::{GraphNode, NodeType, Orchestrator};
use super::{Findings, model, resources, server};
use crate::config::keypath::KeyPath;
use crate::config::names;
use crate::config::problem::{Problem, quoted};

/// How deep the operator's resource nests nodes (`SeldonDeployment`, `graph.children`).
const DEPTH_MAX: usize = 10;

/// Servers of the operator that are no server: they need no model, and no container.
const BUILT_IN: [&str; 4] = ["SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"];

pub(super) fn check(root: &GraphNode, engine: Orchestrator, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    let path = KeyPath::of("graph");
    node(root, &path, 0, &mut names, findings);
    if engine == Orchestrator::Off && !root.children.is_empty() {
        let problem = Problem::error(
            KeyPath::of("server.engine"),
            "`auto` or `on`, as a graph of several nodes needs the orchestrator",
            "`off`",
        );
        findings.add(problem);
    }
}

fn node<'a>(
    node: &'a GraphNode,
    path: &KeyPath,
    depth: usize,
    known: &mut BTreeSet<&'a str>,
    findings: &mut Findings,
) {
    findings.named(path.key("name"), &node.name, names::label(&node.name));
    if !known.insert(&node.name) {
        let expected = "another name for each node";
        findings.add(Problem::error(path.key("name"), expected, quoted(&node.name)));
    }
    if let Some(model) = &node.model {
        model::one(model, &path.key("model"), findings);
    }
    if let Some(image) = &node.image {
        server::image(image, &path.key("image"), findings);
    }
    server::parameters(&node.parameters, &path.key("parameters"), findings);
    server::env(&node.env, &path.key("env"), findings);
    if let Some(resources) = &node.resources {
        resources::check(resources, &path.key("resources"), findings);
    }
    if let Some(logger) = &node.logger
        && !logger
            .get("mode")
            .is_some_and(|mode| matches!(mode.as_str(), Some("all" | "request" | "response")))
    {
        let expected = "one of `all`, `request` or `response`";
        let got =
            logger.get("mode").map_or_else(|| "nothing".to_owned(), crate::config::problem::shown);
        findings.add(Problem::error(path.key("logger").key("mode"), expected, got));
    }
    implementation(node, path, findings);
    let chooses = matches!(node.kind, NodeType::Router | NodeType::Combiner);
    if chooses && node.children.is_empty() {
        let expected = "the nodes that a router chooses from or a combiner combines";
        findings.add(Problem::error(path.key("children"), expected, "none"));
    }
    if depth >= DEPTH_MAX {
        let expected = format!("at most {DEPTH_MAX} nodes below each other");
        findings.add(Problem::error(path.clone(), expected, "more"));
        return;
    }
    for (index, child) in node.children.iter().enumerate() {
        self::node(child, &path.key("children").index(index), depth + 1, known, findings);
    }
}

fn implementation(node: &GraphNode, path: &KeyPath, findings: &mut Findings) {
    let Some(implementation) = &node.implementation else { return };
    let path_of = |key: &str| path.key(key);
    let has_uri = node.model.as_ref().is_some_and(|model| model.uri.is_some());
    let is_built_in = BUILT_IN.contains(&implementation.as_str());
    if !is_built_in && !has_uri && implementation != "HUGGINGFACE_SERVER" {
        let expected = format!("a `uri`, as {} has its model fetched", quoted(implementation));
        findings.add(Problem::error(path_of("model"), expected, "none"));
    }
    if implementation == "RANDOM_ABTEST" && node.children.len() != 2 {
        let expected = "two nodes, which an A/B test chooses from";
        findings.add(Problem::error(
            path_of("children"),
            expected,
            node.children.len().to_string(),
        ));
    }
}
