//! Estimators around others: several outputs, one class against others, searches.

mod binary;
mod chain;
mod dummy;
mod one_vs_one;
mod one_vs_rest;
mod output_code;
pub(crate) mod outputs;
mod search;
mod several;
mod threshold;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "ClassifierChain" | "RegressorChain" => chain::read,
        "DummyClassifier" => dummy::read_classifier,
        "DummyRegressor" => dummy::read_regressor,
        "FixedThresholdClassifier" => threshold::read_fixed,
        "GridSearchCV" | "RandomizedSearchCV" | "HalvingGridSearchCV" | "HalvingRandomSearchCV" => {
            search::read
        }
        "MultiOutputClassifier" | "MultiOutputRegressor" => several::read,
        "OneVsOneClassifier" => one_vs_one::read,
        "OneVsRestClassifier" => one_vs_rest::read,
        "TunedThresholdClassifierCV" => threshold::read_tuned,
        "OutputCodeClassifier" => output_code::read,
        "_ConstantPredictor" => binary::read_constant,
        _ => return None,
    })
}
