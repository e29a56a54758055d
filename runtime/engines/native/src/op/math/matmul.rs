//! MatMul, as numpy's: batches of matrices that broadcast, vectors at either side.

use radiant_core::{DType, Element, Error, Shape};
use radiant_kernels::Isa;
use radiant_kernels::matmul::{Matrix, Term};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::binary::same_dtype;
use super::linear::{LastAxis, constant_layer};
use super::number::dispatch;
use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

struct MatMul<T> {
    isa: Isa,
    element: std::marker::PhantomData<T>,
}

/// How two operands are multiplied.
pub(super) struct Product {
    /// The extents of batches that both broadcast to.
    batch: Shape,
    /// The batch extents of each operand.
    batches: [Shape; 2],
    pub(super) n_rows: usize,
    pub(super) depth: usize,
    pub(super) n_columns: usize,
    /// The extents of the result.
    pub(super) shape: Shape,
}

impl Product {
    /// Of operands of these shapes.
    ///
    /// # Errors
    /// When one is a scalar, or they do not fit.
    pub(super) fn of(left: &Shape, right: &Shape) -> Result<Self, Error> {
        let disagree =
            || Error::model_failed(format!("{left} and {right} are no factors of a product"));
        let (left_batch, n_rows, left_depth) = match left.dims() {
            [] => return Err(disagree()),
            [depth] => (&[][..], None, *depth),
            [batch @ .., n_rows, depth] => (batch, Some(*n_rows), *depth),
        };
        let (right_batch, depth, n_columns) = match right.dims() {
            [] => return Err(disagree()),
            [depth] => (&[][..], *depth, None),
            [batch @ .., depth, n_columns] => (batch, *depth, Some(*n_columns)),
        };
        if left_depth != depth {
            return Err(disagree());
        }
        let batches = [Shape::new(left_batch), Shape::new(right_batch)];
        let batch = broadcast::shape(&[&batches[0], &batches[1]])?;
        let mut shape = batch.clone();
        n_rows.into_iter().chain(n_columns).for_each(|dim| shape.push(dim));
        let (n_rows, n_columns) = (n_rows.unwrap_or(1), n_columns.unwrap_or(1));
        Ok(Self { batch, batches, n_rows, depth, n_columns, shape })
    }

    /// Calls `multiply` with the number of each matrix of both operands, batch by batch.
    pub(super) fn batches(&self, mut multiply: impl FnMut(usize, usize)) {
        let dims = self.batch.dims();
        let steps = [0, 1].map(|at: usize| broadcast::strides(&self.batches[at], dims));
        let (last, n) = dims.split_last().map_or((0, 1), |(&n, outer)| (outer.len(), n));
        broadcast::runs(dims, [&steps[0], &steps[1]], |[a, b]| {
            (0..n).for_each(|at| multiply(a + at * steps[0][last], b + at * steps[1][last]));
        });
    }

    /// Whether all matrices at the left are multiplied by the one at the right, so that they are
    /// one matrix.
    fn is_shared(&self) -> bool {
        self.batches[1].dims().iter().all(|&dim| dim == 1)
    }
}

impl<T: Element + Term> Op for MatMul<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let product = Product::of(inputs.view(0)?.shape, inputs.view(1)?.shape)?;
        let (a, b) = (inputs.slice::<T>(0)?, inputs.slice::<T>(1)?);
        let out = outputs.first().reset::<T>(product.shape.dims())?;
        multiply(self.isa, &product, (a, b), out);
        Ok(())
    }
}

/// Appends a product to `out`.
pub(super) fn multiply<T: Term>(
    isa: Isa,
    product: &Product,
    (a, b): (&[T], &[T]),
    out: &mut Vec<T>,
) {
    let Product { n_rows, depth, n_columns, .. } = *product;
    if depth == 0 || n_rows == 0 || n_columns == 0 {
        // Sums of nothing, or nothing at all.
        let n_elements = product.shape.n_elements().unwrap_or(0);
        return out.resize(n_elements, T::default());
    }
    if product.is_shared() {
        return T::multiply(isa, a, Matrix { values: b, depth, n_columns }, out);
    }
    let (a_size, b_size) = (n_rows * depth, depth * n_columns);
    product.batches(|at, other| {
        let values = &b[other * b_size..][..b_size];
        let matrix = Matrix { values, depth, n_columns };
        T::multiply(isa, &a[at * a_size..][..a_size], matrix, out);
    });
}

/// Builds a MatMul.
pub(super) fn matmul(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let dtype = same_dtype(context)?;
    let fact = product_fact(context.fact(0)?, context.fact(1)?, dtype);
    if context.fact(0)?.dtype == DType::F32
        && let Some(layer) = constant_layer(context, 1, false, |_| Some(Vec::new()))
    {
        return Ok(Built::unary(LastAxis { layer }, fact));
    }
    let isa = Isa::detect();
    let op = dispatch!(dtype, [F32 f32, F64 f64, I32 i32, I64 i64, U32 u32, U64 u64], T => {
        Box::new(MatMul::<T> { isa, element: std::marker::PhantomData }) as Box<dyn Op>
    });
    let op =
        op.ok_or_else(|| context.refuse(format!("operands of type {dtype} are not supported")))?;
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}

/// What is known of the product of two values, with elements of type `dtype`.
pub(super) fn product_fact(left: &Fact, right: &Fact, dtype: DType) -> Fact {
    let (Some(a), Some(b)) = (left.dims.as_deref(), right.dims.as_deref()) else {
        return Fact::of(dtype);
    };
    let (a_batch, n_rows) = match a {
        [batch @ .., n_rows, _] => (batch, Some(*n_rows)),
        _ => (&[][..], None),
    };
    let (b_batch, n_columns) = match b {
        [batch @ .., _, n_columns] => (batch, Some(*n_columns)),
        _ => (&[][..], None),
    };
    let batch = Fact::broadcast(dtype, &[&Fact::new(dtype, a_batch), &Fact::new(dtype, b_batch)]);
    let dims = batch.dims.unwrap_or_default().into_iter().chain(n_rows).chain(n_columns);
    Fact::new(dtype, &dims.collect::<Vec<_>>())
}
