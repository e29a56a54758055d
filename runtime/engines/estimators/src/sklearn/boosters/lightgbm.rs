//! `lightgbm.sklearn` and a bare `lightgbm.basic.Booster`.

use radiant_formats::{Limits, Node, lightgbm};

use super::{Boosted, check_classes, encoder_classes, refused};
use crate::boosted::{BoostedModel, Categories, LightgbmModel, Method};
use crate::sklearn::estimator::Estimator;
use crate::sklearn::source::{Read, Source};

pub(super) fn read_booster(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    read(source, source.node, Method::Booster)
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    read(source, fitted(source)?, Method::Predict)
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    read(source, fitted(source)?, Method::Booster)
}

fn fitted<'g>(source: &Source<'g>) -> Read<Node<'g>> {
    let node = source.some("_Booster")?;
    node.ok_or_else(|| source.node.expected("a fitted estimator, with a booster"))
}

/// The model inside a booster: the text of a file, which holds the best rounds alone.
fn read(source: &Source<'_>, booster: Node<'_>, predict: Method) -> Read<Box<dyn Estimator>> {
    let handle = booster.attr_any(&["_handle", "handle"])?;
    let text = handle.text()?;
    let model = lightgbm::read(text.as_bytes(), &Limits::default()).map_err(|error| {
        let place = format!("{}: {}", handle.path(), error.place());
        error.at(place)
    })?;
    let is_classifier = predict == Method::Predict;
    let kernel = LightgbmModel::new(&model, is_classifier);
    let kernel = BoostedModel::Lightgbm(kernel.map_err(|problem| refused(source, &problem))?);
    let classes = if is_classifier { encoder_classes(source, "_le")? } else { None };
    check_classes(source, &kernel, classes.as_ref())?;
    let categories = Categories::of_lightgbm(&model);
    // Classifiers of 4.7 have a decision function and this attribute, those of 4.3 have neither.
    let has_decision = is_classifier && source.some("_fitted_with_feature_names")?.is_some();
    let plain = Boosted::new(source, kernel, predict, classes);
    Ok(Box::new(Boosted { categories, has_decision, ..plain }))
}
