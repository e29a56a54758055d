//! Shapes against another implementation's, and graphs whose shapes contradict themselves.

use std::collections::HashMap;

use crate::pb::*;
use crate::test_graph::{
    body, floats, graph, int, ints, ints_attribute, model, node, refused, truth, value, with, zeros,
};
use crate::{Dim, Limits, dtype_of, load, read};

/// `name elem_type extents...` as `testdata/gen_shapes.py` wrote them; -1 where it depends.
const EXPECTED: &str = include_str!("../../testdata/shapes.txt");

#[test]
fn types_and_shapes_are_those_of_the_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/shapes.onnx");
    let model = load(path.as_ref(), &Limits::default()).unwrap();
    let shapes = model.shapes();
    for line in EXPECTED.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let fact = shapes.get(name).unwrap();
        assert_eq!(fact.dtype, dtype_of(words.next().unwrap().parse().unwrap()), "{line}");
        let expected: Vec<i64> = words.map(|word| word.parse().unwrap()).collect();
        let known = |dim: &Dim| dim.known().map_or(-1, |extent| i64::try_from(extent).unwrap());
        let got: Vec<i64> = fact.dims.as_ref().unwrap().iter().map(known).collect();
        assert_eq!(got, expected, "{line}");
    }
    let first = |name: &str| shapes.get(name).unwrap().dims.as_ref().unwrap()[0];
    assert_eq!(first("rows"), Dim::BATCH);
    assert_ne!(first("folded"), Dim::BATCH);
}

#[test]
fn shapes_that_a_graph_computes_are_followed_with_their_symbols() {
    // x.reshape(x.shape[0], 2, -1), then back by its own shape.
    let nodes = vec![
        node("Shape", &["x"], &["shape"]),
        with(node("Gather", &["shape", "zero"], &["n"]), vec![int("axis", 0)]),
        node("Concat", &["n", "halves"], &["target"]),
        node("Reshape", &["x", "target"], &["z"]),
        node("Mul", &["shape", "factors"], &["doubled"]),
        node("Div", &["doubled", "factors"], &["same"]),
        node("Reshape", &["z", "same"], &["y"]),
    ];
    let constants = vec![ints("zero", &[0]), ints("halves", &[2, -1]), ints("factors", &[2, 1])];
    let model = model(graph(nodes, constants));
    let shapes = model.shapes();
    let dims = |name: &str| shapes.get(name).unwrap().dims.clone().unwrap();
    assert_eq!(dims("z"), [Dim::BATCH, Dim::Known(2), Dim::Known(2)]);
    assert_eq!(dims("y"), [Dim::BATCH, Dim::Known(4)]);
}

#[test]
fn axes_of_one_name_are_one_symbol() {
    let named = |input: &str, names: [&str; 2]| {
        let mut value = value(input, &[-1, -1]);
        let r#type = value.r#type.as_mut().unwrap().value.as_mut().unwrap();
        let TypeValue::TensorType(tensor) = r#type else { unreachable!() };
        let name = |name: &str| Dimension { value: Some(DimensionValue::DimParam(name.into())) };
        tensor.shape.as_mut().unwrap().dim = names.iter().map(|text| name(text)).collect();
        value
    };
    let mut twins = graph(vec![node("Add", &["x", "b"], &["y"])], vec![]);
    twins.input = vec![named("x", ["n", "length"]), named("b", ["n", "length"])];
    let twins = model(twins);
    let shapes = twins.shapes();
    let dims = shapes.get("y").unwrap().dims.clone().unwrap();
    assert_eq!(dims, *shapes.get("x").unwrap().dims.as_ref().unwrap());
    let Dim::Symbol(length) = dims[1] else { panic!("{dims:?}") };
    assert_eq!(shapes.symbol_name(length), Some("length"));
}

#[test]
fn an_operator_that_is_not_known_leaves_its_output_unknown() {
    let odd = NodeProto { domain: "ai.onnx.ml".into(), ..node("Novelty", &["x"], &["z"]) };
    let unknown = model(graph(vec![odd, node("Relu", &["z"], &["y"])], vec![]));
    assert_eq!(unknown.shapes().get("z"), None);
    assert_eq!(unknown.shapes().known_dims("y"), None);
}

