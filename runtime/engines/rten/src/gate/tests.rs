//! Every rule of the gate, as nodes that break it.

use radiant_core::DType;
use radiant_onnx::pb::{
    AttributeProto, AttributeType, Dimension, DimensionValue, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
};
use radiant_onnx::{Limits, Model};

use super::*;

mod asked;

const F32: i32 = 1;
const U8: i32 = 2;
const I32: i32 = 6;
const I64: i32 = 7;
const BOOL: i32 = 9;
const F64: i32 = 11;

/// A model to put graphs into.
fn base() -> Model {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    radiant_onnx::load(&folder.join("bytes.onnx"), &Limits::default()).unwrap()
}

fn value(name: &str, elem_type: i32) -> ValueInfoProto {
    let dim = |extent| Dimension { value: Some(DimensionValue::DimValue(extent)) };
    let shape = Some(TensorShapeProto { dim: vec![dim(2), dim(3)] });
    let value = Some(TypeValue::TensorType(TensorTypeProto { elem_type, shape }));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name: name.to_owned(), r#type }
}

fn attribute(name: &str, fill: impl FnOnce(&mut AttributeProto)) -> AttributeProto {
    let mut attribute = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
    fill(&mut attribute);
    attribute
}

fn int(name: &str, i: i64) -> AttributeProto {
    attribute(name, |to| (to.r#type, to.i) = (AttributeType::Int as i32, i))
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    attribute(name, |to| (to.r#type, to.ints) = (AttributeType::Ints as i32, ints.to_vec()))
}

fn float(name: &str, f: f32) -> AttributeProto {
    attribute(name, |to| (to.r#type, to.f) = (AttributeType::Float as i32, f))
}

fn floats(name: &str, floats: &[f32]) -> AttributeProto {
    attribute(name, |to| (to.r#type, to.floats) = (AttributeType::Floats as i32, floats.to_vec()))
}

fn text(name: &str, s: &str) -> AttributeProto {
    attribute(name, |to| (to.r#type, to.s) = (AttributeType::String as i32, s.into()))
}

fn node(
    op_type: &str,
    inputs: &[&str],
    output: &str,
    attributes: Vec<AttributeProto>,
) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        name: "here".to_owned(),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes,
        ..NodeProto::default()
    }
}

/// A graph of these nodes with an input of each type that rten has, and an output `y`.
fn graph(nodes: Vec<NodeProto>, output: i32) -> GraphProto {
    let inputs = [("f", F32), ("g", F32), ("u", U8), ("i", I32), ("l", I64), ("b", BOOL)];
    GraphProto {
        node: nodes,
        input: inputs.iter().map(|(name, elem_type)| value(name, *elem_type)).collect(),
        output: vec![value("y", output)],
        ..GraphProto::default()
    }
}

fn passed(graph: GraphProto, opset: i64) -> Result<GraphProto, LoadError> {
    let mut model = base();
    model.graph = graph;
    model.opsets.insert(String::new(), opset);
    let signature = model.signature()?;
    pass(&model, &signature).map(|(graph, _)| graph)
}

/// The reason why a graph of one node is refused, after the operator and the node.
fn reason(node: NodeProto, opset: i64) -> String {
    let error = passed(graph(vec![node], F32), opset).unwrap_err();
    match error {
        LoadError::Operator { reason, node, .. } => {
            assert_eq!(node, "here");
            reason
        }
        other => other.to_string(),
    }
}

#[test]
fn operators_that_rten_computes_wrongly_are_refused() {
    for name in [
        "BitCast",
        "ConvInteger",
        "MatMulInteger",
        "DynamicQuantizeLinear",
        "QuantizeLinear",
        "EyeLike",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "NonMaxSuppression",
        "ReduceLogSumExp",
        "Scatter",
        "ScatterElements",
        "Sign",
    ] {
        let expected = operators::left_out(name).unwrap();
        assert_eq!(reason(node(name, &["f"], "y", Vec::new()), 13), expected, "{name}");
    }
}

#[test]
fn operators_that_are_not_in_the_table_are_refused_by_name() {
    for name in ["Hardmax", "Bernoulli", "RNN", "Scan", "SequenceAt", "StringNormalizer"] {
        let error = passed(graph(vec![node(name, &["f"], "y", Vec::new())], F32), 13).unwrap_err();
        assert!(matches!(error, LoadError::UnknownOperator { .. }), "{error}");
    }
    let mut foreign = node("Gelu", &["f"], "y", Vec::new());
    foreign.domain = "com.microsoft".to_owned();
    let error = passed(graph(vec![foreign], F32), 13).unwrap_err().to_string();
    assert_eq!(
        error,
        "operator `com.microsoft.Gelu` (node `here`) is not one that is run through rten"
    );
}

type Refused<'a> = (&'a str, Vec<AttributeProto>, &'a str);

#[track_caller]
fn check_attributes(cases: Vec<Refused<'_>>) {
    for (name, attributes, expected) in cases {
        assert_eq!(reason(node(name, &["f", "g", "g"], "y", attributes), 23), expected, "{name}");
    }
}

#[test]
fn paddings_that_rten_does_otherwise_are_refused() {
    let pool = || ints("kernel_shape", &[2, 2]);
    check_attributes(vec![
        (
            "AveragePool",
            vec![pool(), text("auto_pad", "SAME_LOWER")],
            "rten does not do `auto_pad` SAME_LOWER",
        ),
        (
            "MaxPool",
            vec![pool(), text("auto_pad", "SAME_LOWER")],
            "rten does not do `auto_pad` SAME_LOWER",
        ),
        ("Conv", vec![text("auto_pad", "SAME_LOWER")], "rten does not do `auto_pad` SAME_LOWER"),
        (
            "ConvTranspose",
            vec![text("auto_pad", "SAME_UPPER")],
            "rten does not do `auto_pad` SAME_UPPER",
        ),
        (
            "ConvTranspose",
            vec![ints("output_shape", &[4, 4])],
            "rten does not read the attribute `output_shape`",
        ),
        (
            "MaxPool",
            vec![pool(), text("auto_pad", "VALID"), ints("pads", &[1, 0, 0, 0])],
            "rten pads though `auto_pad` says not to",
        ),
        (
            "MaxPool",
            vec![pool(), text("auto_pad", "SAME_UPPER"), ints("strides", &[3, 1])],
            "rten starts elsewhere where `auto_pad` meets strides beyond the kernel",
        ),
        (
            "MaxPool",
            vec![pool(), ints("dilations", &[2, 2])],
            "rten does not do `dilations` [2, 2]",
        ),
        ("MaxPool", vec![pool(), int("storage_order", 1)], "rten does not do `storage_order` 1"),
    ]);
}

#[test]
fn attributes_of_layers_that_rten_drops_are_refused() {
    let hidden = || int("hidden_size", 2);
    check_attributes(vec![
        (
            "Attention",
            vec![int("left_window_size", 2)],
            "rten does not read the attribute `left_window_size`",
        ),
        (
            "Attention",
            vec![int("qk_matmul_output_mode", 1)],
            "rten does not read the attribute `qk_matmul_output_mode`",
        ),
        ("BatchNormalization", vec![int("training_mode", 1)], "rten does not do `training_mode` 1"),
        ("DequantizeLinear", vec![int("block_size", 2)], "rten does not do `block_size` 2"),
        ("GRU", vec![hidden()], "rten does not do `linear_before_reset` 0"),
        (
            "GRU",
            vec![hidden(), int("linear_before_reset", 0)],
            "rten does not do `linear_before_reset` 0",
        ),
        ("LSTM", vec![hidden(), int("layout", 1)], "rten does not do `layout` 1"),
        ("LSTM", vec![hidden(), int("input_forget", 1)], "rten does not do `input_forget` 1"),
        ("LSTM", vec![hidden(), float("clip", 3.0)], "rten does not do `clip` 3"),
        (
            "LSTM",
            vec![hidden(), floats("activation_alpha", &[0.5])],
            "rten does not do `activation_alpha` numbers",
        ),
        ("LayerNormalization", vec![int("stash_type", 0)], "rten does not do `stash_type` 0"),
    ]);
}

#[test]
fn attributes_that_rten_drops_or_does_not_do_are_refused() {
    check_attributes(vec![
        ("GridSample", vec![text("mode", "nearest")], "rten does not do `mode` nearest"),
        (
            "GridSample",
            vec![text("padding_mode", "border")],
            "rten does not do `padding_mode` border",
        ),
        ("IsInf", vec![int("detect_negative", 0)], "rten does not do `detect_negative` 0"),
        ("Mod", vec![int("fmod", 0)], "of FP32 it needs `fmod` 1"),
        ("Range", vec![], "rten counts FP32 steps otherwise: one more or less"),
        ("Resize", vec![text("mode", "cubic")], "rten does not do `mode` cubic"),
        ("Resize", vec![int("antialias", 1)], "rten does not do `antialias` 1"),
        ("Resize", vec![int("exclude_outside", 1)], "rten does not do `exclude_outside` 1"),
        (
            "Resize",
            vec![text("keep_aspect_ratio_policy", "not_larger")],
            "rten does not do `keep_aspect_ratio_policy` not_larger",
        ),
        ("Resize", vec![ints("axes", &[2, 3])], "rten does not read the attribute `axes`"),
        (
            "Resize",
            vec![text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")],
            "rten does not do `mode` linear with align_corners as others do",
        ),
        (
            "Resize",
            vec![text("coordinate_transformation_mode", "tf_crop_and_resize")],
            "rten does not do `coordinate_transformation_mode` tf_crop_and_resize",
        ),
        ("TopK", vec![int("sorted", 0)], "rten does not do `sorted` 0"),
        ("Upsample", vec![], "it ended with operator set 9"),
        (
            "Relu",
            vec![int("consumed_inputs", 1)],
            "rten does not read the attribute `consumed_inputs`",
        ),
        (
            "Relu",
            (0..33).map(|n| int(&format!("a{n}"), n)).collect(),
            "rten does not see more than 32 attributes",
        ),
    ]);
}

#[test]
fn inputs_that_rten_does_not_look_at_are_refused() {
    let attributes = || vec![int("hidden_size", 2), int("linear_before_reset", 1)];
    for name in ["GRU", "LSTM"] {
        let inputs = ["f", "f", "f", "", "i"];
        assert_eq!(
            reason(node(name, &inputs, "y", attributes()), 14),
            "rten does not look at the lengths of the sequences"
        );
    }
    let inputs = ["f", "f", "f", "", "", "", "", "g"];
    assert_eq!(
        reason(node("LSTM", &inputs, "y", vec![int("hidden_size", 2)]), 14),
        "rten does not look at its input 7 (`g`)"
    );
}

#[test]
fn types_that_rten_lacks_or_mixes_up_are_refused() {
    let cases: Vec<(&str, &[&str], Vec<AttributeProto>, &str)> = vec![
        ("ReduceMax", &["b"], vec![], "input 0 (`b`): rten does not take BOOL there"),
        ("Add", &["u", "u"], vec![], "input 0 (`u`): rten does not take UINT8 there"),
        ("MatMul", &["l", "l"], vec![], "input 0 (`l`): rten does not take INT64 there"),
        ("Relu", &["i"], vec![], "input 0 (`i`): rten does not take INT32 there"),
        ("Add", &["f", "i"], vec![], "input 1 (`i`): expected FP32 as before, got INT32"),
        ("Not", &["i"], vec![], "input 0 (`i`): rten does not take INT32 there"),
        ("Gather", &["f", "g"], vec![], "input 1 (`g`): rten does not take FP32 there"),
        ("Cast", &["f"], vec![int("to", 11)], "rten does not turn FP32 into FP64 as ONNX does"),
        ("Cast", &["f"], vec![int("to", 2)], "rten does not turn FP32 into UINT8 as ONNX does"),
        ("Cast", &["u"], vec![int("to", 9)], "rten does not turn UINT8 into BOOL as ONNX does"),
        ("Cast", &["f"], vec![int("to", 17)], "rten does not have the type"),
        ("ConstantOfShape", &["i"], vec![], "expected a shape of type INT64"),
        ("If", &["f"], vec![], "expected BOOL, got FP32"),
    ];
    for (name, inputs, attributes, expected) in cases {
        assert_eq!(reason(node(name, inputs, "y", attributes), 13), expected, "{name}");
    }
    let mut double = graph(vec![node("Relu", &["f"], "y", Vec::new())], F32);
    double.input.push(value("d", F64));
    assert_eq!(
        passed(double, 13).unwrap_err().to_string(),
        "input `d`: type FP64 is not one that rten runs"
    );
    let mut constant = graph(vec![node("Relu", &["f"], "y", Vec::new())], F32);
    constant.initializer.push(TensorProto {
        name: "c".to_owned(),
        data_type: F64,
        double_data: vec![1.0],
        ..TensorProto::default()
    });
    assert_eq!(
        passed(constant, 13).unwrap_err().to_string(),
        "constant `c`: type DOUBLE is not one that rten runs"
    );
    let other = graph(vec![node("Relu", &["f"], "y", Vec::new())], I64);
    assert_eq!(
        passed(other, 13).unwrap_err().to_string(),
        "output `y`: expected INT64 as declared, got FP32"
    );
}

#[test]
fn numbers_that_may_not_fit_are_good_as_shapes_only() {
    let product = || {
        vec![
            node("Shape", &["f"], "s", vec![]),
            node("Shape", &["g"], "t", vec![]),
            node("Mul", &["s", "t"], "p", vec![]),
        ]
    };
    let with = |mut nodes: Vec<NodeProto>, last: NodeProto, output: i32| {
        nodes.push(last);
        passed(graph(nodes, output), 13).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(with(product(), node("Reshape", &["f", "p"], "y", vec![]), F32), Ok(()));
    let wrapped = "a product of extents may need more than the 32 bits that rten has";
    let float = with(product(), node("Cast", &["p"], "y", vec![int("to", 1)]), F32);
    assert_eq!(float, Err(format!("operator `Cast` (node `here`): {wrapped}")));
    let output = with(product(), node("Identity", &["p"], "y", vec![]), I64);
    assert_eq!(output, Err(format!("output `y`: {wrapped}")));
    let compared = with(product(), node("Greater", &["p", "s"], "y", vec![]), BOOL);
    assert!(compared.unwrap_err().ends_with(wrapped));
    let rest = with(product(), node("Mod", &["p", "s"], "y", vec![]), I64);
    assert!(rest.unwrap_err().ends_with(wrapped));
    // FP32 numbers as INT64: 32 bits of them at most.
    let cast = || vec![node("Cast", &["f"], "n", vec![int("to", 7)])];
    assert_eq!(with(cast(), node("Gather", &["g", "n"], "y", vec![]), F32), Ok(()));
    let output = with(cast(), node("Identity", &["n"], "y", vec![]), I64);
    assert_eq!(
        output,
        Err("output `y`: INT64 numbers may need more than the 32 bits that rten has".to_owned())
    );
    assert!(with(cast(), node("Add", &["n", "l"], "y", vec![]), I64).is_err());
    // The end of a slice may be as far as it likes.
    let far = || vec![node("Constant", &[], "end", vec![ints("value_ints", &[i64::MAX])])];
    let slice = node("Slice", &["f", "l", "end"], "y", vec![]);
    assert_eq!(with(far(), slice, F32), Ok(()));
    assert!(with(far(), node("Add", &["end", "end"], "y", vec![]), I64).is_err());
}

#[test]
fn quotients_are_not_brought_to_whole_numbers() {
    for (name, attributes) in
        [("Floor", vec![]), ("Ceil", vec![]), ("Round", vec![]), ("Cast", vec![int("to", 6)])]
    {
        let nodes = vec![
            node("Div", &["f", "g"], "q", vec![]),
            node("Add", &["q", "g"], "s", vec![]),
            node(name, &["s"], "y", attributes),
        ];
        let error = passed(graph(nodes, F32), 13).unwrap_err().to_string();
        assert!(
            error.ends_with("rten's quotients can be a little below a whole number"),
            "{error}"
        );
    }
}

#[test]
fn operator_sets_beyond_the_table_s_are_refused() {
    let relu = || graph(vec![node("Relu", &["f"], "y", vec![])], F32);
    assert!(passed(relu(), 7).is_ok());
    assert!(passed(relu(), 28).is_ok());
    for opset in [6, 29] {
        assert_eq!(
            passed(relu(), opset).unwrap_err().to_string(),
            format!("operator set: expected a version from 7 to 28, got {opset}")
        );
    }
    let one_hot = node("OneHot", &["i", "i", "f"], "y", vec![]);
    assert_eq!(reason(one_hot, 9), "rten runs it as from operator set 11, got 9");
}

#[test]
fn names_inside_a_node_that_stand_outside_too_are_refused() {
    let branch = |name: &str, inner: &str| {
        let graph = GraphProto {
            node: vec![node("Relu", &["f"], inner, vec![]), node("Relu", &[inner], "end", vec![])],
            output: vec![value("end", F32)],
            ..GraphProto::default()
        };
        attribute(name, |to| (to.r#type, to.g) = (AttributeType::Graph as i32, Some(graph)))
    };
    let truth = node("Cast", &["l"], "t", vec![int("to", 9)]);
    let choose = |inner| {
        let branches = vec![branch("then_branch", "own"), branch("else_branch", inner)];
        let nodes = vec![truth.clone(), node("If", &["b"], "y", branches)];
        passed(graph(nodes, F32), 13).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(choose("own"), Ok(()));
    assert_eq!(
        choose("t"),
        Err("value `t`: a graph around this one has a value of the same name".to_owned())
    );
}

#[test]
fn what_the_file_declares_of_shapes_does_not_reach_rten() {
    let mut lying = graph(vec![node("Relu", &["f"], "y", vec![])], F32);
    lying.value_info.push(value("f", I64));
    let graph = passed(lying, 13).unwrap();
    assert!(graph.value_info.is_empty());
    assert_eq!(graph.output[0].r#type, None);
    assert_eq!(Kind::of_request(0, DType::F64), None);
}
