//! What a request's numbers decide on, and how much they may.
//!
//! rten allocates what the numbers ask for, and an allocation that fails ends the process. So it is
//! followed which values a request decides on. Extents are not among them, wherever they come from:
//! they are those of tensors that exist. Constants are not, nor is what is computed of both. Such
//! values may say how large a result is; what a request decides on may not.

use radiant_onnx::pb::NodeProto;

use crate::gate::Scope;
use crate::kind::{Int, Kind, MAX, Truth};

/// So many rounds of a loop, or numbers of a range, may be asked for.
const COUNT_MAX: u64 = 1 << 20;

/// Whether a request decides on what the node gives.
pub(crate) fn is_asked(node: &NodeProto, scope: &Scope<'_>) -> bool {
    if matches!(&*node.op_type, "Shape" | "Size") {
        return false;
    }
    // Also what the graphs inside it take from those around.
    let inner = node.graphs().flat_map(|graph| graph.all_nodes());
    let names = inner.flat_map(|node| &node.input).chain(&node.input);
    names.into_iter().any(|name| scope.is_asked(name))
}

/// Why a request's numbers must not say how large the node's result is, if they do.
pub(crate) fn unbounded(node: &NodeProto, scope: &Scope<'_>) -> Option<String> {
    let sizes: &[usize] = match node.op_type.as_str() {
        "ConstantOfShape" => &[0],
        "DFT" | "Expand" | "OneHot" | "Pad" | "Tile" | "Upsample" => &[1],
        "Range" => &[0, 1, 2],
        "Resize" => &[2, 3],
        "STFT" => &[1, 3],
        _ => return None,
    };
    let is_range = node.op_type == "Range";
    let mut names = sizes.iter().filter_map(|input| node.input_name(*input));
    let name = names
        .find(|name| scope.is_asked(name) && !(is_range && scope.kind(name).is_some_and(is_few)))?;
    Some(format!(
        "a request would say by `{name}` how large its result is, which rten does not bound"
    ))
}

/// Why the rounds of a loop could go on, if so.
pub(crate) fn endless(rounds: Option<&str>, scope: &Scope<'_>) -> Option<&'static str> {
    let kind = rounds.and_then(|name| scope.kind(name));
    let is_asked = rounds.is_some_and(|name| scope.is_asked(name));
    match kind {
        Some(kind) if is_asked => (!is_few(kind))
            .then_some("a request would say how many rounds it makes, which rten does not bound"),
        // What wraps is a product of extents.
        Some(Kind::I64(Int { bound, truth, .. })) if bound < MAX || truth == Truth::Wrapped => None,
        _ => Some("it needs a number of rounds: rten does not bound how often a condition holds"),
    }
}

/// Numbers that say how many of something there may be.
fn is_few(kind: Kind) -> bool {
    let (Kind::I32(int) | Kind::I64(int)) = kind else { return kind == Kind::Bool };
    int.truth == Truth::Exact && int.bound <= COUNT_MAX
}
