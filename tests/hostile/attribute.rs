//! Edits of attributes: numbers, lists, types, and the node lists of trees.

use radiant_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::constant;
use crate::random::Random;

/// Names that operators read, to have them where they are not expected.
const NAMES: [&str; 20] = [
    "axis",
    "axes",
    "perm",
    "to",
    "keepdims",
    "hidden_size",
    "direction",
    "kernel_shape",
    "pads",
    "strides",
    "dilations",
    "group",
    "auto_pad",
    "mode",
    "allowzero",
    "num_outputs",
    "value",
    "blocksize",
    "epsilon",
    "k",
];

/// Changes one attribute; says which.
pub(crate) fn edit(graph: &mut GraphProto, random: &mut Random) -> String {
    let mut nodes: Vec<&mut NodeProto> =
        graph.node.iter_mut().filter(|node| !node.attribute.is_empty()).collect();
    let Some(node) = random.of_mut(&mut nodes) else {
        let Some(node) = random.of_mut(&mut graph.node) else { return "no node".to_owned() };
        node.attribute.push(any(random));
        return format!("{} has an attribute of no meaning", node.op_type);
    };
    let operator = node.op_type.clone();
    if operator.starts_with("Tree") && random.one_in(2) {
        return format!("{operator}: {}", tree(node, random));
    }
    let at = random.below(node.attribute.len());
    if random.one_in(8) {
        let attribute = node.attribute.remove(at);
        return format!("{operator}: attribute `{}` taken out", attribute.name);
    }
    if random.one_in(8) {
        let attribute = any(random);
        let name = attribute.name.clone();
        node.attribute.push(attribute);
        return format!("{operator}: one more attribute `{name}`");
    }
    match node.attribute.get_mut(at) {
        Some(attribute) => {
            let name = attribute.name.clone();
            format!("{operator}: attribute `{name}`: {}", change(attribute, random))
        }
        None => format!("{operator}: no attribute"),
    }
}

fn any(random: &mut Random) -> AttributeProto {
    let name = random.of(&NAMES).unwrap_or_default().to_owned();
    let (i, ints) = (random.int(), (0..random.below(9)).map(|_| random.int()).collect());
    let r#type = random.of(&[1, 2, 3, 7]).unwrap_or(2);
    AttributeProto { name, r#type, i, ints, ..AttributeProto::default() }
}

fn change(attribute: &mut AttributeProto, random: &mut Random) -> String {
    if random.one_in(10) {
        attribute.r#type = i32::try_from(random.below(16)).unwrap_or(0);
        return format!("type {}", attribute.r#type);
    }
    if random.one_in(10) {
        attribute.name = random.of(&NAMES).unwrap_or_default().to_owned();
        return format!("name `{}`", attribute.name);
    }
    if let Some(graph) = &mut attribute.g
        && random.one_in(2)
    {
        return crate::graph::edit_inside(graph, random);
    }
    if let Some(tensor) = &mut attribute.t {
        return constant::change(tensor, random);
    }
    if !attribute.ints.is_empty() {
        return ints(&mut attribute.ints, random);
    }
    if !attribute.floats.is_empty() {
        let n = random.below(attribute.floats.len() + 1);
        if random.one_in(3) {
            attribute.floats.truncate(n);
            return format!("{n} numbers left");
        }
        let value = random.float();
        if let Some(float) = random.of_mut(&mut attribute.floats) {
            *float = value;
        }
        return format!("a number is {value}");
    }
    if !attribute.strings.is_empty() {
        let n = random.below(attribute.strings.len() + 1);
        attribute.strings.truncate(n);
        return format!("{n} strings left");
    }
    let text =
        random.of(&[&b""[..], b"SAME_LOWER", b"reverse", b"LOGISTIC", b"\xff\xfe", b"bilinear"]);
    attribute.s = text.unwrap_or_default().to_vec();
    (attribute.i, attribute.f) = (random.int(), random.float());
    format!("{}, {}, {:?}", attribute.i, attribute.f, attribute.s)
}

fn ints(ints: &mut Vec<i64>, random: &mut Random) -> String {
    let at = random.below(ints.len());
    match random.below(5) {
        0 => {
            ints.truncate(at);
            format!("{at} integers left")
        }
        1 => {
            let more = random.int();
            ints.push(more);
            format!("one more integer {more}")
        }
        2 => {
            let other = random.below(ints.len());
            ints.swap(at, other);
            format!("integers {at} and {other} swapped")
        }
        _ => {
            let value = random.int();
            if let Some(int) = ints.get_mut(at) {
                *int = value;
            }
            format!("integer {at} is {value}")
        }
    }
}

/// Changes where the branches of a tree lead: to any node, often one that was there before.
fn tree(node: &mut NodeProto, random: &mut Random) -> String {
    let is_of_nodes = |attribute: &&mut AttributeProto| {
        let name = attribute.name.as_str();
        ["true", "false", "nodeids", "treeids", "featureids", "class", "target", "roots", "leaf"]
            .iter()
            .any(|part| name.contains(part))
            && !attribute.ints.is_empty()
    };
    let mut lists: Vec<&mut AttributeProto> =
        node.attribute.iter_mut().filter(is_of_nodes).collect();
    let Some(list) = random.of_mut(&mut lists) else { return "no list of nodes".to_owned() };
    let n = list.ints.len();
    let n_changes = 1 + random.below(4);
    for _ in 0..n_changes {
        let (at, to) = (random.below(n), random.below(n));
        let odd = random.int();
        if let Some(int) = list.ints.get_mut(at) {
            *int = if random.one_in(4) { odd } else { i64::try_from(to).unwrap_or(0) };
        }
    }
    format!("{n_changes} entries of `{}` lead elsewhere", list.name)
}
