//! Whether the rows of a batch can be run in other company than they came in.
//!
//! Padding a batch, or cutting it into parts, is right only if each row of every output is computed
//! from the same row of the inputs alone, whatever the number of rows. A mean over the batch, a
//! softmax along it or a value made of its size would answer silently wrong numbers. So the batch
//! axis is followed through the graph, from the inputs to the outputs, and every operator on its
//! way must be one that is known here to keep rows apart. tract's own `axes_mapping` is not used
//! (but for einsum): it says how axes correspond, and for instance softmax maps its own axis too.
//!
//! The answer errs to the safe side: an operator that is not listed makes it "no", and such a model
//! runs batches exactly as they come.

use std::collections::HashMap;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::axes::Axis;
use tract_onnx::tract_core::ops::array::{
    Gather, MultiBroadcastTo, OneHot, Pad, Slice, Topk, TypedConcat,
};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::cnn::{Conv, Deconv, MaxPool, SumPool};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::identity::Identity;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::nn::{Reduce, RmsNorm, Softmax};
use tract_onnx::tract_hir::internal::{InOut, ToDim};

/// Whether each row of every output of this decluttered graph depends on the same row of the inputs
/// alone. The first axis of an input is the batch where its extent is `batch`.
pub(crate) fn rows_are_independent(model: &TypedModel, batch: &Symbol) -> TractResult<bool> {
    let mut tracker = Tracker { model, batch, axes: HashMap::new() };
    for id in model.eval_order()? {
        if !tracker.follow(model.node(id))? {
            return Ok(false);
        }
    }
    let outputs = model.output_outlets()?;
    Ok(outputs.iter().all(|outlet| tracker.axes.get(outlet) == Some(&0)))
}

struct Tracker<'m> {
    model: &'m TypedModel,
    batch: &'m Symbol,
    /// Which axis of a value is the batch. Other values have nothing to do with it.
    axes: HashMap<OutletId, usize>,
}

impl Tracker<'_> {
    /// Follows the batch through one node. False where its rows may meet.
    fn follow(&mut self, node: &TypedNode) -> TractResult<bool> {
        let at: Vec<Option<usize>> =
            node.inputs.iter().map(|input| self.axes.get(input).copied()).collect();
        let axis = if self.model.input_outlets()?.contains(&node.id.into()) {
            let fact = self.model.outlet_fact(node.id.into())?;
            let is_batched = fact.shape.first() == Some(&self.batch.to_dim());
            if !is_batched {
                return Ok(self.knows_no_batch(node));
            }
            Some(0)
        } else if at.iter().all(Option::is_none) {
            return Ok(self.knows_no_batch(node));
        } else {
            let facts = self.model.node_input_facts(node.id)?;
            batch_axis_of_output(node, &facts, &at)
        };
        let Some(axis) = axis else { return Ok(false) };
        for slot in 0..node.outputs.len() {
            let outlet = OutletId::new(node.id, slot);
            if !self.is_batch_at(self.model.outlet_fact(outlet)?, axis) {
                return Ok(false);
            }
            self.axes.insert(outlet, axis);
        }
        Ok(true)
    }

    /// Whether this axis, and no other, is as long as the batch.
    fn is_batch_at(&self, fact: &TypedFact, axis: usize) -> bool {
        fact.shape.iter().enumerate().all(|(index, dim)| {
            if index == axis { *dim == self.batch.to_dim() } else { !self.mentions(dim) }
        })
    }

    fn mentions(&self, dim: &TDim) -> bool {
        dim.symbols().contains(self.batch)
    }

    /// Whether a node that sees no row does not see the number of rows either.
    fn knows_no_batch(&self, node: &TypedNode) -> bool {
        let shapes = node.outputs.iter().flat_map(|outlet| outlet.fact.shape.iter());
        if shapes.into_iter().any(|dim| self.mentions(dim)) {
            return false;
        }
        let constants = node.outputs.iter().filter_map(|outlet| outlet.fact.konst.as_ref());
        for constant in constants.filter(|value| value.datum_type() == TDim::datum_type()) {
            let dims = constant.try_as_plain_ram().and_then(|plain| plain.as_slice::<TDim>());
            if !dims.is_ok_and(|dims| !dims.iter().any(|dim| self.mentions(dim))) {
                return false;
            }
        }
        // An operator may hold the symbol itself; its name occurs in no model.
        node.op_is::<Const>() || !format!("{:?}", node.op).contains(&self.batch.to_string())
    }
}

