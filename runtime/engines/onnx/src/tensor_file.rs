//! Files of one tensor each: the test data that comes with ONNX models.

use prost::Message;
use prost::bytes::Bytes;
use radiant_core::Tensor;

use crate::pb::TensorProto;
use crate::{Limits, OnnxError, tensor};

/// Reads a tensor from the bytes of a file that holds one `TensorProto`.
///
/// Cost: copies `bytes` once, and the elements once more.
///
/// # Errors
/// [`OnnxError`] where the bytes are none, or of an element type that the server lacks.
pub fn read_tensor(bytes: &[u8], limits: &Limits) -> Result<Tensor, OnnxError> {
    let length = bytes.len() as u64;
    OnnxError::check_limit("tensor file", "bytes", limits.file_bytes_max, length)?;
    let proto = TensorProto::decode(Bytes::copy_from_slice(bytes))
        .map_err(|error| OnnxError::Malformed { problem: error.to_string() })?;
    tensor::check(&proto, format_args!("tensor `{}`", proto.name), limits)?;
    tensor::tensor(&proto)
}
