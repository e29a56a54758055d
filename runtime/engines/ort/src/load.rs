//! A model made into sessions, and what ONNX Runtime says about its inputs and outputs.

use std::sync::Arc;

use ort::ep;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, ValueType};
use radiant_core::{DType, Signature, TensorSpec};
use radiant_onnx::Model;
use radiant_onnx::pb::{GraphProto, TypeValue, ValueInfoProto};

use crate::error::{LoadError, contain};
use crate::{Library, Options, convert};

/// Protobuf's longest message.
const BYTES_MAX: u64 = (1 << 31) - 1;

/// As many sessions as the options say, at least one.
pub(crate) fn sessions(
    library: &Library,
    model: &Model,
    signature: &Signature,
    options: &Options,
) -> Result<Vec<Session>, LoadError> {
    // Before all constants are copied, and exactly afterwards.
    let constants = model.graph.initializer.iter().map(|tensor| tensor.raw_data.len() as u64);
    check_size(constants.sum())?;
    let bytes = model.to_proto_bytes();
    check_size(bytes.len() as u64)?;
    let commit = || -> ort::Result<Vec<Session>> {
        let mut builder = builder(library, signature, options)?;
        (0..options.sessions.max(1)).map(|_| builder.commit_from_memory(&bytes)).collect()
    };
    let sessions = contain(commit).map_err(LoadError::Panicked)?;
    sessions.map_err(|error| LoadError::refused(error.message(), &model.graph))
}

fn check_size(bytes: u64) -> Result<(), LoadError> {
    if bytes > BYTES_MAX {
        return Err(LoadError::TooLarge { bytes, limit: BYTES_MAX });
    }
    Ok(())
}

/// Settings of a session.
///
/// The arena stays on: without it, every large activation is fresh pages from the system. It keeps
/// what the largest request took and gives nothing back. Memory patterns plan all activations as
/// one block and keep a plan for every shape that was ever seen, without bound, so they are only
/// for models whose inputs have one shape.
fn builder(
    library: &Library,
    signature: &Signature,
    options: &Options,
) -> ort::Result<SessionBuilder> {
    let is_fixed = |spec: &TensorSpec| spec.dims.iter().all(Option::is_some);
    let builder = Session::builder(library.environment())?
        .with_execution_providers([ep::CPU::default().with_arena_allocator(true).build()])?
        .with_intra_threads(options.threads.max(1))?
        .with_inter_threads(1)?
        // A thread that waits in a loop takes its core from other sessions.
        .with_intra_op_spinning(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_memory_pattern(signature.inputs.iter().all(is_fixed))?;
    Ok(builder)
}

/// The names of the outputs as the graph has them, which clients need not know.
pub(crate) fn output_names(graph: &GraphProto) -> Vec<Arc<str>> {
    graph.output.iter().map(|output| Arc::from(output.name.as_str())).collect()
}

/// Checks that ONNX Runtime has the inputs and outputs that the signature declares, in that order,
/// and fills in the shapes of outputs that the file leaves open.
pub(crate) fn reconcile(
    signature: &mut Signature,
    session: &Session,
    graph: &GraphProto,
) -> Result<(), LoadError> {
    let inputs: Vec<_> = signature.inputs.iter().map(|spec| (spec.dtype, &*spec.name)).collect();
    check("input", &inputs, session.inputs())?;
    let outputs = signature.outputs.iter().zip(&graph.output);
    let outputs: Vec<_> = outputs.map(|(spec, value)| (spec.dtype, value.name.as_str())).collect();
    check("output", &outputs, session.outputs())?;
    let outputs = signature.outputs.iter_mut().zip(&graph.output).zip(session.outputs());
    for ((spec, declared), outlet) in outputs {
        if spec.dims.is_empty()
            && !has_shape(declared)
            && let ValueType::Tensor { shape, .. } = outlet.dtype()
        {
            spec.dims = shape.iter().map(|&extent| usize::try_from(extent).ok()).collect();
        }
    }
    Ok(())
}

/// Whether these types and names are those of the session's outlets.
fn check(
    side: &'static str,
    declared: &[(DType, &str)],
    outlets: &[Outlet],
) -> Result<(), LoadError> {
    for index in 0..declared.len().max(outlets.len()) {
        let (declared, outlet) = (declared.get(index), outlets.get(index));
        if let (Some((dtype, name)), Some(outlet)) = (declared, outlet)
            && *name == outlet.name()
            && Some(*dtype) == outlet.dtype().tensor_type().and_then(convert::dtype)
        {
            continue;
        }
        let nothing = || "nothing".to_owned();
        let expected = declared.map_or_else(nothing, |(dtype, name)| format!("`{name}` {dtype}"));
        let got = outlet.map_or_else(nothing, |o| format!("`{}` {}", o.name(), o.dtype()));
        return Err(LoadError::Mismatch { side, index, expected, got });
    }
    Ok(())
}

fn has_shape(value: &ValueInfoProto) -> bool {
    let r#type = value.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
    matches!(r#type, Some(TypeValue::TensorType(tensor)) if tensor.shape.is_some())
}

#[cfg(test)]
mod tests {
    use ort::value::{Shape, SymbolicDimensions, TensorElementType};

    use super::*;

    #[test]
    fn a_model_longer_than_a_message_is_refused_with_both_sizes() {
        assert!(check_size(BYTES_MAX).is_ok());
        assert_eq!(
            check_size(3_000_000_000).unwrap_err().to_string(),
            "model: expected at most 2147483647 bytes, the longest protobuf message, got 3000000000"
        );
    }

    #[test]
    fn inputs_that_onnx_runtime_sees_otherwise_are_refused_with_both_views() {
        let float = ValueType::Tensor {
            ty: TensorElementType::Float32,
            shape: Shape::new([-1, 2]),
            dimension_symbols: SymbolicDimensions::empty(2),
        };
        let outlets = [Outlet::new("x", float)];
        assert!(check("input", &[(DType::F32, "x")], &outlets).is_ok());
        for (declared, text) in [
            (&[(DType::F64, "x")][..], "input 0: expected `x` FP64, got `x` Tensor<f32>(dyn, 2)"),
            (&[(DType::F32, "y")], "input 0: expected `y` FP32, got `x` Tensor<f32>(dyn, 2)"),
            (&[], "input 0: expected nothing, got `x` Tensor<f32>(dyn, 2)"),
            (&[(DType::F32, "x"); 2], "input 1: expected `x` FP32, got nothing"),
        ] {
            let error = check("input", declared, &outlets).unwrap_err().to_string();
            assert_eq!(error, format!("onnxruntime does not see what the file declares: {text}"));
        }
    }
}
