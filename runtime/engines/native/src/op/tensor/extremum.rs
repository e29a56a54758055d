//! ArgMax and ArgMin: where along an axis the extremum is.

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::axes::{around, axis};
use crate::op::{Built, NodeContext, Op, Outputs};

use super::ints::known;
use super::number::{Number, numbers};

/// The place of the first extremum, or of the last.
///
/// What is no number is better than nothing and worse than nothing: where it comes first it stays,
/// as for onnxruntime.
struct ArgExtremum<T> {
    is_better: fn(T, T) -> bool,
    axis: i64,
    keeps_axis: bool,
}

impl<T: Number> Op for ArgExtremum<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let values = inputs.slice::<T>(0)?;
        if let ([], Some(_)) = (shape.dims(), values.first()) {
            axis(self.axis, 1)?;
            outputs.first().reset::<i64>(&[])?.push(0);
            return Ok(());
        }
        let axis = axis(self.axis, shape.rank())?;
        let mut dims = Shape::new(&shape.dims()[..axis]);
        if self.keeps_axis {
            dims.push(1);
        }
        for &dim in &shape.dims()[axis + 1..] {
            dims.push(dim);
        }
        let out = outputs.first().reset::<i64>(dims.dims())?;
        let (n_outer, along, inner) = around(shape, axis);
        if dims.dims().contains(&0) {
            return Ok(());
        }
        if along == 0 {
            return Err(Error::model_failed(format!(
                "expected elements along axis {axis}, got {shape}"
            )));
        }
        for outer in 0..n_outer {
            let block = &values[outer * along * inner..][..along * inner];
            if inner == 1 {
                out.push(self.find(block.iter()));
            } else {
                out.extend((0..inner).map(|i| self.find(block[i..].iter().step_by(inner))));
            }
        }
        Ok(())
    }
}

impl<T: Number> ArgExtremum<T> {
    fn find<'a>(&self, mut values: impl Iterator<Item = &'a T>) -> i64 {
        let Some(&(mut best)) = values.next() else { return 0 };
        let mut best_at = 0;
        for (at, &value) in (1_i64..).zip(values) {
            if (self.is_better)(value, best) {
                (best_at, best) = (at, value);
            }
        }
        best_at
    }
}

/// Builds an ArgMax or an ArgMin.
pub(super) fn arg_extremum(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let since_12: &[&str] = &["axis", "keepdims", "select_last_index"];
    context.attributes(if context.opset < 12 { &["axis", "keepdims"] } else { since_12 })?;
    let node = context.node;
    let at = node.int("axis", 0)?;
    let takes_last = node.int("select_last_index", 0)? != 0;
    let keeps_axis = node.int("keepdims", 1)? != 0;
    let is_max = node.op_type == "ArgMax";
    let fact = context.fact(0)?;
    let op = numbers!(fact.dtype, T => {
        let is_better: fn(T, T) -> bool = match (is_max, takes_last) {
            (true, false) => |a, b| a > b,
            (true, true) => |a, b| a >= b,
            (false, false) => |a, b| a < b,
            (false, true) => |a, b| a <= b,
        };
        Box::new(ArgExtremum::<T> { is_better, axis: at, keeps_axis }) as Box<dyn Op>
    });
    let op =
        op.ok_or_else(|| context.refuse(format!("input of {} is not supported", fact.dtype)))?;
    let mut dims = fact.dims.clone();
    if let Some(dims) = dims.as_mut().filter(|dims| !dims.is_empty()) {
        let at = known(context, axis(at, dims.len()))?;
        if keeps_axis {
            dims[at] = Some(1);
        } else {
            dims.remove(at);
        }
    }
    Ok(Built::Step { op, reads: vec![0], facts: vec![Fact { dtype: DType::I64, dims }] })
}
