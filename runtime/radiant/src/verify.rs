//! A model's own test data: what it must answer before it is served.
//!
//! ONNX models come with folders `test_data_set_0`, `test_data_set_1`, ... beside the file, each with
//! `input_N.pb` and `output_N.pb`, one tensor a file in the graph's order (the layout of the ONNX
//! model zoo and backend tests). MLflow's models come with `input_example.json`, which tells no
//! answers: the model must only run on it.

mod example;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use radiant_core::{Cancel, Engine, Tensor, TensorData, TensorSpec};
use radiant_onnx::Limits;

/// Bytes of one file of test data.
const FILE_BYTES_MAX: u64 = 1 << 28;
/// Sets of test data that are looked at.
const SETS_MAX: usize = 100;

/// How far an answer may be from what is expected: `absolute + relative * |expected|`. These are the
/// bounds of the ONNX backend tests (onnx 1.23, `onnx.backend.test.runner`).
const RELATIVE: f64 = 1e-3;
const ABSOLUTE: f64 = 1e-7;

/// Runs the model on the test data in `folder`; gives the number of sets and examples that it
/// passed.
///
/// # Errors
/// When an answer is not as expected, naming set, output, element and both numbers; or when the
/// data cannot be read or the model fails on it.
pub(crate) fn verify(engine: &dyn Engine, folder: &Path) -> anyhow::Result<usize> {
    let mut n_passed = 0;
    for set in sets(folder)? {
        check_set(engine, &set).with_context(|| format!("test data `{}`", set.display()))?;
        n_passed += 1;
    }
    let path = folder.join(example::FILE);
    if path.is_file() {
        let run = || {
            let inputs = example::inputs(&read(&path)?, engine.signature())?;
            run(engine, &inputs)
        };
        run().with_context(|| format!("input example `{}`", path.display()))?;
        n_passed += 1;
    }
    Ok(n_passed)
}

/// Folders of test data, in the order of their names.
fn sets(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("folder `{}`", folder.display()))?;
    let mut sets = Vec::new();
    for entry in entries {
        let entry = entry?;
        let is_set = entry.file_name().to_string_lossy().starts_with("test_data_set_");
        if is_set && entry.path().is_dir() {
            sets.push(entry.path());
        }
    }
    sets.sort();
    sets.truncate(SETS_MAX);
    Ok(sets)
}

fn check_set(engine: &dyn Engine, set: &Path) -> anyhow::Result<()> {
    let signature = engine.signature();
    let inputs = tensors(set, "input", &signature.inputs)?;
    let expected = tensors(set, "output", &signature.outputs)?;
    let outputs = run(engine, &inputs)?;
    for (got, expected) in outputs.iter().zip(&expected) {
        compare(got, expected).with_context(|| format!("output `{}`", got.name))?;
    }
    Ok(())
}

fn run(engine: &dyn Engine, inputs: &[Tensor]) -> anyhow::Result<Vec<Tensor>> {
    let signature = engine.signature();
    signature.check(inputs)?;
    let wanted: Vec<usize> = (0..signature.outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.run(inputs, &wanted, &mut outputs, &Cancel::never()).context("the model fails on it")?;
    Ok(outputs)
}

/// The tensors of the files `KIND_0.pb`, `KIND_1.pb`, ..., one for each of `specs`.
fn tensors(set: &Path, kind: &str, specs: &[TensorSpec]) -> anyhow::Result<Vec<Tensor>> {
    let tensor = |(at, spec): (usize, &TensorSpec)| {
        let path = set.join(format!("{kind}_{at}.pb"));
        let tensor = radiant_onnx::read_tensor(&read(&path)?, &Limits::default())
            .with_context(|| format!("`{}`", path.display()))?;
        Ok(Tensor { name: Arc::clone(&spec.name), ..tensor })
    };
    specs.iter().enumerate().map(tensor).collect()
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let place = || format!("cannot read `{}`", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(place)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(place)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("`{}`: expected at most {FILE_BYTES_MAX} bytes", path.display());
    }
    Ok(bytes)
}

fn compare(got: &Tensor, expected: &Tensor) -> anyhow::Result<()> {
    ensure!(
        got.dtype() == expected.dtype() && got.shape == expected.shape,
        "expected {} {}, got {} {}",
        expected.dtype(),
        expected.shape,
        got.dtype(),
        got.shape
    );
    match (numbers(&got.data), numbers(&expected.data)) {
        (Some(got), Some(expected)) => {
            let far =
                got.iter().zip(&expected).position(|(got, expected)| !is_close(*got, *expected));
            if let Some(at) = far {
                bail!("element {at}: expected {}, got {}", expected[at], got[at]);
            }
        }
        _ => ensure!(got.data == expected.data, "expected {expected:?}, got {got:?}"),
    }
    Ok(())
}

fn is_close(got: f64, expected: f64) -> bool {
    #[expect(clippy::float_cmp, reason = "infinities are equal to themselves")]
    let is_equal = got == expected || (got.is_nan() && expected.is_nan());
    is_equal || (got - expected).abs() <= ABSOLUTE + RELATIVE * expected.abs()
}

/// Floating point numbers; other elements are compared exactly.
fn numbers(data: &TensorData) -> Option<Vec<f64>> {
    Some(match data {
        TensorData::F16(values) => values.iter().map(|value| value.to_f64()).collect(),
        TensorData::BF16(values) => values.iter().map(|value| value.to_f64()).collect(),
        TensorData::F32(values) => values.iter().map(|&value| value.into()).collect(),
        TensorData::F64(values) => values.clone(),
        _ => return None,
    })
}
