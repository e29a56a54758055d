//! Graphs of a few bytes that ask for much.

use crate::pb::*;
use crate::test_graph::{
    body, floats, graph, int, ints, ints_attribute, model, node, refused, truth, value, with, zeros,
};
use crate::{Limits, read};

/// What is said where nodes make too much of so many bytes of constants.
fn made(of: u64) -> String {
    let limit = (1 << 30) + 16 * of;
    format!("expected at most {limit} bytes of what constants make in all nodes up to it")
}

/// What `x`, of no known shape, is read through.
fn unknown(inner: NodeProto, constants: Vec<TensorProto>) -> GraphProto {
    let odd = NodeProto { domain: "ai.onnx.ml".into(), ..node("Novelty", &["x"], &["u"]) };
    graph(vec![odd, inner], constants)
}

#[test]
fn constants_cannot_make_nodes_give_more_than_the_limit() {
    let place = |op_type: &str| format!("node of `y` ({op_type})");
    let elements = |op_type: &str, got: &str| {
        format!("{}: expected at most 2147483647 elements, got {got}", place(op_type))
    };
    for (op_type, input) in [("ConstantOfShape", None), ("Expand", Some("x")), ("Tile", Some("x"))]
    {
        let inputs: Vec<&str> = input.into_iter().chain(["big"]).collect();
        let got = if op_type == "Tile" { "4398046511104" } else { "1099511627776" };
        let extents = if op_type == "Expand" { [1 << 40, 1] } else { [1 << 20, 1 << 20] };
        let x = vec![node(op_type, &inputs, &["y"])];
        let mut graph = graph(x, vec![ints("big", &extents)]);
        graph.input[0] = value("x", &[-1, if op_type == "Expand" { 1 } else { 4 }]);
        refused(graph, &elements(op_type, got));
    }
    let constants = vec![ints("start", &[0]), ints("limit", &[i64::MAX]), ints("delta", &[1])];
    let range = node("Range", &["start", "limit", "delta"], &["y"]);
    refused(graph(vec![range], constants), &elements("Range", "9223372036854775808"));
    let zeros = node("ConstantOfShape", &["big"], &["y"]);
    let shape = |extent| graph(vec![zeros.clone()], vec![ints("big", &[extent])]);
    // 16 bytes more for each of the constant's own.
    refused(
        shape((1 << 28) + 33),
        &format!("{}: {}, got 1073741956", place("ConstantOfShape"), made(8)),
    );
    model(shape((1 << 28) + 32));
}

#[test]
fn what_nodes_make_of_constants_is_summed_up() {
    let doubling: Vec<_> = (0..40)
        .map(|at| {
            let (from, to) = (format!("c{at}"), format!("c{}", at + 1));
            node("Concat", &[&from, &from], &[&to])
        })
        .collect();
    let mut doubling = graph(doubling, vec![floats("c0", &[1])]);
    doubling.output[0].name = "c40".into();
    refused(doubling, &format!("node of `c28` (Concat): {}, got 2147483640", made(4)));
}

#[test]
fn weights_of_the_file_may_be_unpacked_and_turned() {
    let limits = Limits { made_bytes_max: 0, ..Limits::default() };
    let nodes = vec![
        with(node("Cast", &["w"], &["c"]), vec![int("to", 11)]),
        node("Transpose", &["c"], &["y"]),
    ];
    let bytes = crate::test_graph::bytes_of(graph(nodes, vec![zeros("w", &[4, 8])]));
    assert!(read(&bytes, &limits).is_ok());
    let copies =
        (0..9).map(|at| with(node("Cast", &["w"], &[&format!("c{at}")]), vec![int("to", 11)]));
    let many =
        graph(copies.chain([node("Relu", &["x"], &["y"])]).collect(), vec![zeros("w", &[4, 8])]);
    assert!(read(&crate::test_graph::bytes_of(many), &limits).is_err());
}

#[test]
fn values_of_no_known_shape_are_bounded_by_what_is_asked_for() {
    let error = |op_type: &str, got: &str| {
        format!("node of `y` ({op_type}): expected at most 2147483647 elements, got {got}")
    };
    let big = || vec![ints("big", &[1 << 20, 1 << 20])];
    for op_type in ["Expand", "Tile", "CenterCropPad"] {
        let inner = node(op_type, &["u", "big"], &["y"]);
        refused(unknown(inner, big()), &error(op_type, "1099511627776"));
    }
    let resize = node("Resize", &["u", "", "", "big"], &["y"]);
    refused(unknown(resize, big()), &error("Resize", "1099511627776"));
    let one_hot = node("OneHot", &["u", "depth", "values"], &["y"]);
    let constants = vec![ints("depth", &[1 << 40]), ints("values", &[0, 1])];
    refused(unknown(one_hot, constants), &error("OneHot", "1099511627776"));
    let pads = vec![ints("pads", &[0, 0, 1 << 40, 1])];
    let pad = node("Pad", &["u", "pads"], &["y"]);
    refused(unknown(pad, pads.clone()), &error("Pad", "2199023255554"));
    let padded = graph(vec![node("Pad", &["x", "pads"], &["y"])], pads);
    refused(padded, &error("Pad", "5497558138885"));
}

