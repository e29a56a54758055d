//! Naive Bayes, discriminants, mixtures and neural networks.

mod categorical;
mod counts;
mod digamma;
mod discriminant;
mod gaussian;
mod joint;
mod mixture;
mod network;
mod quadratic;
mod spread;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "GaussianNB" => gaussian::read,
        "MultinomialNB" => counts::read_multinomial,
        "ComplementNB" => counts::read_complement,
        "BernoulliNB" => counts::read_bernoulli,
        "CategoricalNB" => categorical::read,
        "LinearDiscriminantAnalysis" => discriminant::read,
        "QuadraticDiscriminantAnalysis" => quadratic::read,
        "GaussianMixture" => mixture::read,
        "BayesianGaussianMixture" => mixture::read_bayesian,
        "MLPClassifier" => network::read_classifier,
        "MLPRegressor" => network::read_regressor,
        _ => return None,
    })
}
