//! Operators that change each row by itself: Normalizer, Scaler and Binarizer.
//!
//! What the specification leaves open is as in onnxruntime 1.32, found by running it.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, Shape};
use radiant_kernels::Isa;
use radiant_kernels::classes::{EachRow, NormL1};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, n_rows_and_columns};

/// Numbers that are looked at together.
const N_TOGETHER: usize = 8;

/// A function of rows of so many columns, in place.
struct Rows<F>(F);

impl<F: Fn(&mut [f32], usize) + Send + Sync> Op for Rows<F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let (_, n_columns) = n_rows_and_columns(view.shape);
        let out = outputs.first().reset::<f32>(view.shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        if n_columns > 0 {
            (self.0)(out, n_columns);
        }
        Ok(())
    }
}

/// Appends `function` of each element and its column's value to `out`; `values` has one entry for
/// all columns, or one a column.
///
/// # Errors
/// When there are other numbers of columns or axes.
pub(super) fn each_column<A: Copy, V: Copy, B>(
    shape: &Shape,
    x: &[A],
    values: &[V],
    out: &mut Vec<B>,
    function: impl Fn(A, V) -> B,
) -> Result<(), Error> {
    let n_columns = match (values, shape.dims()) {
        (&[value], _) => {
            out.extend(x.iter().map(|&x| function(x, value)));
            return Ok(());
        }
        (_, &[n_columns] | &[_, n_columns]) => n_columns,
        _ => return Err(Error::model_failed(format!("expected rows, got shape {shape}"))),
    };
    if values.len() != n_columns || values.is_empty() {
        let expected = values.len();
        return Err(Error::model_failed(format!("expected {expected} columns, got {n_columns}")));
    }
    for row in x.chunks_exact(n_columns) {
        out.extend(row.iter().zip(values).map(|(&x, &value)| function(x, value)));
    }
    Ok(())
}

/// A function of each element and its column's value.
struct Columns<A, B, V, F> {
    values: Vec<V>,
    function: F,
    elements: PhantomData<(A, B)>,
}

impl<A, B, V, F> Op for Columns<A, B, V, F>
where
    A: Element,
    B: Element,
    V: Copy + Send + Sync,
    F: Fn(A, V) -> B + Send + Sync,
{
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (shape, x) = (inputs.view(0)?.shape, inputs.slice::<A>(0)?);
        let out = outputs.first().reset::<B>(shape.dims())?;
        each_column(shape, x, &self.values, out, &self.function)
    }
}

/// A step that applies `function` to each element and its column's value.
fn columns<A: Element, B: Element, V: Copy + Send + Sync + 'static>(
    context: &NodeContext<'_>,
    values: Vec<V>,
    function: impl Fn(A, V) -> B + Send + Sync + 'static,
) -> Result<Built, Unsupported> {
    let fact = context.fact(0)?.with_dtype(B::DTYPE);
    Ok(Built::unary(Columns { values, function, elements: PhantomData }, fact))
}

/// Refuses `n_values` for columns of which there is another number.
pub(super) fn check_n_values(
    context: &NodeContext<'_>,
    n_values: usize,
) -> Result<(), Unsupported> {
    if n_values == 1 {
        return Ok(());
    }
    match context.rows(0)?.n_columns {
        Some(n_columns) if n_columns != n_values || n_values == 0 => {
            Err(context.refuse(format!("expected 1 or {n_columns} values, got {n_values}")))
        }
        None if n_values == 0 => Err(context.refuse("expected values, got none")),
        _ => Ok(()),
    }
}

/// The fact of an output like the first input, but f32.
fn like_input(context: &NodeContext<'_>) -> Result<Fact, Unsupported> {
    Ok(context.fact(0)?.with_dtype(DType::F32))
}

/// Builds a Normalizer: f32 of the input's shape.
pub(super) fn normalizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["norm"])?;
    context.rows(0)?;
    let norm = context.node.string("norm")?.unwrap_or("MAX");
    // Squares are taken in the input's own precision.
    if norm == "L2" && context.fact(0)?.dtype != DType::F32 {
        context.convert(0, DType::F64)?;
        return Ok(Built::unary(NormL2Wide, like_input(context)?));
    }
    context.make_f32(0)?;
    let (fact, isa) = (like_input(context)?, Isa::detect());
    Ok(match norm {
        "MAX" => Built::unary(Rows(each_row(norm_max)), fact),
        "L1" => {
            let norm_l1 = move |values: &mut [f32], n_columns| {
                isa.run(EachRow { values, n_columns, function: NormL1 });
            };
            Built::unary(Rows(norm_l1), fact)
        }
        "L2" => Built::unary(Rows(each_row(norm_l2)), fact),
        other => return Err(context.refuse_value("norm", other)),
    })
}

