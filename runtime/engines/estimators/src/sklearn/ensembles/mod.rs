//! Estimators made of estimators that answer the same question.

mod adaptive;
mod bagging;
mod calibrated;
pub(crate) mod member;
mod stacking;
mod voting;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "AdaBoostClassifier" => adaptive::read_classifier,
        "AdaBoostRegressor" => adaptive::read_regressor,
        "BaggingClassifier" => bagging::read_classifier,
        "BaggingRegressor" => bagging::read_regressor,
        "CalibratedClassifierCV" => calibrated::read,
        "FrozenEstimator" => calibrated::read_frozen,
        "StackingClassifier" => stacking::read_classifier,
        "StackingRegressor" => stacking::read_regressor,
        "VotingClassifier" => voting::read_classifier,
        "VotingRegressor" => voting::read_regressor,
        _ => return None,
    })
}
