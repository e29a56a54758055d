//! `LogSoftmax` without the detour through probabilities.
//!
//! tract imports the ONNX operator as the logarithm of a softmax, which is negative infinity where
//! the probability is too small for its type: below 1e-38 in single precision, which confident
//! classifiers reach. tract's own core has the stable form; this operator imports to that.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};
use tract_onnx::tract_hir::infer::{
    InferenceOp, InferenceResult, Solver, TensorProxy, check_input_arity, check_output_arity,
};
use tract_onnx::tract_hir::internal::{Expansion, SpecialOps, StaticName, ensure, expand};

/// From this operator set on, the axis is one axis; before, all axes from it on are one.
const ONE_AXIS_SINCE: i64 = 13;

/// Reads the node, as a replacement of tract's reader.
pub(crate) fn read(
    context: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let one_axis = context.onnx_operator_set_version >= ONE_AXIS_SINCE;
    let axis = node.get_attr_opt("axis")?.unwrap_or(if one_axis { -1 } else { 1 });
    Ok((expand(LogSoftmax { axis, one_axis }), Vec::new()))
}

#[derive(Debug, Clone)]
struct LogSoftmax {
    axis: i64,
    one_axis: bool,
}

impl Expansion for LogSoftmax {
    fn name(&self) -> StaticName {
        "LogSoftmax".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        let [input, output] = [&inputs[0], &outputs[0]];
        solver.equals(&output.datum_type, &input.datum_type)?;
        solver.equals(&output.rank, &input.rank)?;
        solver.equals(&output.shape, &input.shape)
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let rank = model.outlet_fact(inputs[0])?.rank();
        let from_end = if self.axis < 0 { i64::try_from(rank)? } else { 0 };
        let axis = usize::try_from(self.axis + from_end)?;
        ensure!(axis < rank, "axis {} of a tensor of rank {rank}", self.axis);
        let axes = if self.one_axis { tvec!(axis) } else { (axis..rank).collect() };
        let kind = SoftmaxKind::LogSoftmax;
        model.wire_node(prefix, Softmax { axes, quant_output_dt: None, kind }, inputs)
    }
}
