//! Tensors of ours to values of rten and back.
//!
//! FP32, INT32, INT8 and UINT8 go in without a copy; INT64 and BOOL become 32-bit integers. What
//! comes out is moved where the types agree.

use radiant_core::{DType, Element, Error, Tensor, TensorData};
use rten::{Value, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{Tensor as Owned, TensorView};

/// The value that rten gets for an input.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](radiant_core::ErrorKind::InvalidInput) for an INT64 number that 32
/// bits do not hold.
pub(crate) fn input<'a>(name: &str, tensor: &'a Tensor) -> Result<ValueOrView<'a>, Error> {
    let dims = tensor.shape.dims();
    Ok(match &tensor.data {
        TensorData::F32(values) => TensorView::from_data(dims, values.as_slice()).into(),
        TensorData::I32(values) => TensorView::from_data(dims, values.as_slice()).into(),
        TensorData::I8(values) => TensorView::from_data(dims, values.as_slice()).into(),
        TensorData::U8(values) => TensorView::from_data(dims, values.as_slice()).into(),
        TensorData::I64(values) => Owned::from_data(dims, narrowed(name, values)?).into(),
        TensorData::Bool(values) => {
            let values: Vec<i32> = values.iter().copied().map(i32::from).collect();
            Owned::from_data(dims, values).into()
        }
        other => {
            let dtype = other.dtype();
            return Err(Error::internal(format!("input `{name}`: type {dtype} is not for rten")));
        }
    })
}

fn narrowed(name: &str, values: &[i64]) -> Result<Vec<i32>, Error> {
    values
        .iter()
        .map(|&value| {
            i32::try_from(value).map_err(|_error| {
                Error::invalid_input(format!(
                    "input `{name}`: expected INT64 numbers that fit 32 bits, got {value}"
                ))
            })
        })
        .collect()
}

/// Moves what rten answered over `output`, as `dtype`. Says what came where it is of another type.
pub(crate) fn output(value: Value, dtype: DType, output: &mut Tensor) -> Result<(), &'static str> {
    match (value, dtype) {
        (Value::FloatTensor(tensor), DType::F32) => take(tensor, output),
        (Value::Int32Tensor(tensor), DType::I32) => take(tensor, output),
        (Value::Int8Tensor(tensor), DType::I8) => take(tensor, output),
        (Value::UInt8Tensor(tensor), DType::U8) => take(tensor, output),
        (Value::Int32Tensor(tensor), DType::I64) => widen(&tensor, output, i64::from),
        (Value::Int32Tensor(tensor), DType::Bool) => widen(&tensor, output, |value| value != 0),
        (other, _) => return Err(type_name(&other)),
    }
    Ok(())
}

fn take<T: Element>(tensor: Owned<T>, output: &mut Tensor) {
    output.shape.set(tensor.shape());
    output.data = T::wrap(tensor.into_data());
}

fn widen<T: Element>(tensor: &Owned<i32>, output: &mut Tensor, to: impl Fn(i32) -> T) {
    output.shape.set(tensor.shape());
    output.data.reset::<T>().extend(tensor.iter().map(|value| to(*value)));
}

/// The element type of a value, by rten's name.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::FloatTensor(_) => "32-bit floats",
        Value::Int32Tensor(_) => "32-bit integers",
        Value::Int8Tensor(_) => "8-bit integers",
        Value::UInt8Tensor(_) => "unsigned 8-bit integers",
        _ => "a sequence",
    }
}
