//! The rule of `auto`: which engines are tried for a graph, in which order.
//!
//! It looks at the graph's operators and types alone and measures nothing, so that two replicas of
//! one model never choose differently; only whether ONNX Runtime is installed is asked of the
//! machine. What is right comes before what is fast: an engine whose known faults a graph could meet
//! refuses it by itself, and the next one is tried. The order among engines that are right is that of
//! speed for the class of graph.

use std::collections::{BTreeSet, HashSet};

use radiant_onnx::Model;
use radiant_onnx::pb::NodeProto;

use super::Choice;

/// Domains whose operators only the native engine and ONNX Runtime have.
const CLASSICAL: [&str; 2] = ["ai.onnx.ml", "com.microsoft"];

/// How to get ONNX Runtime.
pub(super) const INSTALL: &str = "use the image whose tag ends with -ort, or install libonnxruntime \
                                  and name it with --ort-library, if it is not in a usual place";

/// What `auto` does with a graph.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The engines to try, best first.
    pub(super) order: Vec<Choice>,
    /// What about the graph decided.
    pub(super) reason: String,
    /// What would be better, if anything.
    pub(super) advice: Option<&'static str>,
}

/// The rule for a graph whose ZipMaps have been stripped.
pub(super) fn rule(model: &Model, has_ort: bool) -> Rule {
    use Choice::{Native, Ort, Rten, Tract};
    let nodes = model.graph.all_nodes();
    let classical = operators(&nodes, |node| CLASSICAL.contains(&node.canonical_domain()));
    if !classical.is_empty() {
        let reason = format!("the graph has operators of classical machine learning: {classical}");
        let order = if has_ort { vec![Native, Ort] } else { vec![Native] };
        return Rule { order, reason, advice: None };
    }
    let convolutions = operators(&nodes, is_convolution);
    if convolutions.is_empty() {
        return plain(&nodes, model, has_ort);
    }
    // The native engine has no convolutions.
    let mut order = vec![Rten, Tract];
    if has_ort {
        order.insert(0, Ort);
    }
    let reason = format!("the graph has convolutions ({convolutions}), which ort runs fastest");
    let advice = (!has_ort).then_some(
        "ONNX Runtime, which is not installed here, runs convolutions up to 4 times as fast",
    );
    Rule { order, reason, advice }
}

/// The rule for graphs without convolutions. Of products with constants the native engine makes short
/// work, as it packs the constants once; rten is faster where both sides are computed (attention),
/// and has recurrent operators.
fn plain(nodes: &[&NodeProto], model: &Model, has_ort: bool) -> Rule {
    use Choice::{Native, Ort, Rten, Tract};
    let constants = constants(nodes, model);
    let computed = operators(nodes, |node| is_special(node) || is_computed(node, &constants));
    let (mut order, reason) = if computed.is_empty() {
        let reason = "the graph has no convolutions, and each product in it has a constant side";
        (vec![Native, Rten, Tract], reason.to_owned())
    } else {
        let reason = "the graph has no convolutions, and products that rten is fast at";
        (vec![Rten, Native, Tract], format!("{reason} ({computed})"))
    };
    order.extend(has_ort.then_some(Ort));
    Rule { order, reason, advice: None }
}

/// The names of values that do not depend on a request, as far as that is seen at a glance.
fn constants<'a>(nodes: &[&'a NodeProto], model: &'a Model) -> HashSet<&'a str> {
    let given = model.graph.initializer.iter().map(|constant| constant.name.as_str());
    let mut constants: HashSet<&str> = given.collect();
    for node in nodes {
        if node.input.iter().all(|name| constants.contains(name.as_str())) {
            constants.extend(node.output.iter().map(String::as_str));
        }
    }
    constants
}

/// Whether a node multiplies matrices of which neither is constant.
fn is_computed(node: &NodeProto, constants: &HashSet<&str>) -> bool {
    let is_constant = |name: &String| constants.contains(name.as_str());
    let is_product = matches!(&*node.op_type, "MatMul" | "Gemm" | "Einsum" | "Attention");
    is_product && !node.input.iter().take(2).any(is_constant)
}

/// Whether a node is recurrent, or a product of small integers.
fn is_special(node: &NodeProto) -> bool {
    matches!(&*node.op_type, "LSTM" | "GRU" | "RNN" | "MatMulInteger" | "QLinearMatMul")
}

fn is_convolution(node: &NodeProto) -> bool {
    node.canonical_domain().is_empty() && matches!(&*node.op_type, "Conv" | "ConvTranspose")
}

/// The operators among the nodes for which `is_wanted` holds, each once.
fn operators(nodes: &[&NodeProto], is_wanted: impl Fn(&NodeProto) -> bool) -> String {
    let wanted = nodes.iter().filter(|node| is_wanted(node));
    let names: BTreeSet<&str> = wanted.map(|node| node.op_type.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
