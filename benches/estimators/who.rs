//! Who answers.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use radiant_core::{Engine, Tensor};
use radiant_engine_estimators::{BoostedEngine, SklearnEngine};
use radiant_engine_ort::{Library, OrtEngine};
use radiant_formats::{Audit, Format, Limits, detect, lightgbm, xgboost};

/// One of those that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Ours,
    /// The library that wrote the file, called from Python as servers call it.
    Library,
    /// XGBoost without a `DMatrix`, from Python.
    InPlace,
    /// The library's C API.
    C,
    Tl2cgen,
    /// ONNX Runtime by its C API with one thread, on the converted model.
    Ort,
}

impl Who {
    pub(crate) const OTHERS: [Self; 5] =
        [Self::Library, Self::InPlace, Self::C, Self::Tl2cgen, Self::Ort];

    /// Its name in tables, and for `peer.py`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Library => "library",
            Self::InPlace => "in-place",
            Self::C => "c",
            Self::Tl2cgen => "tl2cgen",
            Self::Ort => "ort",
        }
    }

    /// The one of that name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::OTHERS.into_iter().find(|who| who.name() == name)
    }
}

/// Opens a model's file on our own engine.
///
/// # Errors
/// When the engine refuses it.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Engine>> {
    let limits = Limits::default();
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(match detect(&bytes) {
        Some(Format::Xgboost) => {
            Box::new(BoostedEngine::xgboost(&xgboost::read(&bytes, &limits)?)?)
        }
        Some(Format::Lightgbm) => {
            Box::new(BoostedEngine::lightgbm(&lightgbm::read(&bytes, &limits)?)?)
        }
        _ => Box::new(SklearnEngine::read(bytes, &limits, &Audit::default())?),
    })
}

/// Opens the same model as ONNX on ONNX Runtime; `None` where there is none.
///
/// # Errors
/// When it refuses it.
pub(crate) fn open_ort(library: &Library, path: &Path) -> Result<Option<OrtEngine>> {
    if !path.exists() {
        return Ok(None);
    }
    let model = radiant_onnx::load(path, &radiant_onnx::Limits::default())?;
    let options = radiant_engine_ort::Options { threads: 1, sessions: 1 };
    Ok(Some(OrtEngine::load(library, &model, &options)?))
}

/// Rows in single precision, and texts as a column: what converted models take.
pub(crate) fn for_ort(inputs: &[Tensor]) -> Vec<Tensor> {
    #[expect(clippy::cast_possible_truncation, reason = "converted models take single precision")]
    let single = |double: &f64| *double as f32;
    let convert = |tensor: &Tensor| {
        if let Some(doubles) = tensor.as_slice::<f64>() {
            let singles: Vec<f32> = doubles.iter().map(single).collect();
            return Tensor::new("X", tensor.shape.dims(), singles);
        }
        let mut column = Tensor { name: "X".into(), ..tensor.clone() };
        column.shape.push(1);
        column
    };
    inputs.iter().map(convert).collect()
}
