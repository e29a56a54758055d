//! Whole models, against what onnxruntime answered (`testdata/make.py`, `tests/models`).

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use radiant_core::{Cancel, DType, Engine, Error, Tensor, TensorData};
use radiant_onnx::{Limits, Model, read, strip_zip_maps};
use serde_json::Value;

use crate::{NativeEngine, Unsupported};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models").join(name)
}

fn model(bytes: &[u8]) -> Model {
    let mut model = read(bytes, &Limits::default()).unwrap();
    strip_zip_maps(&mut model).unwrap();
    model
}

fn load(path: &Path) -> Result<NativeEngine, Unsupported> {
    NativeEngine::load(&model(&fs::read(path).unwrap()))
}

fn iris() -> NativeEngine {
    load(&bundled("iris/model.onnx")).unwrap()
}

fn run(engine: &NativeEngine, inputs: &[Tensor], wanted: &[usize]) -> Result<Vec<Tensor>, Error> {
    engine.signature().check(inputs)?;
    let mut outputs = Vec::new();
    engine.run(inputs, wanted, &mut outputs, &Cancel::never())?;
    Ok(outputs)
}

/// A tensor of `expected.json`.
fn tensor(name: &str, json: &Value) -> Tensor {
    let dims: Vec<usize> = json["shape"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dim| usize::try_from(dim.as_u64().unwrap()).unwrap())
        .collect();
    let values = json["values"].as_array().unwrap();
    let double = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    #[expect(clippy::cast_possible_truncation, reason = "the file has widened singles")]
    let float = |value: &Value| double(value) as f32;
    match json["dtype"].as_str().unwrap() {
        "FP32" => Tensor::new(name, &dims, values.iter().map(float).collect()),
        "FP64" => Tensor::new(name, &dims, values.iter().map(double).collect()),
        "INT64" => Tensor::new(name, &dims, values.iter().map(|v| v.as_i64().unwrap()).collect()),
        "BYTES" => {
            Tensor::strings(name, &dims, values.iter().map(|v| v.as_str().unwrap()).collect())
        }
        other => panic!("no such type: {other}"),
    }
}

fn tensors(json: &Value) -> Vec<Tensor> {
    json.as_object().unwrap().iter().map(|(name, json)| tensor(name, json)).collect()
}

/// Whether two numbers are at most so many units in the last place apart.
fn is_close(got: f32, expected: f32, ulps: u32) -> bool {
    // What is no number, or infinite, is null in the file.
    if !got.is_finite() || !expected.is_finite() {
        return !got.is_finite() && !expected.is_finite();
    }
    (got - expected).abs() <= f32::MIN_POSITIVE
        || got.to_bits().abs_diff(expected.to_bits()) <= ulps
}

#[track_caller]
fn check_close(name: &str, got: &Tensor, expected: &Tensor, ulps: u32) {
    assert_eq!((&got.name, &got.shape), (&expected.name, &expected.shape), "{name}");
    match (&got.data, &expected.data) {
        (TensorData::F32(got), TensorData::F32(expected)) => {
            for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
                assert!(
                    is_close(*got, *expected, ulps),
                    "{name}: element {at}: expected {expected}, got {got}"
                );
            }
        }
        (got, expected) => assert_eq!(got, expected, "{name}"),
    }
}

/// Runs a model on the inputs of a file, batch and row by row, and compares all outputs.
fn check(onnx: &Path, json: &Path, ulps: u32) {
    let name = onnx.display().to_string();
    let engine = load(onnx).unwrap_or_else(|error| panic!("{name}: {error}"));
    let case: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let mut inputs = tensors(&case["inputs"]);
    let order = |tensor: &Tensor| {
        engine.signature().inputs.iter().position(|input| input.name == tensor.name)
    };
    inputs.sort_by_key(order);
    for expected in tensors(&case["outputs"]) {
        let at = engine.signature().output_index(&expected.name).unwrap();
        assert_eq!(engine.signature().outputs[at].dtype, expected.dtype(), "{name}");
        assert!(engine.signature().outputs[at].accepts(&expected.shape), "{name}");
        let got = run(&engine, &inputs, &[at]).unwrap();
        check_close(&name, &got[0], &expected, ulps);
    }
    rows_alone_equal_rows_together(&engine, &inputs);
}

/// One row of tensors of rows.
fn row(tensors: &[Tensor], row: usize) -> Vec<Tensor> {
    let one = |tensor: &Tensor| {
        let n_columns = tensor.data.len() / tensor.shape.rows().max(1);
        let mut dims = tensor.shape.dims().to_vec();
        dims[0] = 1;
        let range = row * n_columns..(row + 1) * n_columns;
        match &tensor.data {
            TensorData::F32(values) => Tensor::new(&tensor.name, &dims, values[range].to_vec()),
            TensorData::F64(values) => Tensor::new(&tensor.name, &dims, values[range].to_vec()),
            TensorData::I64(values) => Tensor::new(&tensor.name, &dims, values[range].to_vec()),
            other => panic!("no test has rows of {}", other.dtype()),
        }
    };
    tensors.iter().map(one).collect()
}

