//! Tree ensembles against what onnxruntime answered (`testdata/trees/make.py`).

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use radiant_core::{Cancel, Engine, Tensor, TensorData};
use radiant_onnx::pb::{AttributeProto, NodeProto};
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

#[test]
fn the_bundled_boosted_trees_answer_as_onnxruntime_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models/cancer-gbt");
    let engine = NativeEngine::load(&model(&folder.join("model.onnx"))).unwrap();
    let text = fs::read(folder.join("expected.json")).unwrap();
    let case: Value = serde_json::from_slice(&text).unwrap();
    let rows = tensor("float_input", &case["inputs"]["float_input"]);
    let mut outputs = Vec::new();
    engine.run(&[rows], &[0, 1], &mut outputs, &Cancel::never()).unwrap();
    assert_eq!(outputs[0], tensor("label", &case["outputs"]["label"]));
    let expected = tensor("probabilities", &case["outputs"]["probabilities"]);
    let pairs = doubles(&outputs[1].data).unwrap().into_iter();
    for (got, expected) in pairs.zip(doubles(&expected.data).unwrap()) {
        assert!(ulps(got, expected) <= 1, "expected {expected}, got {got}");
    }
}

#[test]
fn fractions_are_in_no_set_of_whole_numbers() {
    let engine = NativeEngine::load(&model(&folder().join("lgb_categories_nan.onnx"))).unwrap();
    let run = |category: f32| {
        let rows = [Tensor::new("X", &[1, 2], vec![category, 0.5])];
        let mut outputs = Vec::new();
        engine.run(&rows, &[0], &mut outputs, &Cancel::never()).unwrap();
        doubles(&outputs[0].data).unwrap()
    };
    assert!((run(4.0)[0] - run(3.0)[0]).abs() > 0.1, "four is in the sets, three is not");
    assert_eq!(run(4.5), run(3.0));
}

/// Why a model is refused after a change to its first node.
fn refused(name: &str, change: impl FnOnce(&mut NodeProto)) -> String {
    let mut model = model(&folder().join(format!("{name}.onnx")));
    change(&mut model.graph.node[0]);
    NativeEngine::load(&model).unwrap_err().to_string()
}

fn attribute<'a>(node: &'a mut NodeProto, name: &str) -> &'a mut AttributeProto {
    node.attribute.iter_mut().find(|attribute| attribute.name == name).unwrap()
}

#[test]
fn tables_that_are_no_trees_are_refused() {
    let of = |change: fn(&mut NodeProto), expected: &str| {
        let error = refused("hand_branch_leq", change);
        let place = "node of `Y` (ai.onnx.ml.TreeEnsembleRegressor): ";
        assert_eq!(error, format!("{place}{expected}"));
    };
    of(|node| attribute(node, "nodes_truenodeids").ints[1] = 0, "node 0 is reached in two ways");
    of(|node| attribute(node, "nodes_truenodeids").ints[1] = 9, "tree 0 has no node 9");
    of(|node| attribute(node, "nodes_truenodeids").ints[1] = 5, "node 5 is reached in two ways");
    of(|node| attribute(node, "nodes_nodeids").ints[3] = 0, "tree 0 has two nodes 0");
    of(
        |node| {
            attribute(node, "nodes_treeids").ints[34] = 0;
            attribute(node, "nodes_nodeids").ints[34] = 7;
        },
        "the nodes of tree 0 do not stand together",
    );
    of(
        |node| attribute(node, "nodes_featureids").ints[0] = 9,
        "expected input of 10 columns, got 4",
    );
    of(
        |node| attribute(node, "nodes_featureids").ints[0] = -1,
        "attribute `nodes_featureids`: `-1` is not supported",
    );
    of(
        |node| attribute(node, "nodes_modes").strings[0] = b"BRANCH_MAYBE".to_vec(),
        "attribute `nodes_modes`: `BRANCH_MAYBE` is not supported",
    );
    of(
        |node| attribute(node, "nodes_values").floats.truncate(3),
        "attribute `nodes_values`: expected 35 entries as in `nodes_nodeids`, got 3",
    );
    of(
        |node| attribute(node, "target_ids").ints[0] = 1,
        "vote 0: expected an output below 1, got 1",
    );
    of(
        |node| attribute(node, "target_ids").ints.truncate(1),
        "attribute `target_ids`: expected 20 entries as in `target_nodeids`, got 1",
    );
    of(|node| attribute(node, "n_targets").i = 0, "attribute `n_targets`: `0` is not supported");
    of(
        |node| attribute(node, "target_nodeids").ints[0] = 4,
        "a leaf of several weights for one target is not supported",
    );
    of(|node| node.attribute[0].name = "novelty".into(), "attribute `novelty` is not supported");
}

