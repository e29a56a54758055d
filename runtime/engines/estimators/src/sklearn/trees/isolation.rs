//! Isolation forests: how long the ways of a row through random trees are.

use radiant_core::{DType, Error};
use radiant_kernels::forest::{ForestKernel, Rows, Vote};

use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source, indices};

use super::grove::Grove;
use super::tree::Tree;

/// `IsolationForest`.
#[derive(Debug)]
struct Isolation {
    intake: Intake,
    /// The sum of the lengths of the ways.
    kernel: ForestKernel<f32, f64>,
    n_trees: f64,
    /// The length of a usual way.
    usual: f64,
    /// Whether lengths are first divided by the number of trees (0.20).
    is_mean: bool,
    offset: f64,
    /// Rows with smaller decisions are outliers.
    threshold: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let n_features = source.node.attr_any(&["n_features_in_", "n_features_"])?.index()?;
    let is_old = !source.since(0, 21);
    let members = source.attr("estimators_")?;
    let subsets = source.attr("estimators_features_")?;
    let is_subset = source.attr("_max_features")?.index()? != n_features;
    let mut grove = Grove::new(n_features, 1);
    let mut n_trees = 0.0;
    let mut subset = subsets.items()?;
    for node in members.items()? {
        n_trees += 1.0;
        let tree = Tree::read(&source.part(node)?)?;
        let lengths = lengths(source, &tree)?;
        let list = subset.next().ok_or_else(|| subsets.expected("the features of each tree"))?;
        let features = if is_subset { Some(indices(list)?) } else { None };
        if features.as_ref().map_or(n_features, Vec::len) != tree.n_features {
            return Err(list.expected(format_args!("{} features", tree.n_features)));
        }
        let feature = |at: u32| match &features {
            None => Some(at),
            Some(features) => features.get(at as usize).and_then(|at| u32::try_from(*at).ok()),
        };
        grove.plant_tree(
            &tree,
            // What no column stands for is refused when the forest is made.
            |at| feature(at).unwrap_or(u32::MAX),
            |leaf, votes| {
                let path = lengths.get(leaf).copied().unwrap_or(0.0);
                let rest = way_below(tree.n_samples[leaf], is_old);
                let weight = if is_old { (path - 1.0) + rest } else { (path + rest) - 1.0 };
                votes.push(Vote { output: 0, weight });
            },
        );
    }
    let intake = Intake::new(source, Some(n_features)).with_texts();
    let n_samples = source.node.attr_any(&["max_samples_", "_max_samples"])?.float()?;
    let is_threshold_kept = !source.since(0, 22) && source.choice("behaviour", "new")? == "old";
    Ok(Box::new(Isolation {
        intake: if source.since(1, 6) { intake.with_any_number() } else { intake },
        kernel: grove.kernel(members)?,
        n_trees,
        usual: way_below(n_samples, is_old),
        is_mean: is_old,
        offset: source.attr("offset_")?.float()?,
        threshold: if is_threshold_kept { source.attr("_threshold_")?.float()? } else { 0.0 },
    }))
}

/// The number of nodes on the way to each node.
fn lengths(source: &Source<'_>, tree: &Tree) -> Read<Vec<f64>> {
    let mut lengths = vec![1.0; tree.nodes.len()];
    for (at, node) in tree.nodes.iter().enumerate() {
        let below = lengths[at] + 1.0;
        for child in node.children.into_iter().flatten() {
            // Children come later in every tree that scikit-learn made.
            match lengths.get_mut(child as usize) {
                Some(length) if child as usize > at => *length = below,
                _ => return Err(source.attr("estimators_")?.expected("trees")),
            }
        }
    }
    Ok(lengths)
}

/// How long the way of a row among so many would go on.
fn way_below(n_samples: f64, is_old: bool) -> f64 {
    if n_samples <= 1.0 {
        return if is_old { 1.0 } else { 0.0 };
    }
    if n_samples <= 2.0 && !is_old {
        return 1.0;
    }
    2.0 * ((n_samples - 1.0).ln() + std::f64::consts::EULER_GAMMA)
        - 2.0 * (n_samples - 1.0) / n_samples
}

impl Isolation {
    fn scores(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let rows = self.intake.singles(x)?;
        let mut scores = Vec::with_capacity(rows.n_rows);
        self.kernel.run(Rows::new(&rows.values, rows.n_columns), &mut scores);
        for score in &mut scores {
            let power = if self.is_mean {
                -(*score / self.n_trees) / self.usual
            } else if self.usual == 0.0 {
                -1.0
            } else {
                -(*score / (self.n_trees * self.usual))
            };
            *score = -2.0_f64.powf(power);
        }
        Ok(scores)
    }
}

impl Estimator for Isolation {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width: Width::One }),
            Method::DecisionFunction | Method::ScoreSamples => Some(Fact::NUMBER),
            Method::PredictProba | Method::PredictLogProba | Method::Transform => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let mut scores = self.scores(x)?;
        if method == Method::ScoreSamples {
            return Ok(Answer::column(scores));
        }
        for score in &mut scores {
            *score -= self.offset;
        }
        if method == Method::DecisionFunction {
            return Ok(Answer::column(scores));
        }
        let label = |score: f64| if score < self.threshold { -1_i64 } else { 1 };
        Ok(Answer::column(scores.into_iter().map(label).collect::<Vec<_>>()))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_below_a_leaf_are_those_of_a_search_tree() {
        for (n_samples, is_old, length) in [
            (1.0, false, 0.0),
            (1.0, true, 1.0),
            (2.0, false, 1.0),
            (2.0, true, 0.154_431_329_803_065_7),
            (16.0, false, 4.695_531_732_007_486),
        ] {
            let got = way_below(n_samples, is_old);
            assert!((got - length).abs() < 1e-15, "{n_samples} {is_old}: {got}");
        }
    }
}
