//! The description of an MLflow model folder, `MLmodel`: which file of it is the model, and what the
//! model takes.
//!
//! A folder holds one model in several flavors. The native one is read: `onnx`, `xgboost`, `lightgbm`
//! or `sklearn`, in this order; `python_function` alone means code, and is refused.
//!
//! Source: folders and answers of MLflow 3.17.2; names of files of 1.x and 2.x from its loaders.

mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub use schema::{Column, Kind, Param, Schema, Signature};

use crate::{FormatError, Limits, Place};

/// The name of the description in the folder.
pub const FILE: &str = "MLmodel";

/// Bytes of a description: real ones have one or two thousand.
const BYTES_MAX: usize = 1 << 20;
/// How deep a description nests, and how many values it has.
const DEPTH_MAX: usize = 32;
const NODES_MAX: usize = 20_000;

/// A model folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlModel {
    /// Which library saved the model.
    pub flavor: Flavor,
    /// The model's file, relative to the folder: no absolute path, and none that leads out of it.
    pub file: String,
    /// The class of the estimator, where the flavor notes it: `xgboost.sklearn.XGBClassifier`.
    pub class: Option<String>,
    /// The method that answers: `predict` unless whoever saved it chose another.
    pub method: String,
    /// What the model takes and gives, where that was noted.
    pub signature: Option<Signature>,
    /// The file of an example request in the form that the scoring server takes, relative to the
    /// folder.
    pub serving_example: Option<String>,
    /// The version of MLflow that wrote the folder.
    pub mlflow_version: Option<String>,
    /// The model's own identifier.
    pub model_uuid: Option<String>,
}

/// A library that saved a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// A graph.
    Onnx,
    /// XGBoost's own file, or an estimator of it.
    Xgboost,
    /// LightGBM's own file, or an estimator of it.
    Lightgbm,
    /// A pickle or a file of skops.
    Sklearn,
}

impl Flavor {
    /// The flavors that are read, the preferred one first.
    const ALL: [Self; 4] = [Self::Onnx, Self::Xgboost, Self::Lightgbm, Self::Sklearn];

    /// Its name in MLflow.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Xgboost => "xgboost",
            Self::Lightgbm => "lightgbm",
            Self::Sklearn => "sklearn",
        }
    }

    /// The key with the model's file, and the file of versions that did not write one.
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Onnx => ("data", "model.onnx"),
            Self::Xgboost => ("data", "model.xgb"),
            Self::Lightgbm => ("data", "model.lgb"),
            Self::Sklearn => ("pickled_model", "model.pkl"),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Description {
    flavors: BTreeMap<String, BTreeMap<String, Setting>>,
    signature: Option<Texts>,
    saved_input_example_info: Option<BTreeMap<String, Setting>>,
    mlflow_version: Option<Setting>,
    model_uuid: Option<Setting>,
}

/// A signature as it is written: lists in JSON, as texts.
#[derive(Debug, Default, Deserialize)]
struct Texts {
    inputs: Option<String>,
    outputs: Option<String>,
    params: Option<String>,
}

/// A value of a flavor.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Setting {
    Text(String),
    Other(IgnoredAny),
}

impl Setting {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

/// Reads the description of a folder.
///
/// # Errors
/// When it is no sound description, or the model is in a flavor that is code or is not read.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<MlModel, FormatError> {
    FormatError::check_limit(FILE, "bytes", BYTES_MAX, bytes.len())?;
    let text = std::str::from_utf8(bytes)
        .map_err(|_| FormatError::damaged(FILE, "text in UTF-8", "other bytes"))?;
    let description: Description =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
            let message = error.to_string();
            let message = message.lines().next().unwrap_or_default().to_owned();
            FormatError::damaged(FILE, "YAML with `flavors`", message)
        })?;
    let flavors = &description.flavors;
    let found =
        Flavor::ALL.into_iter().find_map(|flavor| Some((flavor, flavors.get(flavor.name())?)));
    let Some((flavor, settings)) = found else { return Err(refused(flavors)) };
    let setting = |name: &str| settings.get(name).and_then(Setting::text);
    let (key, usual) = flavor.file();
    let python = flavors.get("python_function");
    let python = |name: &str| python.and_then(|settings| settings.get(name)?.text());
    // MLflow 1.x notes the file with the Python function alone.
    let file = setting(key).or(python("data")).or(python("model_path")).unwrap_or(usual);
    let example = description.saved_input_example_info.as_ref();
    let example = example.and_then(|info| info.get("serving_input_path")?.text());
    let text = |setting: &Option<Setting>| setting.as_ref()?.text().map(str::to_owned);
    Ok(MlModel {
        flavor,
        file: inside(key, file)?,
        class: setting("model_class").map(str::to_owned),
        method: python("predict_fn").unwrap_or("predict").to_owned(),
        signature: description.signature.map(|texts| schema::read(&texts, limits)).transpose()?,
        serving_example: example.map(|path| inside("serving_input_path", path)).transpose()?,
        mlflow_version: text(&description.mlflow_version),
        model_uuid: text(&description.model_uuid),
    })
}

/// A path that stays inside the folder.
fn inside(key: &str, path: &str) -> Result<String, FormatError> {
    let leads_out = |part: &str| part.is_empty() || part == "..";
    if path.split(['/', '\\']).any(leads_out) || path.contains(':') {
        return Err(FormatError::damaged(
            key,
            "a path inside the folder",
            format_args!("`{path}`"),
        ));
    }
    Ok(path.to_owned())
}

/// The error that no flavor is read.
fn refused(flavors: &BTreeMap<String, BTreeMap<String, Setting>>) -> FormatError {
    let python = flavors.get("python_function");
    let loader = python.and_then(|settings| settings.get("loader_module")?.text());
    let names: Vec<_> = flavors.keys().map(|name| format!("`{name}`")).collect();
    let what = match loader {
        Some("mlflow.pyfunc.model") => {
            "a model that is Python code (`mlflow.pyfunc.PythonModel`)".to_owned()
        }
        _ if names.is_empty() => "a folder without a flavor".to_owned(),
        _ => format!("a model with the flavors {} alone", names.join(", ")),
    };
    let way_out = "log the model inside it in the flavor sklearn, xgboost, lightgbm or onnx, or serve \
                   the code as a component of your own";
    FormatError::unsupported(Place::from(FILE), what, way_out)
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            max_documents: 1,
            max_total_scalar_bytes: BYTES_MAX,
            max_recorded_anchor_events: NODES_MAX,
            max_recorded_anchor_bytes: BYTES_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: NODES_MAX,
            max_replay_stack_depth: DEPTH_MAX,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}
