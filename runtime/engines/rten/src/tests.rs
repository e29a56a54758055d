//! The engine against answers of onnxruntime, and against itself in other company.
//!
//! The bundled models have their answers in `tests/models`; the small graphs of `testdata` are
//! those that rten computes only when told the right way.

use std::path::{Path, PathBuf};

use radiant_core::{Cancel, DType, Element, Engine, ErrorKind, Tensor, TensorData};
use radiant_onnx::{Limits, Model};
use serde_json::Value;

use crate::{LoadError, Options, RtenEngine, own_pool};

/// A model beside the answers to it.
struct Case {
    engine: RtenEngine,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models").join(name)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn model(path: &Path) -> Model {
    radiant_onnx::load(path, &Limits::default()).unwrap()
}

fn load(model_path: &Path, answers: &Path) -> Case {
    let engine = RtenEngine::load(&model(model_path), &Options::default()).unwrap();
    let json: Value = serde_json::from_slice(&std::fs::read(answers).unwrap()).unwrap();
    let read = |side: &str, specs: &[radiant_core::TensorSpec]| -> Vec<Tensor> {
        specs.iter().map(|spec| tensor(&spec.name, &json[side][&*spec.name])).collect()
    };
    let inputs = read("inputs", &engine.signature().inputs);
    let outputs = read("outputs", &engine.signature().outputs);
    engine.signature().check(&inputs).unwrap();
    Case { engine, inputs, outputs }
}

fn bundled_case(name: &str) -> Case {
    let folder = bundled(name);
    load(&folder.join("model.onnx"), &folder.join("expected.json"))
}

fn fixture_case(name: &str) -> Case {
    load(&fixture(&format!("{name}.onnx")), &fixture(&format!("{name}.json")))
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
    match json["dtype"].as_str().unwrap() {
        "BOOL" => of(name, &dims, values, |value| value.as_bool().unwrap()),
        "UINT8" => of(name, &dims, values, |value| u8::try_from(int(value)).unwrap()),
        "INT32" => of(name, &dims, values, |value| i32::try_from(int(value)).unwrap()),
        "INT64" => of(name, &dims, values, int),
        #[expect(clippy::cast_possible_truncation, reason = "written from single precision")]
        "FP32" => of(name, &dims, values, |value| value.as_f64().unwrap() as f32),
        other => panic!("no reader for {other}"),
    }
}

/// The rows `from..to` of FP32 tensors.
fn slices(tensors: &[Tensor], from: usize, to: usize) -> Vec<Tensor> {
    let slice = |tensor: &Tensor| {
        let values = tensor.as_slice::<f32>().unwrap();
        let width = values.len() / tensor.shape.rows();
        let mut dims = tensor.shape.dims().to_vec();
        dims[0] = to - from;
        Tensor::new(&tensor.name, &dims, values[from * width..to * width].to_vec())
    };
    tensors.iter().map(slice).collect()
}

fn run(engine: &RtenEngine, inputs: &[Tensor]) -> Vec<Tensor> {
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.run(inputs, &wanted, &mut outputs, &Cancel::never()).unwrap();
    outputs
}

fn failure(engine: &RtenEngine, inputs: &[Tensor]) -> (ErrorKind, String) {
    let error = engine.run(inputs, &[0], &mut Vec::new(), &Cancel::never()).unwrap_err();
    (error.kind(), error.to_string())
}

/// What single precision sums of these lengths differ by between two correct programs.
#[track_caller]
fn assert_close(got: &[Tensor], want: &[Tensor]) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert_eq!((&got.name, &got.shape), (&want.name, &want.shape));
        let (TensorData::F32(a), TensorData::F32(b)) = (&got.data, &want.data) else {
            assert_eq!(got, want);
            continue;
        };
        for (index, (a, b)) in a.iter().zip(b).enumerate() {
            let allowed = 1e-5 + 2e-5 * b.abs();
            let both_nan = a.is_nan() && b.is_nan();
            assert!(
                both_nan || (a - b).abs() <= allowed,
                "`{}`[{index}]: {a} is not {b}",
                got.name
            );
        }
    }
}

