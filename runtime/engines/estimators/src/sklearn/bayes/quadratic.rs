//! Quadratic discriminants: a normal distribution for each class.

use radiant_core::Error;

use crate::sklearn::activation::softmax;
use crate::sklearn::affine::{Affine, Scores};
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, logarithms, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Read, Source, matrix, vector};

use super::joint;

/// `QuadraticDiscriminantAnalysis`.
#[derive(Debug)]
struct Quadratic {
    intake: Intake,
    classes: Data<'static>,
    distributions: Vec<Distribution>,
    /// Whether logarithms are computed as such (1.6), not of probabilities.
    is_logarithmic: bool,
}

/// A class.
#[derive(Debug)]
struct Distribution {
    mean: Vec<f64>,
    /// Turns what is around the mean and scales it to a spread of one.
    turn: Affine,
    /// The sum of the logarithms of the spreads.
    spread: f64,
    log_prior: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let means = source.matrix("means_")?;
    let priors = source.vector_of("priors_", classes.len())?;
    let (rotations, scalings) = (source.attr("rotations_")?, source.attr("scalings_")?);
    let lengths = [means.n_rows, rotations.items()?.len(), scalings.items()?.len()];
    if lengths.iter().any(|length| *length != classes.len()) || means.n_columns == 0 {
        return Err(source.node.expected(format_args!("{} distributions", classes.len())));
    }
    let mut distributions = Vec::with_capacity(classes.len());
    let parts = rotations.items()?.zip(scalings.items()?).zip(means.rows().zip(&priors));
    for ((rotation_node, scaling_node), (mean, prior)) in parts {
        let mut rotation = matrix(rotation_node)?;
        let scaling = vector(scaling_node)?;
        if (rotation.n_rows, rotation.n_columns) != (means.n_columns, scaling.len())
            || scaling.is_empty()
        {
            return Err(rotation_node.expected(format_args!(
                "an array with shape [{}, {}]",
                means.n_columns,
                scaling.len()
            )));
        }
        for row in rotation.values.chunks_exact_mut(scaling.len()) {
            row.iter_mut().zip(&scaling).for_each(|(value, scaling)| *value *= scaling.powf(-0.5));
        }
        distributions.push(Distribution {
            mean: mean.to_vec(),
            turn: Affine::of_features(&rotation, vec![0.0; scaling.len()]),
            spread: scaling.iter().map(|scaling| scaling.ln()).sum(),
            log_prior: prior.ln(),
        });
    }
    Ok(Box::new(Quadratic {
        intake: Intake::new(source, Some(means.n_columns)),
        classes,
        distributions,
        is_logarithmic: source.since(1, 6),
    }))
}

impl Quadratic {
    /// Logarithms of joint likelihoods.
    fn joint(&self, rows: &Rows<'_, f64>) -> Scores {
        let n_classes = self.classes.len();
        let mut joint = vec![0.0; rows.n_rows * n_classes];
        let mut centred = Vec::with_capacity(rows.values.len());
        for (class, distribution) in self.distributions.iter().enumerate() {
            let Distribution { mean, turn, spread, log_prior } = distribution;
            centred.clear();
            for row in rows.iter() {
                centred.extend(row.iter().zip(mean).map(|(x, mean)| x - mean));
            }
            let turned = turn.apply_to(&centred, rows.n_rows);
            let places = joint.iter_mut().skip(class).step_by(n_classes);
            for (joint, turned) in places.zip(turned.chunks_exact(turn.n_outputs())) {
                let distance: f64 = turned.iter().map(|value| value * value).sum();
                *joint = -0.5 * (distance + spread) + log_prior;
            }
        }
        Scores::new(rows.n_rows, n_classes, joint, false)
    }

    /// Probabilities by their definition.
    fn probabilities(mut joint: Scores) -> Answer {
        for row in joint.values.chunks_exact_mut(joint.n_columns) {
            softmax(row);
        }
        joint.into_matrix()
    }
}

impl Estimator for Quadratic {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::DecisionFunction if self.classes.len() == 2 => Some(Fact::NUMBER),
            Method::DecisionFunction => Some(Fact::numbers(self.classes.len())),
            _ => joint::fact(&self.classes, method),
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let joint = self.joint(&self.intake.doubles(x)?);
        Ok(match method {
            Method::DecisionFunction if self.classes.len() == 2 => {
                let difference = |pair: &[f64]| pair[1] - pair[0];
                Answer::column(joint.rows().map(difference).collect::<Vec<f64>>())
            }
            Method::DecisionFunction => joint.into_matrix(),
            Method::PredictProba if !self.is_logarithmic => Self::probabilities(joint),
            Method::PredictLogProba if !self.is_logarithmic => {
                logarithms(Self::probabilities(joint))
            }
            _ => joint::answer(method, joint, &self.classes),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
