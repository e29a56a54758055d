//! Estimators that do not look at the rows.

use radiant_core::{DType, Error};

use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{
    Answer, Estimator, Fact, Method, Wants, Width, logarithms, no_method,
};
use crate::sklearn::source::{Read, Source, data, matrix, vector};

use super::outputs::Outputs;

/// `DummyClassifier`.
#[derive(Debug)]
struct DummyClassifier {
    outputs: Outputs,
    /// The place of each output's label.
    // Invariant: one for each output, below the number of its classes.
    places: Vec<usize>,
    /// One for each class of each output.
    probabilities: Vec<f64>,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let n_outputs = source.attr("n_outputs_")?.index()?;
    let outputs = Outputs::read(source, n_outputs)?.keeping_types();
    let default = if source.since(0, 24) { "prior" } else { "stratified" };
    let strategy = source.node.attr_opt("_strategy")?.filter(|node| !node.is_none());
    let strategy = match strategy {
        Some(node) => node.text()?,
        None => source.choice("strategy", default)?,
    };
    let mut places = Vec::new();
    let mut probabilities = Vec::new();
    for output in 0..outputs.len() {
        let prior = if outputs.single().is_some() {
            source.attr("class_prior_")?
        } else {
            source.attr("class_prior_")?.item(output)?
        };
        let classes = outputs.classes(output).ok_or_else(|| prior.expected("outputs"))?;
        let shares = vector(prior)?;
        if shares.len() != classes.len() {
            return Err(prior.expected(format_args!("{} numbers", classes.len())));
        }
        let place = match &*strategy {
            "prior" | "most_frequent" => argmax(&shares),
            "constant" => constant(source, output, outputs.len(), classes)?,
            other => {
                let what = format_args!("the strategy `{other}`, whose answers are random");
                return Err(source.unsupported(what, "use the strategy `prior`"));
            }
        };
        places.push(place);
        if strategy == "prior" {
            probabilities.extend(shares);
        } else {
            let one_hot = |at: usize| if at == place { 1.0 } else { 0.0 };
            probabilities.extend((0..classes.len()).map(one_hot));
        }
    }
    Ok(Box::new(DummyClassifier { outputs, places, probabilities }))
}

/// The place of the constant label of an output.
fn constant(
    source: &Source<'_>,
    output: usize,
    n_outputs: usize,
    classes: &Data<'static>,
) -> Read<usize> {
    let node = source.attr("constant")?;
    let wanted = if n_outputs == 1 && node.items().is_err() {
        crate::sklearn::source::cell(node)?
    } else {
        let constants = data(node)?;
        constants.cell(output).ok_or_else(|| node.expected("a label for each output"))?
    };
    let found = (0..classes.len()).find(|at| classes.cell(*at).as_ref() == Some(&wanted));
    found.ok_or_else(|| node.expected("one of the classes"))
}

impl Estimator for DummyClassifier {
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
            Method::Predict => Ok(self.outputs.labels(&self.places.repeat(x.n_rows()))),
            Method::PredictProba | Method::PredictLogProba => {
                let all = self.probabilities.repeat(x.n_rows());
                let answer = self.outputs.probabilities(x.n_rows(), all);
                Ok(if method == Method::PredictProba { answer } else { logarithms(answer) })
            }
            Method::DecisionFunction | Method::Transform | Method::ScoreSamples => {
                Err(no_method("DummyClassifier", method))
            }
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(None)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.outputs.single()
    }
}

/// `DummyRegressor`.
#[derive(Debug)]
struct DummyRegressor {
    // Invariant: at least one.
    constants: Vec<f64>,
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("constant_")?;
    let constants = if let Ok(matrix) = matrix(node) { matrix.values } else { vector(node)? };
    if constants.is_empty() || constants.len() != source.attr("n_outputs_")?.index()? {
        return Err(node.expected("a number for each output"));
    }
    Ok(Box::new(DummyRegressor { constants }))
}

impl Estimator for DummyRegressor {
    fn fact(&self, method: Method) -> Option<Fact> {
        let width = match self.constants.len() {
            1 => Width::One,
            n => Width::Columns(Some(n)),
        };
        (method == Method::Predict).then_some(Fact { dtype: DType::F64, width })
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method("DummyRegressor", method));
        }
        let values = self.constants.repeat(x.n_rows());
        Ok(match self.constants.len() {
            1 => Answer::column(values),
            n => Answer::matrix(x.n_rows(), n, values),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(None)
    }
}
