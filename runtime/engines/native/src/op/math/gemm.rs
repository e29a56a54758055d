//! Gemm: `alpha A B + beta C`.

use std::borrow::Cow;

use radiant_core::{DType, Element, Error, Shape};
use radiant_kernels::matmul::Term;
use radiant_kernels::{Isa, Kernel};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::binary::{attributes, same_dtype};
use super::linear::{LastAxis, constant_layer};
use super::matmul::{Product, multiply};
use super::number::dispatch;
use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

/// The attributes.
#[derive(Debug, Clone, Copy)]
struct Factors {
    alpha: f32,
    beta: f32,
    transposes_a: bool,
    transposes_b: bool,
}

struct Gemm<T> {
    factors: Factors,
    isa: Isa,
    /// The second operand, if it is known.
    layer: Option<Layer<T>>,
}

/// Appends the product of rows and a known matrix to a vector.
type Layer<T> = Box<dyn Fn(&[T], &mut Vec<T>) + Send + Sync>;

/// An element of matrices and of what is added to them.
trait Entry: Element + Term {
    /// `alpha * product + beta * addend`, rounded as onnxruntime 1.32 does.
    fn scaled(product: Self, addend: Self, factors: Factors) -> Self;
}

macro_rules! real_entry {
    ($($t:ty),*) => {$(
        impl Entry for $t {
            #[inline(always)]
            fn scaled(product: Self, addend: Self, factors: Factors) -> Self {
                product.mul_add(factors.alpha.into(), addend * Self::from(factors.beta))
            }
        }
    )*};
}

/// Integers have no factors; a model with some is refused.
macro_rules! integer_entry {
    ($($t:ty),*) => {$(
        impl Entry for $t {
            #[inline(always)]
            fn scaled(product: Self, addend: Self, _: Factors) -> Self {
                product.wrapping_add(addend)
            }
        }
    )*};
}

real_entry!(f32, f64);
integer_entry!(i32, i64, u32, u64);

/// The factors and the addend applied to products that are there.
struct Scale<'a, T> {
    out: &'a mut [T],
    /// Of the shape of `out` broadcast to.
    addend: Option<(&'a [T], &'a Shape)>,
    dims: [usize; 2],
    factors: Factors,
}

impl<T: Entry> Kernel for Scale<'_, T> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "a kernel becomes part of its caller")]
    #[inline(always)]
    fn call(self) {
        let Some((addend, shape)) = self.addend else {
            let zero = T::default();
            for x in self.out {
                *x = T::scaled(*x, zero, self.factors);
            }
            return;
        };
        let [row_step, step] = {
            let steps = broadcast::strides(shape, &self.dims);
            [steps[0], steps[1]]
        };
        for (row, out) in self.out.chunks_exact_mut(self.dims[1].max(1)).enumerate() {
            let addend = &addend[row * row_step..];
            if step == 0 {
                for x in out.iter_mut() {
                    *x = T::scaled(*x, addend[0], self.factors);
                }
            } else {
                let pairs = out.iter_mut().zip(addend);
                pairs.for_each(|(x, addend)| *x = T::scaled(*x, *addend, self.factors));
            }
        }
    }
}

impl<T: Entry> Op for Gemm<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let Factors { alpha, beta, transposes_a, transposes_b } = self.factors;
        let (left, right) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let product = Product::of(&turned(left, transposes_a)?, &turned(right, transposes_b)?)?;
        let addend = inputs.optional(2).filter(|_| beta.to_bits() << 1 != 0);
        let addend = addend.map(|view| Ok::<_, Error>((inputs.slice::<T>(2)?, view.shape)));
        let addend = addend.transpose()?;
        if let Some((_, shape)) = addend
            && broadcast::shape(&[shape, &product.shape])? != product.shape
        {
            let expected = &product.shape;
            return Err(Error::model_failed(format!("{shape} does not broadcast to {expected}")));
        }
        let a = oriented(inputs.slice::<T>(0)?, left, transposes_a);
        let out = outputs.first().reset::<T>(product.shape.dims())?;
        if let Some(layer) = &self.layer {
            layer(&a, out);
        } else {
            let b = oriented(inputs.slice::<T>(1)?, right, transposes_b);
            multiply(self.isa, &product, (&a, &b), out);
        }
        if addend.is_some() || alpha.to_bits() != 1.0_f32.to_bits() {
            let dims = [product.n_rows, product.n_columns];
            self.isa.run(Scale { out, addend, dims, factors: self.factors });
        }
        Ok(())
    }
}

