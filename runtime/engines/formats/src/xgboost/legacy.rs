//! The binary form of XGBoost 0.8 to 1.7: structs of C, one after the other.
//!
//! Offsets were read from files of 0.82, 1.4.2 and 1.7.6. Splits by categories have no such form.

use std::collections::BTreeMap;

use super::bytes::Bytes;
use super::model::{BaseSpace, Booster, Ensemble, Linear, Model, Test, Tree, Version};
use super::tree::{self, RawSplit, RawTree, append};
use crate::{FormatError, Limits, Place};

/// Bytes of the structs.
const LEARNER_BYTES: usize = 136;
const GBTREE_BYTES: usize = 160;
const LINEAR_BYTES: usize = 136;
const TREE_BYTES: usize = 148;
const NODE_BYTES: usize = 20;
const STATISTICS_BYTES: usize = 16;
/// What a snapshot starts with, before the number of its bytes up to the configuration.
const SNAPSHOT: &[u8] = b"CONFIG-offset:";

/// Reads a model, or the model within a snapshot of a booster.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Model, FormatError> {
    let bytes = match bytes.strip_prefix(SNAPSHOT) {
        Some(rest) => rest.get(8..).unwrap_or_default(),
        None => bytes,
    };
    let mut bytes = Bytes::new(bytes.strip_prefix(b"binf").unwrap_or(bytes));
    let header = Header::read(&mut bytes, limits)?;
    let objective = bytes.text()?;
    let place = bytes.place();
    let name = bytes.text()?;
    let booster = match name.as_str() {
        "gbtree" => Booster::Trees(ensemble(&mut bytes, &header, limits)?),
        "dart" => {
            let mut ensemble = ensemble(&mut bytes, &header, limits)?;
            // A booster without trees has no list of weights either.
            let weights = if ensemble.trees.is_empty() { Vec::new() } else { bytes.f32s()? };
            if weights.len() != ensemble.trees.len() {
                let expected = format_args!("{} weights", ensemble.trees.len());
                return Err(FormatError::damaged(bytes.place(), expected, weights.len()));
            }
            ensemble.weights = Some(weights);
            Booster::Trees(ensemble)
        }
        "gblinear" => Booster::Linear(linear(&mut bytes, &header)?),
        _ => {
            let expected = "`gbtree`, `dart` or `gblinear`: an XGBoost model in JSON, UBJSON or \
                            its binary form";
            return Err(FormatError::damaged(place, expected, format_args!("{name:?}")));
        }
    };
    let attributes = if header.has_attributes { attributes(&mut bytes)? } else { BTreeMap::new() };
    Ok(Model {
        version: header.version,
        n_features: header.n_features,
        n_outputs: header.n_outputs,
        n_classes: header.n_classes,
        objective,
        base_scores: vec![header.base_score],
        base_space: if header.version.major == 0 { BaseSpace::Margin } else { BaseSpace::Output },
        booster,
        attributes,
        feature_names: Vec::new(),
        feature_types: Vec::new(),
        categories: Vec::new(),
    })
}

struct Header {
    base_score: f32,
    n_features: usize,
    n_classes: usize,
    n_outputs: usize,
    has_attributes: bool,
    version: Version,
}

