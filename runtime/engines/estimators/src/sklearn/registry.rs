//! Which reader an object of a file belongs to.

use radiant_formats::Node;

use super::estimator::Estimator;
use super::source::{Read, Source};
use super::version::Version;
use super::{
    bayes, boosters, compose, ensembles, linear, meta, neighbours, prepare, reduce, svm, text,
    trees,
};

/// Reads a fitted object.
pub(crate) type Reader = fn(&Source<'_>) -> Read<Box<dyn Estimator>>;

/// The readers, by families of classes.
const FAMILIES: &[fn(&str) -> Option<Reader>] = &[
    bayes::reader,
    compose::reader,
    ensembles::reader,
    linear::reader,
    meta::reader,
    neighbours::reader,
    prepare::reader,
    reduce::reader,
    svm::reader,
    text::reader,
    trees::reader,
];

/// Reads a fitted estimator that belongs to an object of the version `holder`.
///
/// # Errors
/// It is no estimator, one that is not known, or its attributes contradict each other.
pub(crate) fn read(node: Node<'_>, holder: Version) -> Read<Box<dyn Estimator>> {
    let class = node.class().ok_or_else(|| node.expected("an estimator of scikit-learn"))?;
    let _visit = node.enter()?;
    let reader = match class.package() {
        "sklearn" => FAMILIES.iter().find_map(|family| family(class.name)),
        package => boosters::reader(package, class.name),
    };
    let reader = reader
        .ok_or_else(|| node.unsupported(format_args!("`{class}`"), way_out(class.package())))?;
    reader(&Source::new(node, holder)?)
}

/// What the owner of a model can do whose class has no reader.
fn way_out(package: &str) -> &'static str {
    match package {
        "__main__" => {
            "classes of your own are code, which is not run: serve them as a component of your own, \
             or use a class of scikit-learn in their place"
        }
        "catboost" => "save it with `save_model(path, format=\"json\")`, and load that file",
        "sklearn" => "use one of the estimators of docs/models.md in its place",
        _ => "serve it as a component of your own, or use a class of scikit-learn in its place",
    }
}
