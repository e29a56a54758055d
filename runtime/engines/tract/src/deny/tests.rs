//! Which nodes pass, and what is said of the others.

use tract_onnx::pb::{OperatorSetIdProto, attribute_proto::AttributeType};

use super::*;

fn node(op_type: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        name: "n".to_owned(),
        input: ["a", "b", "c"].map(str::to_owned).to_vec(),
        output: vec!["y".to_owned()],
        attribute: attributes,
        ..NodeProto::default()
    }
}

fn with(name: &str, set: impl FnOnce(&mut AttributeProto)) -> AttributeProto {
    let mut attribute = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
    attribute.set_type(AttributeType::Undefined);
    set(&mut attribute);
    attribute
}

fn int_of(name: &str, value: i64) -> AttributeProto {
    with(name, |attribute| attribute.i = value)
}

fn float_of(name: &str, value: f32) -> AttributeProto {
    with(name, |attribute| attribute.f = value)
}

fn text_of(name: &str, value: &str) -> AttributeProto {
    with(name, |attribute| attribute.s = value.as_bytes().to_vec())
}

fn functions(names: &[&str]) -> AttributeProto {
    with("activations", |attribute| {
        attribute.strings = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    })
}

fn graph(node: NodeProto) -> GraphProto {
    GraphProto { node: vec![node], ..GraphProto::default() }
}

fn verdict_at(opset: i64, graph: &GraphProto) -> Result<(), String> {
    let import = OperatorSetIdProto { domain: String::new(), version: opset };
    let proto = ModelProto { opset_import: vec![import], ..ModelProto::default() };
    check(&proto, graph).map_err(|error| error.to_string())
}

fn verdict(node: NodeProto) -> Result<(), String> {
    verdict_at(24, &graph(node))
}

#[track_caller]
fn refused(node: NodeProto, text: &str) {
    assert_eq!(verdict(node), Err(text.to_owned()));
}

#[test]
fn operators_that_tract_lacks_are_named_with_their_domain_and_node() {
    refused(node("Loop", vec![]), "operator `Loop` (node `n`) is not one that tract has");
    let foreign = NodeProto { domain: "com.acme".to_owned(), ..node("Add", vec![]) };
    refused(foreign, "operator `com.acme.Add` (node `n`) is not one that tract has");
    let nameless = NodeProto { name: String::new(), ..node("Nope", vec![]) };
    refused(nameless, "operator `Nope` (node `y`) is not one that tract has");
    refused(
        node("TreeEnsembleClassifier", vec![]),
        "operator `TreeEnsembleClassifier` (node `n`) is not one that tract has",
    );
    refused(node("Attention", vec![]), "operator `Attention` (node `n`) is not one that tract has");
    let long_form = NodeProto { domain: "ai.onnx".to_owned(), ..node("Add", vec![]) };
    assert_eq!(verdict(long_form), Ok(()));
}

#[test]
fn recurrent_layers_run_forward_with_default_functions_only() {
    assert_eq!(verdict(node("LSTM", vec![int_of("hidden_size", 4)])), Ok(()));
    let spelled = functions(&["sigmoid", "tanh"]);
    assert_eq!(verdict(node("GRU", vec![text_of("direction", "forward"), spelled])), Ok(()));
    for direction in ["reverse", "bidirectional"] {
        refused(
            node("GRU", vec![text_of("direction", direction)]),
            &format!(
                "operator `GRU` (node `n`): tract runs direction `{direction}` as if it were \
                 `forward`"
            ),
        );
    }
    for (attribute, name) in [
        (functions(&["Relu"]), "activations"),
        (float_of("clip", 1.0), "clip"),
        (with("activation_alpha", |a| a.floats = vec![0.1]), "activation_alpha"),
        (int_of("input_forget", 1), "input_forget"),
    ] {
        refused(
            node("RNN", vec![attribute]),
            &format!("operator `RNN` (node `n`): tract ignores the attribute `{name}`"),
        );
    }
}

