//! Boosted models in the files of their own libraries.

use radiant_engine_estimators::{BoostedEngine, Unsupported};
use radiant_formats::catboost::Tree;
use radiant_formats::xgboost::{Booster, Version};
use radiant_formats::{FormatError, Limits, catboost, lightgbm, xgboost};

/// A boosted model, and the file that it came in.
#[derive(Debug)]
pub(crate) struct BoostedFile {
    model: Boosted,
    /// The form of the file: `JSON`, `UBJSON`, `binary`, `text`.
    form: &'static str,
    /// The length of the file, in bytes.
    pub(crate) n_bytes: usize,
}

#[derive(Debug)]
enum Boosted {
    Xgboost(Box<xgboost::Model>),
    Lightgbm(Box<lightgbm::Model>),
    Catboost(Box<catboost::Model>),
}

impl BoostedFile {
    pub(super) fn xgboost(bytes: &[u8]) -> Result<Self, FormatError> {
        let model = xgboost::read(bytes, &Limits::default())?;
        let form = match bytes {
            [b'{', rest @ ..] if rest.trim_ascii_start().starts_with(b"\"") => "JSON",
            [b'{', ..] => "UBJSON",
            _ => "binary",
        };
        Ok(Self { model: Boosted::Xgboost(Box::new(model)), form, n_bytes: bytes.len() })
    }

    pub(super) fn lightgbm(bytes: &[u8]) -> Result<Self, FormatError> {
        let model = Box::new(lightgbm::read(bytes, &Limits::default())?);
        Ok(Self { model: Boosted::Lightgbm(model), form: "text", n_bytes: bytes.len() })
    }

    pub(super) fn catboost(bytes: &[u8]) -> Result<Self, FormatError> {
        let model = Box::new(catboost::read(bytes, &Limits::default())?);
        Ok(Self { model: Boosted::Catboost(model), form: "JSON", n_bytes: bytes.len() })
    }

    /// The name of the format in the Open Inference Protocol's metadata.
    pub(super) fn platform(&self) -> &'static str {
        match (&self.model, self.form) {
            (Boosted::Xgboost(_), "JSON") => "xgboost_json",
            (Boosted::Xgboost(_), "UBJSON") => "xgboost_ubj",
            (Boosted::Xgboost(_), _) => "xgboost_binary",
            (Boosted::Lightgbm(_), _) => "lightgbm_text",
            (Boosted::Catboost(_), _) => "catboost_json",
        }
    }

    /// `an XGBoost model`
    pub(crate) fn what(&self) -> &'static str {
        match self.model {
            Boosted::Xgboost(_) => "an XGBoost model",
            Boosted::Lightgbm(_) => "a LightGBM model",
            Boosted::Catboost(_) => "a CatBoost model",
        }
    }

    /// The model on its engine.
    ///
    /// # Errors
    /// What of it is not known.
    pub(crate) fn engine(&self) -> Result<BoostedEngine, Unsupported> {
        match &self.model {
            Boosted::Xgboost(model) => BoostedEngine::xgboost(model),
            Boosted::Lightgbm(model) => BoostedEngine::lightgbm(model),
            Boosted::Catboost(model) => BoostedEngine::catboost(model),
        }
    }

    /// `XGBoost 3.2, UBJSON, multi:softprob, 40 trees`
    pub(crate) fn described(&self) -> String {
        let (library, objective) = match &self.model {
            Boosted::Xgboost(model) if model.version == Version::BEFORE_1_0 => {
                ("XGBoost before 1.0".to_owned(), Some(model.objective.as_str()))
            }
            Boosted::Xgboost(model) => {
                (format!("XGBoost {}", model.version), Some(model.objective.as_str()))
            }
            Boosted::Lightgbm(model) => {
                let objective = model.objective.as_ref().map(|objective| objective.name.as_str());
                (format!("LightGBM, format {}", model.version), objective)
            }
            Boosted::Catboost(model) => ("CatBoost".to_owned(), model.loss.as_deref()),
        };
        let objective = objective.unwrap_or("no objective");
        let trees = match self.n_trees() {
            Some(1) => "1 tree".to_owned(),
            Some(n) => format!("{n} trees"),
            None => "linear".to_owned(),
        };
        format!("{library}, {}, {objective}, {trees}", self.form)
    }

    /// The number of trees; `None` for a linear model.
    fn n_trees(&self) -> Option<usize> {
        match &self.model {
            Boosted::Xgboost(model) => match &model.booster {
                Booster::Trees(ensemble) => Some(ensemble.trees.len()),
                Booster::Linear(_) => None,
            },
            Boosted::Lightgbm(model) => Some(model.trees.len()),
            Boosted::Catboost(model) => Some(model.trees.len()),
        }
    }

    /// The nodes of all trees, leaves among them; of a linear model its weights.
    pub(crate) fn n_nodes(&self) -> usize {
        match &self.model {
            Boosted::Xgboost(model) => match &model.booster {
                Booster::Trees(ensemble) => {
                    ensemble.trees.iter().map(|tree| tree.nodes.len()).sum()
                }
                Booster::Linear(linear) => linear.weights.len(),
            },
            Boosted::Lightgbm(model) => {
                let n_nodes = |tree: &lightgbm::Tree| tree.splits.len() + tree.leaf_values.len();
                model.trees.iter().map(n_nodes).sum()
            }
            Boosted::Catboost(model) => {
                let n_outputs = model.bias.len().max(1);
                let n_nodes = |tree: &Tree| match tree {
                    // Below a root of one split there are one leaf more than splits.
                    Tree::Oblivious { values, .. } => 2 * (values.len() / n_outputs) - 1,
                    Tree::Deep { nodes, .. } => nodes.len(),
                };
                model.trees.iter().map(n_nodes).sum()
            }
        }
    }
}
