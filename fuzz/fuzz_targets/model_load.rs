//! An ONNX file from its bytes to an answer of the native engine.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radiant_core::{Cancel, Engine as _, Signature, Tensor};
use radiant_engine_native::NativeEngine;
use radiant_onnx::{Limits, read, strip_zip_maps};

/// Inputs larger than this say nothing that smaller ones do not.
const ELEMENTS_MAX: usize = 1 << 16;

fuzz_target!(|file: &[u8]| drop(answer(file)));

/// What a model answers; `None` where anything is wrong with it.
fn answer(file: &[u8]) -> Option<Vec<Tensor>> {
    let mut model = read(file, &Limits::default()).ok()?;
    strip_zip_maps(&mut model).ok()?;
    let engine = NativeEngine::load(&model).ok()?;
    let signature = engine.signature();
    let inputs = zeros(signature)?;
    signature.check(&inputs).ok()?;
    let wanted: Vec<usize> = (0..signature.outputs.len()).collect();
    let mut outputs = Vec::new();
    engine.run(&inputs, &wanted, &mut outputs, &Cancel::never()).ok()?;
    Some(outputs)
}

/// Two rows of zeros or empty strings for each input, unless that is too much.
fn zeros(signature: &Signature) -> Option<Vec<Tensor>> {
    let tensor = |spec: &radiant_core::TensorSpec| {
        let dims: Vec<usize> = spec.dims.iter().map(|dim| dim.unwrap_or(2)).collect();
        let elements = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
        (elements <= ELEMENTS_MAX).then(|| Tensor::zeros(&spec.name, &dims, spec.dtype))
    };
    signature.inputs.iter().map(tensor).collect()
}