fn rows_alone_equal_rows_together(engine: &NativeEngine, inputs: &[Tensor]) {
    if engine.signature().inputs[0].dims[0].is_some() {
        return;
    }
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let together = run(engine, inputs, &wanted).unwrap();
    let mut outputs = Vec::new();
    for at in 0..inputs[0].shape.rows() {
        engine.run(&row(inputs, at), &wanted, &mut outputs, &Cancel::never()).unwrap();
        for (alone, together) in outputs.iter().zip(&together) {
            if !matches!(together.data, TensorData::Bytes(_)) {
                check_close("row", alone, &row(std::slice::from_ref(together), at)[0], 0);
            }
        }
    }
}

#[test]
fn bundled_models_answer_as_onnxruntime_does() {
    for name in ["cancer-gbt", "iris", "iris-names"] {
        let folder = bundled(name);
        check(&folder.join("model.onnx"), &folder.join("expected.json"), 1);
    }
    let folder = bundled("two-inputs");
    check(&folder.join("model.onnx"), &folder.join("expected.json"), 4);
}

#[test]
fn pipelines_and_operators_answer_as_onnxruntime_does() {
    let mut n_cases = 0;
    for entry in fs::read_dir(testdata()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "onnx") {
            check(&path, &path.with_extension("json"), 2);
            n_cases += 1;
        }
    }
    assert!(n_cases > 25, "{n_cases}");
}

#[test]
fn a_classifier_tells_its_outputs_and_classes() {
    for (name, classes) in
        [("iris", ["0", "1", "2"]), ("iris-names", ["setosa", "versicolor", "virginica"])]
    {
        let engine = load(&bundled(name).join("model.onnx")).unwrap();
        let classifier = engine.signature().classifier.clone().unwrap();
        assert_eq!((classifier.labels, classifier.probabilities), (0, 1));
        assert_eq!(classifier.classes, classes.into_iter().collect());
        let probabilities = &engine.signature().outputs[1];
        assert_eq!(&*probabilities.name, "output_probability");
        assert_eq!(probabilities.to_string(), "FP32 [-1, 3]");
    }
    let without_zip_map = load(&testdata().join("logistic_binary.onnx")).unwrap();
    let classifier = without_zip_map.signature().classifier.clone().unwrap();
    assert_eq!((classifier.labels, classifier.probabilities), (0, 1));
    assert_eq!(classifier.classes, ["0", "1"].into_iter().collect());
    assert_eq!(
        load(&testdata().join("linear_regression.onnx")).unwrap().signature().classifier,
        None
    );
}

#[test]
fn outputs_come_in_the_order_they_are_wanted_in() {
    let engine = iris();
    let rows = [Tensor::new("float_input", &[1, 4], vec![5.8_f32, 2.7, 5.1, 1.9])];
    let all = run(&engine, &rows, &[0, 1]).unwrap();
    let turned = run(&engine, &rows, &[1, 0, 1]).unwrap();
    assert_eq!(turned, [all[1].clone(), all[0].clone(), all[1].clone()]);
    assert_eq!(run(&engine, &rows, &[]).unwrap(), []);
    assert!(run(&engine, &rows, &[2]).is_err());
}

#[test]
fn buffers_of_earlier_runs_are_used_again() {
    let engine = iris();
    let rows = |n: usize| [Tensor::new("float_input", &[n, 4], vec![1.0_f32; n * 4])];
    let mut outputs = Vec::new();
    engine.run(&rows(64), &[1], &mut outputs, &Cancel::never()).unwrap();
    engine.run(&rows(1), &[1], &mut outputs, &Cancel::never()).unwrap();
    engine.run(&rows(1), &[1], &mut outputs, &Cancel::never()).unwrap();
    let TensorData::F32(values) = &outputs[0].data else { panic!("not FP32") };
    assert_eq!(values.len(), 3);
    assert!(values.capacity() >= 192, "an allocation was lost: {}", values.capacity());
}

#[test]
fn no_rows_give_no_rows() {
    let engine = iris();
    let outputs = run(&engine, &[Tensor::new("x", &[0, 4], Vec::<f32>::new())], &[0, 1]).unwrap();
    assert_eq!(outputs[0].shape.dims(), [0]);
    assert_eq!(outputs[1].shape.dims(), [0, 3]);
}

