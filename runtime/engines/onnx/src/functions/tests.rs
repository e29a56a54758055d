//! Functions against another implementation's inlining, and broken and hostile ones.

use std::collections::HashMap;

use proptest::prelude::*;
use prost::Message;

use crate::pb::*;
use crate::test_graph::{bytes_of, graph, int, node, value, with};
use crate::{Limits, Model, load, read};

/// A function of the domain `local`, of which the operator set 17 is the graph's own.
fn function(name: &str, input: &[&str], output: &[&str], node: Vec<NodeProto>) -> FunctionProto {
    let import = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    FunctionProto {
        name: name.into(),
        domain: "local".into(),
        input: input.iter().map(ToString::to_string).collect(),
        output: output.iter().map(ToString::to_string).collect(),
        node,
        opset_import: vec![import("", 17), import("local", 1)],
        ..FunctionProto::default()
    }
}

fn call(name: &str, input: &[&str], output: &[&str]) -> NodeProto {
    NodeProto { domain: "local".into(), ..node(name, input, output) }
}

fn reading(nodes: Vec<NodeProto>, functions: Vec<FunctionProto>) -> Result<Model, String> {
    let mut model = ModelProto::decode(&*bytes_of(graph(nodes, vec![]))).unwrap();
    model.opset_import.push(OperatorSetIdProto { domain: "local".into(), version: 1 });
    model.functions = functions;
    let limits = Limits { nodes_max: 10_000, ..Limits::default() };
    read(&model.encode_to_vec(), &limits).map_err(|error| error.to_string())
}

fn ops(model: &Model) -> Vec<&str> {
    model.graph.node.iter().map(|node| node.op_type.as_str()).collect()
}

/// Compares two graphs that may differ in the names of values.
struct Twins(HashMap<String, String>);

impl Twins {
    fn names(&mut self, ours: &[String], theirs: &[String]) {
        assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
        for (our, their) in ours.iter().zip(theirs) {
            assert_eq!(self.0.entry(our.clone()).or_insert_with(|| their.clone()), their);
        }
    }

    fn graphs(&mut self, ours: &GraphProto, theirs: &GraphProto) {
        assert_eq!(ours.node.len(), theirs.node.len());
        for (our, their) in ours.node.iter().zip(&theirs.node) {
            assert_eq!((&our.op_type, &our.domain), (&their.op_type, &their.domain));
            self.names(&our.input, &their.input);
            self.names(&our.output, &their.output);
            assert_eq!(our.attribute.len(), their.attribute.len());
            for (our, their) in our.attribute.iter().zip(&their.attribute) {
                match (&our.g, &their.g) {
                    (Some(our), Some(their)) => self.graphs(our, their),
                    _ => assert_eq!(our, their),
                }
            }
        }
        let names = |values: &[ValueInfoProto]| -> Vec<String> {
            values.iter().map(|value| value.name.clone()).collect()
        };
        self.names(&names(&ours.output), &names(&theirs.output));
    }
}

#[test]
fn calls_become_what_the_reference_makes_of_them() {
    let read = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/");
        load(format!("{folder}{name}").as_ref(), &Limits::default()).unwrap()
    };
    let (ours, theirs) = (read("functions.onnx"), read("functions_inlined.onnx"));
    let mut twins = Twins(HashMap::new());
    twins.graphs(&ours.graph, &theirs.graph);
    // Different names stay different.
    let mut theirs: Vec<&String> = twins.0.values().collect();
    theirs.sort_unstable();
    theirs.dedup();
    assert_eq!(theirs.len(), twins.0.len());
    assert_eq!(ours.opsets.keys().collect::<Vec<_>>(), [""]);
}

#[test]
fn inputs_that_are_handed_through_and_outputs_that_are_not_wanted_are_right() {
    let both = || function("both", &["a"], &["a", "b"], vec![node("Neg", &["a"], &["b"])]);
    let model = reading(vec![call("both", &["x"], &["y", ""])], vec![both()]).unwrap();
    assert_eq!(ops(&model), ["Neg", "Identity"]);
    assert_eq!((&*model.graph.node[1].input[0], &*model.graph.node[1].output[0]), ("x", "y"));
    let model = reading(vec![call("both", &["x"], &["", "y"])], vec![both()]).unwrap();
    assert_eq!((ops(&model), &*model.graph.node[0].output[0]), (vec!["Neg"], "y"));
    let odd = reading(vec![call("both", &["x"], &["y", "z", "w"])], vec![both()]);
    assert_eq!(odd.unwrap_err(), "node of `y` (local.both): expected at most 2 outputs, got 3");
    let odd = reading(vec![call("both", &["x", "x"], &["y"])], vec![both()]);
    assert_eq!(odd.unwrap_err(), "node of `y` (local.both): expected at most 1 inputs, got 2");
}

