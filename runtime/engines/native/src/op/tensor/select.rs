//! Slice, ArgMax and ArgMin of the columns of a matrix.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, n_rows_and_columns};

/// The column of a row's first extremum.
struct ArgExtremum {
    is_better: fn(f32, f32) -> bool,
    keeps_axis: bool,
}

impl Op for ArgExtremum {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (n_rows, n_columns) = n_rows_and_columns(inputs.view(0)?.shape);
        if n_columns == 0 {
            return Err(Error::model_failed("expected at least one column, got none"));
        }
        let dims = [n_rows, 1];
        let out = outputs.first().reset::<i64>(&dims[..if self.keeps_axis { 2 } else { 1 }])?;
        out.extend(inputs.slice::<f32>(0)?.chunks_exact(n_columns).map(|row| self.find(row)));
        Ok(())
    }
}

impl ArgExtremum {
    fn find(&self, row: &[f32]) -> i64 {
        let mut best = (0, row.first().copied().unwrap_or(0.0));
        for (at, &value) in (0_i64..).zip(row) {
            if (self.is_better)(value, best.1) {
                best = (at, value);
            }
        }
        best.0
    }
}

/// Builds an ArgMax or ArgMin over the columns of a matrix.
pub(super) fn arg_extremum(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "keepdims", "select_last_index"])?;
    context.expect_dtype(0, DType::F32)?;
    let node = context.node;
    let axis = node.int("axis", 0)?;
    let fact = context.fact(0)?;
    if !matches!(axis, 1 | -1) || fact.rank() != Some(2) {
        return Err(context.refuse_value("axis", axis));
    }
    if node.int("select_last_index", 0)? != 0 {
        return Err(context.refuse_value("select_last_index", 1));
    }
    let keeps_axis = node.int("keepdims", 1)? != 0;
    let is_better: fn(f32, f32) -> bool =
        if node.op_type == "ArgMax" { |a, b| a > b } else { |a, b| a < b };
    let dims = [fact.dim(0), Some(1)];
    let fact = Fact::new(DType::I64, &dims[..if keeps_axis { 2 } else { 1 }]);
    Ok(Built::unary(ArgExtremum { is_better, keeps_axis }, fact))
}

/// A range of columns.
struct Slice {
    start: i64,
    end: i64,
}

impl Slice {
    /// The bounds within so many columns; negative ones count from the end.
    fn bounds(&self, n_columns: usize) -> (usize, usize) {
        let bound = |at: i64| {
            let n_columns = i64::try_from(n_columns).unwrap_or(i64::MAX);
            let from_start = if at < 0 { at.saturating_add(n_columns) } else { at };
            usize::try_from(from_start.clamp(0, n_columns)).unwrap_or(0)
        };
        let (start, end) = (bound(self.start), bound(self.end));
        (start, end.max(start))
    }
}

impl Op for Slice {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (n_rows, n_columns) = n_rows_and_columns(inputs.view(0)?.shape);
        let (start, end) = self.bounds(n_columns);
        let out = outputs.first().reset::<f32>(&[n_rows, end - start])?;
        if n_columns > 0 {
            let rows = inputs.slice::<f32>(0)?.chunks_exact(n_columns);
            rows.for_each(|row| out.extend_from_slice(&row[start..end]));
        }
        Ok(())
    }
}

/// Builds a Slice of the columns of a matrix, between constant bounds.
pub(super) fn slice(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(0, DType::F32)?;
    let number = |index| match context.constant(index)?.as_slice::<i64>()? {
        [number] => Some(*number),
        _ => None,
    };
    let step = if context.node.input_name(4).is_some() { number(4) } else { Some(1) };
    let (start, end, axis) = (number(1), number(2), number(3));
    let fact = context.fact(0)?;
    match (start, end, axis, step, fact.dims.as_deref()) {
        (Some(start), Some(end), Some(1 | -1), Some(1), Some(&[n_rows, n_columns])) => {
            let slice = Slice { start, end };
            let n_columns = n_columns.map(|n| slice.bounds(n)).map(|(start, end)| end - start);
            Ok(Built::unary(slice, Fact::new(DType::F32, &[n_rows, n_columns])))
        }
        _ => Err(context.refuse("a slice of anything but a range of columns is not supported")),
    }
}
