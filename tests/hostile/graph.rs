//! Edits of a graph: nodes, names, types, and what else makes sense only to a reader of models.

use radiant_onnx::pb::{
    Dimension, DimensionValue, GraphProto, ModelProto, NodeProto, TypeValue, ValueInfoProto,
};

use crate::random::Random;
use crate::{attribute, bomb, constant};

/// Changes one thing of a model; says which.
pub(crate) fn edit(model: &mut ModelProto, random: &mut Random) -> String {
    if random.one_in(12) {
        return opset(model, random);
    }
    let Some(graph) = &mut model.graph else { return "no graph to change".to_owned() };
    edit_inside(graph, random)
}

/// Changes one thing of a graph, which may be one inside a node; says which.
pub(crate) fn edit_inside(graph: &mut GraphProto, random: &mut Random) -> String {
    match random.below(16) {
        0 | 1 => names(graph, random),
        2 => nodes(graph, random),
        3 | 4 => operator(graph, random),
        5..=8 => attribute::edit(graph, random),
        9..=12 => constant::edit(graph, random),
        13 | 14 => declared(graph, random),
        _ => bomb::plant(graph, random),
    }
}

fn opset(model: &mut ModelProto, random: &mut Random) -> String {
    let version = random.int();
    if random.one_in(3) {
        model.ir_version = version;
        return format!("ir version {version}");
    }
    let Some(import) = random.of_mut(&mut model.opset_import) else {
        return "no operator set to change".to_owned();
    };
    if random.one_in(3) {
        let domain = random.of(&["", "ai.onnx", "ai.onnx.ml", "com.microsoft", "x"]);
        domain.unwrap_or_default().clone_into(&mut import.domain);
        return format!("operator set of domain `{}`", import.domain);
    }
    import.version = random.of(&[1, 5, 6, 7, 9, 11, 13, 18, 22, 27, version]).unwrap_or(version);
    format!("operator set {}", import.version)
}

/// All names that a graph has.
fn all_names(graph: &GraphProto) -> Vec<String> {
    let inputs = graph.input.iter().map(|input| input.name.clone());
    let constants = graph.initializer.iter().map(|constant| constant.name.clone());
    let outputs = graph.node.iter().flat_map(|node| node.output.clone());
    inputs.chain(constants).chain(outputs).chain([String::new(), "nowhere".to_owned()]).collect()
}

/// Puts another name in a place: other orders, other inputs, cycles, two values of one name.
fn names(graph: &mut GraphProto, random: &mut Random) -> String {
    let names = all_names(graph);
    let name = random.below(names.len());
    let name = names.get(name).cloned().unwrap_or_default();
    let says = |place: &str, old: &str| format!("{place} `{old}` is `{name}`");
    match random.below(8) {
        0 => match random.of_mut(&mut graph.output) {
            Some(output) => says("output", &std::mem::replace(&mut output.name, name.clone())),
            None => "no output to rename".to_owned(),
        },
        1 => match random.of_mut(&mut graph.input) {
            Some(input) => says("input", &std::mem::replace(&mut input.name, name.clone())),
            None => "no input to rename".to_owned(),
        },
        2 => match random.of_mut(&mut graph.initializer) {
            Some(constant) => {
                says("constant", &std::mem::replace(&mut constant.name, name.clone()))
            }
            None => "no constant to rename".to_owned(),
        },
        kind => {
            let Some(node) = random.of_mut(&mut graph.node) else {
                return "no node to rename in".to_owned();
            };
            let operator = node.op_type.clone();
            let (side, place) = if kind == 3 {
                (&mut node.output, "output of")
            } else {
                (&mut node.input, "input of")
            };
            if random.one_in(6) {
                side.push(name.clone());
                return format!("one more {place} {operator}: `{name}`");
            }
            if random.one_in(6) {
                let at = random.below(side.len() + 1);
                side.truncate(at);
                return format!("{place} {operator}: {at} left");
            }
            match random.of_mut(side) {
                Some(old) => {
                    let old = std::mem::replace(old, name.clone());
                    says(&format!("{place} {operator}"), &old)
                }
                None => format!("no {place} {operator}"),
            }
        }
    }
}

fn nodes(graph: &mut GraphProto, random: &mut Random) -> String {
    let n = graph.node.len();
    let (one, other) = (random.below(n), random.below(n));
    let Some(node) = graph.node.get(one).cloned() else { return "no node".to_owned() };
    let operator = node.op_type.clone();
    match random.below(4) {
        0 => {
            drop(graph.node.remove(one));
            format!("node {one} ({operator}) taken out")
        }
        1 => {
            graph.node.insert(other, node);
            format!("node {one} ({operator}) once more at {other}")
        }
        2 => {
            graph.node.swap(one, other);
            format!("nodes {one} and {other} swapped")
        }
        _ => {
            // A chain in which each reads what the one before gives.
            let length = 1 + random.below(200);
            let mut last = node.output.first().cloned().unwrap_or_default();
            for step in 0..length {
                let (input, output) = (last, format!("{operator}:{step}"));
                let mut link = node.clone();
                replace_first(&mut link.input, &input);
                replace_first(&mut link.output, &output);
                graph.node.insert((one + 1 + step).min(graph.node.len()), link);
                last = output;
            }
            format!("node {one} ({operator}) {length} times more, one after the other")
        }
    }
}

