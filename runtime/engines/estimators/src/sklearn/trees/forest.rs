//! Random forests and extremely randomised trees: means over trees.

use radiant_core::Error;
use radiant_formats::Node;
use radiant_kernels::forest::{ForestKernel, Rows, Vote};

use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, logarithms, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::meta::outputs::Outputs;
use crate::sklearn::source::{Read, Source};

use super::grove::Grove;
use super::tree::{Tree, pairwise_sum, takes_nan};

/// `RandomForestClassifier` and `ExtraTreesClassifier`.
#[derive(Debug)]
struct ForestClassifier {
    intake: Intake,
    outputs: Outputs,
    kernel: ForestKernel<f32, f64>,
}

/// Regressors of one tree or the mean of many.
#[derive(Debug)]
pub(super) struct Regressor {
    pub(super) intake: Intake,
    pub(super) n_outputs: usize,
    pub(super) kernel: ForestKernel<f32, f64>,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let (intake, trees) = read_trees(source)?;
    let outputs = Outputs::read(source, trees[0].n_outputs)?;
    let mut grove = Grove::new(trees[0].n_features, outputs.n_classes()).averaged();
    let mut probabilities = Vec::new();
    for tree in &trees {
        probabilities.clear();
        for leaf in tree.leaves() {
            shares(source, tree, &outputs, leaf, &mut probabilities)?;
        }
        let mut leaves = probabilities.chunks_exact(outputs.n_classes());
        let vote = |(output, &weight)| Vote { output, weight };
        grove.plant_tree(
            tree,
            |feature| feature,
            |_, votes| votes.extend((0..).zip(leaves.next().unwrap_or_default()).map(vote)),
        );
    }
    let kernel = grove.kernel(source.attr("estimators_")?)?;
    Ok(Box::new(ForestClassifier { intake, outputs, kernel }))
}

/// Reads `RandomForestRegressor` and `ExtraTreesRegressor`.
pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let (intake, trees) = read_trees(source)?;
    let n_outputs = trees[0].n_outputs;
    let kernel = Regressor::kernel(source.attr("estimators_")?, &trees)?;
    Ok(Box::new(Regressor { intake, n_outputs, kernel }))
}

/// At least one tree, all alike in features and outputs.
fn read_trees(source: &Source<'_>) -> Read<(Intake, Vec<Tree>)> {
    let list = source.attr("estimators_")?;
    let mut takes_missing = None;
    let mut trees: Vec<Tree> = Vec::new();
    for node in list.items()? {
        let member = source.part(node)?;
        if takes_missing.is_none() {
            takes_missing = Some(source.since(1, 4) && takes_nan(&member)?);
        }
        let tree = Tree::read(&member)?;
        if let Some(first) = trees.first()
            && (first.n_features, first.n_outputs) != (tree.n_features, tree.n_outputs)
        {
            return Err(node.expected(format_args!(
                "a tree of {} features and {} outputs",
                first.n_features, first.n_outputs
            )));
        }
        trees.push(tree);
    }
    let Some(first) = trees.first() else { return Err(list.expected("at least one tree")) };
    let intake = Intake::new(source, Some(first.n_features)).with_texts();
    Ok((if takes_missing == Some(true) { intake.with_nan() } else { intake }, trees))
}

/// Appends the probabilities of all classes of all outputs in a leaf.
///
/// Trees hold weights of classes up to 1.3, and probabilities later.
pub(super) fn shares(
    source: &Source<'_>,
    tree: &Tree,
    outputs: &Outputs,
    leaf: usize,
    probabilities: &mut Vec<f64>,
) -> Read<()> {
    for (output, width) in outputs.widths().enumerate() {
        let weights = tree.value(leaf, output).get(..width);
        let Some(weights) = weights.filter(|_| tree.n_outputs == outputs.len()) else {
            return Err(source.node.expected("trees with values of all classes"));
        };
        let sum = if source.since(1, 4) { 1.0 } else { pairwise_sum(weights) };
        let sum = if sum == 0.0 { 1.0 } else { sum };
        probabilities.extend(weights.iter().map(|weight| weight / sum));
    }
    Ok(())
}

impl Regressor {
    /// The mean of trees, which are alike.
    pub(super) fn kernel(holder: Node<'_>, trees: &[Tree]) -> Read<ForestKernel<f32, f64>> {
        let (n_features, n_outputs) =
            trees.first().map_or((0, 0), |tree| (tree.n_features, tree.n_outputs));
        let mut grove = Grove::new(n_features, n_outputs).averaged();
        for tree in trees {
            let value = |leaf, output| tree.value(leaf, output).first().copied().unwrap_or(0.0);
            let vote = |leaf, (output, at)| Vote { output, weight: value(leaf, at) };
            grove.plant_tree(
                tree,
                |feature| feature,
                |leaf, votes| votes.extend((0..).zip(0..n_outputs).map(|at| vote(leaf, at))),
            );
        }
        grove.kernel(holder)
    }
}

impl Estimator for Regressor {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict if self.n_outputs == 1 => Some(Fact::NUMBER),
            Method::Predict => Some(Fact::numbers(self.n_outputs)),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method(&self.intake.class, method));
        }
        let rows = self.intake.singles(x)?;
        let mut values = Vec::with_capacity(rows.n_rows * self.n_outputs);
        self.kernel.run(Rows::new(&rows.values, rows.n_columns), &mut values);
        Ok(if self.n_outputs == 1 {
            Answer::column(values)
        } else {
            Answer::matrix(rows.n_rows, self.n_outputs, values)
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}

impl ForestClassifier {
    /// `[n_rows, n_classes]`: of all outputs.
    fn probabilities(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let rows = self.intake.singles(x)?;
        let mut all = Vec::with_capacity(rows.n_rows * self.outputs.n_classes());
        self.kernel.run(Rows::new(&rows.values, rows.n_columns), &mut all);
        Ok(all)
    }
}

impl Estimator for ForestClassifier {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(self.outputs.labels_fact()),
            Method::PredictProba | Method::PredictLogProba => {
                Some(self.outputs.probabilities_fact())
            }
            Method::DecisionFunction | Method::Transform | Method::ScoreSamples => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        match method {
            Method::Predict => Ok(self.outputs.greatest(&self.probabilities(x)?)),
            Method::PredictProba | Method::PredictLogProba => {
                let all = self.probabilities(x)?;
                let answer = self.outputs.probabilities(x.n_rows(), all);
                Ok(if method == Method::PredictProba { answer } else { logarithms(answer) })
            }
            Method::DecisionFunction | Method::Transform | Method::ScoreSamples => {
                Err(no_method(&self.intake.class, method))
            }
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.outputs.single()
    }
}
