//! The engine against answers that onnxruntime gave from Python, and against itself in other
//! company.
//!
//! These tests need a `libonnxruntime.so`, which the environment variable
//! `RADIANT_TEST_ORT_LIBRARY` names. Without it they say so and pass; the tests of errors beside the
//! code need none.

use std::path::{Path, PathBuf};

use half::{bf16, f16};
use radiant_core::{Cancel, Element, Engine, Error, ErrorKind, Strings, Tensor, TensorData};
use radiant_onnx::{Limits, Model};
use serde_json::Value;

use crate::{Library, LibraryError, LoadError, Options, OrtEngine};

const VARIABLE: &str = "RADIANT_TEST_ORT_LIBRARY";

/// The library, or `None` and a line that says why the test is skipped.
fn library() -> Option<Library> {
    #[expect(clippy::disallowed_methods, reason = "a test's setting, not the server's")]
    let path = std::env::var_os(VARIABLE);
    if path.is_none() {
        eprintln!("skipped: {VARIABLE} names no libonnxruntime.so");
    }
    path.map(|path| Library::find(Some(Path::new(&path))).unwrap())
}

fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models").join(name)
}

fn model(path: &Path) -> Model {
    let mut model = radiant_onnx::load(path, &Limits::default()).unwrap();
    radiant_onnx::strip_zip_maps(&mut model).unwrap();
    model
}

fn small(name: &str) -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    model(&folder.join(format!("{name}.onnx")))
}

fn engine(library: &Library, model: &Model) -> OrtEngine {
    OrtEngine::load(library, model, &Options::default()).unwrap()
}