#[test]
fn a_body_sees_its_own_values_only() {
    let peek = function("peek", &["a"], &["b"], vec![node("Add", &["a", "x"], &["b"])]);
    let odd = reading(vec![call("peek", &["x"], &["y"])], vec![peek]);
    let expected = "function `local.peek`: node of `b` (Add): expected `x` to be defined before, \
                    got no such value";
    assert_eq!(odd.unwrap_err(), expected);
    let lacking = function("lacking", &["a"], &["c"], vec![node("Neg", &["a"], &["b"])]);
    let odd = reading(vec![call("lacking", &["x"], &["y"])], vec![lacking]);
    let expected = "function `local.lacking`: expected output `c` to be a value of the body, got no such value";
    assert_eq!(odd.unwrap_err(), expected);
    let twice = vec![node("Neg", &["a"], &["b"]), node("Abs", &["a"], &["b"])];
    let odd = reading(vec![call("f", &["x"], &["y"])], vec![function("f", &["a"], &["b"], twice)]);
    let expected = "function `local.f`: expected a new value name, got `b` for a second time";
    assert_eq!(odd.unwrap_err(), expected);
}

#[test]
fn attributes_come_from_the_call_or_by_default_or_not_at_all() {
    let axis = |r#type: AttributeType| AttributeProto {
        name: "axis".into(),
        ref_attr_name: "along".into(),
        r#type: r#type as i32,
        ..AttributeProto::default()
    };
    let soft = |default: Option<i64>, r#type| FunctionProto {
        attribute_proto: default.map(|default| int("along", default)).into_iter().collect(),
        ..function(
            "soft",
            &["a"],
            &["b"],
            vec![with(node("Softmax", &["a"], &["b"]), vec![axis(r#type)])],
        )
    };
    let read = |given: Option<i64>, default: Option<i64>, r#type| {
        let given = given.map(|given| int("along", given)).into_iter().collect();
        let model =
            reading(vec![with(call("soft", &["x"], &["y"]), given)], vec![soft(default, r#type)]);
        model.map(|model| model.graph.node[0].attribute.first().map(|found| found.i))
    };
    assert_eq!(read(Some(1), Some(0), AttributeType::Int), Ok(Some(1)));
    assert_eq!(read(None, Some(0), AttributeType::Int), Ok(Some(0)));
    assert_eq!(read(None, None, AttributeType::Int), Ok(None));
    let expected = "function `local.soft`: node of `b` (Softmax): attribute `axis`: expected Float, \
                    got Int";
    assert_eq!(read(Some(1), None, AttributeType::Float), Err(expected.into()));
}

#[test]
fn a_function_that_calls_itself_is_refused() {
    let f = function("f", &["a"], &["b"], vec![call("g", &["a"], &["b"])]);
    let g = function("g", &["a"], &["b"], vec![call("f", &["a"], &["b"])]);
    let odd = reading(vec![call("f", &["x"], &["y"])], vec![f.clone(), g]);
    assert_eq!(odd.unwrap_err(), "function `local.f`: expected no call of itself, got one");
    let odd = reading(vec![call("f", &["x"], &["y"])], vec![f.clone(), f]);
    assert_eq!(odd.unwrap_err(), "function `local.f`: expected one function of this name, got two");
}

/// Functions that each call the next `n` times.
fn tower(height: usize, n: usize) -> Vec<FunctionProto> {
    let body = |at: usize| {
        let call = |index: usize| {
            let from = if index == 0 { "a".to_owned() } else { format!("v{index}") };
            let to = format!("v{}", index + 1);
            if at + 1 == height {
                node("Neg", &[&from], &[&to])
            } else {
                call(&format!("f{}", at + 1), &[&from], &[&to])
            }
        };
        let last = format!("v{n}");
        function(&format!("f{at}"), &["a"], &[&last], (0..n).map(call).collect())
    };
    (0..height).map(body).collect()
}

#[test]
fn calls_cannot_ask_for_more_nodes_than_the_limit_or_go_too_deep() {
    let run = |height, n| reading(vec![call("f0", &["x"], &["y"])], tower(height, n));
    assert_eq!(run(10, 2).unwrap().graph.node.len(), 1024);
    // 6 to the 12th power.
    let odd = run(12, 6).unwrap_err();
    assert_eq!(odd, "graph with its functions: expected at most 10000 nodes, got 10001");
    let odd = run(30, 1).unwrap_err();
    assert!(odd.ends_with("expected at most 16 calls in calls, got 17"), "{odd}");
}

#[test]
fn copies_of_constants_cannot_ask_for_more_memory_than_the_limit() {
    let large = AttributeProto {
        name: "value_floats".into(),
        r#type: AttributeType::Floats as i32,
        floats: vec![0.5; 1 << 20],
        ..AttributeProto::default()
    };
    let constant = with(node("Constant", &[], &["c"]), vec![large]);
    let body = vec![constant, node("Neg", &["a"], &["b"])];
    let calls = (0..1000).map(|at| call("f", &["x"], &[&format!("v{at}")]));
    let mut model = ModelProto::decode(&*bytes_of(graph(calls.collect(), vec![]))).unwrap();
    model.functions = vec![function("f", &["a"], &["b"], body)];
    let limits = Limits { decoded_bytes_max: 100 << 20, ..Limits::default() };
    let error = read(&model.encode_to_vec(), &limits).unwrap_err().to_string();
    assert!(
        error.starts_with("graph with its functions: expected at most 104857600 bytes"),
        "{error}"
    );
}

#[test]
fn operators_of_another_version_must_mean_the_same() {
    let read = |op_type: &str, version: i64| {
        let mut f = function("f", &["a"], &["b"], vec![node(op_type, &["a"], &["b"])]);
        f.opset_import[0].version = version;
        reading(vec![call("f", &["x"], &["y"])], vec![f]).map(|model| model.opset(""))
    };
    assert_eq!(read("Softmax", 21), Ok(Some(17)));
    let expected = "function `local.f`: node of `b` (ReduceMean): version 18 in a graph of version \
                    17 is not supported";
    assert_eq!(read("ReduceMean", 18), Err(expected.into()));
    let mut foreign = function("f", &["a"], &["b"], vec![node("Neg", &["a"], &["b"])]);
    foreign.opset_import.clear();
    let odd = reading(vec![call("f", &["x"], &["y"])], vec![foreign]).unwrap_err();
    let expected = "function `local.f`: node of `b` (Neg): expected its domain to be declared, \
                    got none";
    assert_eq!(odd, expected);
}

#[test]
fn names_of_nested_graphs_are_told_apart_from_those_around_the_call() {
    let inner = GraphProto {
        node: vec![node("Neg", &["a"], &["x"])],
        output: vec![value("x", &[])],
        ..GraphProto::default()
    };
    let branch = |name: &str| AttributeProto {
        name: name.into(),
        r#type: AttributeType::Graph as i32,
        g: Some(inner.clone()),
        ..AttributeProto::default()
    };
    let choice =
        with(node("If", &["c"], &["b"]), vec![branch("then_branch"), branch("else_branch")]);
    let cast = with(node("Cast", &["a"], &["c"]), vec![int("to", 9)]);
    let function = function("f", &["a"], &["b"], vec![cast, choice]);
    let model = reading(vec![call("f", &["x"], &["y"])], vec![function]).unwrap();
    for graph in model.graph.node[1].graphs() {
        assert_eq!(graph.node[0].input, ["x"]);
        assert_ne!(graph.node[0].output, ["x"]);
        assert_eq!(graph.node[0].output[0], graph.output[0].name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutated_functions_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut bytes = include_bytes!("../../testdata/functions.onnx").to_vec();
        let length = bytes.len();
        for (at, byte) in &changes {
            bytes[at.index(length)] = *byte;
        }
        if let Ok(model) = read(&bytes, &Limits::default()) {
            let again = read(&model.to_proto_bytes(), &Limits::default()).unwrap();
            prop_assert_eq!(format!("{again:?}"), format!("{model:?}"));
        }
    }
}
