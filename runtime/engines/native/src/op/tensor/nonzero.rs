//! NonZero and Trilu: which elements there are, and which stay.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::axes::product;
use crate::op::{Built, NodeContext, Op, Outputs};

use super::ints::Ints;
use super::number::numbers;

/// The places of what is not zero: a row for each axis, a column for each element, in order.
struct NonZero<T>(PhantomData<T>);

impl<T: Element + PartialEq + Default> Op for NonZero<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let values = inputs.slice::<T>(0)?;
        let rank = shape.rank();
        // The specification and onnxruntime disagree on what a scalar gives.
        if rank == 0 {
            return Err(Error::model_failed("expected at least one axis, got a scalar"));
        }
        let is_there = |value: &T| *value != T::default();
        let n = values.iter().filter(|value| is_there(value)).count();
        let out = outputs.first().reset::<i64>(&[rank, n])?;
        for (axis, &dim) in shape.dims().iter().enumerate() {
            let inner = product(&shape.dims()[axis + 1..]);
            let places = values.iter().enumerate().filter(|(_, value)| is_there(value));
            out.extend(places.map(|(at, _)| i64::try_from(at / inner % dim).unwrap_or(i64::MAX)));
        }
        Ok(())
    }
}

/// Builds a NonZero.
pub(super) fn non_zero(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let fact = context.fact(0)?;
    if fact.rank() == Some(0) {
        return Err(context.refuse("a scalar is not supported"));
    }
    let op: Option<Box<dyn Op>> = match fact.dtype {
        DType::Bool => Some(Box::new(NonZero::<bool>(PhantomData))),
        dtype => numbers!(dtype, T => Box::new(NonZero::<T>(PhantomData)) as Box<dyn Op>),
    };
    let op =
        op.ok_or_else(|| context.refuse(format!("input of {} is not supported", fact.dtype)))?;
    let facts = vec![Fact::new(DType::I64, &[fact.rank(), None])];
    Ok(Built::Step { op, reads: vec![0], facts })
}

/// Matrices with zeros below a diagonal, or above it.
struct Trilu<T> {
    is_upper: bool,
    elements: PhantomData<T>,
}

impl<T: Element + Default> Op for Trilu<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let [.., n_rows, n_columns] = *shape.dims() else {
            return Err(Error::model_failed(format!("expected matrices, got {shape}")));
        };
        let diagonal = match inputs.optional(1) {
            Some(_) => Ints::read(inputs, 1)?.sole()?,
            None => 0,
        };
        let values = inputs.slice::<T>(0)?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        if values.is_empty() {
            return Ok(());
        }
        for matrix in values.chunks_exact(n_rows * n_columns) {
            for (row, values) in (0_i64..).zip(matrix.chunks_exact(n_columns)) {
                let at = row.saturating_add(diagonal);
                // The first column above the diagonal, which is on it for an upper triangle.
                let split = if self.is_upper { at } else { at.saturating_add(1) };
                let split = usize::try_from(split.max(0)).unwrap_or(usize::MAX).min(n_columns);
                let zeros = |n| std::iter::repeat_n(T::default(), n);
                if self.is_upper {
                    out.extend(zeros(split));
                    out.extend_from_slice(&values[split..]);
                } else {
                    out.extend_from_slice(&values[..split]);
                    out.extend(zeros(n_columns - split));
                }
            }
        }
        Ok(())
    }
}

/// Builds a Trilu.
pub(super) fn trilu(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["upper"])?;
    let is_upper = context.node.int("upper", 1)? != 0;
    if context.optional(1).is_some() {
        context.expect_dtype(1, DType::I64)?;
    }
    let fact = context.fact(0)?.clone();
    let op: Option<Box<dyn Op>> = match fact.dtype {
        DType::Bool => Some(Box::new(Trilu::<bool> { is_upper, elements: PhantomData })),
        dtype => numbers!(dtype, T => {
            Box::new(Trilu::<T> { is_upper, elements: PhantomData }) as Box<dyn Op>
        }),
    };
    let op =
        op.ok_or_else(|| context.refuse(format!("input of {} is not supported", fact.dtype)))?;
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts: vec![fact] })
}