/// The shape of a matrix, or of its transpose.
fn turned(shape: &Shape, transposes: bool) -> Result<Shape, Error> {
    match *shape.dims() {
        [n_rows, n_columns] if transposes => Ok(Shape::from([n_columns, n_rows])),
        [n_rows, n_columns] => Ok(Shape::from([n_rows, n_columns])),
        _ => Err(Error::model_failed(format!("expected a matrix, got {shape}"))),
    }
}

/// The elements of a matrix, or of its transpose.
fn oriented<'a, T: Copy>(values: &'a [T], shape: &Shape, transposes: bool) -> Cow<'a, [T]> {
    match *shape.dims() {
        [n_rows, n_columns] if transposes => {
            let column =
                |column: usize| (0..n_rows).map(move |row| values[row * n_columns + column]);
            Cow::Owned((0..n_columns).flat_map(column).collect())
        }
        _ => Cow::Borrowed(values),
    }
}

/// Builds a Gemm.
pub(super) fn gemm(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let factors = factors(context)?;
    let dtype = same_dtype(context)?;
    if context.optional(2).is_some() {
        context.expect_dtype(2, dtype)?;
    }
    let dim = |index: usize, axis: usize| -> Result<Option<usize>, Unsupported> {
        let fact = context.fact(index)?;
        match fact.rank() {
            None | Some(2) => Ok(fact.dim(axis)),
            Some(_) => Err(context.refuse(format!("expected input {index} a matrix, got {fact}"))),
        }
    };
    let n_rows = dim(0, usize::from(factors.transposes_a))?;
    let n_columns = dim(1, usize::from(!factors.transposes_b))?;
    let fact = Fact::new(dtype, &[n_rows, n_columns]);
    if dtype == DType::F32
        && let Some(built) = constant_f32(context, factors, &fact)
    {
        return Ok(built);
    }
    let op = dispatch!(dtype, [F32 f32, F64 f64, I32 i32, I64 i64, U32 u32, U64 u64], T => {
        Box::new(Gemm::<T> { factors, layer: None, isa: Isa::detect() }) as Box<dyn Op>
    });
    let op =
        op.ok_or_else(|| context.refuse(format!("operands of type {dtype} are not supported")))?;
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts: vec![fact] })
}

fn factors(context: &NodeContext<'_>) -> Result<Factors, Unsupported> {
    let node = context.node;
    attributes(context, &["alpha", "beta", "transA", "transB"])?;
    let factor = |name: &str| {
        let factor = node.float(name, 1.0)?;
        if factor.to_bits() != 1.0_f32.to_bits() && context.fact(0)?.dtype.is_integer() {
            return Err(context.refuse_value(name, factor));
        }
        Ok::<f32, Unsupported>(factor)
    };
    Ok(Factors {
        alpha: factor("alpha")?,
        beta: factor("beta")?,
        transposes_a: node.int("transA", 0)? != 0,
        transposes_b: node.int("transB", 0)? != 0,
    })
}

/// The step for a constant second operand of single precision: a layer with the bias in it, where
/// that is a constant row and there are no factors.
fn constant_f32(context: &NodeContext<'_>, factors: Factors, fact: &Fact) -> Option<Built> {
    let Factors { alpha, beta, transposes_a, transposes_b } = factors;
    let is_plain = [alpha, beta].iter().all(|factor| factor.to_bits() == 1.0_f32.to_bits());
    if is_plain && !transposes_a {
        let bias = |n_outputs: usize| match context.optional(2) {
            None => Some(Vec::new()),
            Some(_) => constant_bias(context, n_outputs),
        };
        if let Some(layer) = constant_layer(context, 1, transposes_b, bias) {
            return Some(Built::unary(LastAxis { layer }, fact.clone()));
        }
    }
    let layer = constant_layer(context, 1, transposes_b, |_| Some(Vec::new()))?;
    let layer: Layer<f32> = Box::new(move |a, out| layer.run(a, out));
    let op = Gemm { factors, layer: Some(layer), isa: Isa::detect() };
    Some(Built::step(context, op, fact.clone()))
}

/// The third input as one bias an output, if it is that.
fn constant_bias(context: &NodeContext<'_>, n_outputs: usize) -> Option<Vec<f32>> {
    let tensor = context.constant(2)?;
    let values = tensor.as_slice::<f32>()?;
    let is_row = tensor.shape.dims().iter().rev().skip(1).all(|&dim| dim == 1);
    match values {
        [value] if tensor.shape.rank() <= 2 => Some(vec![*value; n_outputs]),
        _ if is_row && tensor.shape.rank() <= 2 && values.len() == n_outputs => {
            Some(values.to_vec())
        }
        _ => None,
    }
}