#[test]
fn what_onnxruntime_and_the_specification_see_otherwise_is_refused() {
    let of = |name: &str, change: fn(&mut NodeProto), expected: &str| {
        let error = refused(name, change);
        assert!(error.ends_with(expected), "{error}");
    };
    of(
        "hand_probit_one",
        |node| attribute(node, "post_transform").s = b"LOGISTIC".to_vec(),
        "a `post_transform` of one target is not supported",
    );
    of(
        "hand_max_three",
        |node| attribute(node, "target_ids").ints[0] = 1,
        "targets for which a row has no leaf are not supported",
    );
    of(
        "hand_branch_leq_tracked",
        |node| attribute(node, "nodes_missing_value_tracks_true").ints[0] = 2,
        "attribute `nodes_missing_value_tracks_true`: `2` is not supported",
    );
    of(
        "hand_binary_first_positive_none",
        |node| attribute(node, "class_ids").ints[0] = 1,
        "votes for both of two classes are not supported",
    );
    of(
        "hand_binary_first_positive_none",
        |node| attribute(node, "post_transform").s = b"SOFTMAX".to_vec(),
        "a `post_transform` of one score for two classes but `LOGISTIC` is not supported",
    );
    of(
        "hand_names",
        |node| attribute(node, "base_values").floats.truncate(1),
        "expected 3 base values or none, got 1",
    );
    of(
        "hand_names",
        |node| attribute(node, "classlabels_strings").strings.truncate(1),
        "1 class labels are not supported",
    );
    of(
        "ml5_probit",
        |node| attribute(node, "post_transform").i = 1,
        "attribute `post_transform`: `1` is not supported",
    );
    of(
        "ml5_sets",
        |node| attribute(node, "tree_roots").ints[0] = 99,
        "attribute `tree_roots`: `99` is not supported",
    );
    of(
        "ml5_sets",
        |node| attribute(node, "nodes_truenodeids").ints[0] = 0,
        "node 0 is reached in two ways",
    );
    of(
        "ml5_sets",
        |node| attribute(node, "nodes_truenodeids").ints[1] = 99,
        "attribute `nodes_truenodeids`: `99` is not supported",
    );
    of(
        "ml5_sets",
        |node| node.attribute.retain(|attribute| attribute.name != "membership_values"),
        "`membership_values` are missing",
    );
}

#[test]
fn rows_that_are_too_narrow_are_refused() {
    let engine = NativeEngine::load(&model(&folder().join("hand_branch_leq.onnx"))).unwrap();
    let rows = [Tensor::new("X", &[1, 2], vec![1.0_f32, 2.0])];
    let error = engine.run(&rows, &[0], &mut Vec::new(), &Cancel::never()).unwrap_err();
    assert!(error.to_string().contains("columns"), "{error}");
    let none = [Tensor::new("X", &[0, 4], Vec::<f32>::new())];
    let mut outputs = Vec::new();
    engine.run(&none, &[0], &mut outputs, &Cancel::never()).unwrap();
    assert_eq!(outputs[0].shape.dims(), [0, 1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutated_trees_never_panic(
        name in prop::sample::select(vec![
            "hand_modes_mixed", "hand_names", "lgb_categories_nan", "ml5_sets", "ml5_bare",
        ]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = fs::read(folder().join(format!("{name}.onnx"))).unwrap();
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at.index(length)] = byte;
        }
        let Ok(model) = read(&bytes, &Limits::default()) else { return Ok(()) };
        let Ok(engine) = NativeEngine::load(&model) else { return Ok(()) };
        let input = &engine.signature().inputs[0];
        let dims: Vec<usize> = input.dims.iter().map(|dim| dim.unwrap_or(3)).collect();
        let rows = [Tensor::new("X", &dims, vec![0.5_f32; dims.iter().product()])];
        if engine.signature().check(&rows).is_ok() {
            let mut outputs = Vec::new();
            if engine.run(&rows, &[0], &mut outputs, &Cancel::never()).is_ok() {
                prop_assert_eq!(outputs[0].shape.n_elements(), Ok(outputs[0].data.len()));
            }
        }
    }
}
