//! One broken file, through its reader, its engine and a run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use radiant_core::{Cancel, Engine, Signature, Tensor};
use radiant_engine_estimators::{BoostedEngine, SklearnEngine, Unsupported};
use radiant_formats::{
    Audit, Format, FormatError, Limits, catboost, detect, lightgbm, mlflow, npz, xgboost,
};

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
    for inputs in [signature.zeros(3), varied(signature)].into_iter().flatten() {
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
    if n_columns > 1 << 20 {
        return None;
    }
    let numbers = [0.5, -1.0, 3.0, 1e3, -2.5, 1e-9, 7.0];
    let values = numbers.iter().cycle().take(3 * n_columns).copied().collect::<Vec<f64>>();
    Some(vec![Tensor::new(&input.name, &[3, n_columns], values)])
}