#[test]
fn bundled_models_answer_what_onnxruntime_answers_in_batches_of_any_size() {
    for name in ["digits-mlp", "digits-cnn", "two-inputs"] {
        let case = bundled_case(name);
        assert!(case.engine.is_optimised(), "{name}");
        for rows in [12, 1, 3, 8] {
            let inputs = slices(&case.inputs, 0, rows);
            assert_close(&run(&case.engine, &inputs), &slices(&case.outputs, 0, rows));
        }
    }
}

#[test]
fn small_graphs_answer_what_onnxruntime_answers() {
    for name in [
        "branches_else",
        "branches_then",
        "bytes",
        "counted",
        "defaults",
        "embedding",
        "first_of_equals",
        "gru",
        "lstm",
        "lstm_reverse",
        "old_softmax",
        "one_hot",
        "ranks",
        "shapes",
        "transformer",
        "whole",
    ] {
        let case = fixture_case(name);
        assert!(case.engine.is_optimised(), "{name}");
        assert_close(&run(&case.engine, &case.inputs), &case.outputs);
        // No state is left behind.
        assert_close(&run(&case.engine, &case.inputs), &case.outputs);
    }
}

#[test]
fn graphs_that_rten_s_optimiser_could_mistake_are_run_as_written() {
    let case = fixture_case("lookalike");
    assert!(!case.engine.is_optimised());
    assert_close(&run(&case.engine, &case.inputs), &case.outputs);
}

#[test]
fn free_axes_may_change_with_every_request() {
    let case = fixture_case("lstm");
    let first = run(&case.engine, &case.inputs);
    for steps in [1, 3, 2, 4] {
        let part = slices(&case.inputs, 0, steps);
        // The outputs of the first steps do not depend on those after them.
        assert_close(&run(&case.engine, &part)[..1], &slices(&first[..1], 0, steps));
    }
}

#[test]
fn outputs_without_a_declared_shape_get_what_a_trial_finds() {
    let case = fixture_case("gru");
    let dims = |at: usize| case.engine.signature().outputs[at].dims.clone();
    // Steps, directions, rows, hidden; directions, rows, hidden.
    assert_eq!(dims(0), [None, Some(2), None, Some(3)]);
    assert_eq!(dims(1), [Some(2), None, Some(3)]);
    let case = fixture_case("shapes");
    assert_eq!(case.engine.signature().outputs[0].dims, [Some(1)]);
}

#[test]
fn int64_numbers_beyond_32_bits_are_refused_by_the_input_s_name() {
    let case = fixture_case("embedding");
    let ids = |id| [Tensor::new("ids", &[1, 2], vec![0_i64, id])];
    let (kind, text) = failure(&case.engine, &ids(1 << 32));
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert_eq!(text, "input `ids`: expected INT64 numbers that fit 32 bits, got 4294967296");
    // Within 32 bits and beyond the table: the model's own failure, and no other request's.
    let (kind, text) = failure(&case.engine, &ids(8));
    assert_eq!((kind, &*text), (ErrorKind::ModelFailed, "model failed on this input"));
    assert_close(&run(&case.engine, &case.inputs), &case.outputs);
}

#[test]
fn no_rows_give_no_rows_of_the_right_shape() {
    let case = bundled_case("digits-cnn");
    let outputs = run(&case.engine, &[Tensor::new("image", &[0, 1, 8, 8], Vec::<f32>::new())]);
    assert_eq!(outputs, [Tensor::new("probabilities", &[0, 10], Vec::<f32>::new())]);
    let case = fixture_case("embedding");
    let none = Tensor::new("ids", &[0, 2], Vec::<i64>::new());
    let outputs = run(&case.engine, &[none]);
    let types: Vec<_> = outputs.iter().map(|output| (output.dtype(), output.data.len())).collect();
    assert_eq!(types, [(DType::F32, 0), (DType::I64, 0), (DType::Bool, 0)]);
    let case = fixture_case("gru");
    let none = [Tensor::new("x", &[0, 2, 2], Vec::<f32>::new())];
    let error = case.engine.run(&none, &[1], &mut Vec::new(), &Cancel::never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "output `last` has no axis of rows: expected at least one row, got none"
    );
}

