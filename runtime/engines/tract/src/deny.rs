//! Operators that are refused before tract sees the graph.
//!
//! tract keeps its operators by name alone and ignores attributes that it does not know, so a graph
//! can import well and answer wrong numbers. Refused here are the operators that tract does not
//! have, those of other domains, and what tract-onnx 0.23.9 was found to compute wrongly: by
//! running the ONNX backend tests (onnx 1.23) through it, by comparing the attributes in the
//! operators' schemas with those that its source reads, and by extreme inputs.

pub(crate) mod inferred;

use tract_onnx::Onnx;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

use crate::LoadError;

/// Older operator sets have other attributes than tract reads. In this one, binary operators broadcast
/// along a given axis, and layers that differ in training say so otherwise: those are refused.
const OPSET_MIN: i64 = 6;

/// Names that tract knows, with some of its features at least, and that count as unknown.
///
/// Most belong to other domains, whose operators are refused, and must not come in through the back
/// door of a node without domain. `Attention` is wrong with a mask that hides a whole row, with
/// earlier keys and with windows.
const NOT_TAKEN: [&str; 22] = [
    "ArrayFeatureExtractor",
    "Attention",
    "BiasGelu",
    "CategoryMapper",
    "ConstantLike",
    "FastGelu",
    "GatherBlockQuantized",
    "GroupQueryAttention",
    "LinearClassifier",
    "LinearRegressor",
    "MatMulNBits",
    "MultiHeadAttention",
    "Normalizer",
    "ParametricSoftplus",
    "QuickGelu",
    "Rsqrt",
    "ScaledTanh",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
    "TreeEnsembleClassifier",
    "TreeEnsembleRegressor",
];

/// Checks every node of the model and of the graphs inside its nodes.
pub(crate) fn check(proto: &ModelProto, graph: &GraphProto) -> Result<(), LoadError> {
    let standard = proto.opset_import.iter().find(|import| is_standard(&import.domain));
    let opset = standard.map_or(1, |import| import.version);
    if opset < OPSET_MIN {
        return Err(LoadError::Opset { expected: OPSET_MIN, got: opset });
    }
    check_graph(graph, opset, &tract_onnx::onnx(), Place::Top)
}

/// Whether a graph is the model's, or stands in a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Inside,
}

fn check_graph(graph: &GraphProto, opset: i64, onnx: &Onnx, place: Place) -> Result<(), LoadError> {
    for node in &graph.node {
        let name = &node.op_type;
        if !is_standard(&node.domain) {
            return Err(unknown(format!("{}.{name}", node.domain), node));
        }
        let is_known = onnx.op_register.0.contains_key(name);
        if !is_known || NOT_TAKEN.contains(&name.as_str()) {
            return Err(unknown(name.clone(), node));
        }
        let nested = match name.as_str() {
            // Its weights are compared with its input at the top only.
            "LSTM" | "GRU" | "RNN" if place == Place::Inside => {
                Some("it stands in the body of another operator".to_owned())
            }
            _ => None,
        };
        if let Some(reason) = nested.or_else(|| defect(node, graph, opset)) {
            let (operator, node) = (name.clone(), node_name(node).to_owned());
            return Err(LoadError::Operator { operator, node, reason });
        }
        for attribute in &node.attribute {
            for inner in attribute.g.iter().chain(&attribute.graphs) {
                check_graph(inner, opset, onnx, Place::Inside)?;
            }
        }
    }
    Ok(())
}

fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn unknown(operator: String, node: &NodeProto) -> LoadError {
    LoadError::UnknownOperator { operator, node: node_name(node).to_owned() }
}

/// A node's name, or its first output where it has none, as tract names it too.
pub(crate) fn node_name(node: &NodeProto) -> &str {
    if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name }
}

/// What tract would compute wrongly in this node.
fn defect(node: &NodeProto, graph: &GraphProto, opset: i64) -> Option<String> {
    if opset < 7
        && let Some(reason) = legacy(node)
    {
        return Some(reason);
    }
    match node.op_type.as_str() {
        "LSTM" => recurrent(node, &["Sigmoid", "Tanh", "Tanh"]),
        "GRU" => recurrent(node, &["Sigmoid", "Tanh"]),
        "RNN" => recurrent(node, &["Tanh"]),
        "BatchNormalization" if int(node, "training_mode", 0) != 0 => {
            Some(ignored("training_mode"))
        }
        "BitShift" => bit_shift(node, graph),
        "Celu" | "Swish" if float(node, "alpha", 1.0).to_bits() != 1_f32.to_bits() => {
            Some(ignored("alpha"))
        }
        "DequantizeLinear" if !matches!(int(node, "output_dtype", 0), 0 | FLOAT) => {
            Some(ignored("output_dtype"))
        }
        "QuantizeLinear" if int(node, "output_dtype", 0) != 0 && !has_input(node, 2) => {
            Some(ignored("output_dtype"))
        }
        "ReduceMax" | "ReduceMin" => Some(
            "tract answers a finite number where all numbers are infinite, or there are none"
                .to_owned(),
        ),
        "Mod" => Some("tract loses the sign of zero in floating point".to_owned()),
        "OneHot" => Some("tract panics on indices that are out of range".to_owned()),
        "Slice" if opset >= 10 && !has_input(node, 3) => {
            Some("tract needs the axes to be written out".to_owned())
        }
        "Dropout" if opset >= 12 && has_input(node, 2) => {
            Some("tract runs it with a constant `training_mode` of false only".to_owned())
        }
        "ReduceLogSumExp" => Some("tract overflows where the numbers are above 88".to_owned()),
        "Scan" if opset < 9 => {
            Some(format!("operator set {opset} has another form of it than tract runs"))
        }
        "SpaceToDepth" if text(node, "mode", "DCR") != "DCR" => Some(ignored("mode")),
        _ => None,
    }
}

