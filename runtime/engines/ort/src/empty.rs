//! Inputs without elements.
//!
//! Some kernels of ONNX Runtime end the process when an input has no elements, by an abort, a
//! division by zero or a read out of bounds. A batch without rows can come with any request, so it
//! is never handed over: what one row of zeros gives tells the shapes of the answer. Other axes may
//! well be empty (the past of a decoder is, at its first step), so they are refused only where the
//! graph has one of the operators that were found to fail.

use radiant_core::{DType, Error, Signature, Tensor, TensorData, TensorSpec};
use radiant_onnx::pb::GraphProto;

/// Operators whose kernels in ONNX Runtime 1.32 end the process on empty inputs. Found by running
/// the ONNX backend tests (onnx 1.23) with each axis of each input emptied.
const UNSAFE_OPERATORS: [&str; 5] = ["ConvTranspose", "GRU", "LSTM", "STFT", "Unique"];

/// The operator in the graph, if there is one, that must not see an empty input.
pub(crate) fn unsafe_operator(graph: &GraphProto) -> Option<&'static str> {
    let nodes = graph.all_nodes();
    let is_in_graph = |operator: &&&str| nodes.iter().any(|node| node.op_type == **operator);
    UNSAFE_OPERATORS.iter().find(is_in_graph).copied()
}

/// The number of rows, if there is a batch: the extent of the first free first axis.
pub(crate) fn rows(signature: &Signature, inputs: &[Tensor]) -> Option<usize> {
    let mut pairs = signature.inputs.iter().zip(inputs);
    pairs.find(|(spec, _)| is_batched(spec)).map(|(_, tensor)| tensor.shape.rows())
}

/// Refuses inputs with an empty axis, that of the rows apart, for the sake of an operator.
pub(crate) fn refuse(
    operator: &str,
    signature: &Signature,
    inputs: &[Tensor],
) -> Result<(), Error> {
    for (spec, tensor) in signature.inputs.iter().zip(inputs) {
        let mut extents = tensor.shape.dims().iter().skip(usize::from(is_batched(spec)));
        if extents.any(|&extent| extent == 0) {
            return Err(Error::invalid_input(format!(
                "input `{}`: expected no empty axis, which `{operator}` in this model cannot take, \
                 got {}",
                spec.name, tensor.shape
            )));
        }
    }
    Ok(())
}

/// One row of zeros for each input that has rows, and the other inputs as they came.
pub(crate) fn one_row(signature: &Signature, inputs: &[Tensor]) -> Vec<Tensor> {
    let row = |(spec, tensor): (&TensorSpec, &Tensor)| {
        if !is_batched(spec) {
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

/// The shape of an output for no rows: as it came for one row, or else as it is declared.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](radiant_core::ErrorKind::InvalidInput) where the output has no axis
/// of rows.
pub(crate) fn output(
    spec: &TensorSpec,
    one_row: Option<&Tensor>,
    output: &mut Tensor,
) -> Result<(), Error> {
    if !is_batched(spec) {
        return Err(Error::invalid_input(format!(
            "output `{}` has no axis of rows: expected at least one row, got none",
            spec.name
        )));
    }
    let mut dims = match one_row {
        Some(tensor) => tensor.shape.dims().to_vec(),
        None => spec.dims.iter().map(|dim| dim.unwrap_or(0)).collect(),
    };
    if let Some(rows) = dims.first_mut() {
        *rows = 0;
    }
    output.shape.set(&dims);
    clear(spec.dtype, &mut output.data);
    Ok(())
}

/// Whether the first axis is one of rows.
pub(crate) fn is_batched(spec: &TensorSpec) -> bool {
    spec.dims.first() == Some(&None)
}

/// Empties `data`, as `dtype`.
fn clear(dtype: DType, data: &mut TensorData) {
    match dtype {
        DType::Bool => data.reset::<bool>().clear(),
        DType::U8 => data.reset::<u8>().clear(),
        DType::U16 => data.reset::<u16>().clear(),
        DType::U32 => data.reset::<u32>().clear(),
        DType::U64 => data.reset::<u64>().clear(),
        DType::I8 => data.reset::<i8>().clear(),
        DType::I16 => data.reset::<i16>().clear(),
        DType::I32 => data.reset::<i32>().clear(),
        DType::I64 => data.reset::<i64>().clear(),
        DType::F16 => data.reset::<half::f16>().clear(),
        DType::BF16 => data.reset::<half::bf16>().clear(),
        DType::F32 => data.reset::<f32>().clear(),
        DType::F64 => data.reset::<f64>().clear(),
        DType::Bytes => data.reset_strings().clear(),
    }
}