#[test]
fn attributes_that_tract_ignores_are_refused_unless_they_change_nothing() {
    for (operator, attribute, name) in [
        ("BatchNormalization", int_of("training_mode", 1), "training_mode"),
        ("Celu", float_of("alpha", 2.0), "alpha"),
        ("Swish", float_of("alpha", 0.5), "alpha"),
        ("SpaceToDepth", text_of("mode", "CRD"), "mode"),
        ("DequantizeLinear", int_of("output_dtype", 10), "output_dtype"),
    ] {
        refused(
            node(operator, vec![attribute]),
            &format!("operator `{operator}` (node `n`): tract ignores the attribute `{name}`"),
        );
    }
    for (operator, attribute) in [
        ("BatchNormalization", int_of("training_mode", 0)),
        ("Celu", float_of("alpha", 1.0)),
        ("Swish", float_of("alpha", 1.0)),
        ("SpaceToDepth", text_of("mode", "DCR")),
        ("DequantizeLinear", int_of("output_dtype", 1)),
        ("QuantizeLinear", int_of("output_dtype", 2)),
    ] {
        assert_eq!(verdict(node(operator, vec![attribute])), Ok(()), "{operator}");
    }
}

#[test]
fn operators_that_overflow_are_refused() {
    refused(
        node("ReduceLogSumExp", vec![]),
        "operator `ReduceLogSumExp` (node `n`): tract overflows where the numbers are above 88",
    );
}

#[test]
fn shifts_are_by_small_constants() {
    let shift = |constant: Option<TensorProto>| {
        let initializer = constant.into_iter().collect();
        verdict_at(17, &GraphProto { initializer, ..graph(node("BitShift", vec![])) }).is_ok()
    };
    let constant = |data_type: DataType, raw_data: &[u8]| {
        let (name, raw_data) = ("b".to_owned(), raw_data.to_vec());
        TensorProto { name, raw_data, data_type: data_type as i32, ..TensorProto::default() }
    };
    assert!(shift(Some(constant(DataType::Uint8, &[0, 7]))));
    assert!(shift(Some(constant(DataType::Uint32, &[3, 0, 0, 0]))));
    assert!(!shift(Some(constant(DataType::Uint8, &[0, 8]))));
    assert!(!shift(Some(constant(DataType::Int16, &[0xff, 0xff]))));
    assert!(!shift(Some(constant(DataType::Float, &[0, 0, 0, 0]))));
    assert!(!shift(None));
    let negative = TensorProto { int32_data: vec![-1], ..constant(DataType::Int32, &[]) };
    assert!(!shift(Some(negative)));
}

#[test]
fn graphs_inside_operators_are_checked_too() {
    let body = graph(node("LSTM", vec![]));
    let branch = node("If", vec![with("then_branch", |attribute| attribute.g = Some(body))]);
    refused(branch, "operator `LSTM` (node `n`): it stands in the body of another operator");
}

#[test]
fn what_older_operator_sets_mean_otherwise_is_refused() {
    let at_six = |operator, attributes| verdict_at(6, &graph(node(operator, attributes)));
    assert_eq!(at_six("Add", vec![]), Ok(()));
    assert_eq!(at_six("Dropout", vec![int_of("is_test", 1)]), Ok(()));
    for (operator, attributes) in [
        ("Add", vec![int_of("broadcast", 1)]),
        ("BatchNormalization", vec![]),
        ("Upsample", vec![]),
    ] {
        assert!(at_six(operator, attributes).is_err(), "{operator}");
    }
    assert_eq!(
        verdict_at(5, &graph(node("Add", vec![]))),
        Err("operator set: expected version 6 or later, got 5".to_owned())
    );
    assert!(verdict_at(8, &graph(node("Scan", vec![]))).is_err());
}

#[test]
fn what_goes_wrong_on_some_requests_only_is_refused() {
    for (operator, attributes) in [
        ("ReduceMax", vec![]),
        ("OneHot", vec![]),
        ("Slice", vec![]),
        ("Dropout", vec![]),
        ("Mod", vec![]),
    ] {
        assert!(verdict(node(operator, attributes)).is_err(), "{operator}");
    }
}
