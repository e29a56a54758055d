//! What a model is, in the protocol's words: its metadata, its configuration in Triton's terms, and
//! both of them, with the server's metadata, statistics and settings, as JSON.
//!
//! The messages are those of gRPC, so that both transports tell the same. What a model has run, and
//! which settings there are, is the server's to fill in. Source: Triton's documents on the model
//! configuration, statistics, trace, logging and model repository extensions.

mod json;

use radiant_core::{DType, TensorSpec};

pub use json::{
    index_json, log_settings_json, model_config_json, model_list_json, model_metadata_json,
    model_ready_json, server_metadata_json, statistics_json, trace_settings_json,
};

use crate::pb::inference as pb;

/// What is told about a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its versions that answer.
    pub versions: &'a [&'a str],
    /// The format of its file, as the protocol names it: `onnx_onnxv1`.
    pub platform: &'a str,
    /// The name of the engine that runs it.
    pub backend: &'a str,
    /// Why it is this engine; empty where there was nothing to choose.
    pub reason: &'a str,
    /// Its inputs.
    pub inputs: &'a [TensorSpec],
    /// Its outputs.
    pub outputs: &'a [TensorSpec],
    /// The rows that one request may have, where the first axis of all inputs and outputs is the
    /// batch.
    pub rows_max: Option<usize>,
}

/// A model's inputs and outputs; unknown extents are -1.
pub fn model_metadata(info: &ModelInfo<'_>) -> pb::ModelMetadataResponse {
    let tensors = |specs: &[TensorSpec]| specs.iter().map(tensor_metadata).collect();
    let versions = info.versions.iter().copied().filter(|version| !version.is_empty());
    pb::ModelMetadataResponse {
        name: info.name.to_owned(),
        versions: versions.map(str::to_owned).collect(),
        platform: info.platform.to_owned(),
        inputs: tensors(info.inputs),
        outputs: tensors(info.outputs),
    }
}

fn tensor_metadata(spec: &TensorSpec) -> pb::model_metadata_response::TensorMetadata {
    pb::model_metadata_response::TensorMetadata {
        name: spec.name.as_ref().to_owned(),
        datatype: spec.dtype.name().to_owned(),
        shape: spec.dims.iter().copied().map(extent).collect(),
    }
}

/// A model's configuration. With a batch, `max_batch_size` is not 0 and dimensions are those of one
/// row.
pub fn model_config(info: &ModelInfo<'_>) -> pb::ModelConfig {
    let n_batch_axes = usize::from(info.rows_max.is_some());
    let dims =
        |spec: &TensorSpec| spec.dims.iter().copied().skip(n_batch_axes).map(extent).collect();
    let input = |spec: &TensorSpec| pb::ModelInput {
        name: spec.name.as_ref().to_owned(),
        data_type: data_type(spec.dtype).into(),
        dims: dims(spec),
        ..pb::ModelInput::default()
    };
    let output = |spec: &TensorSpec| pb::ModelOutput {
        name: spec.name.as_ref().to_owned(),
        data_type: data_type(spec.dtype).into(),
        dims: dims(spec),
        ..pb::ModelOutput::default()
    };
    pb::ModelConfig {
        name: info.name.to_owned(),
        platform: info.platform.to_owned(),
        backend: info.backend.to_owned(),
        max_batch_size: info.rows_max.map_or(0, |rows| i32::try_from(rows).unwrap_or(i32::MAX)),
        input: info.inputs.iter().map(input).collect(),
        output: info.outputs.iter().map(output).collect(),
        parameters: Some(info.reason)
            .filter(|reason| !reason.is_empty())
            .map(|reason| {
                let string_value = reason.to_owned();
                ("engine_reason".to_owned(), pb::ModelParameter { string_value })
            })
            .into_iter()
            .collect(),
        ..pb::ModelConfig::default()
    }
}

fn extent(dim: Option<usize>) -> i64 {
    dim.map_or(-1, |dim| i64::try_from(dim).unwrap_or(i64::MAX))
}

fn data_type(dtype: DType) -> pb::DataType {
    match dtype {
        DType::Bool => pb::DataType::TypeBool,
        DType::U8 => pb::DataType::TypeUint8,
        DType::U16 => pb::DataType::TypeUint16,
        DType::U32 => pb::DataType::TypeUint32,
        DType::U64 => pb::DataType::TypeUint64,
        DType::I8 => pb::DataType::TypeInt8,
        DType::I16 => pb::DataType::TypeInt16,
        DType::I32 => pb::DataType::TypeInt32,
        DType::I64 => pb::DataType::TypeInt64,
        DType::F16 => pb::DataType::TypeFp16,
        DType::BF16 => pb::DataType::TypeBf16,
        DType::F32 => pb::DataType::TypeFp32,
        DType::F64 => pb::DataType::TypeFp64,
        DType::Bytes => pb::DataType::TypeString,
    }
}

#[cfg(test)]
mod tests;
