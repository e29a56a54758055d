//! Sums, means and maxima of the columns of each row.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, n_rows_and_columns};

struct Reduce {
    function: fn(&[f32]) -> f32,
    keeps_axis: bool,
}

impl Op for Reduce {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (n_rows, n_columns) = n_rows_and_columns(inputs.view(0)?.shape);
        let rows = inputs.slice::<f32>(0)?;
        let dims = [n_rows, 1];
        let out = outputs.first().reset::<f32>(&dims[..if self.keeps_axis { 2 } else { 1 }])?;
        out.extend((0..n_rows).map(|row| (self.function)(&rows[row * n_columns..][..n_columns])));
        Ok(())
    }
}

/// Builds a ReduceSum, ReduceMean or ReduceMax over the columns of a matrix.
pub(super) fn reduce(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axes", "keepdims", "noop_with_empty_axes"])?;
    context.expect_dtype(0, DType::F32)?;
    let node = context.node;
    let axes = match context.constant(1).and_then(|tensor| tensor.as_slice::<i64>()) {
        Some(axes) => axes,
        None => node.ints("axes")?,
    };
    let fact = context.fact(0)?;
    if fact.rank() != Some(2) || !matches!(axes, [1 | -1]) {
        return Err(context.refuse_value("axes", format_args!("{axes:?}")));
    }
    let keeps_axis = node.int("keepdims", 1)? != 0;
    let function = match node.op_type.as_str() {
        "ReduceSum" => |row: &[f32]| row.iter().sum(),
        "ReduceMean" => |row: &[f32]| row.iter().sum::<f32>() / row.len() as f32,
        _ => |row: &[f32]| {
            row.iter()
                .fold(f32::NEG_INFINITY, |max, &x| if x > max || x.is_nan() { x } else { max })
        },
    };
    let dims = [fact.dim(0), Some(1)];
    let fact = Fact::new(DType::F32, &dims[..if keeps_axis { 2 } else { 1 }]);
    Ok(Built::unary(Reduce { function, keeps_axis }, fact))
}
