//! Broken and hostile graphs, built by hand.

use proptest::prelude::*;

use crate::pb::*;
use crate::test_graph::{floats, graph, model, node, refused, truth, value};
use crate::{Fit, Limits, check_recurrent, read, strip_zip_maps};

#[test]
fn a_sound_graph_is_read_and_written_unchanged() {
    let mut sound = graph(vec![node("Add", &["x", "b"], &["y"])], vec![floats("b", &[4])]);
    let read_once = model(sound.clone());
    let again = read(&read_once.to_proto_bytes(), &Limits::default()).unwrap();
    assert_eq!(read_once, again);
    assert_eq!(read_once.graph, sound);
    assert_eq!(read_once.metadata_props.get("author").map(String::as_str), Some("nobody"));
    assert_eq!(read_once.opset("ai.onnx"), Some(17));
    // A constant that is an input too has a default value and is none of the signature's inputs.
    sound.input.push(value("b", &[4]));
    let signature = model(sound).signature().unwrap();
    assert_eq!(signature.inputs.len(), 1);
    assert_eq!(signature.inputs[0].to_string(), "FP32 [-1, 4]");
}

#[test]
fn every_value_is_defined_once_and_before_it_is_read() {
    refused(
        graph(vec![node("Relu", &["b"], &["a"]), node("Relu", &["a"], &["b"])], vec![]),
        "node of `a` (Relu): expected input `b` to be defined before, got no such value",
    );
    refused(
        graph(vec![node("Relu", &["x"], &["y"]), node("Relu", &["x"], &["y"])], vec![]),
        "node of `y` (Relu): expected a new value name, got `y` for a second time",
    );
    refused(
        graph(vec![node("Relu", &["x"], &["x"])], vec![]),
        "node of `x` (Relu): expected a new value name, got `x` for a second time",
    );
    refused(
        graph(vec![node("Relu", &["x"], &["z"])], vec![]),
        "output `y`: expected a value of the graph, got none of that name",
    );
    refused(
        graph(vec![], vec![floats("y", &[1]), floats("y", &[1])]),
        "constant `y`: expected a new value name, got `y` for a second time",
    );
}

#[test]
fn nested_graphs_see_the_values_around_them_and_are_checked_too() {
    let branch = |read: &str| AttributeProto {
        name: "then_branch".into(),
        r#type: AttributeType::Graph as i32,
        g: Some(GraphProto {
            node: vec![node("Relu", &[read], &["z"])],
            output: vec![value("z", &[1])],
            ..GraphProto::default()
        }),
        ..AttributeProto::default()
    };
    let nested = |read| {
        let other = AttributeProto { name: "else_branch".into(), ..branch("x") };
        let attribute = vec![branch(read), other];
        graph(vec![NodeProto { attribute, ..node("If", &["yes"], &["y"]) }], vec![truth("yes")])
    };
    let sound = model(nested("x"));
    assert_eq!(sound.graph.all_nodes().len(), 3);
    refused(
        nested("y"),
        "node of `z` (Relu): expected input `y` to be defined before, got no such value",
    );
}

#[test]
fn a_domain_must_be_declared() {
    let foreign = NodeProto { domain: "com.acme".into(), ..node("Add", &["x", "x"], &["y"]) };
    refused(
        graph(vec![foreign], vec![]),
        "node of `y` (com.acme.Add): expected a domain among ``, `ai.onnx.ml`, got `com.acme`",
    );
}

#[test]
fn a_declared_shape_cannot_ask_for_more_elements_than_the_limit() {
    let mut large = graph(vec![node("Relu", &["x"], &["y"])], vec![]);
    large.input[0] = value("x", &[-1, 1 << 20, 1 << 20]);
    refused(large, "input `x`: expected at most 2147483647 elements, got 1099511627776");
}

#[test]
fn inputs_are_together_no_larger_than_a_message() {
    let mut large = graph(vec![node("Relu", &["x"], &["y"])], vec![]);
    large.input = vec![value("x", &[1 << 28, -1, 2]), value("x2", &[1])];
    refused(
        large.clone(),
        "input `x2`: expected at most 2147483648 bytes with the inputs before, got 2147483652",
    );
    large.input[0] = value("x", &[1 << 28, 4]);
    refused(large, "input `x`: expected at most 2147483648 bytes, got 4294967296");
}

fn lstm(w: &[i64], r: &[i64], b: &[i64]) -> GraphProto {
    let layer = node("LSTM", &["x", "w", "r", "b"], &["y"]);
    let hidden_size = AttributeProto {
        name: "hidden_size".into(),
        r#type: AttributeType::Int as i32,
        i: 2,
        ..AttributeProto::default()
    };
    let layer = NodeProto { attribute: vec![hidden_size], ..layer };
    let constants = vec![floats("w", w), floats("r", r), floats("b", b)];
    let mut graph = graph(vec![layer], constants);
    graph.input[0] = value("x", &[-1, -1, 5]);
    graph
}

