//! What an XGBoost file holds.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Limits, json};

/// The version of XGBoost that wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl Version {
    /// What stands for all versions before 1.0, which do not say which they are.
    pub const BEFORE_1_0: Self = Self { major: 0, minor: 0 };
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Which space base scores are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseSpace {
    /// That of sums of leaves.
    Margin,
    /// That of what the objective makes of them, such as probabilities.
    Output,
}

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Who wrote it.
    pub version: Version,
    /// The number of columns that it was trained with.
    pub n_features: usize,
    /// The number of sums: classes or targets, or one. At least one.
    pub n_outputs: usize,
    /// The number of classes as it is stated: zero for what is no multi-class model.
    pub n_classes: usize,
    /// The name of the objective, such as `binary:logistic`.
    pub objective: String,
    /// One for all outputs, or one for each.
    pub base_scores: Vec<f32>,
    /// What base scores are.
    pub base_space: BaseSpace,
    /// What is summed up.
    pub booster: Booster,
    /// Texts that the writer added.
    pub attributes: BTreeMap<String, String>,
    /// One for each feature, or none at all.
    pub feature_names: Vec<String>,
    /// One for each feature, or none at all; `c` is for categories.
    pub feature_types: Vec<String>,
    /// The categories of each feature of the data frame that it was trained with, in the order of
    /// their codes; empty where the file does not have them (versions before 3.1).
    pub categories: Vec<Categories>,
}

/// The categories of a feature.
#[derive(Debug, Clone, PartialEq)]
pub enum Categories {
    /// It has none.
    None,
    /// Texts.
    Texts(Vec<String>),
    /// Numbers.
    Numbers(Vec<f64>),
}

/// What is summed up.
#[derive(Debug, Clone, PartialEq)]
pub enum Booster {
    /// Trees: `gbtree` and `dart`.
    Trees(Ensemble),
    /// A linear function: `gblinear`.
    Linear(Linear),
}

/// Trees, in the order in which they are added.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// The trees.
    pub trees: Vec<Tree>,
    /// The output of each tree; below the model's number of outputs. Trees whose leaves have more
    /// than one value are for all.
    pub groups: Vec<u32>,
    /// The weight of each tree (`dart`).
    pub weights: Option<Vec<f32>>,
    /// How many trees the first rounds have together, from none to all (2.0 and later).
    pub round_ends: Option<Vec<usize>>,
    /// How many trees a round has for each output, where the file says it.
    pub n_parallel_trees: Option<usize>,
    /// Values of a leaf: one, or as many as the model has outputs.
    pub leaf_width: usize,
}

/// A tree. The first node is its root, and children come after their parents.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// All nodes; each can be reached in one way.
    pub nodes: Vec<Node>,
    /// The values of the leaves.
    pub leaves: Vec<f32>,
    /// The categories that tests look for.
    pub categories: Vec<u32>,
}

/// A node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Node {
    /// It sends rows left or right.
    Split(Split),
    /// The end of a way: where its values start in [`Tree::leaves`].
    Leaf(u32),
}

/// A node that sends rows left or right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Below the model's number of features.
    pub feature: u32,
    /// Where to go if the test holds.
    pub left: u32,
    /// Where to go if it does not.
    pub right: u32,
    /// Where a missing value goes.
    pub is_default_left: bool,
    /// What is asked.
    pub test: Test,
}

/// What a split asks of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// Whether it is less than a number, which is not NaN.
    Less(f32),
    /// Whether its integer part is none of so many from [`Tree::categories`].
    NoneOf {
        /// Where the first is.
        first: u32,
        /// How many there are.
        n: u32,
    },
}

/// A linear function.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// `[n_features + 1, n_outputs]`, row-major; the last row is added as it is.
    pub weights: Vec<f32>,
}

impl Model {
    /// The round that did best in training, counted from zero (attribute `best_iteration`).
    pub fn best_iteration(&self) -> Option<usize> {
        self.attributes.get("best_iteration")?.trim().parse().ok()
    }

    /// Whether a classifier of the scikit-learn interface saved this: `None` where no estimator did.
    ///
    /// Source: attribute `scikit_learn`, JSON, of XGBoost 1.0 and later.
    pub fn is_classifier(&self, limits: &Limits) -> Option<bool> {
        let text = self.attributes.get("scikit_learn")?;
        let document = json::parse(text.as_bytes(), limits).ok()?;
        let kind = document.root().get("_estimator_type")?;
        Some(kind.as_text()? == "classifier")
    }

    /// How many trees the first rounds have; all of them where there are no more rounds.
    ///
    /// Files of 1.0 to 1.4, and binary ones, do not say how many trees a round has. With several
    /// outputs it is told from their order, else the attribute `best_ntree_limit` tells it for the
    /// best round. Before 1.0 nothing tells it; a round has one tree then.
    pub fn n_trees_of(&self, n_rounds: usize) -> usize {
        let Booster::Trees(ensemble) = &self.booster else { return 0 };
        let n_trees = ensemble.trees.len();
        if let Some(ends) = &ensemble.round_ends {
            return ends.get(n_rounds).copied().unwrap_or(n_trees);
        }
        let n_groups = if ensemble.leaf_width > 1 { 1 } else { self.n_outputs };
        let is_best = self.best_iteration().and_then(|best| best.checked_add(1)) == Some(n_rounds);
        let limit = self.attributes.get("best_ntree_limit").filter(|_| is_best);
        let n_parallel = ensemble.n_parallel_trees.or_else(|| {
            let n_first = ensemble.groups.iter().take_while(|&&group| group == 0).count();
            (n_groups > 1).then_some(n_first)
        });
        let n_of_output = match (n_parallel, limit.and_then(|limit| limit.parse().ok())) {
            (None, Some(limit)) => limit,
            (n_parallel, _) => n_rounds.saturating_mul(n_parallel.unwrap_or(1)),
        };
        n_of_output.saturating_mul(n_groups).min(n_trees)
    }
}