/// A bundled model beside the answers to it.
struct Case {
    engine: OrtEngine,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

fn case(library: &Library, name: &str, options: &Options) -> Case {
    let folder = bundled(name);
    let engine = OrtEngine::load(library, &model(&folder.join("model.onnx")), options).unwrap();
    let json = std::fs::read(folder.join("expected.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let read = |side: &str, specs: &[radiant_core::TensorSpec]| {
        let tensors = specs.iter().map(|spec| tensor(&spec.name, &json[side][&*spec.name]));
        tensors.collect::<Vec<_>>()
    };
    let inputs = read("inputs", &engine.signature().inputs);
    let outputs = read("outputs", &engine.signature().outputs);
    engine.signature().check(&inputs).unwrap();
    Case { engine, inputs, outputs }
}

fn tensor(name: &str, json: &Value) -> Tensor {
    let dims = json["shape"].as_array().unwrap().iter();
    let dims: Vec<usize> =
        dims.map(|dim| usize::try_from(dim.as_u64().unwrap()).unwrap()).collect();
    let values = json["values"].as_array().unwrap().iter();
    match json["dtype"].as_str().unwrap() {
        "BYTES" => Tensor::strings(name, &dims, values.map(|v| v.as_str().unwrap()).collect()),
        "INT64" => Tensor::new(name, &dims, values.map(|v| v.as_i64().unwrap()).collect()),
        #[expect(clippy::cast_possible_truncation, reason = "written from single precision")]
        "FP32" => Tensor::new(name, &dims, values.map(|v| v.as_f64().unwrap() as f32).collect()),
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
    if let TensorData::Bytes(strings) = &tensor.data {
        let mut rows = Strings::new();
        strings.iter().take(to).skip(from).for_each(|string| rows.push(string));
        return Tensor::strings(&tensor.name, &[to - from], rows);
    }
    of::<f32>(tensor, from, to).or_else(|| of::<i64>(tensor, from, to)).unwrap()
}

fn slices(tensors: &[Tensor], from: usize, to: usize) -> Vec<Tensor> {
    tensors.iter().map(|tensor| slice(tensor, from, to)).collect()
}

fn try_run(engine: &OrtEngine, inputs: &[Tensor]) -> Result<Vec<Tensor>, Error> {
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.run(inputs, &wanted, &mut outputs, &Cancel::never())?;
    Ok(outputs)
}

fn run(engine: &OrtEngine, inputs: &[Tensor]) -> Vec<Tensor> {
    engine.signature().check(inputs).unwrap();
    try_run(engine, inputs).unwrap()
}

/// Single precision answers may differ in the last bits with the size of the batch.
#[track_caller]
fn assert_close(got: &[Tensor], want: &[Tensor]) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert_eq!((&got.name, &got.shape), (&want.name, &want.shape));
        let (Some(a), Some(b)) = (got.as_slice::<f32>(), want.as_slice::<f32>()) else {
            assert_eq!(got, want);
            continue;
        };
        for (index, (a, b)) in a.iter().zip(b).enumerate() {
            let allowed = 1e-6 + 1e-5 * b.abs();
            assert!((a - b).abs() <= allowed, "`{}`[{index}]: {a} is not {b}", got.name);
        }
    }
}

#[test]
fn bundled_models_answer_what_onnxruntime_answers_in_batches_of_any_size() {
    let Some(library) = library() else { return };
    for name in ["iris", "iris-names", "digits-mlp", "digits-cnn", "cancer-gbt", "two-inputs"] {
        let case = case(&library, name, &Options::default());
        for rows in [12, 1, 3, 8] {
            let inputs = slices(&case.inputs, 0, rows);
            assert_close(&run(&case.engine, &inputs), &slices(&case.outputs, 0, rows));
        }
    }
}

#[test]
fn every_type_comes_back_as_it_went_in() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("kinds"));
    fn of<T: Element>(name: &str, values: [T; 4]) -> Tensor {
        Tensor::new(name, &[2, 2], values.to_vec())
    }
    let halves = [0.5, -1.0, f32::INFINITY, 65504.0];
    let inputs = [
        of("bool", [true, false, false, true]),
        of("u8", [0_u8, 1, 128, u8::MAX]),
        of("u16", [0_u16, 1, 2, u16::MAX]),
        of("u32", [0_u32, 1, 2, u32::MAX]),
        of("u64", [0_u64, 1, 2, u64::MAX]),
        of("i8", [0_i8, -1, i8::MIN, i8::MAX]),
        of("i16", [0_i16, -1, i16::MIN, i16::MAX]),
        of("i32", [0_i32, -1, i32::MIN, i32::MAX]),
        of("i64", [0_i64, -1, i64::MIN, i64::MAX]),
        of("f16", halves.map(f16::from_f32)),
        of("bf16", halves.map(bf16::from_f32)),
        of("f32", [0.5_f32, -0.0, f32::MIN_POSITIVE, f32::MAX]),
        of("f64", [0.1_f64, -0.0, f64::MIN_POSITIVE, f64::MAX]),
        Tensor::strings("text", &[2, 2], ["", "a", "böb", "日本 語"].into_iter().collect()),
    ];
    let outputs = run(&engine, &inputs);
    for (input, output) in inputs.iter().zip(&outputs) {
        assert_eq!(*output.name, format!("{}_out", input.name));
        assert_eq!((&output.shape, &output.data), (&input.shape, &input.data));
    }
}

fn words(words: &[&str]) -> Tensor {
    Tensor::strings("word", &[words.len()], words.iter().copied().collect())
}

#[test]
fn strings_go_in_and_come_out() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("words"));
    let outputs = run(&engine, &[words(&["drei", "vier", "", "eins"])]);
    let english = ["thrée", "", "", "one"].into_iter().collect();
    let expected = [
        Tensor::new("id", &[4], vec![3_i64, -1, -1, 1]),
        Tensor::strings("english", &[4], english),
    ];
    assert_eq!(outputs, expected);
}

#[test]
fn strings_that_the_library_cannot_take_are_the_clients_error() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("words"));
    let mut broken = Strings::new();
    broken.push(b"eins");
    broken.push(b"\xff");
    let broken = Tensor::strings("word", &[2], broken);
    for (input, text) in [
        (words(&["a\0b"]), "input `word`: string 0: expected UTF-8 without NUL, got `a\\x00b`"),
        (broken, "input `word`: string 1: expected UTF-8 without NUL, got `\\xff`"),
    ] {
        let error = try_run(&engine, &[input]).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, text));
    }
}

