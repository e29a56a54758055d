//! Reshape and Flatten, which keep the elements, and Concat of columns.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;
use crate::registers::copy;

use crate::op::{Built, NodeContext, Op, Outputs};

struct Reshape {
    /// Extents: 0 is the input's, -1 is what is left.
    dims: Vec<i64>,
}

impl Op for Reshape {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let buffer = outputs.first();
        reshape_to(view.shape, &self.dims, &mut buffer.shape)?;
        copy(view.data, &mut buffer.data);
        Ok(())
    }
}

fn reshape_to(from: &Shape, dims: &[i64], to: &mut Shape) -> Result<(), Error> {
    let failed = || Error::model_failed(format!("{from} does not reshape to {dims:?}"));
    let n_elements = from.n_elements().map_err(|_overflow| failed())?;
    let extent = |(axis, &dim): (usize, &i64)| match dim {
        0 => from.dims().get(axis).copied(),
        -1 => Some(1),
        dim => usize::try_from(dim).ok(),
    };
    let mut known = 1_usize;
    for dim in dims.iter().enumerate().map(extent) {
        known = dim.and_then(|dim| known.checked_mul(dim)).ok_or_else(failed)?;
    }
    let left = n_elements.checked_div(known).unwrap_or(0);
    to.set(&[]);
    for (axis, dim) in dims.iter().enumerate() {
        to.push(if *dim == -1 { left } else { extent((axis, dim)).ok_or_else(failed)? });
    }
    if to.n_elements() == Ok(n_elements) { Ok(()) } else { Err(failed()) }
}

/// Builds a Reshape to a constant shape.
pub(super) fn reshape(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["allowzero"])?;
    if context.node.int("allowzero", 0)? != 0 {
        return Err(context.refuse_value("allowzero", 1));
    }
    let constant = context.constant(1).and_then(|tensor| tensor.as_slice::<i64>());
    let dims =
        constant.ok_or_else(|| context.refuse("a shape that is not constant is not supported"))?;
    let dims = dims.to_vec();
    if dims.iter().filter(|&&dim| dim < 0).any(|&dim| dim != -1)
        || dims.iter().filter(|&&dim| dim == -1).count() > 1
    {
        return Err(context.refuse(format!("a reshape to {dims:?} is not supported")));
    }
    let fact = context.fact(0)?;
    let dim = |(axis, &dim): (usize, &i64)| match dim {
        0 => fact.dim(axis),
        dim => usize::try_from(dim).ok(),
    };
    let fact = Fact { dtype: fact.dtype, dims: Some(dims.iter().enumerate().map(dim).collect()) };
    Ok(Built::unary(Reshape { dims }, fact))
}

/// Builds a Flatten of rows: `[n_rows, everything else]`.
pub(super) fn flatten(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    let axis = context.node.int("axis", 1)?;
    let fact = context.fact(0)?;
    if axis != 1 || matches!(fact.rank(), None | Some(0)) {
        return Err(context.refuse_value("axis", axis));
    }
    let columns = fact.dims.as_deref().unwrap_or_default().iter().skip(1);
    let n_columns = columns.copied().try_fold(1_usize, |n, dim| n.checked_mul(dim?));
    let dims = [fact.dim(0), n_columns];
    let fact = Fact::new(fact.dtype, &dims);
    Ok(Built::unary(Reshape { dims: vec![0, -1] }, fact))
}

/// Matrices side by side.
struct Concat<T>(PhantomData<T>);

impl<T: Element> Op for Concat<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let n_rows = inputs.view(0)?.shape.rows();
        let mut n_columns = 0;
        for at in 0..inputs.slots.len() {
            match *inputs.view(at)?.shape.dims() {
                [rows, columns] if rows == n_rows => n_columns += columns,
                _ => {
                    let got = inputs.view(at)?.shape;
                    return Err(Error::model_failed(format!("expected [{n_rows}, -1], got {got}")));
                }
            }
        }
        let out = outputs.first().reset::<T>(&[n_rows, n_columns])?;
        for row in 0..n_rows {
            for at in 0..inputs.slots.len() {
                let values = inputs.slice::<T>(at)?;
                let n_columns = values.len() / n_rows;
                out.extend_from_slice(&values[row * n_columns..][..n_columns]);
            }
        }
        Ok(())
    }
}

/// Builds a Concat of the columns of matrices of one type.
pub(super) fn concat(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    let axis = context.node.int("axis", 1)?;
    if !matches!(axis, 1 | -1) {
        return Err(context.refuse_value("axis", axis));
    }
    let first = context.fact(0)?.clone();
    let mut n_columns = Some(0_usize);
    for at in 0..context.inputs.len() {
        let fact = context.fact(at)?;
        if fact.rank() != Some(2) || fact.dtype != first.dtype {
            let what = format!("input {at} of {fact} is not supported");
            return Err(context.refuse(what));
        }
        let columns = fact.dim(1);
        n_columns = n_columns.zip(columns).and_then(|(sum, columns)| sum.checked_add(columns));
    }
    let op: Box<dyn Op> = match first.dtype {
        DType::F32 => Box::new(Concat::<f32>(PhantomData)),
        DType::F64 => Box::new(Concat::<f64>(PhantomData)),
        DType::I64 => Box::new(Concat::<i64>(PhantomData)),
        dtype => return Err(context.refuse(format!("inputs of type {dtype} are not supported"))),
    };
    let dims = [first.dim(0), n_columns];
    let reads = (0..context.inputs.len()).collect();
    Ok(Built::Step { op, reads, facts: vec![Fact::new(first.dtype, &dims)] })
}
