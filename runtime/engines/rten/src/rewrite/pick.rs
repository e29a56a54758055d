//! Largest and smallest numbers, in words that rten answers as ONNX does.

use radiant_onnx::pb::NodeProto;

use super::{Rewriter, constant, int, made, number};
use crate::gate::Scope;
use crate::kind::Kind;

impl Rewriter {
    /// `ArgMax` and `ArgMin`: the place of the first of equal numbers, where rten answers the last.
    /// Its `TopK` looks at places where numbers are equal, and takes NaN for the largest.
    pub(super) fn first_of_equals(
        &mut self,
        mut node: NodeProto,
        scope: &Scope<'_>,
    ) -> Vec<NodeProto> {
        let ([input], [output]) = (&*node.input, &*node.output) else { return vec![node] };
        let output = output.clone();
        let kind = scope.kind(input);
        let is_ordered =
            matches!(kind, Some(Kind::F32 | Kind::Quotient | Kind::I32(_) | Kind::I64(_)));
        let is = |name: &str, default| node.int(name, default).ok();
        let (axis, keepdims) = (is("axis", 0), is("keepdims", 1));
        let known = ["axis", "keepdims", "select_last_index"];
        let reads_all = node.attribute.iter().all(|found| known.contains(&&*found.name));
        let (Some(axis), Some(keepdims), Some(0)) = (axis, keepdims, is("select_last_index", 0))
        else {
            return vec![node];
        };
        if !is_ordered || !reads_all {
            return vec![node];
        }
        let (count, numbers, places) = (self.name(), self.name(), self.name());
        let is_largest = node.op_type == "ArgMax";
        "TopK".clone_into(&mut node.op_type);
        node.input.push(count.clone());
        node.attribute = vec![int("axis", axis), int("largest", i64::from(is_largest))];
        if keepdims != 0 {
            node.output = vec![numbers, output];
            return vec![constant(&count, &[1]), node];
        }
        node.output = vec![numbers, places.clone()];
        let axes = self.name();
        let squeeze = made("Squeeze", &[&places, &axes], &output);
        vec![constant(&count, &[1]), node, constant(&axes, &[axis]), squeeze]
    }

    /// `TopK` of as many numbers as a request says: rten allocates them before it sees that there
    /// are not so many. Looked up among the counts that there may be, what is too much is an error.
    /// What counts from the end there is below 0, and stays so.
    pub(super) fn bound_count(&mut self, mut node: NodeProto) -> Vec<NodeProto> {
        let axis = node.attribute("axis").map_or(-1, |axis| axis.i);
        let [numbers, count] = &*node.input else { return vec![node] };
        let names: [String; 9] = std::array::from_fn(|_| self.name());
        let [shape, at, extent, zero, one, end, counts, found, bounded] = &names;
        let mut nodes = vec![
            made("Shape", &[numbers], shape),
            number(at, axis),
            made("Gather", &[shape, at], extent),
            number(zero, 0),
            number(one, 1),
            made("Add", &[extent, one], end),
            made("Range", &[zero, end, one], counts),
            made("Gather", &[counts, count], found),
            made("Min", &[count, found], bounded),
        ];
        if let Some(input) = node.input.get_mut(1) {
            bounded.clone_into(input);
        }
        nodes.push(node);
        nodes
    }
}
