//! Logistic regression.

use crate::sklearn::estimator::Estimator;
use crate::sklearn::source::{Read, Source};

use super::classifier::{LinearClassifier, Link};

/// `LogisticRegression` and `LogisticRegressionCV`.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let link = link(source, classes.len())?;
    Ok(Box::new(LinearClassifier::read(source, classes, link)?))
}

/// Versions differ in what they take for a problem of several classes at once.
fn link(source: &Source<'_>, n_classes: usize) -> Read<Link> {
    let is_binary = n_classes <= 2;
    let solver = source.choice("solver", "lbfgs")?;
    let multi_class =
        source.choice("multi_class", if source.since(1, 8) { "auto" } else { "ovr" })?;
    let is_one_vs_rest = match &*multi_class {
        "multinomial" => false,
        "auto" | "deprecated" => {
            is_binary
                || solver == "liblinear"
                || (solver == "newton-cholesky" && source.since(1, 2) && !source.since(1, 6))
        }
        _ => true,
    };
    Ok(if is_one_vs_rest { Link::OneVsRest } else { Link::Softmax })
}
