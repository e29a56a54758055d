//! The operators of `ai.onnx.ml`: classical machine learning on rows.
//! <https://onnx.ai/onnx/operators/index.html#ai-onnx-ml>

mod array_feature_extractor;
mod linear_classifier;
mod linear_regressor;
pub(super) mod row;

use super::Builder;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "ArrayFeatureExtractor" => array_feature_extractor::array_feature_extractor,
        "Binarizer" => row::binarizer,
        "Imputer" => row::imputer,
        "LinearClassifier" => linear_classifier::linear_classifier,
        "LinearRegressor" => linear_regressor::linear_regressor,
        "Normalizer" => row::normalizer,
        "Scaler" => row::scaler,
        _ => return None,
    })
}
