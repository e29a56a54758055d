//! Classifiers of which most have a margin only: stochastic gradients, support vectors, ridges.

use crate::sklearn::estimator::Estimator;
use crate::sklearn::source::{Read, Source, labels};

use super::classifier::{LinearClassifier, Link, Truths};

/// `Perceptron`, `PassiveAggressiveClassifier` and `LinearSVC`.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(LinearClassifier::read(source, source.classes()?, Link::None)?))
}

/// `SGDClassifier`: some losses have probabilities.
pub(super) fn read_sgd(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let link = match &*source.choice("loss", "hinge")? {
        "log" | "log_loss" => Link::OneVsRest,
        "modified_huber" => Link::ModifiedHuber,
        _ => Link::None,
    };
    Ok(Box::new(LinearClassifier::read(source, source.classes()?, link)?))
}

/// `RidgeClassifier` and `RidgeClassifierCV`: of classes, or of several truths a row (1.0).
pub(super) fn read_ridge(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let binarizer = source.attr("_label_binarizer")?;
    let kind = binarizer.attr("y_type_")?.text()?;
    if kind.starts_with("multilabel") {
        return Ok(Box::new(Truths::read(source)?));
    }
    let classes = labels(binarizer.attr("classes_")?)?;
    Ok(Box::new(LinearClassifier::read(source, classes, Link::None)?))
}
