//! The operators of `ai.onnx.ml`: classical machine learning on rows.
//! <https://onnx.ai/onnx/operators/index.html#ai-onnx-ml>
//!
//! ZipMap is not among them: `radiant_onnx` takes it out of a graph.

mod array_feature_extractor;
mod cdist;
mod feature_vectorizer;
mod imputer;
mod labels;
mod linear_classifier;
mod linear_regressor;
mod lookup;
mod map;
mod one_hot_encoder;
mod post_transform;
mod row;
mod svm;
mod svm_classifier;
mod svm_regressor;
#[cfg(test)]
mod tests;
mod trees;

use super::Builder;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "ArrayFeatureExtractor" => array_feature_extractor::array_feature_extractor,
        "Binarizer" => row::binarizer,
        "CastMap" => map::cast_map,
        "CategoryMapper" => lookup::category_mapper,
        "DictVectorizer" => map::dict_vectorizer,
        "FeatureVectorizer" => feature_vectorizer::feature_vectorizer,
        "Imputer" => imputer::imputer,
        "LabelEncoder" => lookup::label_encoder,
        "LinearClassifier" => linear_classifier::linear_classifier,
        "LinearRegressor" => linear_regressor::linear_regressor,
        "Normalizer" => row::normalizer,
        "OneHotEncoder" => one_hot_encoder::one_hot_encoder,
        "SVMClassifier" => svm_classifier::svm_classifier,
        "SVMRegressor" => svm_regressor::svm_regressor,
        "Scaler" => row::scaler,
        "TreeEnsemble" => trees::tree_ensemble,
        "TreeEnsembleClassifier" => trees::tree_ensemble_classifier,
        "TreeEnsembleRegressor" => trees::tree_ensemble_regressor,
        _ => return None,
    })
}

/// The same for the domain `com.microsoft`.
pub(super) fn microsoft_builder(name: &str) -> Option<Builder> {
    (name == "CDist").then_some(cdist::cdist as Builder)
}
