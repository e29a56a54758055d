//! Models in JSON and UBJSON, which share a schema.

use std::collections::BTreeMap;

use super::model::{BaseSpace, Booster, Categories, Ensemble, Linear, Model, Test, Tree, Version};
use super::tree::{self, RawSplit, RawTree, append};
use crate::json::Value;
use crate::{FormatError, Limits, Place};

/// Reads a model, or the model within a snapshot of a booster.
///
/// # Errors
/// When members are missing or wrong, or ask for more than [`Limits`] allow.
pub fn read_document(root: Value<'_>, limits: &Limits) -> Result<Model, FormatError> {
    let config = root.get("Config");
    let root = root.get("Model").unwrap_or(root);
    let version = version(root)?;
    let learner = root.expect("learner")?;
    let param = learner.expect("learner_model_param")?;
    let n_features = count(param, "num_feature")?.unwrap_or(0);
    let n_classes = count(param, "num_class")?.unwrap_or(0);
    let n_outputs = n_classes.max(count(param, "num_target")?.unwrap_or(1)).max(1);
    FormatError::check_limit(param.path(), "features", limits.features_max, n_features)?;
    FormatError::check_limit(param.path(), "outputs", limits.outputs_max, n_outputs)?;
    let shape = Shape { n_features, n_outputs };
    let gradient_booster = learner.expect("gradient_booster")?;
    let (mut booster, categories) = booster(gradient_booster, shape, limits)?;
    if let (Booster::Trees(ensemble), Some(config)) = (&mut booster, config)
        && ensemble.n_parallel_trees.is_none()
    {
        ensemble.n_parallel_trees = configured_parallel_trees(config)?;
    }
    Ok(Model {
        version,
        n_features,
        n_outputs,
        n_classes,
        objective: text(learner.expect("objective")?, "name")?,
        base_scores: base_scores(param, n_outputs)?,
        base_space: BaseSpace::Output,
        booster,
        attributes: attributes(learner),
        feature_names: texts(learner, "feature_names")?,
        feature_types: texts(learner, "feature_types")?,
        categories,
    })
}

/// What trees are checked against.
#[derive(Debug, Clone, Copy)]
struct Shape {
    n_features: usize,
    n_outputs: usize,
}

fn version(root: Value<'_>) -> Result<Version, FormatError> {
    let Some(numbers) = root.get("version") else {
        return Err(FormatError::damaged(root.path(), "a member `version`", root.kind_name()));
    };
    let numbers = numbers.i64s()?;
    let number = |at: usize| numbers.get(at).and_then(|&number| u32::try_from(number).ok());
    match (number(0), number(1)) {
        (Some(major), Some(minor)) => Ok(Version { major, minor }),
        _ => Err(FormatError::damaged("version", "three numbers", format_args!("{numbers:?}"))),
    }
}

/// A number that is written as a text.
fn count(object: Value<'_>, key: &str) -> Result<Option<usize>, FormatError> {
    let Some(value) = object.get(key) else { return Ok(None) };
    let number = match value.as_text() {
        Some(text) => text.trim().parse().ok(),
        None => value.as_i64(),
    };
    let Some(number) = number.and_then(|number: i64| usize::try_from(number).ok()) else {
        return Err(FormatError::damaged(value.path(), "a count", value.kind_name()));
    };
    Ok(Some(number))
}

fn text(object: Value<'_>, key: &str) -> Result<String, FormatError> {
    let value = object.expect(key)?;
    let wrong = || FormatError::damaged(value.path(), "a text", value.kind_name());
    Ok(value.as_text().ok_or_else(wrong)?.into_owned())
}

fn texts(object: Value<'_>, key: &str) -> Result<Vec<String>, FormatError> {
    object.get(key).map_or(Ok(Vec::new()), |list| list.texts())
}

fn attributes(learner: Value<'_>) -> BTreeMap<String, String> {
    let members = learner.get("attributes");
    let members = members.iter().flat_map(Value::members);
    members
        .filter_map(|value| Some((value.key().into_owned(), value.as_text()?.into_owned())))
        .collect()
}

