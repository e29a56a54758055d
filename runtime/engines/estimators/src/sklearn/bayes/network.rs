//! Multi-layer perceptrons.

use radiant_core::{DType, Error};

use crate::sklearn::activation::{argmax, smooth, softmax};
use crate::sklearn::affine::{Affine, Scores};
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{
    Answer, Estimator, Fact, Method, Wants, Width, logarithms, no_method,
};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source, is_single, labels, matrix, vector};

/// What happens to the sums of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activation {
    Identity,
    Relu,
    Tanh,
    Logistic,
    Softmax,
    Exp,
}

impl Activation {
    fn read(source: &Source<'_>, name: &str) -> Read<Self> {
        let node = source.attr(name)?;
        Ok(match &*node.text()? {
            "identity" => Self::Identity,
            "relu" => Self::Relu,
            "tanh" => Self::Tanh,
            "logistic" => Self::Logistic,
            "softmax" => Self::Softmax,
            "exp" => Self::Exp,
            _ => return Err(node.expected("an activation function")),
        })
    }

    fn apply(self, n_columns: usize, values: &mut [f64]) {
        match self {
            Self::Identity => {}
            // NaN stays.
            Self::Relu => {
                for x in values {
                    *x = if *x <= 0.0 { 0.0 } else { *x };
                }
            }
            Self::Tanh => smooth::tanh(values),
            Self::Logistic => smooth::logistic(values),
            Self::Exp => {
                for value in values {
                    *value = value.exp();
                }
            }
            Self::Softmax => values.chunks_exact_mut(n_columns).for_each(softmax),
        }
    }
}

/// Layers one after the other.
#[derive(Debug)]
struct Network {
    intake: Intake,
    // Invariant: at least one; each has as many features as the one before has outputs.
    layers: Vec<Affine>,
    n_outputs: usize,
    hidden: Activation,
    output: Activation,
    is_single: bool,
}

impl Network {
    fn read(source: &Source<'_>) -> Read<Self> {
        let (weights, offsets) = (source.attr("coefs_")?, source.attr("intercepts_")?);
        let mut layers: Vec<Affine> = Vec::new();
        let mut is_single = true;
        if offsets.items()?.len() != weights.items()?.len() {
            return Err(offsets.expected("as many layers as `coefs_` has"));
        }
        for (weights, offsets) in weights.items()?.zip(offsets.items()?) {
            let matrix = matrix(weights)?;
            let numbers = vector(offsets)?;
            let n_inputs = layers.last().map_or(matrix.n_rows, Affine::n_outputs);
            if matrix.n_rows != n_inputs || n_inputs == 0 || matrix.n_columns == 0 {
                return Err(weights.expected(format_args!("{n_inputs} rows")));
            }
            if numbers.len() != matrix.n_columns {
                return Err(offsets.expected(format_args!("{} numbers", matrix.n_columns)));
            }
            is_single &= self::is_single(weights)? && self::is_single(offsets)?;
            layers.push(Affine::of_features(&matrix, numbers));
        }
        let (Some(first), Some(last)) = (layers.first(), layers.last()) else {
            return Err(weights.expected("at least one layer"));
        };
        Ok(Self {
            intake: Intake::new(source, Some(first.n_features())),
            n_outputs: last.n_outputs(),
            hidden: Activation::read(source, "activation")?,
            output: Activation::read(source, "out_activation_")?,
            is_single,
            layers,
        })
    }

    fn outputs(&self, x: &Table<'_>) -> Result<Scores, Error> {
        let mut layers = self.layers.iter();
        let first = layers.next().ok_or_else(|| Error::internal("a network has layers"))?;
        let Scores { n_rows, mut n_columns, mut values, .. } = first.scores(&self.intake, x)?;
        for layer in layers {
            self.hidden.apply(n_columns, &mut values);
            values = layer.apply_to(&values, n_rows);
            n_columns = layer.n_outputs();
        }
        self.output.apply(n_columns, &mut values);
        Ok(Scores::new(n_rows, n_columns, values, self.is_single && x.is_single()))
    }
}

/// `MLPRegressor`.
#[derive(Debug)]
struct Regressor {
    network: Network,
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Regressor { network: Network::read(source)? }))
}

impl Estimator for Regressor {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_outputs = self.network.n_outputs;
        let fact = if n_outputs == 1 { Fact::NUMBER } else { Fact::numbers(n_outputs) };
        (method == Method::Predict).then_some(fact)
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method(&self.network.intake.class, method));
        }
        let outputs = self.network.outputs(x)?;
        Ok(if outputs.n_columns == 1 { outputs.into_column() } else { outputs.into_matrix() })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.network.intake.n_features)
    }
}

/// `MLPClassifier`.
#[derive(Debug)]
struct Classifier {
    network: Network,
    /// `None` where a row has several truths.
    classes: Option<Data<'static>>,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let network = Network::read(source)?;
    let binarizer = source.attr("_label_binarizer")?;
    if binarizer.attr("y_type_")?.text()?.starts_with("multilabel") {
        return Ok(Box::new(Classifier { network, classes: None }));
    }
    let classes = labels(binarizer.attr("classes_")?)?;
    let n_outputs = if classes.len() == 2 { 1 } else { classes.len() };
    if classes.len() < 2 || network.n_outputs != n_outputs {
        return Err(source.node.expected("an output for each of at least two classes"));
    }
    Ok(Box::new(Classifier { network, classes: Some(classes) }))
}

impl Classifier {
    fn probabilities(outputs: Scores) -> Answer {
        if outputs.n_columns != 1 {
            return outputs.into_matrix();
        }
        let pairs = outputs.values.iter().flat_map(|&second| [1.0 - second, second]).collect();
        outputs.with(2, pairs).into_matrix()
    }

    fn labels(&self, outputs: &Scores) -> Answer {
        let above = |value: &f64| *value > 0.5;
        match &self.classes {
            Some(classes) if outputs.n_columns == 1 => {
                let seconds = outputs.values.iter().map(|value| usize::from(above(value)));
                Answer::column(classes.pick(seconds))
            }
            Some(classes) => Answer::column(classes.pick(outputs.rows().map(argmax))),
            None => {
                let truths: Vec<_> =
                    outputs.values.iter().map(|value| i64::from(above(value))).collect();
                Answer::matrix(outputs.n_rows, outputs.n_columns, truths)
            }
        }
    }
}

impl Estimator for Classifier {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_columns = if self.network.n_outputs == 1 { 2 } else { self.network.n_outputs };
        match method {
            Method::Predict => Some(match &self.classes {
                Some(classes) => Fact::labels(classes),
                None => {
                    Fact { dtype: DType::I64, width: Width::Columns(Some(self.network.n_outputs)) }
                }
            }),
            Method::PredictProba | Method::PredictLogProba => Some(Fact::numbers(n_columns)),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.network.intake.class, method));
        }
        let outputs = self.network.outputs(x)?;
        Ok(match method {
            Method::Predict => self.labels(&outputs),
            Method::PredictLogProba => logarithms(Self::probabilities(outputs)),
            _ => Self::probabilities(outputs),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.network.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.classes.as_ref()
    }
}
