//! What a request's numbers may be used for.

use super::*;

#[test]
fn a_request_s_int64_numbers_are_not_computed_with() {
    let overflow = "rten computes a request's INT64 numbers in 32 bits, which may overflow";
    for (name, inputs) in [
        ("Add", &["l", "l"][..]),
        ("Sub", &["l", "l"]),
        ("Mul", &["l", "l"]),
        ("Sum", &["l", "l"]),
        ("Neg", &["l"]),
        ("Abs", &["l"]),
        ("ReduceSum", &["l"]),
        ("ReduceProd", &["l"]),
        ("CumSum", &["l", "i"]),
    ] {
        assert_eq!(reason(node(name, inputs, "y", Vec::new()), 14), overflow, "{name}");
    }
    let refusal = reason(node("Pow", &["l", "l"], "y", Vec::new()), 13);
    assert_eq!(refusal, "input 0 (`l`): rten does not take INT64 there");
}

#[test]
fn a_request_s_int64_numbers_are_looked_up_and_compared() {
    for (name, inputs, attributes, output) in [
        ("Gather", &["f", "l"][..], vec![], F32),
        ("Equal", &["l", "l"], vec![], BOOL),
        ("Less", &["l", "l"], vec![], BOOL),
        ("ArgMax", &["l"], vec![], I64),
        ("NonZero", &["l"], vec![], I64),
        ("Shape", &["l"], vec![], I64),
        ("Cast", &["l"], vec![int("to", 1)], F32),
        ("Cast", &["l"], vec![int("to", 9)], BOOL),
        ("Cast", &["i"], vec![int("to", 7)], I64),
    ] {
        let graph = graph(vec![node(name, inputs, "y", attributes)], output);
        passed(graph, 13).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_request_s_int64_numbers_do_not_come_out_again() {
    let passed_on = "input `l`: its INT64 numbers come out again as output `y`, and rten has 32 \
                     bits of them";
    for (name, inputs, attributes) in [
        ("Identity", &["l"][..], vec![]),
        ("Max", &["l", "l"], vec![]),
        ("Transpose", &["l"], vec![]),
        ("Where", &["b", "l", "l"], vec![]),
        ("Div", &["l", "l"], vec![]),
        ("Gather", &["l", "i"], vec![]),
    ] {
        let error = passed(graph(vec![node(name, inputs, "y", attributes)], I64), 13).unwrap_err();
        assert_eq!(error.to_string(), passed_on, "{name}");
    }
    // Nor by way of other types.
    let by_way = vec![
        node("Cast", &["l"], "n", vec![int("to", 6)]),
        node("Concat", &["i", "n"], "c", vec![int("axis", 0)]),
        node("Cast", &["c"], "y", vec![int("to", 7)]),
    ];
    assert_eq!(passed(graph(by_way, I64), 13).unwrap_err().to_string(), passed_on);
}

const ASKED: &str = "a request would say by `l` how large its result is, which rten does not bound";

#[test]
fn a_request_does_not_say_how_large_a_result_is() {
    for (name, inputs, attributes) in [
        ("Expand", &["f", "l"][..], vec![]),
        ("Tile", &["f", "l"], vec![]),
        ("ConstantOfShape", &["l"], vec![]),
        ("Pad", &["f", "l"], vec![]),
        ("OneHot", &["i", "l", "f"], vec![]),
        ("DFT", &["f", "l"], vec![]),
        ("STFT", &["f", "l"], vec![]),
    ] {
        assert_eq!(reason(node(name, inputs, "y", attributes), 17), ASKED, "{name}");
    }
    let scaled = reason(node("Resize", &["f", "", "g"], "y", vec![]), 13);
    assert_eq!(scaled, ASKED.replace("`l`", "`g`"));
    // Through floats, integers of another width, sums and choices.
    let ways = [
        vec![
            node("Cast", &["l"], "a", vec![int("to", 1)]),
            node("Cast", &["a"], "n", vec![int("to", 7)]),
        ],
        vec![
            node("Shape", &["f"], "s", vec![]),
            node("Cast", &["s"], "a", vec![int("to", 6)]),
            node("Add", &["a", "i"], "n", vec![]),
        ],
        vec![
            node("Shape", &["f"], "s", vec![]),
            node("Shape", &["g"], "t", vec![]),
            node("Where", &["b", "s", "t"], "n", vec![]),
        ],
    ];
    for mut nodes in ways {
        nodes.push(node("Expand", &["f", "n"], "y", vec![]));
        let error = passed(graph(nodes, F32), 13).unwrap_err().to_string();
        assert!(error.ends_with(&ASKED.replace("`l`", "`n`")), "{error}");
    }
}

#[test]
fn extents_and_constants_say_how_large_a_result_is() {
    let size = || {
        vec![
            node("NonZero", &["l"], "z", vec![]),
            node("Shape", &["z"], "s", vec![]),
            node("Cast", &["s"], "a", vec![int("to", 6)]),
            node("Constant", &[], "c", vec![ints("value_ints", &[7])]),
            node("Cast", &["c"], "b2", vec![int("to", 6)]),
            node("Concat", &["a", "b2"], "d", vec![int("axis", 0)]),
        ]
    };
    for way in [vec![], vec![node("Cast", &["d"], "e", vec![int("to", 1)])]] {
        let from = if way.is_empty() { "d" } else { "e" };
        let mut nodes = size();
        nodes.extend(way);
        nodes.push(node("Cast", &[from], "n", vec![int("to", 7)]));
        nodes.push(node("Expand", &["f", "n"], "y", vec![]));
        passed(graph(nodes, F32), 13).unwrap();
    }
}

#[test]
fn a_request_says_how_many_only_where_that_is_bounded() {
    let range = |limit: &str, mut before: Vec<NodeProto>| {
        before.push(node("Constant", &[], "zero", vec![int("value_int", 0)]));
        before.push(node("Constant", &[], "one", vec![int("value_int", 1)]));
        before.push(node("Range", &["zero", limit, "one"], "r", vec![]));
        before.push(node("Cast", &["r"], "y", vec![int("to", 1)]));
        passed(graph(before, F32), 13).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(range("l", vec![]), Err(format!("operator `Range` (node `here`): {ASKED}")));
    let clipped = |most: i64| {
        vec![
            node("Constant", &[], "least", vec![int("value_int", 0)]),
            node("Constant", &[], "most", vec![int("value_int", most)]),
            node("Clip", &["l", "least", "most"], "few", vec![]),
        ]
    };
    assert_eq!(range("few", clipped(1000)), Ok(()));
    assert!(range("few", clipped(1 << 21)).is_err());
}

/// A loop whose body does nothing.
fn repeated(rounds: &str, before: Vec<NodeProto>) -> Result<(), String> {
    let body = GraphProto {
        node: vec![
            node("Identity", &["goes"], "on", vec![]),
            node("Relu", &["carried"], "next", vec![]),
        ],
        input: vec![value("round", I64), value("goes", BOOL), value("carried", F32)],
        output: vec![value("on", BOOL), value("next", F32)],
        ..GraphProto::default()
    };
    let body =
        attribute("body", |to| (to.r#type, to.g) = (AttributeType::Graph as i32, Some(body)));
    let mut nodes = before;
    nodes.push(node("Loop", &[rounds, "b", "f"], "y", vec![body]));
    passed(graph(nodes, F32), 13).map(drop).map_err(|error| match error {
        LoadError::Operator { reason, .. } => reason,
        other => other.to_string(),
    })
}

#[test]
fn a_loop_has_a_number_of_rounds_that_a_request_does_not_decide_on() {
    let endless = "it needs a number of rounds: rten does not bound how often a condition holds";
    let asked = "a request would say how many rounds it makes, which rten does not bound";
    let number = |n: i64| vec![node("Constant", &[], "n", vec![int("value_int", n)])];
    assert_eq!(repeated("n", number(100)), Ok(()));
    assert_eq!(repeated("size", vec![node("Size", &["f"], "size", vec![])]), Ok(()));
    assert_eq!(repeated("", vec![]), Err(endless.to_owned()));
    assert_eq!(repeated("n", number(i64::MAX)), Err(endless.to_owned()));
    assert_eq!(repeated("l", vec![]), Err(asked.to_owned()));
    let truth = vec![node("Cast", &["b"], "n", vec![int("to", 7)])];
    assert_eq!(repeated("n", truth), Ok(()));
}

#[test]
fn values_that_are_huge_for_a_row_are_not_given_to_rten() {
    let sized = |repeats: i64| {
        let mut model = base();
        model.graph = graph(vec![node("Tile", &["f", "r"], "y", Vec::new())], F32);
        model.graph.output[0].r#type = None;
        model.graph.initializer.push(TensorProto {
            name: "r".to_owned(),
            data_type: I64,
            dims: vec![2],
            int64_data: vec![1, repeats],
            ..TensorProto::default()
        });
        model.opsets.insert(String::new(), 13);
        check_sizes(&model).map_err(|error| error.to_string())
    };
    assert_eq!(sized(1 << 20), Ok(()));
    let error = sized(1 << 25).unwrap_err();
    assert!(error.contains("201326592 elements for one row"), "{error}");
}