#[test]
fn no_rows_have_the_columns_that_a_row_has_where_none_are_declared() {
    for name in ["gemm", "tree_trav", "perf_tree_trav"] {
        let path = bundled("../pipelines/models").join(format!("traced_tree_{name}.onnx"));
        let engine = RtenEngine::load(&model(&path), &Options::default()).unwrap();
        let [input] = &*engine.signature().inputs else { panic!("{:?}", engine.signature()) };
        let columns = input.dims[1].unwrap_or(4);
        let none = Tensor::new(&input.name, &[0, columns], Vec::<f32>::new());
        let one = Tensor::zeros(&input.name, &[1, columns], DType::F32);
        let (none, one) = (run(&engine, &[none]), run(&engine, &[one]));
        for (none, one) in none.iter().zip(&one) {
            assert_eq!(none.shape.dims()[0], 0, "{name}");
            assert_eq!(none.shape.dims()[1..], one.shape.dims()[1..], "{name}");
            assert!(!one.data.is_empty() && none.data.is_empty(), "{name}");
        }
    }
}

#[test]
fn a_request_s_count_is_checked_before_room_is_made() {
    let case = fixture_case("counted");
    let asked = |count: i64| {
        let mut inputs = case.inputs.clone();
        inputs[1] = Tensor::new("k", &[1], vec![count]);
        inputs
    };
    for count in [5, i64::from(i32::MAX), -1, -5, -6, i64::from(i32::MIN)] {
        let (kind, text) = failure(&case.engine, &asked(count));
        assert_eq!((kind, &*text), (ErrorKind::ModelFailed, "model failed on this input"));
    }
    for count in 0..=4 {
        let outputs = run(&case.engine, &asked(count));
        assert_eq!(outputs[1].shape.dims(), [3, usize::try_from(count).unwrap()]);
    }
}

#[test]
fn axes_without_entries_are_refused() {
    let case = fixture_case("embedding");
    let (kind, text) = failure(&case.engine, &[Tensor::new("ids", &[2, 0], Vec::<i64>::new())]);
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert_eq!(text, "input `ids`: expected at least one entry on axis 1, got none");
}

#[test]
fn only_the_wanted_outputs_are_written_in_the_wanted_order() {
    let case = bundled_case("two-inputs");
    let mut outputs = vec![Tensor::strings("old", &[0], radiant_core::Strings::new()); 3];
    case.engine.run(&case.inputs, &[1], &mut outputs, &Cancel::never()).unwrap();
    assert_close(&outputs, &case.outputs[1..]);
    case.engine.run(&case.inputs, &[1, 0], &mut outputs, &Cancel::never()).unwrap();
    let swapped = [case.outputs[1].clone(), case.outputs[0].clone()];
    assert_close(&outputs, &swapped);
    let error = case.engine.run(&case.inputs, &[2], &mut outputs, &Cancel::never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[test]
fn a_cancelled_run_does_not_start() {
    let case = bundled_case("digits-mlp");
    let cancel = Cancel::when(|| true);
    let error = case.engine.run(&case.inputs, &[0], &mut Vec::new(), &cancel).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
}

#[test]
fn threads_share_one_engine_inside_and_outside_their_own_pools() {
    let case = bundled_case("digits-mlp");
    let work = |thread: usize| {
        for turn in 0..20 {
            let from = (thread + turn) % 10;
            let to = from + 1 + turn % 2;
            let got = run(&case.engine, &slices(&case.inputs, from, to));
            assert_close(&got, &slices(&case.outputs, from, to));
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let work = &work;
            scope.spawn(
                move || if thread % 2 == 0 { own_pool(1, || work(thread)) } else { work(thread) },
            );
        }
    });
}

#[test]
fn graphs_of_other_domains_are_refused_by_the_operators_name() {
    let error = RtenEngine::load(&model(&bundled("iris").join("model.onnx")), &Options::default());
    let error = error.unwrap_err();
    assert!(matches!(error, LoadError::UnknownOperator { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "operator `ai.onnx.ml.LinearClassifier` (node `LinearClassifier`) is not one that is run \
         through rten"
    );
}

#[test]
fn a_graph_that_no_made_up_inputs_fit_is_refused_with_rten_s_words() {
    let options = Options { trial_extents: vec![1], ..Options::default() };
    let error = RtenEngine::load(&model(&fixture("defaults.onnx")), &options).unwrap_err();
    assert!(matches!(error, LoadError::Untried { .. }), "{error}");
    assert!(error.to_string().contains("Input too small for kernel size"), "{error}");
}
