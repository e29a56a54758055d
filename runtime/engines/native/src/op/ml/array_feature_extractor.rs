//! ArrayFeatureExtractor of `ai.onnx.ml`: columns by index.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, TensorData};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::{Built, NodeContext, Op, Outputs, n_rows_and_columns};
use crate::registers::Inputs;

/// Columns by index: `[n_rows, n_indices]`.
struct Columns<T>(PhantomData<T>);

/// Columns of text.
struct TextColumns;

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
        let (n_rows, n_columns) = n_rows_and_columns(inputs.view(0)?.shape);
        let (values, indices) = (inputs.slice::<T>(0)?, inputs.slice::<i64>(1)?);
        let out = outputs.first().reset::<T>(&[n_rows, indices.len()])?;
        out.extend(positions(indices, n_rows, n_columns)?.filter_map(|at| values.get(at)));
        Ok(())
    }
}

impl Op for TextColumns {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let (n_rows, n_columns) = n_rows_and_columns(view.shape);
        let TensorData::Bytes(values) = view.data else {
            return Err(Error::internal("step input 0: expected BYTES"));
        };
        let indices = inputs.slice::<i64>(1)?;
        let out = outputs.first().reset_strings(&[n_rows, indices.len()])?;
        for string in positions(indices, n_rows, n_columns)?.filter_map(|at| values.get(at)) {
            out.push(string);
        }
        Ok(())
    }
}

/// Builds an ArrayFeatureExtractor.
pub(super) fn array_feature_extractor(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(1, DType::I64)?;
    let (rows, dtype) = (context.rows(0)?, context.fact(0)?.dtype);
    let indices = context.fact(1)?;
    let n_indices = indices.n_elements();
    let op: Box<dyn Op> = match dtype {
        DType::F32 => Box::new(Columns::<f32>(PhantomData)),
        DType::F64 => Box::new(Columns::<f64>(PhantomData)),
        DType::I64 => Box::new(Columns::<i64>(PhantomData)),
        DType::I32 => Box::new(Columns::<i32>(PhantomData)),
        DType::Bytes => Box::new(TextColumns),
        dtype => return Err(context.refuse(format!("input of type {dtype} is not supported"))),
    };
    let fact = Fact::new(dtype, &[rows.n_rows, n_indices]);
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}
