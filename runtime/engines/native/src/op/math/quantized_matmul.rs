//! MatMulInteger and QLinearMatMul: products of bytes, summed in 32 bits.

use radiant_core::{DType, Error, Shape, TensorData};
use radiant_kernels::Isa;

use crate::Unsupported;
use crate::registers::{Inputs, RANK_MAX, View};

use super::matmul::{Product, multiply, product_fact};
use super::number::{Number, dispatch};
use super::quantize::saturated;
use super::variadic::accumulate;
use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

/// The elements of bytes.
fn widened(view: View<'_>) -> Result<Vec<i32>, Error> {
    match view.data {
        TensorData::U8(values) => Ok(values.iter().map(|&value| value.into()).collect()),
        TensorData::I8(values) => Ok(values.iter().map(|&value| value.into()).collect()),
        other => Err(Error::internal(format!("expected bytes, got {}", other.dtype()))),
    }
}

/// How what is of a row or a column of matrices broadcasts to them: a vector is of rows at the left
/// and of columns at the right.
fn along(shape: &Shape, is_left: bool) -> Shape {
    let mut shape = Shape::clone(shape);
    if is_left && shape.rank() == 1 && shape.dims() != [1] {
        shape.push(1);
    }
    shape
}

/// The operand at `index` less its zero point.
fn centered(
    inputs: Inputs<'_>,
    index: usize,
    zero: usize,
    is_left: bool,
) -> Result<Vec<i32>, Error> {
    let view = inputs.view(index)?;
    if view.shape.rank() > RANK_MAX {
        let (got, shape) = (view.shape.rank(), view.shape);
        return Err(Error::model_failed(format!("{shape}: expected {RANK_MAX} axes, got {got}")));
    }
    let mut values = widened(view)?;
    if let Some(zero) = inputs.optional(zero) {
        let shape = along(zero.shape, is_left);
        check(&shape, view.shape)?;
        accumulate(view.shape.dims(), &mut values, (&widened(zero)?, &shape), i32::minus);
    }
    Ok(values)
}

fn check(shape: &Shape, to: &Shape) -> Result<(), Error> {
    if broadcast::shape(&[shape, to])? == *to {
        return Ok(());
    }
    Err(Error::model_failed(format!("{shape} does not broadcast to {to}")))
}

struct MatMulInteger(Isa);

impl Op for MatMulInteger {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let product = Product::of(inputs.view(0)?.shape, inputs.view(1)?.shape)?;
        let out = outputs.first().reset::<i32>(product.shape.dims())?;
        let (a, b) = (centered(inputs, 0, 2, true)?, centered(inputs, 1, 3, false)?);
        multiply(self.0, &product, (&a, &b), out);
        Ok(())
    }
}

/// Builds a MatMulInteger.
pub(super) fn matmul_integer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    for index in [0, 1] {
        let dtype = context.expect_dtypes(index, &[DType::U8, DType::I8])?;
        if context.optional(index + 2).is_some() {
            context.expect_dtype(index + 2, dtype)?;
        }
    }
    let fact = product_fact(context.fact(0)?, context.fact(1)?, DType::I32);
    Ok(Built::step(context, MatMulInteger(Isa::detect()), fact))
}

/// Inputs of a QLinearMatMul.
const A_SCALE: usize = 1;
const A_ZERO: usize = 2;
const B: usize = 3;
const B_SCALE: usize = 4;
const B_ZERO: usize = 5;
const Y_SCALE: usize = 6;
const Y_ZERO: usize = 7;

struct QLinearMatMul<T> {
    isa: Isa,
    element: std::marker::PhantomData<T>,
}

impl<T: Number> Op for QLinearMatMul<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let product = Product::of(inputs.view(0)?.shape, inputs.view(B)?.shape)?;
        let shape = &product.shape;
        // Bounds the sums, too, which are as many.
        let out = outputs.first().reset::<T>(shape.dims())?;
        let a = centered(inputs, 0, A_ZERO, true)?;
        let b = centered(inputs, B, B_ZERO, false)?;
        let mut sums = Vec::with_capacity(shape.n_elements().unwrap_or(0));
        multiply(self.isa, &product, (&a, &b), &mut sums);
        let ([y_scale], [zero]) = (inputs.slice::<f32>(Y_SCALE)?, inputs.slice::<T>(Y_ZERO)?)
        else {
            return Err(Error::model_failed("expected one scale and zero point of the result"));
        };
        let a_scale = (inputs.slice::<f32>(A_SCALE)?, along(inputs.view(A_SCALE)?.shape, true));
        let b_scale = (inputs.slice::<f32>(B_SCALE)?, inputs.view(B_SCALE)?.shape);
        check(&a_scale.1, shape)?;
        check(b_scale.1, shape)?;
        let mut factors = Vec::with_capacity(sums.len());
        let left = (a_scale.0, &a_scale.1);
        broadcast::zip(shape.dims(), left, b_scale, &mut factors, |a, b| a * b / y_scale);
        let zero = f32::from_f64(zero.to_f64());
        let values = sums.iter().zip(factors).map(|(&sum, factor)| {
            saturated::<T>((f32::from_f64(sum.into()) * factor).round_ties_even() + zero)
        });
        out.extend(values);
        Ok(())
    }
}

/// Builds a QLinearMatMul.
pub(super) fn qlinear_matmul(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    for (index, zero) in [(0, A_ZERO), (B, B_ZERO)] {
        let dtype = context.expect_dtypes(index, &[DType::U8, DType::I8])?;
        context.expect_dtype(zero, dtype)?;
    }
    for index in [A_SCALE, B_SCALE, Y_SCALE] {
        context.expect_dtype(index, DType::F32)?;
    }
    let dtype = context.fact(Y_ZERO)?.dtype;
    let isa = Isa::detect();
    let op = dispatch!(dtype, [U8 u8, I8 i8], T => {
        Box::new(QLinearMatMul::<T> { isa, element: std::marker::PhantomData }) as Box<dyn Op>
    });
    let fact = product_fact(context.fact(0)?, context.fact(B)?, dtype);
    super::step(context, op, vec![fact])
}
