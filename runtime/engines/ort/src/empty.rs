//! Inputs without elements.
//!
//! Some kernels of ONNX Runtime end the process when an input has no elements, by an abort, a
//! division by zero or a read out of bounds. A batch without rows can come with any request, so it
//! is never handed over: what one row of zeros gives tells the shapes of the answer. Other axes may
//! well be empty (the past of a decoder is, at its first step), so they are refused only where the
//! graph has one of the operators that were found to fail.

use radiant_core::no_rows;
pub(crate) use radiant_core::no_rows::{has_rows as is_batched, one_row};
use radiant_core::{Error, Signature, Tensor, TensorSpec};
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

/// Leaves no rows in an output, as [`no_rows::answer`].
///
/// # Errors
/// [`ErrorKind::InvalidInput`](radiant_core::ErrorKind::InvalidInput) where the output has no axis
/// of rows.
pub(crate) fn output(
    spec: &TensorSpec,
    one_row: Option<&Tensor>,
    output: &mut Tensor,
) -> Result<(), Error> {
    no_rows::answer(spec, one_row.map(|tensor| tensor.shape.dims()), output)
}
