//! Raw binary requests: a body that is nothing but the one input of a model.
//!
//! Its shape is the model's. An unknown first axis is the batch, of one row; one other unknown extent
//! is found from the size. Where only the first is unknown it is found likewise, so that a body of
//! several rows is a batch. BYTES are one element, the body as it is (an image, say).

use std::sync::Arc;

use radiant_core::{DType, Error, Shape, Tensor, TensorSpec};

use crate::Limits;
use crate::oip::raw;

/// Decodes the body into the only tensor of `inputs`.
pub(super) fn decode(
    body: &[u8],
    specs: Option<&[TensorSpec]>,
    limits: &Limits,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    let Some([spec]) = specs else {
        let got = specs.map_or_else(|| "any number".to_owned(), |specs| specs.len().to_string());
        return Err(Error::invalid_input(format!(
            "raw request: expected a model with one input, got one with {got}"
        )));
    };
    inputs.resize_with(1, Tensor::default);
    let Some(tensor) = inputs.first_mut() else { return Ok(()) };
    read(body, spec, limits, tensor)
        .map_err(|error| error.context(format_args!("input `{}`", spec.name)))?;
    tensor.name = Arc::clone(&spec.name);
    Ok(())
}

fn read(body: &[u8], spec: &TensorSpec, limits: &Limits, tensor: &mut Tensor) -> Result<(), Error> {
    tensor.shape = deduce(body.len(), spec)?;
    if spec.dtype == DType::Bytes {
        tensor.data.reset_strings().push(body);
        return Ok(());
    }
    // Cannot overflow: as many elements are in the body.
    let n_elements = tensor.shape.n_elements().unwrap_or(usize::MAX);
    raw::read(body, spec.dtype, n_elements, limits, &mut tensor.data)
}

/// The shape that a body of `n_bytes` has.
fn deduce(n_bytes: usize, spec: &TensorSpec) -> Result<Shape, Error> {
    let is_unknown = |axis: &usize| spec.dims.get(*axis) == Some(&None);
    let inner = (1..spec.dims.len()).find(is_unknown);
    let free = inner.or_else(|| Some(0).filter(is_unknown));
    let is_open = |(axis, dim): (usize, &Option<usize>)| dim.is_none() && axis > 0;
    if spec.dims.iter().enumerate().filter(|&axis| is_open(axis)).count() > 1 {
        return Err(Error::invalid_input(format!(
            "raw request: expected at most one unknown extent beside the batch, got {spec}"
        )));
    }
    let mut dims: Vec<usize> = spec.dims.iter().map(|dim| dim.unwrap_or(1)).collect();
    let known = Shape::new(&dims).n_elements().ok();
    let row = known.and_then(|n| n.checked_mul(spec.dtype.size().unwrap_or(n_bytes.max(1))));
    let unfit = || {
        Error::invalid_input(format!(
            "raw request: expected a body that fits {spec}, got {n_bytes} bytes"
        ))
    };
    if spec.dtype == DType::Bytes {
        return if known == Some(1) { Ok(Shape::new(&dims)) } else { Err(unfit()) };
    }
    let row = row.filter(|&row| row > 0 && n_bytes.is_multiple_of(row)).ok_or_else(unfit)?;
    let n_rows = n_bytes.checked_div(row).unwrap_or(0);
    match free.and_then(|axis| dims.get_mut(axis)) {
        Some(dim) => *dim = n_rows,
        None if n_rows != 1 => return Err(unfit()),
        None => {}
    }
    Ok(Shape::new(&dims))
}
