//! Nodes that rten computes wrongly for the ranks that their inputs have.
//!
//! Ranks are not in the file: they are those of a trial run. Such a node is put right by axes of 1
//! that say the same (`Rewriter::fit`). Nodes inside other nodes are out of reach of a trial run,
//! and are refused where it matters.

use std::collections::{HashMap, HashSet};

use radiant_onnx::pb::{GraphProto, NodeProto};

use crate::LoadError;
use crate::gate::{node_name, refused};
use crate::trial::{Loaded, Trial};

/// How often a graph is put right and tried again: putting one node right changes the ranks of
/// those after it.
pub(crate) const ROUNDS_MAX: usize = 8;

/// A node that rten computes wrongly for its ranks, by its index in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// Several matrices times a vector: rten keeps an axis of 1.
    Vector { index: usize },
    /// A quotient or power whose left side has fewer axes: where the right side is one number, rten
    /// drops its axes.
    Short { index: usize, missing: usize },
}

impl Misfit {
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Vector { index } | Self::Short { index, .. } => index,
        }
    }
}

/// The nodes of the graph that rten computes wrongly, of those whose ranks are right in this run.
///
/// # Errors
/// Where such a node stands inside another, so that the run does not tell its ranks.
pub(crate) fn find(
    trial: &Trial,
    plain: &Loaded,
    graph: &GraphProto,
) -> Result<Vec<Misfit>, LoadError> {
    check_nested(graph)?;
    let is_looked_at = |node: &&NodeProto| matches!(&*node.op_type, "MatMul" | "Div" | "Pow");
    let names = graph.node.iter().filter(is_looked_at).flat_map(|node| &node.input);
    let ranks = trial.ranks(plain, names);
    let ranks = ranks.map_err(|failure| failure.into_load_error("run"))?;
    let mut found = Vec::new();
    // Values behind a misfit: their ranks in this run may be wrong.
    let mut behind: HashSet<&str> = HashSet::new();
    for (index, node) in graph.node.iter().enumerate() {
        let has_inner = !behind.is_empty() && node.graphs().next().is_some();
        let is_behind = has_inner || node.input.iter().any(|name| behind.contains(&**name));
        let misfit = if is_behind { None } else { misfit(index, node, graph, &ranks)? };
        if is_behind || misfit.is_some() {
            behind.extend(node.output.iter().map(String::as_str));
        }
        found.extend(misfit);
    }
    Ok(found)
}

/// The refusal of a graph that is still not right.
#[cold]
pub(crate) fn too_many(graph: &GraphProto, misfits: &[Misfit]) -> LoadError {
    let node = misfits.first().and_then(|misfit| graph.node.get(misfit.index()));
    let operator = node.map_or_else(String::new, |node| node.op_type.clone());
    let name = node.map_or("", node_name).to_owned();
    let reason = "rten gives other ranks than ONNX, there and before".to_owned();
    LoadError::Operator { operator, node: name, reason }
}

fn misfit(
    index: usize,
    node: &NodeProto,
    graph: &GraphProto,
    ranks: &HashMap<String, usize>,
) -> Result<Option<Misfit>, LoadError> {
    if !matches!(&*node.op_type, "MatMul" | "Div" | "Pow") {
        return Ok(None);
    }
    let rank = |at| {
        let name = node.input_name(at);
        name.and_then(|name| ranks.get(name).copied()).or(constant_rank(graph, name))
    };
    let (Some(left), Some(right)) = (rank(0), rank(1)) else {
        return Err(refused(node, "its ranks are not known"));
    };
    Ok(match node.op_type.as_str() {
        "MatMul" => (right == 1 && left > 2).then_some(Misfit::Vector { index }),
        _ if right > left => Some(Misfit::Short { index, missing: right - left }),
        _ => None,
    })
}

/// Refuses products inside other nodes unless the right side is known to be a matrix.
fn check_nested(graph: &GraphProto) -> Result<(), LoadError> {
    let inner = || graph.node.iter().flat_map(NodeProto::graphs);
    for node in inner().flat_map(GraphProto::all_nodes).filter(|node| node.op_type == "MatMul") {
        let name = node.input_name(1);
        let nodes = graph.all_nodes();
        let graphs = nodes.iter().flat_map(|node| node.graphs()).chain([graph]);
        let rank = graphs.filter_map(|graph| constant_rank(graph, name)).min();
        if rank.is_none_or(|rank| rank < 2) {
            let reason = "rten needs to know in the body of another operator that the right side \
                          is a matrix";
            return Err(refused(node, reason));
        }
    }
    Ok(())
}

/// The rank of a constant of this graph.
fn constant_rank(graph: &GraphProto, name: Option<&str>) -> Option<usize> {
    let constant = graph.initializer.iter().find(|constant| Some(&*constant.name) == name)?;
    Some(constant.dims.len())
}