/// A function of one row after the other.
fn each_row(function: fn(&mut [f32])) -> impl Fn(&mut [f32], usize) {
    move |values, n_columns| values.chunks_exact_mut(n_columns).for_each(function)
}

/// Divides by the greatest, whatever its sign.
fn norm_max(row: &mut [f32]) {
    let max = row.iter().fold(f32::MIN, |max, &x| if max < x { x } else { max });
    if max != 0.0 {
        for x in row {
            *x /= max;
        }
    }
}

/// Makes the sum of squares one; each element is the root of its share.
///
/// Text has rows of hundreds of columns of which few are not zero: the others stay as they are.
fn norm_l2(row: &mut [f32]) {
    let is_zero = |part: &[f32]| part.iter().fold(0, |bits, x| bits | x.to_bits()) << 1 == 0;
    let parts = row.chunks(N_TOGETHER).filter(|part| !is_zero(part));
    let sum = parts.fold(0.0, |sum, part| part.iter().fold(sum, |sum, x| sum + x * x));
    if sum == 0.0 {
        return;
    }
    // A sum that is no number makes all of them none.
    for part in row.chunks_mut(N_TOGETHER).filter(|part| !is_zero(part) || sum.is_nan()) {
        for x in part {
            *x = (*x * *x / sum).sqrt().copysign(*x);
        }
    }
}

/// The same of doubles, whose squares are rounded to single precision.
struct NormL2Wide;

#[expect(clippy::cast_possible_truncation, reason = "the output is single precision")]
impl Op for NormL2Wide {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let (_, n_columns) = n_rows_and_columns(view.shape);
        let out = outputs.first().reset::<f32>(view.shape.dims())?;
        let x = inputs.slice::<f64>(0)?;
        if n_columns == 0 {
            return Ok(());
        }
        for row in x.chunks_exact(n_columns) {
            let sum: f32 = row.iter().map(|x| (x * x) as f32).sum();
            let share = |&x: &f64| ((x * x) as f32 / sum).sqrt().copysign(x as f32);
            out.extend(row.iter().map(|x| if sum == 0.0 { *x as f32 } else { share(x) }));
        }
        Ok(())
    }
}

/// Builds a Scaler: `(x - offset) * scale`, f32 of the input's shape.
pub(super) fn scaler(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["offset", "scale"])?;
    let (offset, scale) = (context.node.floats("offset")?, context.node.floats("scale")?);
    if offset.len() != scale.len() {
        let what = format!("expected {} scales as offsets, got {}", offset.len(), scale.len());
        return Err(context.refuse(what));
    }
    check_n_values(context, scale.len())?;
    let values: Vec<(f32, f32)> = offset.iter().copied().zip(scale.iter().copied()).collect();
    if context.fact(0)?.dtype == DType::F64 {
        #[expect(clippy::cast_possible_truncation, reason = "the output is single precision")]
        return columns(context, values, |x: f64, (offset, scale)| {
            ((x - f64::from(offset)) * f64::from(scale)) as f32
        });
    }
    context.make_f32(0)?;
    columns(context, values, |x: f32, (offset, scale)| (x - offset) * scale)
}

/// Builds a Binarizer: 1 above the threshold, otherwise 0, in the input's type and shape.
pub(super) fn binarizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["threshold"])?;
    let threshold = context.node.float("threshold", 0.0)?;
    // An integer is above a number if it is above the greatest integer that is not.
    #[expect(clippy::cast_possible_truncation, reason = "a limit beyond all integers is one")]
    let floor = threshold.floor() as i64;
    let is_above = move |x: i64| match threshold {
        _ if threshold.is_nan() => false,
        _ if threshold < -9.3e18 => true,
        _ => x > floor,
    };
    match context.fact(0)?.dtype {
        DType::F32 => columns(context, vec![threshold], |x: f32, threshold| {
            f32::from(u8::from(x > threshold))
        }),
        DType::F64 => columns(context, vec![f64::from(threshold)], |x: f64, threshold| {
            f64::from(u8::from(x > threshold))
        }),
        DType::I64 => columns(context, vec![()], move |x: i64, ()| i64::from(is_above(x))),
        DType::I32 => columns(context, vec![()], move |x: i32, ()| i32::from(is_above(x.into()))),
        dtype => Err(context.refuse(format!("input of type {dtype} is not supported"))),
    }
}
