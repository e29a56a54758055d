//! A model's folder: the graph, its inputs, and the engines that it is put on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use radiant::engines::{Options as Place, load_model};
use radiant_core::{Engine, Tensor, TensorData};
use radiant_engine_ort::{Library, OrtEngine};
use radiant_onnx::{Limits, Model, load, read_tensor, strip_zip_maps};

use crate::who::Who;

/// Reads the graph in a model's folder.
///
/// # Errors
/// When it is no sound model.
pub(crate) fn read(folder: &Path) -> Result<Model> {
    let path = folder.join("model.onnx");
    let mut model =
        load(&path, &Limits::default()).with_context(|| format!("reading {}", path.display()))?;
    strip_zip_maps(&mut model)?;
    Ok(model)
}

/// Puts a model on an engine, for so many callers at once.
///
/// # Errors
/// When the engine refuses it, or there is no ONNX Runtime.
pub(crate) fn put(
    who: Who,
    model: &Model,
    ort_library: Option<&Path>,
    threads: usize,
) -> Result<Arc<dyn Engine>> {
    if let Some(choice) = who.choice() {
        let ort_library = ort_library.map(PathBuf::from);
        let place = Place { choice, threads, ort_library, ..Place::default() };
        return Ok(load_model(model, &place)?.engine);
    }
    ensure!(who == Who::Ort2, "{} is no engine", who.name());
    let library = Library::find(ort_library)?;
    let sessions = radiant_engine_ort::Options { threads: 2, sessions: threads };
    Ok(Arc::new(OrtEngine::load(&library, model, &sessions)?))
}

/// The inputs of `n_rows` rows that lie in a model's folder, or zeros where none lie there.
///
/// # Errors
/// When they are no tensors.
pub(crate) fn inputs(folder: &Path, model: &Model, n_rows: usize) -> Result<Vec<Tensor>> {
    let signature = model.signature()?;
    let rows = folder.join(format!("rows-{n_rows}"));
    if !rows.exists() {
        return signature.zeros(n_rows).context("the inputs are too large for zeros");
    }
    let read = |index: usize| {
        let path = rows.join(format!("{index}.pb"));
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(read_tensor(&bytes, &Limits::default())?)
    };
    let inputs = (0..signature.inputs.len()).map(read).collect::<Result<Vec<_>>>()?;
    signature.check(&inputs)?;
    Ok(inputs)
}

/// How far numbers may be apart, in each other and near zero. Who answers wrongly is not compared;
/// how exact an engine is, is another program's business.
const APART_MAX: f64 = 0.01;

/// Checks that two answers to the same inputs are the same, but for rounding.
///
/// # Errors
/// Where they differ.
pub(crate) fn compare(expected: &[Tensor], given: &[Tensor]) -> Result<()> {
    ensure!(expected.len() == given.len(), "{} outputs for {}", given.len(), expected.len());
    for (expected, given) in expected.iter().zip(given) {
        let (name, shapes) = (&expected.name, [&expected.shape, &given.shape]);
        ensure!(shapes[0] == shapes[1], "`{name}`: shape {} for {}", shapes[1], shapes[0]);
        match (&expected.data, &given.data) {
            (TensorData::F32(expected), TensorData::F32(given)) => {
                let far = |(a, b): &(&f32, &f32)| {
                    let (a, b) = (f64::from(**a), f64::from(**b));
                    // What is no number is near nothing.
                    let near = (a - b).abs() <= APART_MAX * (APART_MAX + a.abs());
                    !near
                };
                if let Some((a, b)) = expected.iter().zip(given).find(far) {
                    bail!("`{name}`: {b} for {a}");
                }
            }
            // Labels may differ where two classes are as likely as each other.
            (expected, given) => {
                ensure!(expected.dtype() == given.dtype(), "`{name}`: {}", given.dtype());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_difference() {
        let tensor = |x: f32| [Tensor::new("y", &[2], vec![x, 0.0])];
        assert!(compare(&tensor(100.0), &tensor(100.9)).is_ok());
        let error = compare(&tensor(100.0), &tensor(102.0)).unwrap_err();
        assert_eq!(error.to_string(), "`y`: 102 for 100");
        assert!(compare(&tensor(1.0), &tensor(f32::NAN)).is_err());
        assert!(compare(&tensor(1.0), &[Tensor::new("y", &[1], vec![1_f32])]).is_err());
    }
}