fn replace_first(names: &mut [String], name: &str) {
    if let Some(first) = names.first_mut() {
        name.clone_into(first);
    }
}

/// Operators of which most engines have some.
const OPERATORS: [&str; 60] = [
    "Add",
    "ArgMax",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Clip",
    "Compress",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvTranspose",
    "CumSum",
    "DepthToSpace",
    "Div",
    "Dropout",
    "Einsum",
    "Erf",
    "Expand",
    "Flatten",
    "GRU",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gemm",
    "Identity",
    "If",
    "InstanceNormalization",
    "LSTM",
    "LayerNormalization",
    "Loop",
    "MatMul",
    "MaxPool",
    "Mod",
    "NonMaxSuppression",
    "NonZero",
    "OneHot",
    "Pad",
    "Pow",
    "RNN",
    "Range",
    "ReduceMax",
    "ReduceSum",
    "Reshape",
    "Resize",
    "Scan",
    "ScatterElements",
    "ScatterND",
    "Shape",
    "Slice",
    "Softmax",
    "Split",
    "Squeeze",
    "StringNormalizer",
    "Tile",
    "TopK",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Where",
];
const CLASSICAL: [&str; 14] = [
    "ArrayFeatureExtractor",
    "Binarizer",
    "FeatureVectorizer",
    "Imputer",
    "LabelEncoder",
    "LinearClassifier",
    "LinearRegressor",
    "Normalizer",
    "OneHotEncoder",
    "SVMClassifier",
    "SVMRegressor",
    "Scaler",
    "TreeEnsembleClassifier",
    "TreeEnsembleRegressor",
];

fn operator(graph: &mut GraphProto, random: &mut Random) -> String {
    let known: Vec<NodeProto> = graph.node.clone();
    let Some(node) = random.of_mut(&mut graph.node) else { return "no node".to_owned() };
    let old = node.op_type.clone();
    match random.below(6) {
        0 => {
            let domain = random.of(&["", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.acme"]);
            domain.unwrap_or_default().clone_into(&mut node.domain);
            format!("{old} of domain `{}`", node.domain)
        }
        1 => {
            let other = random.below(known.len());
            if let Some(other) = known.get(other) {
                (node.op_type, node.attribute) = (other.op_type.clone(), other.attribute.clone());
            }
            format!("{old} is {}", node.op_type)
        }
        2 => {
            random.of(&CLASSICAL).unwrap_or_default().clone_into(&mut node.op_type);
            "ai.onnx.ml".clone_into(&mut node.domain);
            format!("{old} is {}", node.op_type)
        }
        _ => {
            random.of(&OPERATORS).unwrap_or_default().clone_into(&mut node.op_type);
            node.domain = String::new();
            format!("{old} is {}", node.op_type)
        }
    }
}

/// Changes what is declared of an input, an output or a value between.
fn declared(graph: &mut GraphProto, random: &mut Random) -> String {
    let (values, side) = match random.below(4) {
        0 => (&mut graph.output, "output"),
        1 => (&mut graph.value_info, "value"),
        _ => (&mut graph.input, "input"),
    };
    let at = random.below(values.len());
    if random.one_in(8) && at < values.len() {
        let value = values.remove(at);
        return format!("{side} `{}` taken out", value.name);
    }
    if random.one_in(8)
        && let Some(value) = values.get(at).cloned()
    {
        values.push(value);
        return format!("{side} {at} twice");
    }
    match values.get_mut(at) {
        Some(value) => format!("{side} `{}`: {}", value.name.clone(), declare(value, random)),
        None => format!("no {side} to change"),
    }
}

fn declare(value: &mut ValueInfoProto, random: &mut Random) -> String {
    let Some(TypeValue::TensorType(tensor)) =
        value.r#type.as_mut().and_then(|r#type| r#type.value.as_mut())
    else {
        value.r#type = None;
        return "no type".to_owned();
    };
    if random.one_in(3) {
        let code = constant::code(random);
        tensor.elem_type = code;
        return format!("type {code}");
    }
    let Some(shape) = &mut tensor.shape else { return "no shape to change".to_owned() };
    if random.one_in(10) {
        tensor.shape = None;
        return "no shape".to_owned();
    }
    let extent = Dimension { value: Some(DimensionValue::DimValue(random.int())) };
    let what = format!("{extent:?}");
    if random.one_in(3) {
        let at = random.below(shape.dim.len() + 1);
        shape.dim.insert(at, extent);
        return format!("one more axis at {at}: {what}");
    }
    let at = random.below(shape.dim.len());
    if random.one_in(4) && at < shape.dim.len() {
        drop(shape.dim.remove(at));
        return format!("axis {at} taken out");
    }
    if let Some(dim) = shape.dim.get_mut(at) {
        *dim = extent;
    }
    format!("axis {at} is {what}")
}