#[test]
fn recurrent_weights_must_fit_each_other_and_their_input() {
    let sound = model(lstm(&[1, 8, 5], &[1, 8, 2], &[1, 16]));
    assert_eq!(sound.graph.node.len(), 1);
    refused(
        lstm(&[1, 8, 2], &[1, 8, 2], &[1, 16]),
        "node of `y` (LSTM): input X `x`: expected [-1, -1, 2], got [-1, -1, 5]",
    );
    refused(
        lstm(&[1, 8, 5], &[1, 8, 3], &[1, 16]),
        "node of `y` (LSTM): input R `r`: expected [1, 8, 2], got [1, 8, 3]",
    );
    refused(
        lstm(&[1, 8, 5], &[1, 8, 2], &[1, 8]),
        "node of `y` (LSTM): input B `b`: expected [1, 16], got [1, 8]",
    );
    refused(
        lstm(&[8, 5], &[1, 8, 2], &[1, 16]),
        "node of `y` (LSTM): input W `w`: expected [1, 8, -1], got [8, 5]",
    );
}

#[test]
fn a_recurrent_layer_behind_an_undeclared_shape_is_not_proven() {
    let mut graph = lstm(&[1, 8, 5], &[1, 8, 2], &[1, 16]);
    graph.node[0].input[0] = "z".into();
    graph.node.insert(0, node("Identity", &["x"], &["z"]));
    let model = model(graph);
    let declared = |name: &str| {
        let constant = model.graph.initializer.iter().find(|constant| constant.name == name)?;
        Some(constant.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect())
    };
    let fit = check_recurrent(&model.graph.node[1], declared).unwrap();
    assert_eq!(fit, Fit::Unproven("input X `z`".into()));
}

#[test]
fn attributes_are_read_by_their_type() {
    let attribute = AttributeProto {
        name: "axis".into(),
        r#type: AttributeType::Float as i32,
        f: 1.0,
        ..AttributeProto::default()
    };
    let softmax = NodeProto { attribute: vec![attribute], ..node("Softmax", &["x"], &["y"]) };
    assert_eq!(softmax.float("axis", 0.0).unwrap().to_string(), "1");
    assert_eq!(softmax.int("other", 7).unwrap(), 7);
    assert_eq!(
        softmax.int("axis", 0).unwrap_err().to_string(),
        "node of `y` (Softmax): attribute `axis`: expected Int, got Float"
    );
}

const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/models/iris/model.onnx");

fn iris() -> Vec<u8> {
    std::fs::read(IRIS).unwrap()
}

#[test]
fn a_zip_map_becomes_the_matrix_under_its_public_name() {
    let mut model = read(&iris(), &Limits::default()).unwrap();
    let error = model.signature().unwrap_err().to_string();
    assert_eq!(error, "output `output_probability`: a sequence is not supported");

    let zip_maps = strip_zip_maps(&mut model).unwrap();
    assert_eq!(zip_maps.len(), 1);
    assert_eq!(zip_maps[0].output, "output_probability");
    assert_eq!(zip_maps[0].tensor, "probabilities");
    let signature = model.signature().unwrap();
    assert_eq!(&*signature.outputs[1].name, "output_probability");
    assert_eq!(signature.outputs[1].to_string(), "FP32 [-1, 3]");
    let classifier = signature.classifier.unwrap();
    assert_eq!((classifier.labels, classifier.probabilities), (0, 1));
    assert_eq!(classifier.classes, ["0", "1", "2"].into_iter().collect());
    // What engines read has no ZipMap any more.
    let bytes = model.to_proto_bytes();
    let again = read(&bytes, &Limits::default()).unwrap();
    assert!(again.graph.node.iter().all(|node| node.op_type != "ZipMap"));
    assert_eq!(again.graph.output[1].name, "probabilities");
}

#[test]
fn changing_one_byte_of_a_model_never_panics() {
    let bytes = iris();
    for at in 0..bytes.len() {
        for change in [0x01, 0x08, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            exercise(&changed);
        }
        exercise(&bytes[..at]);
    }
}

fn exercise(bytes: &[u8]) {
    let limits = Limits::default();
    if let Ok(mut model) = read(bytes, &limits) {
        // NaN in a constant is not equal to itself.
        let again = read(&model.to_proto_bytes(), &limits).unwrap();
        assert_eq!(format!("{again:?}"), format!("{model:?}"));
        let zip_maps = strip_zip_maps(&mut model);
        let outputs = model.signature().map(|signature| signature.outputs.len());
        assert!(
            zip_maps.is_err() || outputs.is_err() || outputs.ok() == Some(model.graph.output.len())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        exercise(&bytes);
    }

    #[test]
    fn mutated_models_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut bytes = iris();
        let length = bytes.len();
        for (at, byte) in &changes {
            bytes[at.index(length)] = *byte;
        }
        exercise(&bytes);
    }
}
