//! Batches without rows.
//!
//! rten is not asked: it assumes that axes have entries when it simplifies shapes. What it gives
//! for one row tells the shapes of the answer.

use radiant_core::{Error, Signature, Tensor, TensorSpec};
use rten::{NodeId, Value};
use rten_tensor::prelude::*;

use crate::convert;
use crate::trial::Loaded;

/// Whether there are no rows.
///
/// # Errors
/// When another unknown axis has no entry.
pub(crate) fn has_no_rows(signature: &Signature, inputs: &[Tensor]) -> Result<bool, Error> {
    let mut no_rows = false;
    for (spec, tensor) in signature.inputs.iter().zip(inputs) {
        for (axis, (dim, extent)) in spec.dims.iter().zip(tensor.shape.dims()).enumerate() {
            match (axis, dim, extent) {
                (0, None, 0) => no_rows = true,
                (_, None, 0) => {
                    return Err(Error::invalid_input(format!(
                        "input `{}`: expected at least one entry on axis {axis}, got none",
                        spec.name
                    )));
                }
                _ => {}
            }
        }
    }
    Ok(no_rows)
}

/// What the model answers to one row of zeros, with the other axes as they came; `None` where it
/// does not run on that.
pub(crate) fn one_row(
    loaded: &Loaded,
    signature: &Signature,
    inputs: &[Tensor],
    outputs: &[NodeId],
) -> Option<Vec<Value>> {
    let row = |(spec, tensor): (&TensorSpec, &Tensor)| {
        if spec.dims.first() != Some(&None) {
            return tensor.clone();
        }
        let mut dims = tensor.shape.dims().to_vec();
        if let Some(rows) = dims.first_mut() {
            *rows = 1;
        }
        Tensor::zeros(&spec.name, &dims, spec.dtype)
    };
    let rows: Vec<Tensor> = signature.inputs.iter().zip(inputs).map(row).collect();
    let values = rows.iter().map(|tensor| convert::input(&tensor.name, tensor));
    loaded.run(values.collect::<Result<_, _>>().ok()?, outputs).ok()
}

/// Leaves no rows in `output`: of the shape that one row has, or else as declared.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](radiant_core::ErrorKind::InvalidInput) where the output has no axis
/// of rows.
pub(crate) fn output(
    spec: &TensorSpec,
    one_row: Option<&Value>,
    output: &mut Tensor,
) -> Result<(), Error> {
    check(spec)?;
    let mut dims = match one_row {
        Some(value) if value.shape().len() == spec.dims.len() => value.shape().to_vec(),
        _ => spec.dims.iter().map(|dim| dim.unwrap_or(0)).collect(),
    };
    if let Some(rows) = dims.first_mut() {
        *rows = 0;
    }
    output.shape.set(&dims);
    convert::clear(spec.dtype, &mut output.data);
    Ok(())
}

/// Checks that the output has an axis of rows.
pub(crate) fn check(spec: &TensorSpec) -> Result<(), Error> {
    if spec.dims.first() == Some(&None) {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "output `{}` has no axis of rows: expected at least one row, got none",
        spec.name
    )))
}