/// One number, or a list of them in brackets (3.1 and later).
fn base_scores(param: Value<'_>, n_outputs: usize) -> Result<Vec<f32>, FormatError> {
    let text = text(param, "base_score")?;
    let numbers = text.trim().trim_start_matches('[').trim_end_matches(']');
    let numbers = numbers.split([',', ' ']).filter(|number| !number.is_empty());
    let scores: Option<Vec<f32>> = numbers.map(|number| number.parse().ok()).collect();
    let is_right = |scores: &Vec<f32>| {
        (scores.len() == 1 || scores.len() == n_outputs)
            && scores.iter().all(|score| score.is_finite())
    };
    scores.filter(is_right).ok_or_else(|| {
        let expected = format_args!("one number or {n_outputs}");
        FormatError::damaged(
            "learner.learner_model_param.base_score",
            expected,
            format_args!("`{text}`"),
        )
    })
}

fn booster(
    booster: Value<'_>,
    shape: Shape,
    limits: &Limits,
) -> Result<(Booster, Vec<Categories>), FormatError> {
    let name = text(booster, "name")?;
    let (model, weights) = match name.as_str() {
        "gbtree" => (booster.expect("model")?, None),
        "dart" => {
            let weights = booster.expect("weight_drop")?.f32s()?;
            (booster.expect("gbtree")?.expect("model")?, Some(weights))
        }
        "gblinear" => {
            let weights = booster.expect("model")?.expect("weights")?;
            return Ok((Booster::Linear(linear(&weights, shape)?), Vec::new()));
        }
        _ => {
            let what = format_args!("booster `{name}`");
            let way_out = "train with `gbtree`, `dart` or `gblinear`";
            return Err(FormatError::unsupported(booster.path(), what, way_out));
        }
    };
    let ensemble = ensemble(model, weights, shape, limits)?;
    Ok((Booster::Trees(ensemble), categories(model)?))
}

fn linear(weights: &Value<'_>, shape: Shape) -> Result<Linear, FormatError> {
    let list = weights.f32s()?;
    let expected = shape.n_features.saturating_add(1).saturating_mul(shape.n_outputs);
    if list.len() != expected {
        let expected = format_args!("{expected} weights");
        return Err(FormatError::damaged(weights.path(), expected, list.len()));
    }
    Ok(Linear { weights: list })
}

fn ensemble(
    model: Value<'_>,
    weights: Option<Vec<f32>>,
    shape: Shape,
    limits: &Limits,
) -> Result<Ensemble, FormatError> {
    let param = model.expect("gbtree_model_param")?;
    let listed = model.expect("trees")?;
    let (mut trees, mut leaf_width) = (Vec::new(), None);
    for value in listed.expect_items()? {
        let n_trees = trees.len().saturating_add(1);
        FormatError::check_limit(Place::File, "trees", limits.trees_max, n_trees)?;
        let lists = Lists::read(value, shape)?;
        if *leaf_width.get_or_insert(lists.leaf_width) != lists.leaf_width {
            let expected = "as many values in the leaves of all trees";
            return Err(FormatError::damaged(value.path(), expected, lists.leaf_width));
        }
        trees.push(tree::read(&lists, shape.n_features, limits)?);
    }
    let n_trees = trees.len();
    if let Some(stated) = count(param, "num_trees")?.filter(|&stated| stated != n_trees) {
        let expected = format_args!("{stated} trees");
        return Err(FormatError::damaged(listed.path(), expected, n_trees));
    }
    let groups = groups(model, n_trees, shape.n_outputs)?;
    if weights.as_ref().is_some_and(|weights| weights.len() != n_trees) {
        let expected = format_args!("{n_trees} weights");
        return Err(FormatError::damaged("weight_drop", expected, "another number"));
    }
    Ok(Ensemble {
        trees,
        groups,
        weights,
        round_ends: round_ends(model, n_trees)?,
        n_parallel_trees: count(param, "num_parallel_tree")?,
        leaf_width: leaf_width.unwrap_or(1),
    })
}

/// Trees of a round as the settings beside a model tell them, which versions before 1.5 note nowhere
/// else.
fn configured_parallel_trees(config: Value<'_>) -> Result<Option<usize>, FormatError> {
    let booster = config.get("learner").and_then(|learner| learner.get("gradient_booster"));
    let Some(booster) = booster else { return Ok(None) };
    // Those of dart stand a level deeper.
    let booster = booster.get("gbtree").unwrap_or(booster);
    booster.get("gbtree_train_param").map_or(Ok(None), |param| count(param, "num_parallel_tree"))
}

