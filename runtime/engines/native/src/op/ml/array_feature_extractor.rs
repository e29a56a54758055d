//! ArrayFeatureExtractor of `ai.onnx.ml`: elements of the last axis by index.
//!
//! A vector is one row: what comes out of it has two axes, as in onnxruntime 1.32.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, Shape, TensorData};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::{Built, NodeContext, Op, Outputs};
use crate::registers::Inputs;

/// Columns by index.
struct Columns<T>(PhantomData<T>);

/// Columns of text.
struct TextColumns;

/// The shape of what comes out, and the number of rows and columns of what goes in.
fn shapes(input: &Shape, n_indices: usize) -> Result<(Shape, usize, usize), Error> {
    let Some((&n_columns, outer)) = input.dims().split_last() else {
        return Err(Error::model_failed("expected at least one axis, got a scalar"));
    };
    let mut shape = if outer.is_empty() { Shape::new(&[1]) } else { Shape::new(outer) };
    shape.push(n_indices);
    Ok((shape, outer.iter().product(), n_columns))
}

/// The elements to take, in order, as positions in the input.
fn positions(
    indices: &[i64],
    n_rows: usize,
    n_columns: usize,
) -> Result<impl Iterator<Item = usize>, Error> {
    let column = move |index: &i64| usize::try_from(*index).ok().filter(|&at| at < n_columns);
    if let Some(index) = indices.iter().find(|index| column(index).is_none()) {
        let message = format!("expected indices below {n_columns}, got {index}");
        return Err(Error::model_failed(message));
    }
    let row = move |row| indices.iter().filter_map(column).map(move |at| row * n_columns + at);
    Ok((0..n_rows).flat_map(row))
}

impl<T: Element> Op for Columns<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (values, indices) = (inputs.slice::<T>(0)?, inputs.slice::<i64>(1)?);
        let (shape, n_rows, n_columns) = shapes(inputs.view(0)?.shape, indices.len())?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        out.extend(positions(indices, n_rows, n_columns)?.filter_map(|at| values.get(at)));
        Ok(())
    }
}

impl Op for TextColumns {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let TensorData::Bytes(values) = view.data else {
            return Err(Error::internal("step input 0: expected BYTES"));
        };
        let indices = inputs.slice::<i64>(1)?;
        let (shape, n_rows, n_columns) = shapes(view.shape, indices.len())?;
        let out = outputs.first().reset_strings(shape.dims())?;
        for string in positions(indices, n_rows, n_columns)?.filter_map(|at| values.get(at)) {
            out.push(string);
        }
        Ok(())
    }
}

/// Builds an ArrayFeatureExtractor: the input's shape, the last axis as long as the indices.
pub(super) fn array_feature_extractor(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(1, DType::I64)?;
    let fact = context.fact(0)?;
    let n_indices = context.fact(1)?.n_elements();
    let op: Box<dyn Op> = match fact.dtype {
        DType::F32 => Box::new(Columns::<f32>(PhantomData)),
        DType::F64 => Box::new(Columns::<f64>(PhantomData)),
        DType::I64 => Box::new(Columns::<i64>(PhantomData)),
        DType::I32 => Box::new(Columns::<i32>(PhantomData)),
        DType::Bytes => Box::new(TextColumns),
        dtype => return Err(context.refuse(format!("input of type {dtype} is not supported"))),
    };
    let dims = fact.dims.as_deref().map(|dims| match dims {
        [] | [_] => vec![Some(1), n_indices],
        [outer @ .., _] => outer.iter().copied().chain([n_indices]).collect(),
    });
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}
