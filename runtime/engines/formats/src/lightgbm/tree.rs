//! One tree.

use super::Entries;
use super::model::{Child, LinearLeaf, Missing, Split, Test, Tree};
use crate::{FormatError, Limits, Place};

/// Reads a tree.
pub(super) fn read(
    entries: &Entries<'_>,
    n_features: usize,
    limits: &Limits,
) -> Result<Tree, FormatError> {
    let n_leaves: usize = entries.number("num_leaves")?;
    let most = limits.tree_nodes_max.min(i32::MAX as usize);
    FormatError::check_limit(Place::File, "leaves", most, n_leaves)?;
    let Some(n_splits) = n_leaves.checked_sub(1) else {
        return Err(entries.wrong("num_leaves", "at least 1", "0"));
    };
    let leaf_values = entries.numbers_of("leaf_value", n_leaves)?;
    let mut tree = Tree { leaf_values, ..Tree::default() };
    if n_splits > 0 {
        let columns = Columns::read(entries, n_splits)?;
        let features = entries.numbers_of::<u32>("split_feature", n_splits)?;
        if let Some(feature) = features.iter().find(|feature| **feature as usize >= n_features) {
            let expected = format_args!("features below {n_features}");
            return Err(entries.wrong("split_feature", expected, &feature.to_string()));
        }
        let splits = features.into_iter().enumerate();
        tree.splits = splits
            .map(|(at, feature)| columns.split(at, feature).ok_or(at))
            .collect::<Result<_, _>>()
            .map_err(|at| {
                FormatError::damaged(
                    entries.place.clone(),
                    "a sound split",
                    format_args!("split {at}"),
                )
            })?;
        check_ways(entries, &tree)?;
        tree.category_words = columns.category_words;
    }
    if entries.get("is_linear").is_some_and(|is_linear| is_linear.trim() == "1") {
        tree.linear_leaves = linear_leaves(entries, n_leaves, n_features)?;
    }
    Ok(tree)
}

/// What files list for each split.
struct Columns {
    thresholds: Vec<f64>,
    decisions: Vec<u8>,
    left: Vec<i64>,
    right: Vec<i64>,
    category_ends: Vec<usize>,
    category_words: Vec<u32>,
}

impl Columns {
    const CATEGORICAL: u8 = 1;
    const DEFAULT_LEFT: u8 = 2;

    fn read(entries: &Entries<'_>, n_splits: usize) -> Result<Self, FormatError> {
        Ok(Self {
            thresholds: entries.numbers_of("threshold", n_splits)?,
            decisions: entries.numbers_of("decision_type", n_splits)?,
            left: entries.numbers_of("left_child", n_splits)?,
            right: entries.numbers_of("right_child", n_splits)?,
            category_ends: entries.numbers("cat_boundaries")?,
            category_words: entries.numbers("cat_threshold")?,
        })
    }

    fn split(&self, at: usize, feature: u32) -> Option<Split> {
        let &decision = self.decisions.get(at)?;
        let &threshold = self.thresholds.get(at)?;
        let test = if decision & Self::CATEGORICAL != 0 {
            self.categories(threshold)?
        } else {
            let missing = match (decision >> 2) & 3 {
                0 => Missing::None,
                1 => Missing::Zero,
                2 => Missing::Nan,
                _ => return None,
            };
            if threshold.is_nan() {
                return None;
            }
            let is_default_left = decision & Self::DEFAULT_LEFT != 0;
            Test::LessOrEqual { threshold, missing, is_default_left }
        };
        Some(Split {
            feature,
            left: child(*self.left.get(at)?)?,
            right: child(*self.right.get(at)?)?,
            test,
        })
    }

    /// The bit set whose number is written as a threshold.
    fn categories(&self, number: f64) -> Option<Test> {
        if !(number >= 0.0 && number < self.category_ends.len() as f64) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was just checked"
        )]
        let set = number as usize;
        let &start = self.category_ends.get(set)?;
        let &end = self.category_ends.get(set.checked_add(1)?)?;
        let n = self.category_words.get(start..end)?.len();
        Some(Test::AnyOf { first: u32::try_from(start).ok()?, n: u32::try_from(n).ok()? })
    }
}

/// A split, or the complement of a leaf's index.
fn child(number: i64) -> Option<Child> {
    if number >= 0 {
        u32::try_from(number).ok().map(Child::Split)
    } else {
        u32::try_from(!number).ok().map(Child::Leaf)
    }
}

/// Checks that every node but the root has exactly one parent, which comes before it.
fn check_ways(entries: &Entries<'_>, tree: &Tree) -> Result<(), FormatError> {
    let mut are_splits_met = vec![false; tree.splits.len()];
    let mut are_leaves_met = vec![false; tree.leaf_values.len()];
    for (at, split) in tree.splits.iter().enumerate() {
        for child in [split.left, split.right] {
            let is_met = match child {
                // The root is met by nobody, as all splits come after their parents.
                Child::Split(to) if to as usize <= at => None,
                Child::Split(to) => are_splits_met.get_mut(to as usize),
                Child::Leaf(to) => are_leaves_met.get_mut(to as usize),
            };
            match is_met {
                Some(is_met) if !*is_met => *is_met = true,
                _ => {
                    let expected = "children that come after their parents, once each";
                    let got = format_args!("split {at} with {child:?}");
                    return Err(FormatError::damaged(entries.place.clone(), expected, got));
                }
            }
        }
    }
    // As many children were met as there are nodes besides the root: all of them.
    Ok(())
}

fn linear_leaves(
    entries: &Entries<'_>,
    n_leaves: usize,
    n_features: usize,
) -> Result<Vec<LinearLeaf>, FormatError> {
    let constants = entries.numbers_of::<f64>("leaf_const", n_leaves)?;
    let counts = entries.numbers_of::<usize>("num_features", n_leaves)?;
    let n_terms = counts.iter().fold(0_usize, |sum, &count| sum.saturating_add(count));
    let features = entries.numbers_of::<u32>("leaf_features", n_terms)?;
    let coefficients = entries.numbers_of::<f64>("leaf_coeff", n_terms)?;
    if let Some(feature) = features.iter().find(|feature| **feature as usize >= n_features) {
        let expected = format_args!("features below {n_features}");
        return Err(entries.wrong("leaf_features", expected, &feature.to_string()));
    }
    let mut terms = features.into_iter().zip(coefficients);
    let leaves = constants.into_iter().zip(counts).map(|(constant, count)| LinearLeaf {
        constant,
        terms: terms.by_ref().take(count).collect(),
    });
    Ok(leaves.collect())
}