fn groups(model: Value<'_>, n_trees: usize, n_outputs: usize) -> Result<Vec<u32>, FormatError> {
    let list = model.expect("tree_info")?;
    let groups = list
        .i64s()?
        .into_iter()
        .map(|group| u32::try_from(group).ok().filter(|group| (*group as usize) < n_outputs));
    let groups: Option<Vec<u32>> = groups.collect();
    groups.filter(|groups| groups.len() == n_trees).ok_or_else(|| {
        let expected = format_args!("{n_trees} outputs below {n_outputs}");
        FormatError::damaged(list.path(), expected, "something else")
    })
}

fn round_ends(model: Value<'_>, n_trees: usize) -> Result<Option<Vec<usize>>, FormatError> {
    let Some(list) = model.get("iteration_indptr") else { return Ok(None) };
    let ends = list.i64s()?.into_iter().map(|end| usize::try_from(end).ok());
    let ends: Option<Vec<usize>> = ends.collect();
    let is_right = |ends: &Vec<usize>| {
        ends.is_sorted()
            && ends.first().is_none_or(|&first| first == 0)
            && ends.last().copied().unwrap_or(0) == n_trees
    };
    let wrong = || {
        let expected = format_args!("numbers that rise from 0 to {n_trees}");
        FormatError::damaged(list.path(), expected, "something else")
    };
    Ok(Some(ends.filter(is_right).ok_or_else(wrong)?))
}

/// The categories of the training data frame.
fn categories(model: Value<'_>) -> Result<Vec<Categories>, FormatError> {
    let encodings = model.get("cats").and_then(|cats| cats.get("enc"));
    let features = encodings.iter().flat_map(Value::items);
    let one = |feature: Value<'_>| {
        let values = feature.expect("values")?;
        let Some(offsets) = feature.get("offsets") else {
            return Ok(Categories::Numbers(values.f64s()?));
        };
        let (offsets, bytes) = (offsets.i64s()?, values.i64s()?);
        let is_byte = |byte: &i64| u8::try_from(byte & 0xff).ok();
        let bytes: Vec<u8> = bytes.iter().filter_map(is_byte).collect();
        let ends = offsets.iter().zip(offsets.iter().skip(1));
        let texts = ends.map(|(&start, &end)| {
            let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
            Some(String::from_utf8_lossy(bytes.get(start..end)?).into_owned())
        });
        match texts.collect::<Option<Vec<_>>>() {
            Some(texts) if texts.is_empty() => Ok(Categories::None),
            Some(texts) => Ok(Categories::Texts(texts)),
            None => {
                let expected = "offsets that rise within the values";
                Err(FormatError::damaged(feature.path(), expected, "something else"))
            }
        }
    };
    features.map(one).collect()
}

/// The lists that make a tree, one entry for each node.
struct Lists<'d> {
    tree: Value<'d>,
    left: Vec<i64>,
    right: Vec<i64>,
    features: Vec<i64>,
    /// Thresholds, and the values of leaves.
    conditions: Vec<f32>,
    are_default_left: Vec<bool>,
    /// Whether nodes ask for categories; empty where none does.
    are_categorical: Vec<bool>,
    categories: Vec<i64>,
    /// Where the categories of a node start, and how many there are.
    segments: BTreeMap<usize, (usize, usize)>,
    /// The values of all leaves, where they have several.
    vectors: Vec<f32>,
    /// Whether there are values for each leaf, and not for each node.
    are_vectors_of_leaves: bool,
    leaf_width: usize,
}

impl<'d> Lists<'d> {
    fn read(tree: Value<'d>, shape: Shape) -> Result<Self, FormatError> {
        let param = tree.expect("tree_param")?;
        let leaf_width = count(param, "size_leaf_vector")?.unwrap_or(1).max(1);
        if leaf_width != 1 && leaf_width != shape.n_outputs {
            let expected = format_args!("1 or {} values in a leaf", shape.n_outputs);
            return Err(FormatError::damaged(param.path(), expected, leaf_width));
        }
        // Vectors came with 2.0, at first one for each node.
        let vectors = if leaf_width == 1 { None } else { tree.get("leaf_weights") };
        let are_vectors_of_leaves = vectors.is_some();
        let vectors = match vectors {
            Some(vectors) => vectors.f32s()?,
            None if leaf_width > 1 => tree.expect("base_weights")?.f32s()?,
            None => Vec::new(),
        };
        let lists = Self {
            tree,
            left: tree.expect("left_children")?.i64s()?,
            right: tree.expect("right_children")?.i64s()?,
            features: tree.expect("split_indices")?.i64s()?,
            conditions: tree.expect("split_conditions")?.f32s()?,
            are_default_left: tree.expect("default_left")?.bools()?,
            are_categorical: tree.get("split_type").map_or(Ok(Vec::new()), |list| list.bools())?,
            categories: tree.get("categories").map_or(Ok(Vec::new()), |list| list.i64s())?,
            segments: segments(tree)?,
            vectors,
            are_vectors_of_leaves,
            leaf_width,
        };
        let n_nodes = lists.left.len();
        let lengths = [
            lists.right.len(),
            lists.features.len(),
            lists.conditions.len(),
            lists.are_default_left.len(),
            if lists.are_categorical.is_empty() { n_nodes } else { lists.are_categorical.len() },
        ];
        if let Some(other) = lengths.into_iter().find(|&length| length != n_nodes) {
            let expected = format_args!("lists of {n_nodes} nodes");
            return Err(FormatError::damaged(tree.path(), expected, other));
        }
        Ok(lists)
    }

