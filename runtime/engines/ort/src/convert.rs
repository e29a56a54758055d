//! Tensors of ours to values of ONNX Runtime and back.
//!
//! Numbers go in without a copy and come out with one. Strings are copied three times on their way
//! in and three times on their way out: the binding takes and gives owned ones.

use std::fmt::Debug;

use half::{bf16, f16};
use ort::session::SessionInputValue;
use ort::value::{DynValue, PrimitiveTensorElementType, TensorElementType, TensorRef};
use radiant_core::{DType, Element, Error, Strings, Tensor, TensorData, TensorSpec};

use crate::error::run_error;

/// The type by our name, or `None` if the server has none for it.
pub(crate) fn dtype(element: TensorElementType) -> Option<DType> {
    Some(match element {
        TensorElementType::Bool => DType::Bool,
        TensorElementType::Uint8 => DType::U8,
        TensorElementType::Uint16 => DType::U16,
        TensorElementType::Uint32 => DType::U32,
        TensorElementType::Uint64 => DType::U64,
        TensorElementType::Int8 => DType::I8,
        TensorElementType::Int16 => DType::I16,
        TensorElementType::Int32 => DType::I32,
        TensorElementType::Int64 => DType::I64,
        TensorElementType::Float16 => DType::F16,
        TensorElementType::Bfloat16 => DType::BF16,
        TensorElementType::Float32 => DType::F32,
        TensorElementType::Float64 => DType::F64,
        TensorElementType::String => DType::Bytes,
        _ => return None,
    })
}

/// The tensor as a value that borrows its numbers.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](radiant_core::ErrorKind::InvalidInput) for strings that ONNX Runtime
/// cannot take.
pub(crate) fn feed<'t>(
    spec: &TensorSpec,
    tensor: &'t Tensor,
) -> Result<SessionInputValue<'t>, Error> {
    let dims = tensor.shape.dims();
    match &tensor.data {
        TensorData::Bool(values) => view(dims, values),
        TensorData::U8(values) => view(dims, values),
        TensorData::U16(values) => view(dims, values),
        TensorData::U32(values) => view(dims, values),
        TensorData::U64(values) => view(dims, values),
        TensorData::I8(values) => view(dims, values),
        TensorData::I16(values) => view(dims, values),
        TensorData::I32(values) => view(dims, values),
        TensorData::I64(values) => view(dims, values),
        TensorData::F16(values) => view(dims, values),
        TensorData::BF16(values) => view(dims, values),
        TensorData::F32(values) => view(dims, values),
        TensorData::F64(values) => view(dims, values),
        TensorData::Bytes(strings) => texts(dims, &owned(spec, strings)?),
    }
    .map_err(|error| run_error(&error))
}

fn view<'t, T>(dims: &'t [usize], values: &'t [T]) -> ort::Result<SessionInputValue<'t>>
where
    T: PrimitiveTensorElementType + Debug + Clone + 'static,
{
    TensorRef::from_array_view((dims, values)).map(SessionInputValue::from)
}

fn texts(dims: &[usize], strings: &[String]) -> ort::Result<SessionInputValue<'static>> {
    ort::value::Tensor::from_string_array((dims, strings)).map(SessionInputValue::from)
}

fn owned(spec: &TensorSpec, strings: &Strings) -> Result<Vec<String>, Error> {
    let text = |(index, bytes): (usize, &[u8])| match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text.to_owned()),
        _ => Err(Error::invalid_input(format!(
            "input `{}`: string {index}: expected UTF-8 without NUL, got `{}`",
            spec.name,
            bytes.escape_ascii()
        ))),
    };
    strings.iter().enumerate().map(text).collect()
}

/// Writes what ONNX Runtime answered over `output`, as `dtype`.
///
/// # Errors
/// Where the answer is of another type.
pub(crate) fn take(value: &DynValue, dtype: DType, output: &mut Tensor) -> ort::Result<()> {
    match dtype {
        DType::Bool => copy::<bool>(value, output),
        DType::U8 => copy::<u8>(value, output),
        DType::U16 => copy::<u16>(value, output),
        DType::U32 => copy::<u32>(value, output),
        DType::U64 => copy::<u64>(value, output),
        DType::I8 => copy::<i8>(value, output),
        DType::I16 => copy::<i16>(value, output),
        DType::I32 => copy::<i32>(value, output),
        DType::I64 => copy::<i64>(value, output),
        DType::F16 => copy::<f16>(value, output),
        DType::BF16 => copy::<bf16>(value, output),
        DType::F32 => copy::<f32>(value, output),
        DType::F64 => copy::<f64>(value, output),
        DType::Bytes => {
            let (shape, strings) = value.try_extract_strings()?;
            set_shape(output, shape)?;
            let column = output.data.reset_strings();
            for string in &strings {
                column.push(string.as_bytes());
            }
            Ok(())
        }
    }
}

fn copy<T>(value: &DynValue, output: &mut Tensor) -> ort::Result<()>
where
    T: Element + PrimitiveTensorElementType,
{
    let (shape, values) = value.try_extract_tensor::<T>()?;
    set_shape(output, shape)?;
    let to = output.data.reset::<T>();
    // Its size is the model's: where there is no room for it, one request fails.
    to.try_reserve_exact(values.len()).map_err(ort::Error::wrap)?;
    to.extend_from_slice(values);
    Ok(())
}

fn set_shape(output: &mut Tensor, shape: &[i64]) -> ort::Result<()> {
    output.shape.set(&[]);
    for &extent in shape {
        let extent = usize::try_from(extent).map_err(ort::Error::wrap)?;
        output.shape.push(extent);
    }
    Ok(())
}