#[test]
fn a_row_that_is_no_number_leaves_the_others_alone() {
    let rows = [f32::NAN, 2.7, 5.1, 1.9, 5.8, 2.7, 5.1, 1.9];
    let inputs = [Tensor::new("x", &[2, 4], rows.to_vec())];
    let outputs = run(&iris(), &inputs, &[0, 1]).unwrap();
    let probabilities = outputs[1].as_slice::<f32>().unwrap();
    assert!(probabilities[..3].iter().all(|value| value.is_nan()));
    assert!(probabilities[3..].iter().all(|value| value.is_finite()));
    assert_eq!(outputs[0].as_slice::<i64>(), Some(&[0, 2][..]));
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let refused = |change: &dyn Fn(&mut Model)| {
        let mut model = model(&fs::read(bundled("iris/model.onnx")).unwrap());
        change(&mut model);
        NativeEngine::load(&model).unwrap_err().to_string()
    };
    let operator = refused(&|model| model.graph.node[0].op_type = "Oracle".into());
    let expected = "node `LinearClassifier` (ai.onnx.ml.Oracle): the operator is not supported";
    assert_eq!(operator, expected);
    let place = "node `LinearClassifier` (ai.onnx.ml.LinearClassifier)";
    let post_transform = refused(&|model| {
        let attributes = &mut model.graph.node[0].attribute;
        let post = attributes.iter_mut().find(|a| a.name == "post_transform").unwrap();
        post.s = b"SQUARE".to_vec();
    });
    let expected = format!("{place}: attribute `post_transform`: `SQUARE` is not supported");
    assert_eq!(post_transform, expected);
    let unknown = refused(&|model| model.graph.node[0].attribute[0].name = "novelty".into());
    assert_eq!(unknown, format!("{place}: attribute `novelty` is not supported"));
    let labels = refused(&|model| {
        let attributes = &mut model.graph.node[0].attribute;
        attributes.iter_mut().find(|a| a.name == "classlabels_ints").unwrap().ints.pop();
    });
    assert_eq!(labels, format!("{place}: expected 3 class labels, got 2"));
    let coefficients = refused(&|model| {
        let attributes = &mut model.graph.node[0].attribute;
        attributes.iter_mut().find(|a| a.name == "coefficients").unwrap().floats.truncate(9);
    });
    assert_eq!(coefficients, format!("{place}: expected input of 3 columns, got 4"));
}

#[test]
fn a_node_without_its_inputs_is_refused() {
    let mut model = model(&fs::read(bundled("iris-names/model.onnx")).unwrap());
    for node in &mut model.graph.node {
        node.input.clear();
    }
    let error = NativeEngine::load(&model).unwrap_err().to_string();
    assert!(error.ends_with("there is no input 0"), "{error}");
    let is_identity = |node: &radiant_onnx::pb::NodeProto| node.op_type == "Identity";
    model.graph.node.retain(is_identity);
    let error = NativeEngine::load(&model).unwrap_err().to_string();
    assert_eq!(error, "node `Identity` (Identity): there is no input 0");
}

/// Loads bytes, and if they are a model that can run, runs it on a few rows.
fn exercise(bytes: &[u8]) {
    let Ok(mut model) = read(bytes, &Limits::default()) else { return };
    if strip_zip_maps(&mut model).is_err() {
        return;
    }
    let Ok(engine) = NativeEngine::load(&model) else { return };
    let inputs = engine.signature().inputs.iter().map(|input| {
        let dims: Vec<usize> = input.dims.iter().map(|dim| dim.unwrap_or(3)).collect();
        let n: usize = dims.iter().product();
        match input.dtype {
            DType::F32 => Tensor::new("x", &dims, vec![0.5_f32; n]),
            DType::F64 => Tensor::new("x", &dims, vec![0.5_f64; n]),
            DType::I64 => Tensor::new("x", &dims, vec![1_i64; n]),
            _ => Tensor::new("x", &dims, vec![0_u8; n]),
        }
    });
    let inputs: Vec<Tensor> = inputs.collect();
    if engine.signature().check(&inputs).is_ok() {
        let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
        let mut outputs = Vec::new();
        let result = engine.run(&inputs, &wanted, &mut outputs, &Cancel::never());
        assert!(result.is_err() || outputs.len() == wanted.len());
        for output in result.iter().flat_map(|()| &outputs) {
            assert_eq!(output.shape.n_elements(), Ok(output.data.len()));
        }
    }
}

#[test]
fn changing_one_byte_of_a_model_never_panics() {
    for name in ["iris", "iris-names", "two-inputs"] {
        let bytes = fs::read(bundled(name).join("model.onnx")).unwrap();
        for at in 0..bytes.len() {
            for change in [0x01, 0x04, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                exercise(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutated_models_never_panic(
        which in 0..2_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let path = testdata().join(["mlp.onnx", "logistic_imputed.onnx"][which]);
        let mut bytes = fs::read(path).unwrap();
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at.index(length)] = byte;
        }
        exercise(&bytes);
    }

    #[test]
    fn any_numbers_are_answered(
        rows in proptest::collection::vec(any::<[f32; 4]>(), 0..40)
    ) {
        let n_rows = rows.len();
        let inputs = [Tensor::new("x", &[n_rows, 4], rows.concat())];
        let outputs = run(&iris(), &inputs, &[0, 1]).unwrap();
        prop_assert_eq!(outputs[0].data.len(), n_rows);
        for row in outputs[1].as_slice::<f32>().unwrap().chunks_exact(3) {
            let sum: f32 = row.iter().sum();
            prop_assert!(sum.is_nan() || (sum - 1.0).abs() < 1e-5, "{row:?}");
        }
    }
}