    /// The values of a leaf that has several.
    fn vector(&self, at: usize) -> Option<&[f32]> {
        let of_leaf = || usize::try_from(*self.right.get(at)?).ok();
        let row = if self.are_vectors_of_leaves { of_leaf()? } else { at };
        let start = row.checked_mul(self.leaf_width)?;
        self.vectors.get(start..start.checked_add(self.leaf_width)?)
    }

    fn categories(&self, at: usize, tree: &mut Tree) -> Option<Test> {
        let &(start, n) = self.segments.get(&at)?;
        let listed = self.categories.get(start..start.checked_add(n)?)?;
        let numbers: Option<Vec<u32>> =
            listed.iter().map(|&category| u32::try_from(category).ok()).collect();
        let first = append(&mut tree.categories, &numbers?)?;
        Some(Test::NoneOf { first, n: u32::try_from(n).ok()? })
    }
}

impl RawTree for Lists<'_> {
    fn n_nodes(&self) -> usize {
        self.left.len()
    }

    fn place(&self, at: usize) -> String {
        format!("{} node {at}", self.tree.path())
    }

    fn is_leaf(&self, at: usize) -> bool {
        self.left.get(at) == Some(&-1)
    }

    fn leaf(&self, at: usize, tree: &mut Tree) -> Result<u32, FormatError> {
        let first = if self.leaf_width == 1 {
            self.conditions.get(at).and_then(|value| append(&mut tree.leaves, &[*value]))
        } else {
            self.vector(at).and_then(|values| append(&mut tree.leaves, values))
        };
        let wrong = || {
            let expected = "values of the leaf";
            FormatError::damaged(self.place(at), expected, "something else")
        };
        first.ok_or_else(wrong)
    }

    fn split(&self, at: usize, tree: &mut Tree) -> Result<RawSplit, FormatError> {
        let wrong =
            |expected: &str| FormatError::damaged(self.place(at), expected, "something else");
        let lists = (
            self.left.get(at),
            self.right.get(at),
            self.features.get(at),
            self.conditions.get(at),
            self.are_default_left.get(at),
        );
        let (Some(&left), Some(&right), Some(&feature), Some(&condition), Some(&is_default_left)) =
            lists
        else {
            return Err(wrong("a node"));
        };
        let test = if self.are_categorical.get(at) == Some(&true) {
            self.categories(at, tree).ok_or_else(|| wrong("categories of the node"))?
        } else {
            Test::Less(condition)
        };
        Ok(RawSplit { left, right, feature, is_default_left, test })
    }
}

fn segments(tree: Value<'_>) -> Result<BTreeMap<usize, (usize, usize)>, FormatError> {
    let Some(nodes) = tree.get("categories_nodes") else { return Ok(BTreeMap::new()) };
    let nodes = nodes.i64s()?;
    let starts = tree.expect("categories_segments")?.i64s()?;
    let sizes = tree.expect("categories_sizes")?.i64s()?;
    if starts.len() != nodes.len() || sizes.len() != nodes.len() {
        let expected = format_args!("segments of {} nodes", nodes.len());
        return Err(FormatError::damaged(tree.path(), expected, starts.len().min(sizes.len())));
    }
    let usize_of = |number: i64| usize::try_from(number).ok();
    let all = nodes.into_iter().zip(starts.into_iter().zip(sizes));
    let all =
        all.map(|(node, (start, n))| Some((usize_of(node)?, (usize_of(start)?, usize_of(n)?))));
    all.collect::<Option<_>>().ok_or_else(|| {
        FormatError::damaged(tree.path(), "segments of categories", "a negative number")
    })
}
