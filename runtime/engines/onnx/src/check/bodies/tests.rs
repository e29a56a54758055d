//! Graphs in nodes that take or give other than their nodes.

use crate::pb::*;
use crate::test_graph::{
    body, graph, int, ints, ints_attribute, model, node, refused, truth, with,
};

fn add() -> NodeProto {
    node("Add", &["s", "e"], &["t"])
}

fn scan(n: i64, body: AttributeProto, more: Vec<AttributeProto>) -> GraphProto {
    let attributes = [vec![int("num_scan_inputs", n), body], more].concat();
    graph(vec![with(node("Scan", &["x", "x"], &["y", "all"]), attributes)], vec![])
}

#[test]
fn a_scan_has_no_more_scanned_inputs_than_inputs() {
    let sound = || body("body", (&["s", "e"], &["t", "t"]), add());
    model(scan(1, sound(), vec![]));
    for n in [-1, 0, 3, 255, i64::MIN] {
        refused(
            scan(n, sound(), vec![]),
            &format!(
                "node of `y` (Scan): attribute `num_scan_inputs`: expected 1 to 2 as there are \
                 inputs, got {n}"
            ),
        );
    }
    let other = body("body", (&["s", "e", "f"], &["t", "t"]), add());
    refused(
        scan(1, other, vec![]),
        "node of `y` (Scan): attribute `body`: expected 2 inputs, got 3",
    );
    let axes = ints_attribute("scan_input_axes", &[0, 1, 2]);
    refused(
        scan(1, sound(), vec![axes]),
        "node of `y` (Scan): attribute `scan_input_axes`: expected 1 numbers, got 3",
    );
}

#[test]
fn the_body_of_a_loop_carries_what_the_loop_is_given() {
    let looped = |inputs: &[&str], outputs: &[&str]| {
        let sum = node("Add", &["s", "s"], &["t"]);
        let body = body("body", (inputs, outputs), sum);
        let looped = with(node("Loop", &["n", "yes", "x"], &["y"]), vec![body]);
        graph(vec![looped], vec![ints("n", &[2]), truth("yes")])
    };
    model(looped(&["i", "c", "s"], &["c", "t"]));
    refused(
        looped(&["i", "c"], &["c", "c"]),
        "node of `y` (Loop): attribute `body`: expected 3 inputs, got 2",
    );
    refused(
        looped(&["i", "c", "s"], &["c"]),
        "node of `y` (Loop): attribute `body`: expected 2 outputs, got 1",
    );
}

#[test]
fn both_branches_give_what_the_node_gives() {
    let branch =
        |name: &str, outputs: &[&str]| body(name, (&[], outputs), node("Relu", &["x"], &["z"]));
    let choice = |branches: Vec<AttributeProto>| {
        graph(vec![with(node("If", &["yes"], &["y"]), branches)], vec![truth("yes")])
    };
    refused(
        choice(vec![branch("then_branch", &["z"])]),
        "node of `y` (If): attribute `else_branch`: expected a graph, got none",
    );
    refused(
        choice(vec![branch("then_branch", &["z"]), branch("else_branch", &["z", "z"])]),
        "node of `y` (If): attribute `else_branch`: expected 1 outputs, got 2",
    );
}
