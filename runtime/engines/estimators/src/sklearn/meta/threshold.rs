//! Classifiers of two classes with a threshold of their own.

use radiant_core::Error;
use radiant_formats::Node;

use crate::sklearn::data::{Cell, Data, Table};
use crate::sklearn::ensembles::member::{Places, given_of};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants};
use crate::sklearn::source::{Read, Source, cell};

/// `FixedThresholdClassifier` and `TunedThresholdClassifierCV`.
#[derive(Debug)]
struct Threshold {
    estimator: Box<dyn Estimator>,
    method: Method,
    /// The least score of the positive class.
    from: f64,
    classes: Data<'static>,
    /// The place of the class that scores from the threshold on stand for.
    positive: usize,
}

pub(super) fn read_fixed(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let label = source.some("pos_label")?.map(cell).transpose()?;
    let node = source.attr("threshold")?;
    let threshold = if node.text_opt().is_some() { None } else { Some(node.float()?) };
    read(source, label, threshold)
}

pub(super) fn read_tuned(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let scorer = source.attr("_curve_scorer")?;
    let label = tuned_for(source, scorer)?;
    read(source, label, Some(source.attr("best_threshold_")?.float()?))
}

/// The label that a score was computed for: said by the user, or the function's own.
fn tuned_for(source: &Source<'_>, scorer: Node<'_>) -> Read<Option<Cell>> {
    for (name, value) in scorer.attr("_kwargs")?.entries()? {
        if name.text_opt().is_some_and(|name| name == "pos_label") && !value.is_none() {
            return cell(value).map(Some);
        }
    }
    let function = scorer.attr("_score_func")?;
    let name = function.global().map_or("", |global| global.name);
    match name {
        "f1_score" | "fbeta_score" | "jaccard_score" | "precision_score" | "recall_score" => {
            Ok(Some(Cell::Int(1)))
        }
        "accuracy_score"
        | "balanced_accuracy_score"
        | "matthews_corrcoef"
        | "cohen_kappa_score" => Ok(None),
        _ => {
            let what = format_args!("a threshold tuned by the function `{name}`");
            Err(source.unsupported(what, "use `FixedThresholdClassifier` with that threshold"))
        }
    }
}

fn read(
    source: &Source<'_>,
    label: Option<Cell>,
    threshold: Option<f64>,
) -> Read<Box<dyn Estimator>> {
    let node = match source.some("estimator_")? {
        Some(node) => node,
        None => source.attr("estimator")?,
    };
    let estimator = source.estimator(node)?;
    let classes = estimator.classes().filter(|classes| classes.len() == 2).cloned();
    let classes = classes.ok_or_else(|| node.expected("a classifier of two classes"))?;
    let method = match &*source.choice("response_method", "auto")? {
        "auto" if estimator.fact(Method::PredictProba).is_some() => Method::PredictProba,
        "auto" | "decision_function" => Method::DecisionFunction,
        _ => Method::PredictProba,
    };
    if estimator.fact(method).is_none() {
        return Err(node.expected(format_args!("an estimator with `{}`", method.name())));
    }
    let positive = match label {
        None => 1,
        Some(label) => {
            let place = Places::new(&classes).of(&Data::Cells(vec![label].into()));
            let place = place.into_iter().flatten().next();
            place.ok_or_else(|| node.expected("a classifier with the positive label"))?
        }
    };
    let usual = if method == Method::PredictProba { 0.5 } else { 0.0 };
    let from = threshold.unwrap_or(usual);
    Ok(Box::new(Threshold { estimator, method, from, classes, positive }))
}

impl Estimator for Threshold {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba | Method::PredictLogProba | Method::DecisionFunction => {
                self.estimator.fact(method)
            }
            Method::Transform | Method::ScoreSamples => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return self.estimator.run(method, x);
        }
        let places: Vec<usize> = if self.method == Method::PredictProba {
            let given = given_of(&*self.estimator, self.method, x, 2)?;
            let scores = given.values.iter().skip(self.positive).step_by(2);
            scores.map(|score| self.place(*score)).collect()
        } else {
            let given = given_of(&*self.estimator, self.method, x, 1)?;
            // Decisions speak for the second class.
            let sign = if self.positive == 0 { -1.0 } else { 1.0 };
            given.values.iter().map(|score| self.place(sign * score)).collect()
        };
        Ok(Answer::column(self.classes.pick(places.into_iter())))
    }

    fn wants(&self) -> Wants {
        self.estimator.wants()
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}

impl Threshold {
    fn place(&self, score: f64) -> usize {
        if score >= self.from { self.positive } else { 1 - self.positive }
    }
}