/// Which axis of the outputs is the batch, if the operator keeps rows apart. `at` tells the batch
/// axis of each input that has one; at least one does.
fn batch_axis_of_output(
    node: &TypedNode,
    facts: &[&TypedFact],
    at: &[Option<usize>],
) -> Option<usize> {
    if node.op_is::<TypedBinOp>() || node.op_is::<Iff>() {
        return same_axis(facts, at);
    }
    if let Some(concat) = node.op_as::<TypedConcat>() {
        return same_axis(facts, at).filter(|axis| *axis != concat.axis);
    }
    if let Some(einsum) = node.op_as::<EinSum>() {
        return einsum_axis(einsum, facts, at);
    }
    if let Some(gather) = node.op_as::<Gather>() {
        return gather_axis(gather, facts, at);
    }
    let (axis, others) = at.split_first()?;
    let axis = (*axis)?;
    if others.iter().any(Option::is_some) {
        return None;
    }
    axis_of_unary(node, facts, axis)
}

/// Operators whose first input alone has rows.
fn axis_of_unary(node: &TypedNode, facts: &[&TypedFact], axis: usize) -> Option<usize> {
    if node.op_is::<ElementWiseOp>() || node.op_is::<Cast>() || node.op_is::<Identity>() {
        return Some(axis);
    }
    if let Some(op) = node.op_as::<AxisOp>() {
        return op.transform_axis(axis);
    }
    // The indices of a maximum count through the whole batch.
    if node.op_as::<MaxPool>().is_some_and(|op| op.with_index_outputs.is_some()) {
        return None;
    }
    let pool = (node.op_as::<Conv>().map(|op| &op.pool_spec))
        .or_else(|| node.op_as::<Deconv>().map(|op| &op.pool_spec))
        .or_else(|| node.op_as::<MaxPool>().map(|op| &op.pool_spec))
        .or_else(|| node.op_as::<SumPool>().map(|op| &op.pool_spec));
    if let Some(pool) = pool {
        return (axis == 0 && pool.data_format.has_n()).then_some(0);
    }
    if let Some(broadcast) = node.op_as::<MultiBroadcastTo>() {
        let rank = facts.first()?.rank();
        return Some(axis + broadcast.shape.rank().checked_sub(rank)?);
    }
    if let Some(one_hot) = node.op_as::<OneHot>() {
        return Some(axis + usize::from(axis >= one_hot.axis));
    }
    let keeps_apart = if let Some(op) = node.op_as::<Softmax>() {
        !op.axes.contains(&axis)
    } else if let Some(op) = node.op_as::<Reduce>() {
        !op.axes.contains(&axis)
    } else if let Some(op) = node.op_as::<RmsNorm>() {
        op.axis != axis
    } else if let Some(op) = node.op_as::<Slice>() {
        op.axis != axis && op.start.symbols().is_empty() && op.end.symbols().is_empty()
    } else if let Some(op) = node.op_as::<Pad>() {
        op.pads.get(axis) == Some(&(0, 0))
    } else if let Some(op) = node.op_as::<Topk>() {
        op.axis != axis
    } else {
        false
    };
    keeps_apart.then_some(axis)
}

/// The batch axis of values that are combined element by element: the same in all that have one,
/// and of extent 1 in the others, which are thus the same for every row.
fn same_axis(facts: &[&TypedFact], at: &[Option<usize>]) -> Option<usize> {
    let axis = at.iter().copied().flatten().next()?;
    let agrees = |(fact, at): (&&TypedFact, &Option<usize>)| match at {
        Some(other) => *other == axis,
        None => fact.shape.get(axis).is_some_and(|dim| *dim == 1.to_dim()),
    };
    facts.iter().zip(at).all(agrees).then_some(axis)
}

fn einsum_axis(einsum: &EinSum, facts: &[&TypedFact], at: &[Option<usize>]) -> Option<usize> {
    let (slot, position) =
        at.iter().enumerate().find_map(|(slot, axis)| axis.map(|axis| (slot, axis)))?;
    let axis: &Axis = einsum.axes.axis((InOut::In(slot), position)).ok()?;
    for ((positions, at), fact) in axis.inputs.iter().zip(at).zip(facts) {
        let agrees = match (positions.as_slice(), at) {
            ([position], Some(batch)) => position == batch,
            ([position], None) => fact.shape.get(*position).is_some_and(|dim| *dim == 1.to_dim()),
            ([], None) => true,
            _ => false,
        };
        if !agrees {
            return None;
        }
    }
    match axis.outputs.first()?.as_slice() {
        [position] => Some(*position),
        _ => None,
    }
}

/// Rows of indices into one table, or one set of indices into every row.
fn gather_axis(gather: &Gather, facts: &[&TypedFact], at: &[Option<usize>]) -> Option<usize> {
    match at {
        [None, Some(axis)] => Some(gather.axis + axis),
        [Some(axis), None] if *axis < gather.axis => Some(*axis),
        [Some(axis), None] if *axis > gather.axis => Some(axis + facts.get(1)?.rank() - 1),
        _ => None,
    }
}
