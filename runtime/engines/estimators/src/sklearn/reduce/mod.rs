//! Transformers that choose columns or combine them.

mod columns;
mod eliminate;
mod factor;
mod importance;
pub(crate) mod isotonic;
mod model;
mod pca;
mod projection;
pub(crate) mod sparse;
pub(crate) mod sums;
mod univariate;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "PCA" | "IncrementalPCA" => pca::read,
        "TruncatedSVD" | "GaussianRandomProjection" | "SparseRandomProjection" => projection::read,
        "FastICA" => projection::read_ica,
        "FactorAnalysis" => factor::read,
        "SelectKBest" | "SelectPercentile" | "SelectFpr" | "SelectFdr" | "SelectFwe" => {
            univariate::read_filter
        }
        "GenericUnivariateSelect" => univariate::read_generic,
        "VarianceThreshold" => univariate::read_variance,
        "SelectFromModel" => model::read,
        "RFE" | "RFECV" => eliminate::read,
        "SequentialFeatureSelector" => eliminate::read_sequential,
        "IsotonicRegression" => isotonic::read,
        _ => return None,
    })
}
