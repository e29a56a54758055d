//! Tensors of ours to tensors of tract and back.
//!
//! Every element is copied once in each direction. BYTES and BF16 do not get here: they are refused
//! when a model is loaded.

use radiant_core::{DType, Element, Tensor, TensorData};
use tract_onnx::prelude::tract_ndarray;
use tract_onnx::prelude::{DatumType, TDim, TValue, TractResult};
use tract_onnx::tract_hir::internal::{Datum, IntoTValue, bail, ensure, format_err};

type TractTensor = tract_onnx::prelude::Tensor;

/// The type by tract's name, or `None` if tract does not run it.
pub(crate) fn datum_type(dtype: DType) -> Option<DatumType> {
    Some(match dtype {
        DType::Bool => DatumType::Bool,
        DType::U8 => DatumType::U8,
        DType::U16 => DatumType::U16,
        DType::U32 => DatumType::U32,
        DType::U64 => DatumType::U64,
        DType::I8 => DatumType::I8,
        DType::I16 => DatumType::I16,
        DType::I32 => DatumType::I32,
        DType::I64 => DatumType::I64,
        DType::F16 => DatumType::F16,
        DType::F32 => DatumType::F32,
        DType::F64 => DatumType::F64,
        DType::BF16 | DType::Bytes => return None,
    })
}

/// Consecutive rows of a batch, and the batch size that they are padded to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk {
    /// The first row.
    pub(crate) start: usize,
    /// The number of rows; not 0.
    pub(crate) rows: usize,
    /// The number of rows with padding.
    pub(crate) padded: usize,
}

/// Runs an expression with `$values` bound to the slice of elements; else an error.
macro_rules! with_elements {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            TensorData::Bool($values) => $body,
            TensorData::U8($values) => $body,
            TensorData::U16($values) => $body,
            TensorData::U32($values) => $body,
            TensorData::U64($values) => $body,
            TensorData::I8($values) => $body,
            TensorData::I16($values) => $body,
            TensorData::I32($values) => $body,
            TensorData::I64($values) => $body,
            TensorData::F16($values) => $body,
            TensorData::F32($values) => $body,
            TensorData::F64($values) => $body,
            TensorData::BF16(_) | TensorData::Bytes(_) => bail!("a type that tract does not run"),
        }
    };
}

/// The whole tensor.
pub(crate) fn whole(tensor: &Tensor) -> TractResult<TValue> {
    let shape = tensor.shape.dims();
    with_elements!(&tensor.data, values => {
        Ok(TractTensor::from_shape(shape, values)?.into_tvalue())
    })
}

/// The rows of a chunk. Padding repeats the last row: it is as valid an input as that row is, while
/// a row of zeros need not be one.
pub(crate) fn rows(tensor: &Tensor, chunk: Chunk) -> TractResult<TValue> {
    let mut shape = tensor.shape.dims().to_vec();
    let n_rows = tensor.shape.rows();
    if let Some(first) = shape.first_mut() {
        *first = chunk.padded;
    }
    with_elements!(&tensor.data, values => padded(values, n_rows, chunk, &shape))
}

fn padded<T: Datum + Copy>(
    values: &[T],
    n_rows: usize,
    chunk: Chunk,
    shape: &[usize],
) -> TractResult<TValue> {
    let width = values.len().checked_div(n_rows).unwrap_or(0);
    let (from, to) = (chunk.start * width, (chunk.start + chunk.rows) * width);
    let rows = values.get(from..to).ok_or_else(|| format_err!("the chunk is not in the batch"))?;
    if chunk.rows == chunk.padded {
        return Ok(TractTensor::from_shape(shape, rows)?.into_tvalue());
    }
    let last = rows.get(rows.len() - width..).unwrap_or_default();
    let mut filled = Vec::with_capacity(chunk.padded * width);
    filled.extend_from_slice(rows);
    for _ in chunk.rows..chunk.padded {
        filled.extend_from_slice(last);
    }
    let array = tract_ndarray::ArrayD::from_shape_vec(shape, filled)?;
    Ok(TractTensor::from(array).into_tvalue())
}

/// Writes what tract answered over `output`, as `dtype`.
pub(crate) fn take(value: &TValue, dtype: DType, output: &mut Tensor) -> TractResult<()> {
    output.shape.set(value.shape());
    dispatch(value, dtype, output, Write::Over)
}

/// Appends the rows of a chunk to `output`, or begins it with them if they are the first.
pub(crate) fn take_rows(
    value: &TValue,
    dtype: DType,
    chunk: Chunk,
    output: &mut Tensor,
) -> TractResult<()> {
    ensure!(
        value.shape().first() == Some(&chunk.padded),
        "the output's shape is {:?} for a batch of {}",
        value.shape(),
        chunk.padded
    );
    if chunk.start == 0 {
        output.shape.set(value.shape());
    }
    dispatch(value, dtype, output, Write::Rows(chunk))
}

/// Sets the number of rows of an output that chunks were appended to.
pub(crate) fn set_rows(output: &mut Tensor, rows: usize) {
    let mut dims = output.shape.dims().to_vec();
    if let Some(first) = dims.first_mut() {
        *first = rows;
    }
    output.shape.set(&dims);
}

/// How an answer goes into an output.
#[derive(Debug, Clone, Copy)]
enum Write {
    Over,
    Rows(Chunk),
}

fn dispatch(value: &TValue, dtype: DType, output: &mut Tensor, write: Write) -> TractResult<()> {
    match dtype {
        DType::Bool => copy::<bool>(value, output, write),
        DType::U8 => copy::<u8>(value, output, write),
        DType::U16 => copy::<u16>(value, output, write),
        DType::U32 => copy::<u32>(value, output, write),
        DType::U64 => copy::<u64>(value, output, write),
        DType::I8 => copy::<i8>(value, output, write),
        DType::I16 => copy::<i16>(value, output, write),
        DType::I32 => copy::<i32>(value, output, write),
        // tract computes with shapes in a type of its own, of symbols and integers. What comes out
        // of a concrete plan is always an integer.
        DType::I64 if value.datum_type() == TDim::datum_type() => {
            copy::<i64>(&value.cast_to::<i64>()?.into_owned().into_tvalue(), output, write)
        }
        DType::I64 => copy::<i64>(value, output, write),
        DType::F16 => copy::<half::f16>(value, output, write),
        DType::F32 => copy::<f32>(value, output, write),
        DType::F64 => copy::<f64>(value, output, write),
        DType::BF16 | DType::Bytes => bail!("a type that tract does not run"),
    }
}

fn copy<T: Element + Datum>(value: &TValue, output: &mut Tensor, write: Write) -> TractResult<()> {
    let plain = value.try_as_plain_ram()?;
    let values = plain.as_slice::<T>()?;
    match write {
        Write::Over => {
            let to = output.data.reset::<T>();
            // Its size is the model's: where there is no room for it, one request fails.
            to.try_reserve_exact(values.len())?;
            to.extend_from_slice(values);
        }
        Write::Rows(chunk) => {
            let kept = values.len() / chunk.padded * chunk.rows;
            let rows = values.get(..kept).unwrap_or_default();
            if chunk.start == 0 {
                output.data.reset::<T>().extend_from_slice(rows);
            } else {
                let so_far = T::vec(&mut output.data);
                so_far.ok_or_else(|| format_err!("the output changed its type"))?.extend(rows);
            }
        }
    }
    Ok(())
}
