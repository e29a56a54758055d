//! Nodes of a few bytes that ask for much: memory, or depth.

use radiant_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use crate::random::Random;

/// Puts a bomb in front of the graph's first output, or beside the graph; says which.
pub(crate) fn plant(graph: &mut GraphProto, random: &mut Random) -> String {
    if random.one_in(6) {
        return nest(graph, random);
    }
    let output = graph.output.first().map(|output| output.name.clone()).unwrap_or_default();
    let inner = graph.node.first().and_then(|node| node.output.first().cloned());
    let inner = inner.unwrap_or_default();
    let exponent = random.of(&[20, 24, 28, 30, 31, 32, 40, 62]).unwrap_or(31);
    let extent = 1_i64 << exponent;
    let dims = match random.below(4) {
        0 => vec![extent],
        1 => vec![extent, extent],
        2 => vec![-1, extent],
        _ => vec![1 << (exponent / 2), 1 << (exponent / 2)],
    };
    let (operator, inputs, constants) = match random.below(8) {
        0 => ("ConstantOfShape", vec!["bomb:a"], vec![ints("bomb:a", &dims)]),
        1 => ("Expand", vec![&*inner, "bomb:a"], vec![ints("bomb:a", &dims)]),
        2 => ("Tile", vec![&*inner, "bomb:a"], vec![ints("bomb:a", &dims)]),
        3 => {
            let numbers = [scalar("bomb:a", 0), scalar("bomb:b", extent), scalar("bomb:c", 1)];
            ("Range", vec!["bomb:a", "bomb:b", "bomb:c"], numbers.to_vec())
        }
        4 => ("Pad", vec![&*inner, "bomb:a"], vec![ints("bomb:a", &[0, extent, 0, extent])]),
        5 => ("Reshape", vec![&*inner, "bomb:a"], vec![ints("bomb:a", &dims)]),
        6 => {
            let numbers = [ints("bomb:a", &[extent]), ints("bomb:b", &[0, 1])];
            ("OneHot", vec![&*inner, "bomb:a", "bomb:b"], numbers.to_vec())
        }
        _ => {
            let sizes = vec![ints("bomb:a", &[1, 1, extent, extent])];
            ("Resize", vec![&*inner, "", "", "bomb:a"], sizes)
        }
    };
    // The graph's own output is what comes out of the bomb, or something that nobody reads.
    let is_read = random.one_in(2);
    let name = if is_read { output.as_str() } else { "bomb:out" };
    let node = NodeProto {
        op_type: operator.to_owned(),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![name.to_owned()],
        ..NodeProto::default()
    };
    graph.initializer.extend(constants);
    if is_read {
        for node in &mut graph.node {
            let same = node.output.iter_mut().filter(|other| **other == output);
            same.for_each(|other| other.push_str(":before"));
        }
    }
    graph.node.push(node);
    format!("{operator} of {dims:?}, read: {is_read}")
}

fn ints(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: vec![i64::try_from(values.len()).unwrap_or(0)],
        data_type: 7,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn scalar(name: &str, value: i64) -> TensorProto {
    TensorProto { dims: Vec::new(), ..ints(name, &[value]) }
}

/// Puts the graph into a branch of itself, again and again.
fn nest(graph: &mut GraphProto, random: &mut Random) -> String {
    let depth = random.of(&[1, 3, 8, 20, 60]).unwrap_or(2);
    // Known when the model is loaded, so that engines may choose at once.
    let condition = "bomb:yes".to_owned();
    let yes = TensorProto {
        name: condition.clone(),
        data_type: 9,
        int32_data: vec![1],
        ..TensorProto::default()
    };
    let mut inner = GraphProto { input: Vec::new(), ..graph.clone() };
    graph.initializer.push(yes);
    for _ in 0..depth {
        let outputs: Vec<String> = inner.output.iter().map(|output| output.name.clone()).collect();
        let attribute = |name: &str| AttributeProto {
            name: name.to_owned(),
            r#type: 5,
            g: Some(inner.clone()),
            ..AttributeProto::default()
        };
        // With two branches, each level doubles the file.
        let branches =
            if depth <= 3 { &["then_branch", "else_branch"][..] } else { &["then_branch"] };
        let node = NodeProto {
            op_type: "If".to_owned(),
            input: vec![condition.clone()],
            output: outputs,
            attribute: branches.iter().map(|name| attribute(name)).collect(),
            ..NodeProto::default()
        };
        inner = GraphProto {
            name: "nest".to_owned(),
            node: vec![node],
            output: inner.output.clone(),
            ..GraphProto::default()
        };
    }
    graph.node = inner.node;
    format!("the graph {depth} branches deep in itself")
}
