//! Transformers of columns: scalers, encoders, imputers.

mod binarise;
mod bins;
mod categories;
pub(super) mod dtype;
pub(super) mod function;
mod impute;
mod label;
pub(super) mod lane;
mod neighbours;
mod normal;
pub(super) mod normalise;
mod one_hot;
mod ordinal;
mod polynomial;
pub(super) mod power;
pub(super) mod quantile;
pub(super) mod scale;
mod spline;
pub(super) mod stack;
mod target;
pub(super) mod transformer;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "Binarizer" => binarise::read,
        "FunctionTransformer" => function::read,
        "KBinsDiscretizer" => bins::read,
        "KNNImputer" => neighbours::read,
        "LabelBinarizer" => label::read_binariser,
        "LabelEncoder" => label::read_encoder,
        "MissingIndicator" => impute::read_indicator,
        "Normalizer" => normalise::read,
        "OneHotEncoder" => one_hot::read,
        "OrdinalEncoder" => ordinal::read,
        "PolynomialFeatures" => polynomial::read,
        "PowerTransformer" => power::read,
        "QuantileTransformer" => quantile::read,
        "SimpleImputer" => impute::read,
        "SplineTransformer" => spline::read,
        "TargetEncoder" => target::read,
        "StandardScaler" | "MinMaxScaler" | "MaxAbsScaler" | "RobustScaler" => scale::read,
        _ => return None,
    })
}
