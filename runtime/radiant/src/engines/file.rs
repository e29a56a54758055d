//! What a model file is: told by its content, whatever its name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use radiant_engine_estimators::{BoostedEngine, Unsupported};
use radiant_formats::catboost::Tree;
use radiant_formats::xgboost::{Booster, Version};
use radiant_formats::{Format, FormatError, Limits, Place, catboost, detect, lightgbm, xgboost};
use radiant_onnx::Model;

/// How far into a file that is called ONNX and is none its format is looked for, in bytes.
const HEAD_BYTES: u64 = 1 << 16;

/// What can be done about a model that Python pickled.
const NOT_YET: &str = "convert it to ONNX with skl2onnx";

/// A model file that has been read and checked.
#[derive(Debug)]
pub(crate) enum ModelFile {
    /// A graph.
    Onnx(Box<Model>),
    /// A boosted model as its own library wrote it.
    Boosted(BoostedFile),
}

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

impl ModelFile {
    /// Reads and checks the file at `path`. Blocks while it reads.
    ///
    /// # Errors
    /// When it is no sound model of a format that is read: the message says what is wrong where, and
    /// what can be done about a format that is not read.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Self::read_any(path).with_context(|| format!("cannot read `{}`", path.display()))
    }

    fn read_any(path: &Path) -> anyhow::Result<Self> {
        let onnx = || radiant_onnx::load(path, &radiant_onnx::Limits::default());
        let is_called_onnx = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx"));
        let bytes = if is_called_onnx {
            // Such files may be large: they are read once if they are what they are called.
            let problem = match onnx() {
                Ok(model) => return Ok(Self::Onnx(Box::new(model))),
                Err(problem) => problem,
            };
            match bytes(path, HEAD_BYTES).map(|head| detect(&head)) {
                Ok(Some(Format::Onnx) | None) | Err(_) => return Err(problem.into()),
                Ok(Some(_)) => whole(path)?,
            }
        } else {
            whole(path)?
        };
        let boosted = match detect(&bytes) {
            Some(Format::Xgboost) => BoostedFile::xgboost(&bytes)?,
            Some(Format::Lightgbm) => BoostedFile::lightgbm(&bytes)?,
            Some(Format::Catboost) => BoostedFile::catboost(&bytes)?,
            Some(Format::Refused(refused)) => return Err(refused.error().into()),
            Some(Format::Pickle | Format::Packed(_) | Format::Skops | Format::MlflowArchive) => {
                let what = "a file of Python objects (pickle, joblib, skops or MLflow)";
                return Err(FormatError::unsupported(Place::File, what, NOT_YET).into());
            }
            Some(Format::Onnx) | None => {
                // External constants lie beside it, which its own reader finds.
                drop(bytes);
                return Ok(Self::Onnx(Box::new(onnx()?)));
            }
        };
        Ok(Self::Boosted(boosted))
    }

    /// The name of the format in the Open Inference Protocol's metadata.
    pub(crate) fn platform(&self) -> &'static str {
        match self {
            Self::Onnx(_) => "onnx_onnxv1",
            Self::Boosted(file) => match (&file.model, file.form) {
                (Boosted::Xgboost(_), "JSON") => "xgboost_json",
                (Boosted::Xgboost(_), "UBJSON") => "xgboost_ubj",
                (Boosted::Xgboost(_), _) => "xgboost_binary",
                (Boosted::Lightgbm(_), _) => "lightgbm_text",
                (Boosted::Catboost(_), _) => "catboost_json",
            },
        }
    }
}

impl BoostedFile {
    fn xgboost(bytes: &[u8]) -> Result<Self, FormatError> {
        let model = xgboost::read(bytes, &Limits::default())?;
        let form = match bytes {
            [b'{', rest @ ..] if rest.trim_ascii_start().starts_with(b"\"") => "JSON",
            [b'{', ..] => "UBJSON",
            _ => "binary",
        };
        Ok(Self { model: Boosted::Xgboost(Box::new(model)), form, n_bytes: bytes.len() })
    }

    fn lightgbm(bytes: &[u8]) -> Result<Self, FormatError> {
        let model = Box::new(lightgbm::read(bytes, &Limits::default())?);
        Ok(Self { model: Boosted::Lightgbm(model), form: "text", n_bytes: bytes.len() })
    }

    fn catboost(bytes: &[u8]) -> Result<Self, FormatError> {
        let model = Box::new(catboost::read(bytes, &Limits::default())?);
        Ok(Self { model: Boosted::Catboost(model), form: "JSON", n_bytes: bytes.len() })
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

/// All bytes of a file.
fn whole(path: &Path) -> anyhow::Result<Vec<u8>> {
    let limit = Limits::default().file_bytes_max;
    let n_bytes = path.metadata()?.len();
    FormatError::check_limit(Place::File, "bytes", limit, n_bytes)?;
    bytes(path, limit)
}

/// The first bytes of a file, at most so many.
fn bytes(path: &Path, n_max: u64) -> anyhow::Result<Vec<u8>> {
    // Opening a pipe would block: look first.
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        bail!("expected a file, got a folder, device, pipe or socket");
    }
    let n_bytes = usize::try_from(metadata.len().min(n_max)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(n_bytes);
    File::open(path)?.take(n_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}
