//! Trees as a table of nodes, in which each row names its tree, itself and its children.

use std::collections::{HashMap, HashSet};

use radiant_core::DType;

use crate::Unsupported;
use crate::model::forest::{Comparison, Missing, Node, Set, Split, Test, Vote};
use crate::op::NodeContext;

use super::chain::Chains;

/// The attributes that make a table.
pub(super) const ATTRIBUTES: [&str; 11] = [
    "nodes_falsenodeids",
    "nodes_featureids",
    "nodes_hitrates",
    "nodes_hitrates_as_tensor",
    "nodes_missing_value_tracks_true",
    "nodes_modes",
    "nodes_nodeids",
    "nodes_treeids",
    "nodes_truenodeids",
    "nodes_values",
    "nodes_values_as_tensor",
];

/// What a table says.
#[derive(Debug, Default)]
pub(super) struct Trees {
    pub(super) nodes: Vec<Node>,
    pub(super) roots: Vec<u32>,
    pub(super) votes: Vec<Vote>,
    pub(super) sets: Vec<Set>,
    pub(super) feature_max: u32,
    /// What the table has as the threshold of each node, leaves included.
    pub(super) values: Vec<f64>,
}
