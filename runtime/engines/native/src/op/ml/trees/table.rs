//! Trees as a table of nodes, in which each row names its tree, itself and its children.

use std::collections::{HashMap, HashSet};

use radiant_core::DType;
use radiant_kernels::forest::{Comparison, Node, Set, Split, Test, Vote};

use crate::Unsupported;
use crate::op::NodeContext;

use super::chain;

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
    /// What each node has as a threshold, leaves included.
    pub(super) values: Vec<f64>,
}

/// A table without its votes.
struct Table<'a> {
    context: &'a NodeContext<'a>,
    tree_ids: &'a [i64],
    node_ids: &'a [i64],
    true_ids: &'a [i64],
    false_ids: &'a [i64],
    features: &'a [i64],
    tracks: &'a [i64],
    modes: Vec<&'a str>,
    values: Vec<f64>,
    /// Where the node of a tree is.
    places: HashMap<(i64, i64), u32>,
}

/// The weights of leaves as the attributes tell them.
pub(super) struct Ballot<'a> {
    /// The first part of the attributes' names.
    pub(super) kind: &'a str,
    pub(super) outputs: &'a [i64],
    pub(super) weights: &'a [f64],
}

impl Trees {
    /// Reads a table whose numbers are of type `dtype`, and gives each leaf its votes.
    pub(super) fn read(
        context: &NodeContext<'_>,
        dtype: DType,
        ballot: &Ballot<'_>,
    ) -> Result<Self, Unsupported> {
        let table = Table::read(context, dtype)?;
        let mut trees = Self { roots: table.roots()?, ..Self::default() };
        for at in 0..table.node_ids.len() {
            let (node, feature) = table.node(at)?;
            trees.nodes.push(node);
            trees.feature_max = trees.feature_max.max(feature);
        }
        table.vote(ballot, &mut trees)?;
        trees.values = table.values;
        chain::merge(&mut trees).map_err(|what| context.refuse(what))?;
        Ok(trees)
    }
}

impl<'a> Table<'a> {
    fn read(context: &'a NodeContext<'a>, dtype: DType) -> Result<Self, Unsupported> {
        let node = context.node;
        let mut table = Self {
            context,
            tree_ids: node.ints("nodes_treeids")?,
            node_ids: node.ints("nodes_nodeids")?,
            true_ids: node.ints("nodes_truenodeids")?,
            false_ids: node.ints("nodes_falsenodeids")?,
            features: node.ints("nodes_featureids")?,
            tracks: node.ints("nodes_missing_value_tracks_true")?,
            modes: node.strings("nodes_modes")?,
            values: context.numbers("nodes_values", dtype)?,
            places: HashMap::new(),
        };
        let n_nodes = table.node_ids.len();
        context.same_length(&[
            ("nodes_nodeids", n_nodes),
            ("nodes_treeids", table.tree_ids.len()),
            ("nodes_truenodeids", table.true_ids.len()),
            ("nodes_falsenodeids", table.false_ids.len()),
            ("nodes_featureids", table.features.len()),
            ("nodes_modes", table.modes.len()),
            ("nodes_values", table.values.len()),
        ])?;
        if !table.tracks.is_empty() {
            let n_tracks = table.tracks.len();
            let tracks = ("nodes_missing_value_tracks_true", n_tracks);
            context.same_length(&[("nodes_nodeids", n_nodes), tracks])?;
        }
        table.places.reserve(n_nodes);
        for (id, place) in table.tree_ids.iter().zip(table.node_ids).zip(0..) {
            if table.places.insert((*id.0, *id.1), place).is_some() {
                let what = format!("tree {} has two nodes {}", id.0, id.1);
                return Err(context.refuse(what));
            }
        }
        Ok(table)
    }

    /// The nodes that trees start from: each is the first of its tree.
    fn roots(&self) -> Result<Vec<u32>, Unsupported> {
        let mut seen = HashSet::new();
        let mut roots = Vec::new();
        let mut previous = None;
        for (tree, place) in self.tree_ids.iter().zip(0..) {
            if previous == Some(tree) {
                continue;
            }
            if !seen.insert(tree) {
                let what = format!("the nodes of tree {tree} do not stand together");
                return Err(self.context.refuse(what));
            }
            previous = Some(tree);
            roots.push(place);
        }
        Ok(roots)
    }

    fn place(&self, tree: i64, node: i64) -> Result<u32, Unsupported> {
        let place = self.places.get(&(tree, node)).copied();
        place.ok_or_else(|| self.context.refuse(format!("tree {tree} has no node {node}")))
    }

    /// The node of a row and the feature that it looks at, zero for a leaf.
    fn node(&self, at: usize) -> Result<(Node, u32), Unsupported> {
        let comparison = match self.modes[at] {
            "LEAF" => return Ok((Node::Leaf { first_vote: 0, n_votes: 0 }, 0)),
            "BRANCH_LEQ" => Comparison::LessOrEqual,
            "BRANCH_LT" => Comparison::Less,
            "BRANCH_GTE" => Comparison::GreaterOrEqual,
            "BRANCH_GT" => Comparison::Greater,
            "BRANCH_EQ" => Comparison::Equal,
            "BRANCH_NEQ" => Comparison::NotEqual,
            other => return Err(self.context.refuse_value("nodes_modes", other)),
        };
        let feature = self.context.index("nodes_featureids", self.features[at])?;
        let tracks = self.tracks.get(at).copied().unwrap_or(0);
        let split = Split {
            feature,
            test: Test::Compare(comparison, self.values[at]),
            missing: self.context.missing(tracks)?,
            if_true: self.place(self.tree_ids[at], self.true_ids[at])?,
            if_false: self.place(self.tree_ids[at], self.false_ids[at])?,
        };
        Ok((Node::Split(split), feature))
    }

    /// Gives leaves their votes, in the order of the attributes.
    fn vote(&self, ballot: &Ballot<'_>, trees: &mut Trees) -> Result<(), Unsupported> {
        let Ballot { kind, outputs, weights } = ballot;
        let names = ["nodeids", "treeids", "ids", "weights"].map(|name| format!("{kind}_{name}"));
        let (nodes, tree_ids) =
            (self.context.node.ints(&names[0])?, self.context.node.ints(&names[1])?);
        let lengths = [nodes.len(), tree_ids.len(), outputs.len(), weights.len()];
        let named: Vec<_> = names.iter().map(String::as_str).zip(lengths).collect();
        self.context.same_length(&named)?;
        let mut votes = Vec::with_capacity(nodes.len());
        for (at, (&tree, &node)) in tree_ids.iter().zip(nodes).enumerate() {
            let output = self.context.index(&names[2], outputs[at])?;
            votes.push((self.place(tree, node)?, Vote { output, weight: weights[at] }));
        }
        votes.sort_by_key(|(place, _)| *place);
        for (place, vote) in votes {
            // What old converters say of inner nodes is ignored, as onnxruntime does.
            if let Some(Node::Leaf { first_vote, n_votes }) = trees.nodes.get_mut(place as usize) {
                if *n_votes == 0 {
                    *first_vote = self.context.count(trees.votes.len())?;
                }
                *n_votes += 1;
                trees.votes.push(vote);
            }
        }
        Ok(())
    }
}