/// What operator set 6 means and tract, which reads 7, does not.
fn legacy(node: &NodeProto) -> Option<String> {
    match node.op_type.as_str() {
        "BatchNormalization" | "Dropout" if int(node, "is_test", 0) == 0 => {
            Some("operator set 6 trains it, unless attribute `is_test` is 1".to_owned())
        }
        "LSTM" | "GRU" | "RNN" | "Upsample" => {
            Some("operator set 6 has another form of it than tract runs".to_owned())
        }
        _ if int(node, "broadcast", 0) != 0 && node.op_type != "Gemm" => Some(ignored("broadcast")),
        _ => None,
    }
}

const FLOAT: i64 = DataType::Float as i64;

fn ignored(attribute: &str) -> String {
    format!("tract ignores the attribute `{attribute}`")
}

/// tract runs every recurrent layer forward, with the standard's default functions.
fn recurrent(node: &NodeProto, default: &[&str]) -> Option<String> {
    let direction = text(node, "direction", "forward");
    if direction != "forward" {
        return Some(format!("tract runs direction `{direction}` as if it were `forward`"));
    }
    let functions = attribute(node, "activations").map_or(&[][..], |found| &found.strings);
    let is_default = functions.len() == default.len()
        && functions
            .iter()
            .zip(default)
            .all(|(got, want)| got.eq_ignore_ascii_case(want.as_bytes()));
    if !(functions.is_empty() || is_default) {
        return Some(ignored("activations"));
    }
    let others = ["activation_alpha", "activation_beta", "clip"];
    if let Some(other) = others.iter().find(|other| attribute(node, other).is_some()) {
        return Some(ignored(other));
    }
    if int(node, "input_forget", 0) != 0 {
        return Some(ignored("input_forget"));
    }
    None
}

/// A shift by the type's width or more, or by a negative number, has no defined result in tract.
/// Only constants can be looked at here. 8 bits is the narrowest type.
fn bit_shift(node: &NodeProto, graph: &GraphProto) -> Option<String> {
    let amount = node.input.get(1)?;
    let constant = graph.initializer.iter().find(|tensor| tensor.name == *amount);
    if constant.is_some_and(|tensor| all_below(tensor, 8)) {
        return None;
    }
    Some(
        "tract shifts wrongly by negative or large amounts: they must be constants from 0 to 7"
            .into(),
    )
}

fn all_below(tensor: &TensorProto, bound: u64) -> bool {
    let is_below = |value: i64| u64::try_from(value).is_ok_and(|value| value < bound);
    let width = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Int8 | DataType::Uint8) => 1,
        Ok(DataType::Int16 | DataType::Uint16) => 2,
        Ok(DataType::Int32 | DataType::Uint32) => 4,
        Ok(DataType::Int64 | DataType::Uint64) => 8,
        _ => return false,
    };
    // Little endian: the first byte is the value, if the value is small and not negative.
    let raw_is_below = |bytes: &[u8]| match bytes.split_first() {
        Some((low, high)) => u64::from(*low) < bound && high.iter().all(|byte| *byte == 0),
        None => true,
    };
    tensor.external_data.is_empty()
        && tensor.raw_data.chunks(width).all(raw_is_below)
        && tensor.int32_data.iter().all(|value| is_below(i64::from(*value)))
        && tensor.int64_data.iter().all(|value| is_below(*value))
        && tensor.uint64_data.iter().all(|value| *value < bound)
}

fn has_input(node: &NodeProto, input: usize) -> bool {
    node.input.get(input).is_some_and(|name| !name.is_empty())
}

fn attribute<'n>(node: &'n NodeProto, name: &str) -> Option<&'n AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i)
}

fn float(node: &NodeProto, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |attribute| attribute.f)
}

fn text<'n>(node: &'n NodeProto, name: &str, default: &'n str) -> &'n str {
    let found = attribute(node, name).map(|attribute| std::str::from_utf8(&attribute.s));
    found.map_or(default, |text| text.unwrap_or("not UTF-8"))
}

#[cfg(test)]
mod tests;