#[test]
fn shapes_that_the_file_leaves_open_come_from_the_library() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("lookup"));
    assert_eq!(engine.signature().outputs[0].dims, [None, Some(2), Some(3)]);
    let ids = Tensor::new("ids", &[1, 2], vec![0_i64, 3]);
    let rows = vec![0.0_f32, 0.1, 0.2, 0.9, 1.0, 1.1];
    assert_close(&run(&engine, &[ids]), &[Tensor::new("rows", &[1, 2, 3], rows)]);
}

#[test]
fn data_that_the_model_cannot_take_fails_its_request_and_no_other() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("lookup"));
    for _ in 0..2 {
        let error = try_run(&engine, &[Tensor::new("ids", &[1, 2], vec![0_i64, 7])]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ModelFailed);
        assert_eq!(error.message(), "model failed on this input");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with("onnxruntime: ") && source.contains("'look'"), "{source}");
        run(&engine, &[Tensor::new("ids", &[1, 2], vec![0_i64, 3])]);
    }
}

#[test]
fn a_shape_that_no_check_stopped_fails_in_the_library() {
    let Some(library) = library() else { return };
    let case = case(&library, "iris", &Options::default());
    let wide = Tensor::new("float_input", &[1, 5], vec![0_f32; 5]);
    assert!(case.engine.signature().check(std::slice::from_ref(&wide)).is_err());
    let error = try_run(&case.engine, &[wide]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelFailed);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("float_input"), "{source}");
}

#[test]
fn no_rows_give_no_rows_of_the_right_shape() {
    let Some(library) = library() else { return };
    let case = case(&library, "digits-cnn", &Options::default());
    let none = Tensor::new("image", &[0, 1, 8, 8], Vec::<f32>::new());
    let expected = [Tensor::new("probabilities", &[0, 10], Vec::<f32>::new())];
    assert_eq!(run(&case.engine, &[none]), expected);

    let strings = engine(&library, &small("words"));
    let expected = [
        Tensor::new("id", &[0], Vec::<i64>::new()),
        Tensor::strings("english", &[0], Strings::new()),
    ];
    assert_eq!(run(&strings, &[words(&[])]), expected);

    // The kernel would abort the process. The width is not in the file.
    let recurrent = engine(&library, &small("recurrent"));
    let none = Tensor::new("x", &[0, 2, 3], Vec::<f32>::new());
    assert_eq!(run(&recurrent, &[none]), [Tensor::new("y", &[0, 4], Vec::<f32>::new())]);
}

#[test]
fn an_output_without_rows_is_what_the_graph_says_of_no_rows() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("lengths"));
    let outputs = run(&engine, &[Tensor::new("x", &[0, 1, 2], Vec::<f32>::new())]);
    let shape = outputs.iter().find(|output| &*output.name == "shape").unwrap();
    assert_eq!(shape.as_slice::<i64>(), Some(&[0, 1, 2][..]));
}

#[test]
fn an_empty_axis_is_refused_where_a_kernel_would_end_the_process_and_run_elsewhere() {
    let Some(library) = library() else { return };
    let recurrent = engine(&library, &small("recurrent"));
    let empty = Tensor::new("x", &[1, 0, 3], Vec::<f32>::new());
    let error = try_run(&recurrent, &[empty]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = "input `x`: expected no empty axis, which `GRU` in this model cannot take, got \
                [1, 0, 3]";
    assert_eq!(error.message(), text);

    let lengths = engine(&library, &small("lengths"));
    let outputs = run(&lengths, &[Tensor::new("x", &[1, 0, 2], Vec::<f32>::new())]);
    let shape = Tensor::new("shape", &[3], vec![1_i64, 0, 2]);
    assert_eq!(outputs, [Tensor::new("y", &[1, 2], vec![0_f32; 2]), shape]);
}

#[test]
fn free_axes_may_change_with_every_request() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("lengths"));
    for length in [1, 7, 2, 7, 3] {
        let x = Tensor::new("x", &[1, length, 2], vec![1_f32; length * 2]);
        assert_eq!(run(&engine, &[x])[0], Tensor::new("y", &[1, 2], vec![length as f32; 2]));
    }
}

