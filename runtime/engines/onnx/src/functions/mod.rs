//! Operators that are defined in the file: each node that calls one becomes the nodes of its body.
//!
//! Exporters of PyTorch write them, and skl2onnx for a few models. Engines see plain graphs only.
//! `FunctionProto` in the ONNX schema and "Functions" in its IR specification say what they mean:
//! a body sees its inputs and nothing else, and attributes of the call where its nodes refer to
//! them.
//!
//! A small file could ask for any amount of nodes, by functions that call others twice. Their number
//! and depth, and the bytes of all copies, are counted against [`Limits`] before they are made.

mod body;
mod operator_sets;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::node::canonical_domain;
use crate::pb::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
};
use crate::scan::{attribute_cost, function_cost};
use crate::{Limits, OnnxError};

use body::Body;

/// How deep functions may call others.
const N_CALLS_DEEP_MAX: u64 = 16;

/// How much deeper the messages of a graph in a node are than the node.
const GRAPH_LEVELS: u64 = 3;

/// What a function is called by: domain, name and overload.
type Id = (String, String, String);

/// Puts the bodies of functions in place of the nodes that call them.
///
/// # Errors
/// [`OnnxError`] for functions that call themselves, whose bodies or calls are broken, or whose
/// operators mean something else than they do in the graph.
pub(crate) fn inline(proto: &mut ModelProto, limits: &Limits) -> Result<(), OnnxError> {
    if proto.functions.is_empty() {
        return Ok(());
    }
    let mut functions = HashMap::new();
    for function in std::mem::take(&mut proto.functions) {
        let id = id_of(&function.domain, &function.name, &function.overload);
        if let Some(twice) = functions.insert(id, function) {
            return Err(OnnxError::invalid(place(&twice), "one function of this name", "two"));
        }
    }
    let Some(graph) = &mut proto.graph else { return Ok(()) };
    let mut names = HashSet::new();
    collect_names(graph, &mut names);
    let versions = proto.opset_import.iter();
    let versions = versions
        .map(|import| (canonical_domain(&import.domain).to_owned(), import.version))
        .collect();
    let mut inliner = Inliner {
        functions: &functions,
        limits,
        versions,
        costs: HashMap::new(),
        names,
        calls: Vec::new(),
        n_calls: 0,
        n_nodes: 0,
        n_bytes: 0,
    };
    graph.node = inliner.nodes(std::mem::take(&mut graph.node), 2)?;
    let versions = inliner.versions;
    set_versions(proto, versions, &functions);
    Ok(())
}

fn id_of(domain: &str, name: &str, overload: &str) -> Id {
    (canonical_domain(domain).to_owned(), name.to_owned(), overload.to_owned())
}

/// The function as errors show it.
fn place(function: &FunctionProto) -> String {
    format!("function `{}.{}`", function.domain, function.name)
}

/// All names of values in a graph, those of nested graphs included.
fn collect_names(graph: &GraphProto, names: &mut HashSet<String>) {
    names.extend(graph.input.iter().map(|value| value.name.clone()));
    names.extend(graph.initializer.iter().map(|constant| constant.name.clone()));
    for node in &graph.node {
        names.extend(node.input.iter().chain(&node.output).cloned());
        node.graphs().for_each(|graph| collect_names(graph, names));
    }
}

/// The graph's operator sets, with those that bodies need and without those of functions alone.
fn set_versions(
    proto: &mut ModelProto,
    versions: HashMap<String, i64>,
    functions: &HashMap<Id, FunctionProto>,
) {
    let nodes = proto.graph.as_ref().map(GraphProto::all_nodes).unwrap_or_default();
    let used: HashSet<&str> = nodes.iter().map(|node| node.canonical_domain()).collect();
    let is_needed =
        |domain: &str| used.contains(domain) || !functions.keys().any(|(of, ..)| of == domain);
    let imports = &mut proto.opset_import;
    imports.retain(|import| is_needed(canonical_domain(&import.domain)));
    let old: HashSet<String> =
        imports.iter().map(|import| canonical_domain(&import.domain).to_owned()).collect();
    let new = versions.into_iter().filter(|(domain, _)| !old.contains(domain) && is_needed(domain));
    imports.extend(new.map(|(domain, version)| OperatorSetIdProto { domain, version }));
}

struct Inliner<'p> {
    functions: &'p HashMap<Id, FunctionProto>,
    limits: &'p Limits,
    /// Operator sets of the graph, by domain.
    versions: HashMap<String, i64>,
    /// What a copy of each function takes, once it has been checked.
    costs: HashMap<&'p Id, u64>,
    /// Names that are taken.
    names: HashSet<String>,
    /// The functions whose bodies are being put in place.
    calls: Vec<&'p Id>,
    n_calls: u64,
    n_nodes: u64,
    n_bytes: u64,
}

