//! Trees and forests: all of a model's trees are one forest of the kernel.

mod boosting;
mod codes;
mod embedding;
mod forest;
mod grove;
mod histogram;
mod isolation;
mod link;
mod single;
mod tree;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "DecisionTreeClassifier" | "ExtraTreeClassifier" => single::read_classifier,
        "DecisionTreeRegressor" | "ExtraTreeRegressor" => single::read_regressor,
        "RandomForestClassifier" | "ExtraTreesClassifier" => forest::read_classifier,
        "RandomForestRegressor" | "ExtraTreesRegressor" => forest::read_regressor,
        "GradientBoostingClassifier" => boosting::read_classifier,
        "GradientBoostingRegressor" => boosting::read_regressor,
        "HistGradientBoostingClassifier" => histogram::read_classifier,
        "HistGradientBoostingRegressor" => histogram::read_regressor,
        "RandomTreesEmbedding" => embedding::read,
        "IsolationForest" => isolation::read,
        _ => return None,
    })
}
