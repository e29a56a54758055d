//! Graphs that keep rows apart, and graphs that do not.

use crate::Independence;
use crate::pb::*;
use crate::test_graph::{graph, int, ints, ints_attribute, model, node, truth, value, with, zeros};

/// Whether rows are independent in a graph from `x` [rows, 4] to `y`.
fn verdict(rows: i64, nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> Independence {
    let mut graph = graph(nodes, constants);
    graph.input = vec![value("x", &[rows, 4])];
    graph.output = vec![value("y", &[])];
    model(graph).row_independence()
}

fn constants() -> Vec<TensorProto> {
    vec![
        zeros("w", &[4, 6]),
        zeros("row", &[1, 4]),
        zeros("rows", &[3, 4]),
        zeros("table", &[9, 4]),
        zeros("four", &[4]),
        truth("yes"),
        ints("zero", &[0]),
        ints("one", &[1]),
        ints("two", &[2]),
        ints("split", &[0, 2, -1]),
        ints("back", &[0, -1]),
        ints("eights", &[-1, 8]),
        ints("fours", &[-1, 4]),
        ints("pairs", &[-1, 2]),
        ints("last", &[-1]),
        ints("far", &[i64::MAX]),
    ]
}

fn apart(nodes: Vec<NodeProto>) {
    let text = format!("{nodes:?}");
    assert_eq!(verdict(-1, nodes, constants()), Independence::AnyRows, "{text}");
}

fn unproven(nodes: Vec<NodeProto>, culprit: &str) {
    let text = format!("{nodes:?}");
    match verdict(-1, nodes, constants()) {
        Independence::Unproven { reason } => assert!(reason.contains(culprit), "{reason}"),
        proven => panic!("{proven:?} for {text}"),
    }
}

#[test]
fn operators_that_work_on_each_row_keep_rows_apart() {
    apart(vec![node("Relu", &["x"], &["y"])]);
    apart(vec![node("Add", &["x", "row"], &["y"])]);
    apart(vec![node("Mul", &["four", "x"], &["y"])]);
    apart(vec![node("MatMul", &["x", "w"], &["y"])]);
    apart(vec![node("Gemm", &["x", "w"], &["y"])]);
    apart(vec![node("Softmax", &["x"], &["y"])]);
    apart(vec![node("LayerNormalization", &["x", "four"], &["y"])]);
    apart(vec![with(node("Concat", &["x", "x"], &["y"]), vec![int("axis", 1)])]);
    apart(vec![with(node("ReduceSum", &["x", "one"], &["y"]), vec![])]);
    apart(vec![with(node("ArgMax", &["x"], &["y"]), vec![int("axis", 1), int("keepdims", 0)])]);
    apart(vec![node("TopK", &["x", "two"], &["y", "places"])]);
    apart(vec![node("Slice", &["x", "zero", "far", "zero"], &["y"])]);
    apart(vec![node("Slice", &["x", "zero", "two", "one"], &["y"])]);
    apart(vec![node("Shape", &["x"], &["shape"]), node("Reshape", &["x", "shape"], &["y"])]);
    let parameters = ["x", "four", "four", "four", "four"];
    apart(vec![node("BatchNormalization", &parameters, &["y"])]);
}

#[test]
fn operators_that_mix_rows_are_named() {
    let to_columns = || node("Transpose", &["x"], &["columns"]);
    let with_axis = |op_type: &str, input: &str, axis: i64| {
        with(node(op_type, &[input], &["y"]), vec![int("axis", axis)])
    };
    unproven(vec![node("ReduceMean", &["x"], &["y"])], "ReduceMean");
    unproven(vec![node("ReduceSum", &["x", "zero"], &["y"])], "ReduceSum");
    unproven(vec![with_axis("Softmax", "x", 0)], "Softmax");
    unproven(vec![to_columns(), with_axis("Softmax", "columns", -1)], "Softmax");
    unproven(vec![with_axis("ArgMax", "x", 0)], "ArgMax");
    unproven(vec![to_columns(), node("MatMul", &["x", "columns"], &["y"])], "MatMul");
    unproven(vec![to_columns(), node("MatMul", &["columns", "x"], &["y"])], "MatMul");
    unproven(vec![with(node("Concat", &["x", "x"], &["y"]), vec![int("axis", 0)])], "Concat");
    unproven(vec![node("Slice", &["x", "one", "far", "zero"], &["y"])], "Slice");
    unproven(vec![node("Gather", &["x", "zero"], &["y"])], "Gather");
    unproven(vec![node("CumSum", &["x", "zero"], &["y"])], "CumSum");
    unproven(vec![node("DynamicQuantizeLinear", &["x"], &["y"])], "DynamicQuantizeLinear");
    unproven(vec![with_axis("LayerNormalization", "x", 0)], "LayerNormalization");
    unproven(vec![node("Add", &["x", "rows"], &["y"])], "Add");
    unproven(vec![to_columns(), node("Relu", &["columns"], &["y"])], "output `y`");
}

#[test]
fn the_number_of_rows_may_shape_values_but_be_none() {
    let shape = || node("Shape", &["x"], &["shape"]);
    let count = || {
        vec![
            shape(),
            node("Gather", &["shape", "zero"], &["n"]),
            with(node("Cast", &["n"], &["count"]), vec![int("to", 1)]),
        ]
    };
    let mut divided = count();
    divided.push(node("Div", &["x", "count"], &["y"]));
    unproven(divided, "Div");
    let mut counted = count();
    counted.push(node("Relu", &["count"], &["y"]));
    unproven(counted, "output `y`");
    let zeros = node("ConstantOfShape", &["shape"], &["zeros"]);
    apart(vec![shape(), zeros, node("Add", &["x", "zeros"], &["y"])]);
    apart(vec![shape(), node("Expand", &["row", "shape"], &["y"])]);
    unproven(vec![shape(), node("Expand", &["rows", "shape"], &["y"])], "");
    // The width is no count.
    let width = node("Gather", &["shape", "one"], &["n"]);
    let width = vec![width, with(node("Cast", &["n"], &["width"]), vec![int("to", 1)])];
    let scaled = node("Div", &["x", "width"], &["y"]);
    apart([vec![shape()], width, vec![scaled]].concat());
}

#[test]
fn reshaping_keeps_rows_whole_or_is_unproven() {
    let reshape = |from: &str, shape: &str, to: &str| node("Reshape", &[from, shape], &[to]);
    apart(vec![reshape("x", "split", "y")]);
    apart(vec![reshape("x", "split", "z"), reshape("z", "back", "y")]);
    unproven(vec![reshape("x", "eights", "y")], "Reshape");
    unproven(vec![reshape("x", "pairs", "y")], "output `y`");
    apart(vec![reshape("x", "pairs", "z"), reshape("z", "fours", "y")]);
    let softmax = with(node("Softmax", &["z"], &["s"]), vec![int("axis", 0)]);
    unproven(vec![reshape("x", "pairs", "z"), softmax, reshape("s", "fours", "y")], "Softmax");
    let columns = node("Transpose", &["x"], &["columns"]);
    unproven(vec![columns, reshape("columns", "fours", "y")], "");
    // The batch is in the middle: [2, batch, 2] to [2 * batch, 2] and back.
    let swap = |from: &str, to: &str| {
        with(node("Transpose", &[from], &[to]), vec![ints_attribute("perm", &[1, 0, 2])])
    };
    let mut middle = vec![reshape("x", "split", "a"), swap("a", "b"), reshape("b", "pairs", "c")];
    middle.extend([node("Relu", &["c"], &["d"]), node("Shape", &["b"], &["shape"])]);
    middle.extend([reshape("d", "shape", "e"), swap("e", "f"), reshape("f", "back", "y")]);
    apart(middle);
}

#[test]
fn convolutions_pools_and_recurrent_layers_are_followed() {
    let image = |last: Vec<NodeProto>, constants: Vec<TensorProto>| {
        let mut graph = graph(last, constants);
        graph.input = vec![value("x", &[-1, 3, 8, 8])];
        model(graph).row_independence()
    };
    let conv = node("Conv", &["x", "k"], &["z"]);
    let flat = node("Flatten", &["z"], &["y"]);
    let kernel = vec![zeros("k", &[2, 3, 3, 3])];
    assert_eq!(image(vec![conv.clone(), flat], kernel.clone()), Independence::AnyRows);
    let turned = with(node("Flatten", &["z"], &["y"]), vec![int("axis", 0)]);
    assert!(!image(vec![conv, turned], kernel).is_proven());
    let pool = || vec![ints_attribute("kernel_shape", &[2, 2])];
    let maxima = with(node("MaxPool", &["x"], &["y"]), pool());
    assert_eq!(image(vec![maxima], vec![]), Independence::AnyRows);
    let places = with(node("MaxPool", &["x"], &["y", "places"]), pool());
    assert!(!image(vec![places], vec![]).is_proven());

    let recurrent = |axes: Vec<i64>| {
        let turn = |from: &str, to: &str| {
            with(node("Transpose", &[from], &[to]), vec![ints_attribute("perm", &axes)])
        };
        let lstm = with(node("LSTM", &["t", "wi", "wr"], &["a"]), vec![int("hidden_size", 2)]);
        let squeezed = node("Squeeze", &["a", "one"], &["s"]);
        let nodes = vec![turn("x", "t"), lstm, squeezed, turn("s", "y")];
        let weights = vec![zeros("wi", &[1, 8, 5]), zeros("wr", &[1, 8, 2]), ints("one", &[1])];
        let mut graph = graph(nodes, weights);
        graph.input = vec![value("x", &[-1, 7, 5])];
        model(graph).row_independence()
    };
    assert_eq!(recurrent(vec![1, 0, 2]), Independence::AnyRows);
    // The first axis of the input is time.
    assert!(!recurrent(vec![0, 1, 2]).is_proven());
}

#[test]
fn attention_keeps_rows_apart_where_matrices_are_stacked_by_row() {
    let swap = with(node("Transpose", &["a"], &["b"]), vec![ints_attribute("perm", &[0, 2, 1])]);
    let nodes = |softmax_axis: i64| {
        vec![
            node("Reshape", &["x", "split"], &["a"]),
            swap.clone(),
            node("MatMul", &["a", "b"], &["c"]),
            with(node("Softmax", &["c"], &["d"]), vec![int("axis", softmax_axis)]),
            node("MatMul", &["d", "a"], &["y"]),
        ]
    };
    apart(nodes(-1));
    unproven(nodes(0), "Softmax");
}

#[test]
fn tables_are_looked_up_by_row() {
    let indices = vec![
        with(node("Cast", &["x"], &["i"]), vec![int("to", 7)]),
        node("Gather", &["table", "i"], &["y"]),
    ];
    apart(indices);
    let labels = NodeProto {
        domain: "ai.onnx.ml".into(),
        ..node("ArrayFeatureExtractor", &["row", "best"], &["labels"])
    };
    let best = with(node("ArgMax", &["x"], &["best"]), vec![int("axis", 1)]);
    apart(vec![best, labels, node("Reshape", &["labels", "last"], &["y"])]);
}

#[test]
fn a_fixed_number_of_rows_is_told() {
    let relu = || vec![node("Relu", &["x"], &["y"])];
    assert_eq!(verdict(3, relu(), constants()), Independence::FixedRows(3));
    assert_eq!(verdict(1, relu(), constants()), Independence::FixedRows(1));
    // Not the same for every row, so that a part of a batch would get another's.
    let each = vec![node("Add", &["x", "rows"], &["y"])];
    assert!(!verdict(3, each, constants()).is_proven());
    let mean = vec![with(node("ReduceMean", &["x"], &["y"]), vec![ints_attribute("axes", &[0])])];
    assert!(!verdict(1, mean, constants()).is_proven());
}

#[test]
fn inputs_must_agree_on_the_batch() {
    let independence = |inputs: &[(&str, &[i64])], output: NodeProto| {
        let mut graph = graph(vec![output], vec![]);
        graph.input = inputs.iter().map(|(name, dims)| value(name, dims)).collect();
        model(graph).row_independence()
    };
    let add = || node("Add", &["x", "b"], &["y"]);
    let both = [("x", &[-1, 4][..]), ("b", &[-1, 1])];
    assert_eq!(independence(&both, add()), Independence::AnyRows);
    let shared = [("x", &[-1, 4][..]), ("b", &[4])];
    assert_eq!(independence(&shared, add()), Independence::AnyRows);
    assert!(!independence(&[("x", &[3, 4]), ("b", &[4])], add()).is_proven());
    assert!(
        !independence(&[("x", &[4, 4]), ("b", &[4, 4])], node("MatMul", &["x", "b"], &["y"]))
            .is_proven()
    );
    let output = independence(&shared, node("Relu", &["b"], &["y"]));
    let reason = "output `y` may have other rows".to_owned();
    assert_eq!(output, Independence::Unproven { reason });
}

#[test]
fn nested_graphs_may_not_see_rows() {
    let body = |name: &str, read: &str| AttributeProto {
        name: name.into(),
        r#type: AttributeType::Graph as i32,
        g: Some(GraphProto {
            node: vec![node("Relu", &[read], &["z"])],
            output: vec![value("z", &[])],
            ..GraphProto::default()
        }),
        ..AttributeProto::default()
    };
    let choice = |read: &str| {
        let branches = ["then_branch", "else_branch"].map(|name| body(name, read));
        with(node("If", &["yes"], &["c"]), branches.to_vec())
    };
    // What the branch gives has no known shape, so it cannot meet rows either.
    unproven(vec![choice("x"), node("Add", &["x", "row"], &["y"])], "If");
    apart(vec![choice("row"), node("Add", &["x", "row"], &["y"])]);
}
