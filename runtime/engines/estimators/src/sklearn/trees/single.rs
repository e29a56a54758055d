//! Decision trees.

use radiant_core::Error;
use radiant_kernels::forest::{ForestKernel, Rows, Vote};

use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, logarithms, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::meta::outputs::Outputs;
use crate::sklearn::source::{Read, Source};

use super::forest::{Regressor, shares};
use super::grove::Grove;
use super::tree::{Tree, takes_nan};

/// `DecisionTreeClassifier` and `ExtraTreeClassifier`.
#[derive(Debug)]
struct TreeClassifier {
    intake: Intake,
    outputs: Outputs,
    /// Tells the leaf that a row ends in.
    leaf: ForestKernel<f32, f64>,
    /// `[n_leaves, n_outputs]`: places among the classes.
    // Invariant: below the number of the output's classes.
    labels: Vec<usize>,
    /// `[n_leaves, n_classes]`: of all outputs.
    probabilities: Vec<f64>,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let tree = Tree::read(source)?;
    let outputs = Outputs::read(source, tree.n_outputs)?;
    let (mut labels, mut probabilities) = (Vec::new(), Vec::new());
    for leaf in tree.leaves() {
        for (output, width) in outputs.widths().enumerate() {
            // Labels are those of the greatest value before it is divided.
            let place = argmax(tree.value(leaf, output));
            if place >= width {
                return Err(source.attr("tree_")?.expected("values of no more than all classes"));
            }
            labels.push(place);
        }
        shares(source, &tree, &outputs, leaf, &mut probabilities)?;
    }
    let mut grove = Grove::new(tree.n_features, 1);
    let mut numbers = (0_u32..).map(f64::from);
    grove.plant_tree(
        &tree,
        |feature| feature,
        |_, votes| votes.extend(numbers.next().map(|weight| Vote { output: 0, weight })),
    );
    Ok(Box::new(TreeClassifier {
        intake: intake(source, tree.n_features)?,
        outputs,
        leaf: grove.kernel(source.attr("tree_")?)?,
        labels,
        probabilities,
    }))
}

/// Reads `DecisionTreeRegressor` and `ExtraTreeRegressor`.
pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let tree = Tree::read(source)?;
    Ok(Box::new(Regressor {
        intake: intake(source, tree.n_features)?,
        n_outputs: tree.n_outputs,
        kernel: Regressor::kernel(source.attr("tree_")?, &[tree])?,
    }))
}

fn intake(source: &Source<'_>, n_features: usize) -> Read<Intake> {
    let intake = Intake::new(source, Some(n_features)).with_texts();
    Ok(if takes_nan(source)? { intake.with_nan() } else { intake })
}

impl TreeClassifier {
    /// What a table that has so many entries for each leaf says of each row.
    fn looked_up<T: Copy>(
        &self,
        x: &Table<'_>,
        table: &[T],
        width: usize,
    ) -> Result<Vec<T>, Error> {
        let rows = self.intake.singles(x)?;
        let mut leaves = Vec::with_capacity(rows.n_rows);
        self.leaf.run(Rows::new(&rows.values, rows.n_columns), &mut leaves);
        let mut found = Vec::with_capacity(leaves.len() * width);
        for leaf in leaves {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "votes are numbers of leaves"
            )]
            let start = leaf as usize * width;
            found.extend_from_slice(&table[start..start + width]);
        }
        Ok(found)
    }
}

impl Estimator for TreeClassifier {
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
            Method::Predict => {
                let places = self.looked_up(x, &self.labels, self.outputs.len())?;
                Ok(self.outputs.labels(&places))
            }
            Method::PredictProba | Method::PredictLogProba => {
                let width = self.outputs.n_classes();
                let all = self.looked_up(x, &self.probabilities, width)?;
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
