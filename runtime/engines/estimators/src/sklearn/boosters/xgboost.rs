//! `xgboost.sklearn` and a bare `xgboost.core.Booster`.

use radiant_formats::{FormatError, Limits, Node, xgboost};

use super::{Boosted, check_classes, encoder_classes, refused};
use crate::boosted::{BoostedModel, Method, Rounds, XgboostModel, XgboostOptions};
use crate::sklearn::estimator::Estimator;
use crate::sklearn::source::{Read, Source};

/// All rounds, as `Booster.predict`.
pub(super) fn read_booster(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let model = booster(source.node)?;
    let options = XgboostOptions { is_classifier: Some(false), ..XgboostOptions::default() };
    let model = XgboostModel::new(&model, options).map_err(|problem| refused(source, &problem))?;
    let model = BoostedModel::Xgboost(model);
    Ok(Box::new(Boosted::new(source, model, Method::Booster, None)))
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let model = estimator(source, true)?;
    // From 1.6 on answers are the indices of classes, whatever their names.
    let classes = encoder_classes(source, "_le")?;
    check_classes(source, &model, classes.as_ref())?;
    Ok(Box::new(Boosted::new(source, model, Method::Predict, classes)))
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let model = estimator(source, false)?;
    Ok(Box::new(Boosted::new(source, model, Method::Booster, None)))
}

/// The booster of an estimator, with the rounds up to the best.
fn estimator(source: &Source<'_>, is_classifier: bool) -> Read<BoostedModel> {
    let node = source
        .some("_Booster")?
        .ok_or_else(|| source.node.expected("a fitted estimator, with a booster"))?;
    let model = booster(node)?;
    #[expect(clippy::cast_possible_truncation, reason = "the library compares in single precision")]
    let missing = source.number("missing", f64::NAN)? as f32;
    // Forests and linear models have no best round.
    let best = [source.node, node].into_iter().find_map(|holder| {
        let best = holder.attr_some("best_iteration").ok().flatten()?;
        best.index().ok()
    });
    let options = XgboostOptions {
        rounds: Rounds::Best,
        missing,
        is_classifier: Some(is_classifier),
        best_iteration: best,
    };
    let model = XgboostModel::new(&model, options).map_err(|problem| refused(source, &problem))?;
    Ok(BoostedModel::Xgboost(model))
}

/// The model inside a booster: the bytes of a file.
fn booster(node: Node<'_>) -> Result<xgboost::Model, FormatError> {
    let handle = node.attr("handle")?;
    let bytes = handle.bytes()?;
    xgboost::read(&bytes, &Limits::default()).map_err(|error| {
        let place = format!("{}: {}", handle.path(), error.place());
        error.at(place)
    })
}
