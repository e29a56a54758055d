//! The engine against answers of onnxruntime, and against itself in other company.
//!
//! The bundled models have their answers in `tests/models`; the small graphs of `tests/fixtures`
//! are those that an engine can get wrong.

use std::path::{Path, PathBuf};

use radiant_core::{Cancel, Element, Engine, ErrorKind, Tensor, TensorData};
use radiant_onnx::{Limits, Model};
use serde_json::Value;

use crate::{LoadError, Options, Runs, TractEngine};

/// How far an answer may be from the reference: `|a - b| <= abs + rel * |b|`.
#[derive(Clone, Copy)]
struct Tolerance {
    rel: f64,
    abs: f64,
}

/// What single precision sums of these lengths differ by between two correct programs.
const F32: Tolerance = Tolerance { rel: 1e-5, abs: 1e-6 };
const EXACT: Tolerance = Tolerance { rel: 0.0, abs: 0.0 };

/// A model beside the answers to it.
struct Case {
    engine: TractEngine,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models").join(name)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn model(path: &Path) -> Model {
    radiant_onnx::load(path, &Limits::default()).unwrap()
}

fn load(model_path: &Path, answers: &Path, options: &Options) -> Case {
    let engine = TractEngine::load(&model(model_path), options).unwrap();
    let json: Value = serde_json::from_slice(&std::fs::read(answers).unwrap()).unwrap();
    let read = |side: &str, names: Vec<&str>| -> Vec<Tensor> {
        names.iter().map(|name| tensor(name, &json[side][name])).collect()
    };
    let names = |specs: &[radiant_core::TensorSpec]| {
        specs.iter().map(|spec| spec.name.to_string()).collect::<Vec<_>>()
    };
    let (inputs, outputs) = (names(&engine.signature().inputs), names(&engine.signature().outputs));
    let inputs = read("inputs", inputs.iter().map(String::as_str).collect());
    let outputs = read("outputs", outputs.iter().map(String::as_str).collect());
    engine.signature().check(&inputs).unwrap();
    Case { engine, inputs, outputs }
}

fn bundled_case(name: &str) -> Case {
    let folder = bundled(name);
    load(&folder.join("model.onnx"), &folder.join("expected.json"), &Options::default())
}

fn fixture_case(name: &str) -> Case {
    let options = Options { max_batch: 4, max_plans: 2 };
    load(&fixture(&format!("{name}.onnx")), &fixture(&format!("{name}.json")), &options)
}

fn tensor(name: &str, json: &Value) -> Tensor {
    let dims = json["shape"].as_array().unwrap().iter();
    let dims: Vec<usize> =
        dims.map(|dim| usize::try_from(dim.as_u64().unwrap()).unwrap()).collect();
    let values = json["values"].as_array().unwrap();
    fn of<T: Element>(
        name: &str,
        dims: &[usize],
        values: &[Value],
        read: impl Fn(&Value) -> T,
    ) -> Tensor {
        Tensor::new(name, dims, values.iter().map(read).collect())
    }
    let int = |value: &Value| value.as_i64().unwrap();
    let float = |value: &Value| value.as_f64().unwrap();
    match json["dtype"].as_str().unwrap() {
        "BOOL" => of(name, &dims, values, |value| value.as_bool().unwrap()),
        "UINT8" => of(name, &dims, values, |value| u8::try_from(int(value)).unwrap()),
        "UINT16" => of(name, &dims, values, |value| u16::try_from(int(value)).unwrap()),
        "UINT32" => of(name, &dims, values, |value| u32::try_from(int(value)).unwrap()),
        "UINT64" => of(name, &dims, values, |value| value.as_u64().unwrap()),
        "INT8" => of(name, &dims, values, |value| i8::try_from(int(value)).unwrap()),
        "INT16" => of(name, &dims, values, |value| i16::try_from(int(value)).unwrap()),
        "INT32" => of(name, &dims, values, |value| i32::try_from(int(value)).unwrap()),
        "INT64" => of(name, &dims, values, int),
        "FP16" => of(name, &dims, values, |value| half::f16::from_f64(float(value))),
        #[expect(clippy::cast_possible_truncation, reason = "written from single precision")]
        "FP32" => of(name, &dims, values, |value| float(value) as f32),
        "FP64" => of(name, &dims, values, float),
        other => panic!("no reader for {other}"),
    }
}

/// The rows `from..to` of a tensor.
fn slice(tensor: &Tensor, from: usize, to: usize) -> Tensor {
    fn of<T: Element>(tensor: &Tensor, from: usize, to: usize) -> Option<Tensor> {
        let values = tensor.as_slice::<T>()?;
        let width = values.len() / tensor.shape.rows();
        let mut dims = tensor.shape.dims().to_vec();
        dims[0] = to - from;
        Some(Tensor::new(&tensor.name, &dims, values[from * width..to * width].to_vec()))
    }
    of::<f32>(tensor, from, to).or_else(|| of::<i64>(tensor, from, to)).unwrap()
}