impl Header {
    fn read(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<Self, FormatError> {
        let mut header = Bytes::new(bytes.take(LEARNER_BYTES)?);
        let base_score = header.f32()?;
        let n_features = header.u32()? as usize;
        FormatError::check_limit(header.place(), "features", limits.features_max, n_features)?;
        let place = header.place();
        let n_classes = header.i32()?;
        let Ok(n_classes) = usize::try_from(n_classes) else {
            return Err(FormatError::damaged(place, "a number of classes", n_classes));
        };
        let has_attributes = header.i32()? != 0;
        let _has_metrics = header.i32()?;
        let version = Version { major: header.u32()?, minor: header.u32()? };
        // Zero before 1.6.
        let n_targets = header.u32()? as usize;
        let n_outputs = n_classes.max(n_targets).max(1);
        FormatError::check_limit(place, "outputs", limits.outputs_max, n_outputs)?;
        if !base_score.is_finite() {
            return Err(FormatError::damaged(Place::Byte(0), "a base score", base_score));
        }
        Ok(Self { base_score, n_features, n_classes, n_outputs, has_attributes, version })
    }

    /// Whether the second number of the trees' struct says how many trees a round has.
    fn knows_parallel_trees(&self) -> bool {
        self.version >= Version { major: 1, minor: 7 }
    }
}

fn ensemble(
    bytes: &mut Bytes<'_>,
    header: &Header,
    limits: &Limits,
) -> Result<Ensemble, FormatError> {
    let mut param = Bytes::new(bytes.take(GBTREE_BYTES)?);
    let place = bytes.place();
    let n_trees = param.i32()?;
    let n_parallel_trees = usize::try_from(param.i32()?).ok();
    // Each tree has at least its struct and a node.
    let n_trees_max = bytes.left().checked_div(TREE_BYTES).unwrap_or(0);
    let Some(n_trees) = usize::try_from(n_trees).ok().filter(|&n| n <= n_trees_max) else {
        let expected = format_args!("at most {n_trees_max} trees");
        return Err(FormatError::damaged(place, expected, n_trees));
    };
    FormatError::check_limit(place, "trees", limits.trees_max, n_trees)?;
    let mut trees = Vec::with_capacity(n_trees);
    for _ in 0..n_trees {
        trees.push(one_tree(bytes, header, limits)?);
    }
    let mut groups = Vec::with_capacity(n_trees);
    for _ in 0..n_trees {
        let place = bytes.place();
        let group = bytes.u32()?;
        if group as usize >= header.n_outputs {
            let expected = format_args!("an output below {}", header.n_outputs);
            return Err(FormatError::damaged(place, expected, group));
        }
        groups.push(group);
    }
    Ok(Ensemble {
        trees,
        groups,
        weights: None,
        round_ends: None,
        n_parallel_trees: n_parallel_trees.filter(|_| header.knows_parallel_trees()),
        leaf_width: 1,
    })
}

fn one_tree(bytes: &mut Bytes<'_>, header: &Header, limits: &Limits) -> Result<Tree, FormatError> {
    let place = bytes.place();
    let mut param = Bytes::new(bytes.take(TREE_BYTES)?);
    let n_roots = param.i32()?;
    let n_nodes = param.i32()?;
    let [_n_deleted, _max_depth, _n_features] = [param.i32()?, param.i32()?, param.i32()?];
    let leaf_width = param.i32()?;
    if n_roots > 1 {
        let what = format_args!("a tree with {n_roots} roots");
        return Err(FormatError::unsupported(place, what, "train again without `root_index`"));
    }
    if leaf_width > 1 {
        let what = format_args!("a binary file with {leaf_width} values in a leaf");
        return Err(FormatError::unsupported(place, what, "save the model as JSON"));
    }
    let n_nodes = usize::try_from(n_nodes).unwrap_or(0);
    let (first, nodes) = (bytes.place(), bytes.take(n_nodes.saturating_mul(NODE_BYTES))?);
    bytes.take(n_nodes.saturating_mul(STATISTICS_BYTES))?;
    tree::read(&Nodes { first, nodes }, header.n_features, limits)
}

/// Nodes as structs.
struct Nodes<'a> {
    first: Place,
    nodes: &'a [u8],
}

impl RawTree for Nodes<'_> {
    fn n_nodes(&self) -> usize {
        self.nodes.len().checked_div(NODE_BYTES).unwrap_or(0)
    }

    fn place(&self, at: usize) -> String {
        format!("tree at {} node {at}", self.first)
    }

    fn is_leaf(&self, at: usize) -> bool {
        self.fields(at).is_ok_and(|fields| fields.left == -1)
    }

    fn leaf(&self, at: usize, tree: &mut Tree) -> Result<u32, FormatError> {
        let full = || FormatError::damaged(self.place(at), "fewer leaves", "too many");
        append(&mut tree.leaves, &[self.fields(at)?.value]).ok_or_else(full)
    }

    fn split(&self, at: usize, _tree: &mut Tree) -> Result<RawSplit, FormatError> {
        let Fields { left, right, feature, value } = self.fields(at)?;
        Ok(RawSplit {
            left: left.into(),
            right: right.into(),
            feature: (feature & !(1 << 31)).into(),
            is_default_left: feature >> 31 == 1,
            test: Test::Less(value),
        })
    }
}

/// What a node consists of.
struct Fields {
    left: i32,
    right: i32,
    /// With the side of missing values in the highest bit.
    feature: u32,
    /// A threshold, or the value of a leaf.
    value: f32,
}

impl Nodes<'_> {
    fn fields(&self, at: usize) -> Result<Fields, FormatError> {
        let node = self.nodes.get(at.saturating_mul(NODE_BYTES)..).unwrap_or_default();
        let mut node = Bytes::new(node);
        let _parent = node.i32()?;
        let (left, right) = (node.i32()?, node.i32()?);
        let (feature, value) = (node.u32()?, node.f32()?);
        Ok(Fields { left, right, feature, value })
    }
}

fn linear(bytes: &mut Bytes<'_>, header: &Header) -> Result<Linear, FormatError> {
    bytes.take(LINEAR_BYTES)?;
    let place = bytes.place();
    let weights = bytes.f32s()?;
    let expected = header.n_features.saturating_add(1).saturating_mul(header.n_outputs);
    if weights.len() != expected {
        let expected = format_args!("{expected} weights");
        return Err(FormatError::damaged(place, expected, weights.len()));
    }
    Ok(Linear { weights })
}

fn attributes(bytes: &mut Bytes<'_>) -> Result<BTreeMap<String, String>, FormatError> {
    let n = bytes.count(16)?;
    (0..n).map(|_| Ok((bytes.text()?, bytes.text()?))).collect()
}
