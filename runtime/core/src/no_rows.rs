//! Batches without rows, for engines that must not see one: what the model gives for one row of zeros
//! tells the shapes of the answer.

use crate::rows::set_empty;
use crate::{Error, Signature, Tensor, TensorSpec};

/// One row of zeros for each input that has rows, with the further axes as they came, and the other
/// inputs as they are.
pub fn one_row(signature: &Signature, inputs: &[Tensor]) -> Vec<Tensor> {
    let row = |(spec, tensor): (&TensorSpec, &Tensor)| {
        if !has_rows(spec) {
            return tensor.clone();
        }
        let mut dims = tensor.shape.dims().to_vec();
        if let Some(rows) = dims.first_mut() {
            *rows = 1;
        }
        Tensor::zeros(&spec.name, &dims, tensor.dtype())
    };
    signature.inputs.iter().zip(inputs).map(row).collect()
}

/// Leaves no rows in `output`: of the shape that one row had, or else of the declared one, whose
/// unknown extents are zero.
///
/// # Errors
/// As [`check`].
pub fn answer(
    spec: &TensorSpec,
    one_row: Option<&[usize]>,
    output: &mut Tensor,
) -> Result<(), Error> {
    check(spec)?;
    let dims = match one_row {
        Some(dims) => dims.to_vec(),
        None => spec.dims.iter().map(|dim| dim.unwrap_or(0)).collect(),
    };
    set_empty(output, &dims, spec.dtype);
    Ok(())
}

/// Checks that an output has an axis of rows.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where it has none.
pub fn check(spec: &TensorSpec) -> Result<(), Error> {
    if has_rows(spec) {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "output `{}` has no axis of rows: expected at least one row, got none",
        spec.name
    )))
}

/// Whether the first axis is one of rows.
pub fn has_rows(spec: &TensorSpec) -> bool {
    spec.dims.first() == Some(&None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;

    fn spec(dims: &[Option<usize>]) -> TensorSpec {
        TensorSpec::new("x", DType::I64, dims.to_vec())
    }

    #[test]
    fn one_row_keeps_the_further_axes_and_inputs_without_rows() {
        let inputs = vec![spec(&[None, None]), spec(&[Some(2)])];
        let signature = Signature::new(inputs, Vec::new());
        let came =
            [Tensor::zeros("x", &[0, 3], DType::I64), Tensor::new("x", &[2], vec![4_i64, 5])];
        let row = one_row(&signature, &came);
        assert_eq!(row, [Tensor::zeros("x", &[1, 3], DType::I64), came[1].clone()]);
    }

    #[test]
    fn the_answer_has_the_shape_of_one_row_or_the_declared_one() {
        let mut output = Tensor::new("x", &[2], vec![1.0_f32, 2.0]);
        answer(&spec(&[None, None, Some(4)]), Some(&[1, 3, 4]), &mut output).unwrap();
        assert_eq!(output, Tensor::zeros("x", &[0, 3, 4], DType::I64));
        answer(&spec(&[None, None, Some(4)]), None, &mut output).unwrap();
        assert_eq!(output, Tensor::zeros("x", &[0, 0, 4], DType::I64));
        assert!(answer(&spec(&[Some(2)]), None, &mut output).is_err());
    }
}
