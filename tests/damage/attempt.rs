//! One broken file, through its reader, its engine and a run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use radiant_core::{Cancel, Engine, Signature, Tensor, TensorSpec};
use radiant_engine_estimators::{BoostedEngine, SklearnEngine, Unsupported};
use radiant_formats::{
    Audit, Format, FormatError, Limits, catboost, detect, lightgbm, mlflow, npz, xgboost,
};

/// Columns that rows have at most.
const COLUMNS_MAX: usize = 1 << 16;

/// How a file ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The reader refused it, or the engine a part of it.
    Refused,
    /// It was loaded, and refused all rows.
    Loaded,
    /// It was loaded and answered.
    Ran,
    Panicked(String),
}

impl End {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Loaded => "loaded, and refused the rows",
            Self::Ran => "loaded and run",
            Self::Panicked(_) => "panicked",
        }
    }
}

/// Looks at a file in all ways in which it could be one.
pub(crate) fn attempt(bytes: &[u8]) -> End {
    match catch_unwind(AssertUnwindSafe(|| read_and_run(bytes))) {
        Ok(end) => end,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            End::Panicked(text.unwrap_or("without words").to_owned())
        }
    }
}

fn read_and_run(bytes: &[u8]) -> End {
    let limits = Limits::default();
    match detect(bytes) {
        Some(Format::Xgboost) => {
            let model = xgboost::read(bytes, &limits);
            run(model.map(|model| BoostedEngine::xgboost(&model)))
        }
        Some(Format::Lightgbm) => {
            let model = lightgbm::read(bytes, &limits);
            run(model.map(|model| BoostedEngine::lightgbm(&model)))
        }
        Some(Format::Catboost) => {
            let model = catboost::read(bytes, &limits);
            run(model.map(|model| BoostedEngine::catboost(&model)))
        }
        Some(Format::Pickle | Format::Packed(_) | Format::Skops) => {
            let engine = SklearnEngine::read(bytes.to_vec(), &limits, &Audit::default());
            run(engine.map(Ok))
        }
        Some(Format::MlflowArchive | Format::Onnx | Format::Refused(_)) | None => {
            let read =
                mlflow::read(bytes, &limits).is_ok() || npz::read(bytes.to_vec(), &limits).is_ok();
            if read { End::Loaded } else { End::Refused }
        }
    }
}

fn run(engine: Result<Result<impl Engine, Unsupported>, FormatError>) -> End {
    let Ok(Ok(engine)) = engine else { return End::Refused };
    let signature = engine.signature();
    let wanted: Vec<usize> = (0..signature.outputs.len()).collect();
    let mut ran = false;
    // Rows that are wide because a damaged file says so are the asker's memory, and nobody asks.
    let width = |spec: &TensorSpec| spec.dims.get(1).copied().flatten().unwrap_or(1);
    let is_wide = signature.inputs.iter().any(|spec| width(spec) > COLUMNS_MAX);
    let zeros = signature.zeros(3).filter(|_| !is_wide);
    for inputs in [zeros, varied(signature)].into_iter().flatten() {
        if signature.check(&inputs).is_ok() {
            for at in &wanted {
                ran |= engine.run(&inputs, &[*at], &mut Vec::new(), &Cancel::never()).is_ok();
            }
        }
    }
    if ran { End::Ran } else { End::Loaded }
}

/// Numbers of all sizes, in three rows of the one input.
fn varied(signature: &Signature) -> Option<Vec<Tensor>> {
    let [input] = &signature.inputs[..] else { return None };
    let n_columns = input.dims.get(1).copied().flatten()?;
    if n_columns > COLUMNS_MAX {
        return None;
    }
    let numbers = [0.5, -1.0, 3.0, 1e3, -2.5, 1e-9, 7.0];
    let values = numbers.iter().cycle().take(3 * n_columns).copied().collect::<Vec<f64>>();
    Some(vec![Tensor::new(&input.name, &[3, n_columns], values)])
}