#[test]
fn padding_of_windows_counts_where_the_image_is_not_known() {
    let pads = ints_attribute("pads", &[0, 0, 1 << 40, 0]);
    let image = |op_type: &str, inputs: &[&str], attributes: Vec<AttributeProto>| {
        let mut graph = graph(
            vec![with(node(op_type, inputs, &["y"]), attributes)],
            vec![zeros("w", &[1, 1, 2, 1])],
        );
        graph.input = vec![value("x", &[-1, 1, -1, -1])];
        graph
    };
    let error = |op_type: &str, got: &str| {
        format!("node of `y` ({op_type}): expected at most 2147483647 elements, got {got}")
    };
    refused(image("Conv", &["x", "w"], vec![pads.clone()]), &error("Conv", "1099511627776"));
    let kernel = ints_attribute("kernel_shape", &[2, 1]);
    refused(image("MaxPool", &["x"], vec![kernel, pads]), &error("MaxPool", "1099511627776"));
    let more = ints_attribute("output_padding", &[0, 1 << 40]);
    refused(
        image("ConvTranspose", &["x", "w"], vec![more]),
        &error("ConvTranspose", "2199023255554"),
    );
}

#[test]
fn what_a_node_makes_of_a_request_is_bounded_for_one_row() {
    let tile = node("Tile", &["x", "times"], &["y"]);
    refused(
        graph(vec![tile.clone()], vec![ints("times", &[1, 1 << 28])]),
        "node of `y` (Tile): expected at most 2147483648 bytes, got 4294967296",
    );
    let just_less = model(graph(vec![tile], vec![ints("times", &[1 << 7, 1 << 20])]));
    assert_eq!(just_less.shapes().elements_at_least("y"), 1 << 29);
}

#[test]
fn bodies_are_bounded_like_the_graph_around_them() {
    let bomb = |output: &str| node("ConstantOfShape", &["big"], &[output]);
    let expected = "expected at most 2147483647 elements, got 1099511627776";
    let constants = || vec![truth("yes"), ints("big", &[1 << 40]), ints("n", &[2])];
    let branches = ["then_branch", "else_branch"].map(|name| body(name, (&[], &["z"]), bomb("z")));
    let choice = with(node("If", &["yes"], &["y"]), branches.to_vec());
    refused(
        graph(vec![choice], constants()),
        &format!("node of `z` (ConstantOfShape): {expected}"),
    );
    let round = body("body", (&["i", "c"], &["c", "z"]), bomb("z"));
    let looped = with(node("Loop", &["n", "yes"], &["y"]), vec![round]);
    refused(
        graph(vec![looped], constants()),
        &format!("node of `z` (ConstantOfShape): {expected}"),
    );
}

#[test]
fn the_largest_growth_is_that_of_a_node_not_of_its_inputs() {
    let nodes = vec![
        node("Transpose", &["w"], &["t"]),
        node("Shape", &["x"], &["s"]),
        node("Gather", &["s", "zero"], &["n"]),
        with(node("Expand", &["n", "big"], &["e"]), vec![]),
        node("Relu", &["x"], &["y"]),
    ];
    let constants = vec![zeros("w", &[64, 64]), ints("zero", &[0]), ints("big", &[1000])];
    let shapes = model(graph(nodes, constants)).shapes();
    assert_eq!(shapes.largest_growth(), Some(("node of `e` (Expand)", 1000)));
    assert_eq!(shapes.known_ints("big"), Some(&[1000][..]));
    assert_eq!(shapes.known_ints("s"), None);
}

#[test]
fn inputs_that_say_where_or_how_much_have_their_types_and_ranks() {
    let mut floats_of = graph(vec![node("GatherND", &["x", "x"], &["y"])], vec![]);
    refused(floats_of.clone(), "node of `y` (GatherND): input `x`: expected INT64, got FLOAT");
    floats_of.node = vec![node("Slice", &["x", "w", "w"], &["y"])];
    floats_of.initializer = vec![zeros("w", &[1])];
    refused(floats_of, "node of `y` (Slice): input `w`: expected INT32 or INT64, got FLOAT");
    let scalar = TensorProto { dims: vec![], ..ints("one", &[1]) };
    for (op_type, expected) in [("GatherND", "at least 1 axis"), ("Reshape", "1 axis")] {
        refused(
            graph(vec![node(op_type, &["x", "one"], &["y"])], vec![scalar.clone()]),
            &format!("node of `y` ({op_type}): input `one`: expected {expected}, got []"),
        );
    }
}
