//! Batches without rows.
//!
//! rten is not asked: it assumes that axes have entries when it simplifies shapes. What it gives
//! for one row tells the shapes of the answer.

pub(crate) use radiant_core::no_rows::check;
use radiant_core::{Error, Signature, Tensor, TensorSpec, no_rows};
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
    let rows = no_rows::one_row(signature, inputs);
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
    let dims = one_row.map(|value| value.shape().to_vec());
    no_rows::answer(spec, dims.as_deref().filter(|dims| dims.len() == spec.dims.len()), output)
}