fn slices(tensors: &[Tensor], from: usize, to: usize) -> Vec<Tensor> {
    tensors.iter().map(|tensor| slice(tensor, from, to)).collect()
}

fn run(engine: &TractEngine, inputs: &[Tensor]) -> Vec<Tensor> {
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.run(inputs, &wanted, &mut outputs, &Cancel::never()).unwrap();
    outputs
}

fn floats(tensor: &Tensor) -> Option<Vec<f64>> {
    match &tensor.data {
        TensorData::F32(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
        TensorData::F64(values) => Some(values.clone()),
        _ => None,
    }
}

#[track_caller]
fn assert_close(got: &[Tensor], want: &[Tensor], tolerance: Tolerance) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert_eq!((&got.name, &got.shape), (&want.name, &want.shape));
        let (Some(a), Some(b)) = (floats(got), floats(want)) else {
            assert_eq!(got, want);
            continue;
        };
        assert_eq!(got.dtype(), want.dtype());
        for (index, (a, b)) in a.iter().zip(&b).enumerate() {
            let allowed = tolerance.abs + tolerance.rel * b.abs();
            assert!((a - b).abs() <= allowed, "`{}`[{index}]: {a} is not {b}", got.name);
        }
    }
}

#[test]
fn bundled_models_answer_what_onnxruntime_answers_in_batches_of_any_size() {
    for name in ["digits-mlp", "digits-cnn", "two-inputs"] {
        let case = bundled_case(name);
        assert_eq!(case.engine.runs(), Runs::Padded { max_batch: 64 }, "{name}");
        for rows in [12, 1, 3, 8] {
            let inputs = slices(&case.inputs, 0, rows);
            assert_close(&run(&case.engine, &inputs), &slices(&case.outputs, 0, rows), F32);
        }
    }
}

#[test]
fn an_answer_does_not_depend_on_the_rows_around_it() {
    let case = bundled_case("digits-cnn");
    let together = run(&case.engine, &case.inputs);
    for row in 0..12 {
        let alone = run(&case.engine, &slices(&case.inputs, row, row + 1));
        assert_close(&alone, &slices(&together, row, row + 1), F32);
    }
}

#[test]
fn batches_beyond_the_largest_run_are_cut_and_put_together_again() {
    let folder = bundled("two-inputs");
    for max_batch in [1, 4, 5] {
        let options = Options { max_batch, max_plans: 1 };
        let case = load(&folder.join("model.onnx"), &folder.join("expected.json"), &options);
        assert_close(&run(&case.engine, &case.inputs), &case.outputs, F32);
    }
}

#[test]
fn no_rows_give_no_rows_of_the_right_shape() {
    let case = bundled_case("digits-cnn");
    let outputs = run(&case.engine, &[Tensor::new("image", &[0, 1, 8, 8], Vec::<f32>::new())]);
    assert_eq!(outputs, [Tensor::new("probabilities", &[0, 10], Vec::<f32>::new())]);
    let case = fixture_case("recurrent");
    let outputs = run(&case.engine, &[Tensor::new("x", &[0, 6, 3], Vec::<f32>::new())]);
    assert_eq!(outputs, [Tensor::new("y", &[0, 4], Vec::<f32>::new())]);
    let case = fixture_case("measured");
    let error = case.engine.run(
        &[Tensor::new("x", &[0, 3], Vec::<f32>::new())],
        &[0],
        &mut Vec::new(),
        &Cancel::never(),
    );
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "output `shape` has no axis of rows: expected at least one row, got none"
    );
}

#[test]
fn small_graphs_answer_what_onnxruntime_answers() {
    for (name, runs) in [
        ("embedding", Runs::Padded { max_batch: 4 }),
        ("lengths", Runs::Padded { max_batch: 4 }),
        ("kinds", Runs::Padded { max_batch: 4 }),
        ("log_softmax", Runs::Padded { max_batch: 4 }),
        ("fixed", Runs::Whole),
        ("recurrent", Runs::Exact),
        ("measured", Runs::Exact),
    ] {
        let case = fixture_case(name);
        assert_eq!(case.engine.runs(), runs, "{name}");
        assert_close(&run(&case.engine, &case.inputs), &case.outputs, F32);
    }
}

#[test]
fn graphs_whose_rows_meet_get_batches_as_they_come() {
    for name in ["centred", "counted", "numbered"] {
        let case = fixture_case(name);
        assert_eq!(case.engine.runs(), Runs::Exact, "{name}");
        // Five rows: padded to eight, or cut at four, the answers would be others.
        assert_eq!(case.inputs[0].shape.rows(), 5);
        assert_close(&run(&case.engine, &case.inputs), &case.outputs, F32);
    }
}

