//! Models of CatBoost as JSON (`save_model` with `format="json"`) with numeric features only.
//!
//! Categorical, text and embedding features need tables and hashes of their own and are refused by
//! name. So is the binary form `.cbm`, which [`is_binary`] recognises.

mod model;
#[cfg(test)]
mod tests;
mod tree;

pub use model::{Feature, Label, Model, NanValue, Node, Split, Tree};

use crate::json::Value;
use crate::{FormatError, Limits, Place, json};

/// What can be done about a model that is not read.
const WAY_OUT: &str = "train on numeric features and save with `save_model(path, format=\"json\")`";

/// Whether a file is CatBoost's own binary form.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(b"CBM1")
}

/// Reads a model.
///
/// Cost: one pass over the bytes and one over the splits; less than 100 bytes of memory for each byte
/// of the file.
///
/// # Errors
/// When the bytes are no model, contradict themselves, use features that are not numbers, or ask for
/// more than [`Limits`] allow.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Model, FormatError> {
    if is_binary(bytes) {
        let what = "CatBoost's binary form (.cbm)";
        return Err(FormatError::unsupported(Place::File, what, WAY_OUT));
    }
    FormatError::check_limit(Place::File, "bytes", limits.file_bytes_max, bytes.len())?;
    let document = json::parse(bytes, limits)?;
    let root = document.root();
    let info = root.expect("features_info")?;
    refuse_other_features(info)?;
    let features = features(info, limits)?;
    let (scale, bias) = scale_and_bias(root)?;
    FormatError::check_limit(Place::File, "outputs", limits.outputs_max, bias.len())?;
    let trees = tree::read(root, features.len(), bias.len(), limits)?;
    let params = root.get("model_info");
    let loss = params.and_then(|info| info.get("params")?.get("loss_function")?.get("type"));
    Ok(Model {
        n_features: features.iter().map(|feature| feature.column).max().map_or(0, |most| {
            // Columns are limited.
            (most as usize).saturating_add(1)
        }),
        features,
        trees,
        scale,
        bias,
        loss: loss.and_then(|loss| loss.as_text()).map(std::borrow::Cow::into_owned),
        labels: labels(root)?,
    })
}

fn refuse_other_features(info: Value<'_>) -> Result<(), FormatError> {
    let kinds = ["categorical_features", "text_features", "embedding_features", "ctrs"];
    for kind in kinds {
        if info.get(kind).is_some_and(|list| list.items().next().is_some()) {
            let place = format!("features_info.{kind}");
            let what = format_args!("a CatBoost model with `{kind}`");
            return Err(FormatError::unsupported(place, what, WAY_OUT));
        }
    }
    Ok(())
}

fn features(info: Value<'_>, limits: &Limits) -> Result<Vec<Feature>, FormatError> {
    let listed = info.expect("float_features")?;
    let mut features = Vec::new();
    for (at, feature) in listed.expect_items()?.enumerate() {
        let wrong =
            |expected: &str| FormatError::damaged(feature.path(), expected, "something else");
        let index = feature.expect("feature_index")?.as_i64();
        if index.and_then(|index| usize::try_from(index).ok()) != Some(at) {
            return Err(wrong("features in the order of `feature_index`"));
        }
        let column = feature.expect("flat_feature_index")?.as_i64();
        let column = column.and_then(|column| u32::try_from(column).ok());
        let column = column.ok_or_else(|| wrong("a column in `flat_feature_index`"))?;
        FormatError::check_limit(Place::File, "features", limits.features_max, column)?;
        let nan_value = match feature.get("nan_value_treatment").and_then(|text| text.as_text()) {
            Some(text) if text == "AsTrue" => NanValue::Great,
            Some(text) if text == "AsFalse" || text == "AsIs" => NanValue::Small,
            None => NanValue::Small,
            Some(_) => return Err(wrong("`nan_value_treatment` AsIs, AsTrue or AsFalse")),
        };
        features.push(Feature { column, nan_value });
    }
    Ok(features)
}

/// A factor, and what is added to each output in the end.
fn scale_and_bias(root: Value<'_>) -> Result<(f64, Vec<f64>), FormatError> {
    let Some(both) = root.get("scale_and_bias") else { return Ok((1.0, vec![0.0])) };
    // Two numbers in old files, a number and a list in new ones.
    if let Ok([scale, bias]) = both.f64s().as_deref() {
        return Ok((*scale, vec![*bias]));
    }
    let mut items = both.items();
    let scale = items.next().and_then(|scale| scale.as_f64());
    let bias = items.next().and_then(|bias| bias.f64s().ok());
    match (scale, bias) {
        (Some(scale), Some(bias)) if !bias.is_empty() => Ok((scale, bias)),
        _ => Err(FormatError::damaged(both.path(), "a factor and a list", both.kind_name())),
    }
}

fn labels(root: Value<'_>) -> Result<Vec<Label>, FormatError> {
    let params = root.get("model_info").and_then(|info| info.get("class_params"));
    let Some(names) = params.and_then(|params| params.get("class_names")) else {
        return Ok(Vec::new());
    };
    if let Ok(numbers) = names.i64s() {
        return Ok(numbers.into_iter().map(Label::Integer).collect());
    }
    if let Ok(numbers) = names.f64s() {
        return Ok(numbers.into_iter().map(Label::Number).collect());
    }
    Ok(names.texts()?.into_iter().map(Label::Text).collect())
}
