//! `builtin:identity-<datatype>` and `builtin:identity-any`: what goes in as `x` comes out as
//! `x_out`, bit for bit.
//!
//! There is one engine for each datatype of the Open Inference Protocol, with matrices of any size
//! (`identity-fp32`) and with vectors of any length (`identity1-fp32`). `identity-any` has no
//! signature: it takes every datatype and shape, and any number of tensors.

use std::sync::Arc;

use radiant::{Builtin, Served};
use radiant_core::{
    Cancel, Component, DType, Engine, Error, Payload, Reply, Signature, Tensor, TensorData,
    TensorSpec,
};

macro_rules! identities {
    ($($name:literal $dtype:ident,)*) => {
        [$(
            Builtin {
                name: concat!("identity-", $name),
                make: || identity(DType::$dtype, 2),
            },
            Builtin {
                name: concat!("identity1-", $name),
                make: || identity(DType::$dtype, 1),
            },
        )*]
    };
}

/// An engine of each datatype for matrices and one for vectors.
pub(crate) static ALL: [Builtin; 28] = identities![
    "bool" Bool,
    "uint8" U8,
    "uint16" U16,
    "uint32" U32,
    "uint64" U64,
    "int8" I8,
    "int16" I16,
    "int32" I32,
    "int64" I64,
    "fp16" F16,
    "bf16" BF16,
    "fp32" F32,
    "fp64" F64,
    "bytes" Bytes,
];

/// The component that takes everything.
pub(crate) const ANY: Builtin =
    Builtin { name: "identity-any", make: || Served::Component(Arc::new(Any)) };

#[derive(Debug)]
struct Identity {
    signature: Signature,
}

fn identity(dtype: DType, rank: usize) -> Served {
    let spec = |name: &str| TensorSpec::new(name, dtype, vec![None; rank]);
    let signature = Signature::new(vec![spec("x")], vec![spec("x_out")]);
    Served::Engine(Arc::new(Identity { signature }))
}

impl Engine for Identity {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        _cancel: &Cancel,
    ) -> Result<(), Error> {
        outputs.resize_with(wanted.len(), Tensor::default);
        for (output, &index) in outputs.iter_mut().zip(wanted) {
            output.name = Arc::clone(&self.signature.outputs[index].name);
            output.shape.set(inputs[index].shape.dims());
            copy(&inputs[index].data, &mut output.data);
        }
        Ok(())
    }
}

fn copy(from: &TensorData, to: &mut TensorData) {
    match from {
        TensorData::Bool(values) => to.reset().extend_from_slice(values),
        TensorData::U8(values) => to.reset().extend_from_slice(values),
        TensorData::U16(values) => to.reset().extend_from_slice(values),
        TensorData::U32(values) => to.reset().extend_from_slice(values),
        TensorData::U64(values) => to.reset().extend_from_slice(values),
        TensorData::I8(values) => to.reset().extend_from_slice(values),
        TensorData::I16(values) => to.reset().extend_from_slice(values),
        TensorData::I32(values) => to.reset().extend_from_slice(values),
        TensorData::I64(values) => to.reset().extend_from_slice(values),
        TensorData::F16(values) => to.reset().extend_from_slice(values),
        TensorData::BF16(values) => to.reset().extend_from_slice(values),
        TensorData::F32(values) => to.reset().extend_from_slice(values),
        TensorData::F64(values) => to.reset().extend_from_slice(values),
        TensorData::Bytes(values) => {
            let strings = to.reset_strings();
            values.iter().for_each(|value| strings.push(value));
        }
    }
}

#[derive(Debug)]
struct Any;

impl Component for Any {
    fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }

    fn infer(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        let renamed =
            |tensor: Tensor| Tensor { name: format!("{}_out", tensor.name).into(), ..tensor };
        Ok(inputs.into_iter().map(renamed).collect())
    }
}