#[test]
fn free_axes_may_change_with_every_request() {
    let case = fixture_case("lengths");
    for length in [1, 7, 2, 7, 3, 1] {
        let ones =
            |name, dims: &[usize]| Tensor::new(name, dims, vec![1_f32; dims.iter().product()]);
        let inputs = [ones("x", &[2, length, 3]), ones("weights", &[2, length, 1])];
        let sum = length as f32;
        assert_close(
            &run(&case.engine, &inputs),
            &[Tensor::new("y", &[2, 3], vec![sum; 6])],
            EXACT,
        );
    }
}

#[test]
fn axes_of_one_name_must_be_alike() {
    let case = fixture_case("lengths");
    let inputs = [
        Tensor::new("x", &[1, 2, 3], vec![0_f32; 6]),
        Tensor::new("weights", &[1, 3, 1], vec![0_f32; 3]),
    ];
    let error = case.engine.run(&inputs, &[0], &mut Vec::new(), &Cancel::never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "input `weights`: expected 2 at axis 1 as in the axes of the same name before, got 3"
    );
}

#[test]
fn hidden_state_does_not_leak_from_one_run_into_the_next() {
    let case = fixture_case("recurrent");
    let first = run(&case.engine, &case.inputs);
    let second = run(&case.engine, &case.inputs);
    assert_close(&second, &first, EXACT);
    assert_close(&second, &case.outputs, F32);
}

#[test]
fn a_panic_fails_its_request_and_no_other() {
    let case = fixture_case("embedding");
    let bad = [Tensor::new("ids", &[1, 2], vec![0_i64, 7])];
    for _ in 0..2 {
        let error = case.engine.run(&bad, &[0], &mut Vec::new(), &Cancel::never()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ModelFailed);
        assert_eq!(error.to_string(), "model panicked on this input");
        assert!(std::error::Error::source(&error).is_some());
        assert_close(&run(&case.engine, &case.inputs), &case.outputs, EXACT);
    }
}

#[test]
fn only_the_wanted_outputs_are_written_in_the_wanted_order() {
    let case = bundled_case("two-inputs");
    let mut outputs = vec![Tensor::strings("old", &[0], radiant_core::Strings::new()); 3];
    case.engine.run(&case.inputs, &[1], &mut outputs, &Cancel::never()).unwrap();
    assert_close(&outputs, &case.outputs[1..], F32);
    case.engine.run(&case.inputs, &[1, 0], &mut outputs, &Cancel::never()).unwrap();
    let swapped = [case.outputs[1].clone(), case.outputs[0].clone()];
    assert_close(&outputs, &swapped, F32);
}

#[test]
fn threads_share_one_engine() {
    let case = bundled_case("digits-mlp");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let case = &case;
            scope.spawn(move || {
                for turn in 0..20 {
                    let from = (thread + turn) % 10;
                    let to = from + 1 + turn % 2;
                    let got = run(&case.engine, &slices(&case.inputs, from, to));
                    assert_close(&got, &slices(&case.outputs, from, to), F32);
                }
            });
        }
    });
}

fn refusal(path: &Path) -> LoadError {
    TractEngine::load(&model(path), &Options::default()).unwrap_err()
}

#[test]
fn what_tract_itself_refuses_names_the_operator_and_the_node() {
    assert_eq!(
        refusal(&fixture("unbound.onnx")).to_string(),
        "tract cannot load the model: operator `CumSum` (node `running`): Translating node #2 \
         \"running\" CumSum ToTypedTranslator: Axis expected to be a const"
    );
}

#[test]
fn text_is_refused() {
    assert_eq!(
        refusal(&fixture("words.onnx")).to_string(),
        "input `x`: type BYTES is not one that tract runs"
    );
}

#[test]
fn graphs_of_other_domains_are_refused_by_the_operators_name() {
    let error = refusal(&bundled("iris").join("model.onnx"));
    assert!(matches!(error, LoadError::UnknownOperator { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "operator `ai.onnx.ml.LinearClassifier` (node `LinearClassifier`) is not one that tract has"
    );
}

#[test]
fn weights_that_contradict_their_input_are_refused_before_anything_reads_them() {
    let refused = radiant_onnx::load(&fixture("contradicting.onnx"), &Limits::default())
        .map_err(|error| error.to_string())
        .and_then(|model| {
            TractEngine::load(&model, &Options::default()).map_err(|error| error.to_string())
        });
    let error = refused.unwrap_err();
    assert!(error.contains("cell"), "{error}");
}
