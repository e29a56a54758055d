//! Linear models: a dot product, a link, and labels.

pub(crate) mod classifier;
mod logistic;
mod margin;
mod novelty;
mod regressor;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "LogisticRegression" | "LogisticRegressionCV" => logistic::read,
        "SGDClassifier" => margin::read_sgd,
        "Perceptron" | "PassiveAggressiveClassifier" | "LinearSVC" => margin::read,
        "RidgeClassifier" | "RidgeClassifierCV" => margin::read_ridge,
        "SGDOneClassSVM" => novelty::read,
        "LinearRegression"
        | "Ridge"
        | "RidgeCV"
        | "Lasso"
        | "LassoCV"
        | "ElasticNet"
        | "ElasticNetCV"
        | "MultiTaskLasso"
        | "MultiTaskLassoCV"
        | "MultiTaskElasticNet"
        | "MultiTaskElasticNetCV"
        | "Lars"
        | "LarsCV"
        | "LassoLars"
        | "LassoLarsCV"
        | "LassoLarsIC"
        | "OrthogonalMatchingPursuit"
        | "OrthogonalMatchingPursuitCV"
        | "BayesianRidge"
        | "ARDRegression"
        | "HuberRegressor"
        | "TheilSenRegressor"
        | "QuantileRegressor"
        | "LinearSVR" => regressor::read,
        "SGDRegressor" | "PassiveAggressiveRegressor" => regressor::read_sgd,
        "PoissonRegressor" | "GammaRegressor" | "TweedieRegressor" => regressor::read_generalised,
        "RANSACRegressor" => regressor::read_consensus,
        _ => return None,
    })
}