impl<'p> Inliner<'p> {
    /// Nodes at this depth of messages, with bodies in place of calls.
    fn nodes(&mut self, nodes: Vec<NodeProto>, depth: u64) -> Result<Vec<NodeProto>, OnnxError> {
        OnnxError::check_limit("nested messages", "levels", self.limits.depth_max as u64, depth)?;
        let mut inlined = Vec::new();
        for mut node in nodes {
            let id = id_of(&node.domain, &node.op_type, &node.overload);
            if let Some((id, function)) = self.functions.get_key_value(&id) {
                inlined.extend(self.call(&node, id, function, depth)?);
                continue;
            }
            self.n_nodes = self.n_nodes.saturating_add(1);
            let limit = self.limits.nodes_max as u64;
            OnnxError::check_limit("graph with its functions", "nodes", limit, self.n_nodes)?;
            for attribute in &mut node.attribute {
                for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                    let depth = depth.saturating_add(GRAPH_LEVELS);
                    graph.node = self.nodes(std::mem::take(&mut graph.node), depth)?;
                }
            }
            inlined.push(node);
        }
        Ok(inlined)
    }

    /// The body of the function that a node calls.
    fn call(
        &mut self,
        node: &NodeProto,
        id: &'p Id,
        function: &'p FunctionProto,
        depth: u64,
    ) -> Result<Vec<NodeProto>, OnnxError> {
        if self.calls.contains(&id) {
            return Err(OnnxError::invalid(place(function), "no call of itself", "one"));
        }
        let n_calls_deep = self.calls.len() as u64;
        OnnxError::check_limit(node.place(), "calls in calls", N_CALLS_DEEP_MAX, n_calls_deep)?;
        let cost = if let Some(cost) = self.costs.get(id) {
            *cost
        } else {
            self.check_versions(&function.node, function)?;
            let cost = function_cost(function, self.limits)?;
            self.costs.insert(id, cost);
            cost
        };
        self.charge(cost)?;
        self.n_calls = self.n_calls.saturating_add(1);
        let nodes = Body::new(self, function, node)?.nodes()?;
        self.calls.push(id);
        let nodes = self.nodes(nodes, depth)?;
        self.calls.pop();
        Ok(nodes)
    }

    /// Adds to what copies take.
    fn charge(&mut self, bytes: u64) -> Result<(), OnnxError> {
        self.n_bytes = self.n_bytes.saturating_add(bytes);
        let limit = self.limits.decoded_bytes_max;
        OnnxError::check_limit("graph with its functions", "bytes", limit, self.n_bytes)
    }

    /// A copy of an attribute that a body refers to.
    fn copy(&mut self, attribute: &AttributeProto) -> Result<AttributeProto, OnnxError> {
        self.charge(attribute_cost(attribute, self.limits)?)?;
        Ok(attribute.clone())
    }

    /// A name that no value has, told from others by the number of the call.
    fn fresh_name(&mut self, function: &FunctionProto, name: &str) -> String {
        let title: String = function.name.chars().take(32).collect();
        let mut fresh = format!("{title}.{}/{name}", self.n_calls);
        while !self.names.insert(fresh.clone()) {
            fresh.push('_');
        }
        fresh
    }

    /// Compares the operator sets of a body with the graph's, which take on those they lack.
    fn check_versions(
        &mut self,
        nodes: &[NodeProto],
        function: &FunctionProto,
    ) -> Result<(), OnnxError> {
        for node in nodes {
            let domain = node.canonical_domain();
            if !self.functions.contains_key(&id_of(domain, &node.op_type, &node.overload)) {
                self.check_version(node, domain, function)?;
            }
            for graph in node.graphs() {
                self.check_versions(&graph.node, function)?;
            }
        }
        Ok(())
    }

    fn check_version(
        &mut self,
        node: &NodeProto,
        domain: &str,
        function: &FunctionProto,
    ) -> Result<(), OnnxError> {
        let at = || format!("{}: {}", place(function), node.place());
        let mut imports = function.opset_import.iter();
        let Some(import) = imports.find(|import| canonical_domain(&import.domain) == domain) else {
            return Err(OnnxError::invalid(at(), "its domain to be declared", "none"));
        };
        let own = import.version;
        let of_graph = *self.versions.entry(domain.to_owned()).or_insert(own);
        if operator_sets::agree(domain, &node.op_type, own, of_graph) {
            return Ok(());
        }
        let what = format_args!("version {own} in a graph of version {of_graph}");
        Err(OnnxError::unsupported(at(), what))
    }
}
