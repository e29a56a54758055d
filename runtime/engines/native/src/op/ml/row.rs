//! Operators that change each row by itself: Normalizer, Scaler, Imputer and Binarizer. All give f32 of the input's shape, unless they say otherwise.
//!
//! What the specification leaves open is as in onnxruntime 1.32, found by running it.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, n_rows_and_columns};

/// A function of a row, in place.
pub(in crate::op) struct Rows(pub(in crate::op) fn(&mut [f32]));

impl Op for Rows {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let (_, n_columns) = n_rows_and_columns(view.shape);
        let out = outputs.first().reset::<f32>(view.shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        if n_columns > 0 {
            out.chunks_exact_mut(n_columns).for_each(self.0);
        }
        Ok(())
    }
}

/// A function of each element and its column.
struct Columns<V, F> {
    /// One value for all columns, or one a column.
    values: Vec<V>,
    function: F,
}

impl<V: Copy + Send + Sync, F: Fn(f32, V) -> f32 + Send + Sync> Op for Columns<V, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let (_, n_columns) = n_rows_and_columns(view.shape);
        let x = inputs.slice::<f32>(0)?;
        let out = outputs.first().reset::<f32>(view.shape.dims())?;
        match *self.values {
            [value] => out.extend(x.iter().map(|&x| (self.function)(x, value))),
            ref values if values.len() == n_columns && n_columns > 0 => {
                for row in x.chunks_exact(n_columns) {
                    let pairs = row.iter().zip(values);
                    out.extend(pairs.map(|(&x, &value)| (self.function)(x, value)));
                }
            }
            ref values => {
                let expected = values.len();
                return Err(Error::model_failed(format!(
                    "expected {expected} columns, got {n_columns}"
                )));
            }
        }
        Ok(())
    }
}

/// Refuses `n_values` for columns of which there is another number.
fn check_n_values(context: &NodeContext<'_>, n_values: usize) -> Result<(), Unsupported> {
    match context.rows(0)?.n_columns {
        _ if n_values == 1 => Ok(()),
        Some(n_columns) if n_columns != n_values || n_values == 0 => {
            Err(context.refuse(format!("expected 1 or {n_columns} values, got {n_values}")))
        }
        _ => Ok(()),
    }
}

/// The fact of an output like the first input, but f32.
pub(in crate::op) fn like_input(context: &NodeContext<'_>) -> Result<Fact, Unsupported> {
    Ok(context.fact(0)?.with_dtype(DType::F32))
}

/// Builds a Normalizer.
pub(super) fn normalizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["norm"])?;
    context.make_f32(0)?;
    context.rows(0)?;
    let function = match context.node.string("norm")?.unwrap_or("MAX") {
        "MAX" => norm_max,
        "L1" => norm_l1,
        "L2" => norm_l2,
        other => return Err(context.refuse_value("norm", other)),
    };
    Ok(Built::unary(Rows(function), like_input(context)?))
}

/// Divides by the greatest, whatever its sign.
fn norm_max(row: &mut [f32]) {
    let max = row.iter().fold(f32::MIN, |max, &x| if max < x { x } else { max });
    divide(row, max);
}

/// Divides by the sum of magnitudes.
pub(in crate::op) fn norm_l1(row: &mut [f32]) {
    let sum: f32 = row.iter().map(|x| x.abs()).sum();
    divide(row, sum);
}

pub(in crate::op) fn divide(row: &mut [f32], divisor: f32) {
    if divisor != 0.0 {
        for x in row {
            *x /= divisor;
        }
    }
}

/// Makes the sum of squares one; each element is the root of its share.
fn norm_l2(row: &mut [f32]) {
    let sum: f32 = row.iter().map(|x| x * x).sum();
    if sum != 0.0 {
        for x in row {
            *x = (*x * *x / sum).sqrt().copysign(*x);
        }
    }
}

/// Builds a Scaler: `(x - offset) * scale`.
pub(super) fn scaler(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["offset", "scale"])?;
    context.make_f32(0)?;
    let (offset, scale) = (context.node.floats("offset")?, context.node.floats("scale")?);
    if offset.len() != scale.len() {
        let what = format!("expected {} scales as offsets, got {}", offset.len(), scale.len());
        return Err(context.refuse(what));
    }
    check_n_values(context, scale.len())?;
    let values = offset.iter().copied().zip(scale.iter().copied()).collect();
    let function = |x, (offset, scale)| (x - offset) * scale;
    Ok(Built::unary(Columns { values, function }, like_input(context)?))
}

/// Builds an Imputer of floats: replaces one value, which may be NaN, by a column's own.
pub(super) fn imputer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["imputed_value_floats", "replaced_value_float"])?;
    context.expect_dtype(0, DType::F32)?;
    let imputed = context.node.floats("imputed_value_floats")?;
    let replaced = context.node.float("replaced_value_float", 0.0)?;
    check_n_values(context, imputed.len())?;
    let values = imputed.iter().map(|&imputed| (replaced, imputed)).collect();
    let fact = like_input(context)?;
    if replaced.is_nan() {
        let function = |x: f32, (_, imputed)| if x.is_nan() { imputed } else { x };
        return Ok(Built::unary(Columns { values, function }, fact));
    }
    #[expect(clippy::float_cmp, reason = "the value that stands for a missing one is exact")]
    let function = |x, (replaced, imputed)| if x == replaced { imputed } else { x };
    Ok(Built::unary(Columns { values, function }, fact))
}

/// Builds a Binarizer: 1 above the threshold, otherwise 0.
pub(super) fn binarizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["threshold"])?;
    context.expect_dtype(0, DType::F32)?;
    let values = vec![context.node.float("threshold", 0.0)?];
    let function = |x, threshold| f32::from(u8::from(x > threshold));
    Ok(Built::unary(Columns { values, function }, like_input(context)?))
}