#[test]
fn operands_that_do_not_fit_are_refused_with_what_was_expected() {
    let cases = [
        (
            node("Add", &["x", "c"], &["y"]),
            floats("c", &[3]),
            "node of `y` (Add): input `c`: expected a shape that broadcasts with [-1, 4], got [3]",
        ),
        (
            node("MatMul", &["x", "c"], &["y"]),
            floats("c", &[3, 5]),
            "node of `y` (MatMul): input `c`: expected matrices with 4 rows, got [3, 5]",
        ),
        (
            with(node("Gemm", &["x", "c"], &["y"]), vec![int("transB", 1)]),
            floats("c", &[4, 5]),
            "node of `y` (Gemm): input `c`: expected [-1, 4], got [4, 5]",
        ),
        (
            node("Gemm", &["x", "c", "to"], &["y"]),
            floats("c", &[4, 1]),
            "node of `y` (Gemm): input `to`: expected a shape that broadcasts to [-1, 1], got [2]",
        ),
        (
            with(node("Concat", &["x", "c"], &["y"]), vec![int("axis", 1)]),
            floats("c", &[4]),
            "node of `y` (Concat): input `c`: expected 2 axes, got [4]",
        ),
        (
            node("Reshape", &["c", "to"], &["y"]),
            floats("c", &[3, 4]),
            "node of `y` (Reshape): input `c`: expected a multiple of 5 elements for [-1, 5] of 12, \
             got [3, 4]",
        ),
        (
            with(node("Transpose", &["x"], &["y"]), vec![ints_attribute("perm", &[0, 2, 1])]),
            floats("c", &[1]),
            "node of `y` (Transpose): expected attribute `perm` to order 2 axes, got [0, 2, 1]",
        ),
        (
            with(node("Softsign", &["x"], &["z"]), vec![]),
            floats("c", &[1]),
            "output `y`: expected a value of the graph, got none of that name",
        ),
        (
            with(node("Gather", &["x", "to"], &["y"]), vec![int("axis", 2)]),
            floats("c", &[1]),
            "node of `y` (Gather): expected an axis of 2, got 2",
        ),
    ];
    for (odd, constant, expected) in cases {
        refused(graph(vec![odd], vec![constant, ints("to", &[-1, 5])]), expected);
    }
}

#[test]
fn convolution_weights_must_fit_the_channels() {
    let conv = |weights: &[i64], groups: i64| {
        let conv = with(node("Conv", &["x", "w"], &["y"]), vec![int("group", groups)]);
        let mut graph = graph(vec![conv], vec![zeros("w", weights)]);
        graph.input = vec![value("x", &[-1, 6, 9, 9])];
        graph
    };
    let sound = model(conv(&[4, 3, 3, 3], 2)).shapes().known_dims("y");
    assert_eq!(sound, Some(vec![None, Some(4), Some(7), Some(7)]));
    refused(
        conv(&[4, 6, 3, 3], 2),
        "node of `y` (Conv): input `w`: expected 6 channels in 2 groups of weights, got [4, 6, 3, 3]",
    );
    refused(conv(&[4, 6, 3], 1), "node of `y` (Conv): input `w`: expected 4 axes, got [4, 6, 3]");
}

#[test]
fn recurrent_weights_are_compared_with_the_inferred_input() {
    let layer = with(node("GRU", &["z", "w", "r"], &["y"]), vec![int("hidden_size", 2)]);
    let nodes = vec![node("Unsqueeze", &["x", "first"], &["z"]), layer];
    let constants = vec![zeros("w", &[1, 6, 5]), zeros("r", &[1, 6, 2]), ints("first", &[0])];
    refused(
        graph(nodes, constants),
        "node of `y` (GRU): input X `z`: expected [-1, -1, 5], got [1, -1, 4]",
    );
}

#[test]
fn a_branch_that_may_never_be_taken_may_contradict_itself() {
    let branch = |name: &str, inner: NodeProto| body(name, (&[], &["z"]), inner);
    let squeeze = with(node("Squeeze", &["x", "one"], &["z"]), vec![]);
    let branches =
        vec![branch("then_branch", squeeze), branch("else_branch", node("Relu", &["x"], &["z"]))];
    let choice = with(node("If", &["yes"], &["y"]), branches);
    let model = model(graph(vec![choice], vec![truth("yes"), ints("one", &[1])]));
    assert_eq!(model.shapes().known_dims("y"), None);
}

#[test]
fn operands_of_old_operator_sets_say_themselves_where_they_stand() {
    let legacy = with(node("Add", &["x", "c"], &["y"]), vec![int("broadcast", 1), int("axis", 0)]);
    let mut proto = ModelProto {
        ir_version: 3,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 6 }],
        graph: Some(graph(vec![legacy], vec![floats("c", &[3])])),
        ..ModelProto::default()
    };
    let bytes = prost::Message::encode_to_vec(&proto);
    assert!(read(&bytes, &Limits::default()).is_ok());
    proto.opset_import[0].version = 7;
    let bytes = prost::Message::encode_to_vec(&proto);
    assert!(read(&bytes, &Limits::default()).is_err());
}

#[test]
fn a_long_chain_costs_linear_time_and_bounded_memory() {
    let nodes = (0..20_000).map(|at| {
        let (from, to) = (format!("v{at}"), format!("v{}", at + 1));
        node("Concat", &[&from, "row"], &[&to])
    });
    let mut chain = graph(nodes.collect(), vec![floats("row", &[1, 4])]);
    chain.input = vec![value("v0", &[-1, 4])];
    chain.output = vec![value("v20000", &[])];
    let shapes = model(chain).shapes();
    let ranks: HashMap<usize, usize> = (0..=20_000).fold(HashMap::new(), |mut ranks, at| {
        let dims = shapes.known_dims(&format!("v{at}")).unwrap();
        *ranks.entry(dims.len()).or_default() += 1;
        ranks
    });
    assert_eq!(ranks, HashMap::from([(2, 20_001)]));
}