#[test]
fn only_the_wanted_outputs_are_written_in_the_wanted_order() {
    let Some(library) = library() else { return };
    let case = case(&library, "two-inputs", &Options::default());
    let mut outputs = vec![Tensor::strings("old", &[0], Strings::new()); 3];
    for wanted in [&[1][..], &[1, 0], &[0], &[0, 1], &[1, 1], &[]] {
        case.engine.run(&case.inputs, wanted, &mut outputs, &Cancel::never()).unwrap();
        let expected: Vec<_> = wanted.iter().map(|&index| case.outputs[index].clone()).collect();
        assert_close(&outputs, &expected);
    }
    let error = case.engine.run(&case.inputs, &[2], &mut outputs, &Cancel::never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[test]
fn threads_share_one_engine_whatever_the_number_of_sessions() {
    let Some(library) = library() else { return };
    for sessions in [1, 3] {
        let case = case(&library, "digits-mlp", &Options { threads: 1, sessions });
        assert_eq!(case.engine.weight_copies().held, sessions);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let case = &case;
                scope.spawn(move || {
                    for turn in 0..20 {
                        let from = (thread + turn) % 10;
                        let to = from + 1 + turn % 2;
                        let got = run(&case.engine, &slices(&case.inputs, from, to));
                        assert_close(&got, &slices(&case.outputs, from, to));
                    }
                });
            }
        });
    }
}

#[test]
fn more_threads_a_session_give_the_same_answers() {
    let Some(library) = library() else { return };
    let case = case(&library, "digits-cnn", &Options { threads: 2, sessions: 1 });
    assert_close(&run(&case.engine, &case.inputs), &case.outputs);
}

#[test]
fn hidden_state_does_not_leak_from_one_run_into_the_next() {
    let Some(library) = library() else { return };
    let engine = engine(&library, &small("recurrent"));
    let x = [Tensor::new("x", &[2, 2, 3], (0..12_u8).map(f32::from).collect())];
    let first = run(&engine, &x);
    assert_eq!(run(&engine, &x), first);
}

#[test]
fn a_run_that_nobody_waits_for_does_not_begin() {
    let Some(library) = library() else { return };
    let case = case(&library, "iris", &Options::default());
    let cancel = Cancel::when(|| true);
    let error = case.engine.run(&case.inputs, &[0], &mut Vec::new(), &cancel).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
}

#[test]
fn refused_models_name_the_operator() {
    let Some(library) = library() else { return };
    for (name, culprit) in [
        ("stranger", "operator `com.acme.Foo` (node `mine`): "),
        ("locale", "operator `StringNormalizer` (node `lower`): "),
    ] {
        let error = OrtEngine::load(&library, &small(name), &Options::default()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("ONNX Runtime cannot load the model: "), "{text}");
        assert!(text.contains(culprit), "{text}");
        assert_eq!(matches!(error, LoadError::Locale { .. }), name == "locale", "{text}");
    }
}

#[test]
fn the_library_is_loaded_once_and_says_what_it_is() {
    let Some(library) = library() else { return };
    let again = Library::find(None).unwrap();
    assert_eq!(again.path(), library.path());
    let folder = Library::find(library.path().parent()).unwrap();
    assert_eq!(folder.path(), library.path());
    assert!(library.version().starts_with("1."), "{}", library.version());
    let broken = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/broken");
    let error = Library::find(Some(Path::new(broken))).unwrap_err();
    assert!(matches!(error, LibraryError::Conflict { .. }), "{error}");
}
