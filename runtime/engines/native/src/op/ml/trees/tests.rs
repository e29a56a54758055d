//! Tree ensembles against what onnxruntime answered (`testdata/trees/make.py`).

use std::fs;
use std::path::{Path, PathBuf};

use radiant_core::{Cancel, Engine, Tensor, TensorData};
use radiant_onnx::{Limits, Model, read, strip_zip_maps};
use serde_json::Value;

use crate::NativeEngine;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trees")
}

fn model(path: &Path) -> Model {
    let mut model = read(&fs::read(path).unwrap(), &Limits::default()).unwrap();
    strip_zip_maps(&mut model).unwrap();
    model
}

/// A tensor of a file. A single that is no number is null, and one that is infinite overflows.
fn tensor(name: &str, json: &Value) -> Tensor {
    let index = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let dims: Vec<usize> = json["shape"].as_array().unwrap().iter().map(index).collect();
    let values = json["values"].as_array().unwrap();
    let double = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    #[expect(clippy::cast_possible_truncation, reason = "the file has widened singles")]
    let single = |value: &Value| double(value) as f32;
    let int = |value: &Value| value.as_i64().unwrap();
    match json["dtype"].as_str().unwrap() {
        "FP32" => Tensor::new(name, &dims, values.iter().map(single).collect()),
        "FP64" => {
            // As text, which keeps the last digit.
            let double = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
            Tensor::new(name, &dims, values.iter().map(double).collect())
        }
        "INT64" => Tensor::new(name, &dims, values.iter().map(int).collect()),
        "INT32" => {
            let ints = values.iter().map(|value| i32::try_from(int(value)).unwrap());
            Tensor::new(name, &dims, ints.collect())
        }
        _ => Tensor::strings(name, &dims, values.iter().map(|v| v.as_str().unwrap()).collect()),
    }
}

/// How many units in the last place of single precision two numbers are apart.
#[expect(clippy::cast_possible_truncation, reason = "singles were widened")]
fn ulps(got: f64, expected: f64) -> u32 {
    let (got, expected) = (got as f32, expected as f32);
    let place = |x: f32| {
        if x.is_sign_negative() { -i64::from(x.abs().to_bits()) } else { i64::from(x.to_bits()) }
    };
    match (got.is_nan(), expected.is_nan()) {
        (true, true) => 0,
        (false, false) => u32::try_from(place(got).abs_diff(place(expected))).unwrap_or(u32::MAX),
        _ => u32::MAX,
    }
}

fn doubles(data: &TensorData) -> Option<Vec<f64>> {
    match data {
        TensorData::F32(values) => Some(values.iter().map(|&value| value.into()).collect()),
        TensorData::F64(values) => Some(values.clone()),
        _ => None,
    }
}

/// Runs a case and gives the greatest distance of a number from onnxruntime's.
fn check(path: &Path) -> u32 {
    let name = path.display();
    let engine = NativeEngine::load(&model(path)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let case: Value =
        serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
    let all = |part: &str| -> Vec<Tensor> {
        case[part].as_object().unwrap().iter().map(|(name, json)| tensor(name, json)).collect()
    };
    let inputs = all("inputs");
    engine.signature().check(&inputs).unwrap();
    let mut distance = 0;
    for expected in all("outputs") {
        let at = engine.signature().output_index(&expected.name).unwrap();
        let mut outputs = Vec::new();
        engine.run(&inputs, &[at], &mut outputs, &Cancel::never()).unwrap();
        let got = &outputs[0];
        assert_eq!((&got.shape, got.dtype()), (&expected.shape, expected.dtype()), "{name}");
        let Some((got, expected)) = doubles(&got.data).zip(doubles(&expected.data)) else {
            assert_eq!(got.data, expected.data, "{name}");
            continue;
        };
        for (at, (got, expected)) in got.into_iter().zip(expected).enumerate() {
            let apart = ulps(got, expected);
            assert!(apart <= 2, "{name}: number {at}: expected {expected}, got {got}");
            distance = distance.max(apart);
        }
    }
    distance
}

#[test]
fn trees_answer_as_onnxruntime_does() {
    let (mut n_cases, mut n_exact) = (0, 0);
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "onnx") {
            n_cases += 1;
            n_exact += u32::from(check(&path) == 0);
        }
    }
    println!("{n_exact} of {n_cases} bit for bit");
    assert!(n_cases > 90, "{n_cases}");
}
