//! The engine: a compiled graph behind the server's trait.

use std::sync::Arc;

use radiant_core::{Cancel, Engine, Error, Signature, Tensor};
use radiant_onnx::Model;

use crate::Unsupported;
use crate::plan::{Given, Output, OutputSet, Plan};
use crate::registers::{Buffer, Slot, Values, copy, with_registers};

/// A model that runs on this crate's own kernels.
#[derive(Debug)]
pub struct NativeEngine {
    plan: Plan,
    signature: Signature,
}

impl NativeEngine {
    /// Compiles a graph whose ZipMaps have been stripped.
    ///
    /// # Errors
    /// [`Unsupported`] names the first operator, attribute or type that the engine does not know.
    pub fn load(model: &Model) -> Result<Self, Unsupported> {
        let mut signature = model.signature()?;
        let plan = Plan::compile(model, &mut signature)?;
        Ok(Self { plan, signature })
    }
}

impl Engine for NativeEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Does not allocate once `outputs` and this thread's registers are as large as needed.
    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let mut set: OutputSet = 0;
        for &at in wanted {
            if at >= self.plan.outputs.len() {
                let n_outputs = self.plan.outputs.len();
                return Err(Error::internal(format!("no output {at} among {n_outputs}")));
            }
            set |= 1 << at;
        }
        outputs.resize_with(wanted.len(), Tensor::default);
        with_registers(self.plan.n_registers, |registers| {
            self.plan.run(Given { inputs, outer: &[] }, set, registers, cancel)?;
            self.take(inputs, wanted, registers, outputs)
        })
    }
}

impl NativeEngine {
    /// Moves wanted values out of the registers.
    fn take(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        registers: &mut [Buffer],
        outputs: &mut [Tensor],
    ) -> Result<(), Error> {
        for (position, &at) in wanted.iter().enumerate() {
            let (done, rest) = outputs.split_at_mut(position);
            let (Some(output), Some(tensor)) = (self.plan.outputs.get(at), rest.first_mut()) else {
                continue;
            };
            if !Arc::ptr_eq(&tensor.name, &output.name) {
                tensor.name = Arc::clone(&output.name);
            }
            let earlier = wanted.iter().zip(done).find(|(other, _)| **other == at);
            if let Some((_, same)) = earlier {
                tensor.shape.set(same.shape.dims());
                copy(&same.data, &mut tensor.data);
            } else {
                self.take_one(output, inputs, registers, tensor)?;
            }
        }
        Ok(())
    }

    fn take_one(
        &self,
        output: &Output,
        inputs: &[Tensor],
        registers: &mut [Buffer],
        tensor: &mut Tensor,
    ) -> Result<(), Error> {
        if let (true, Slot::Register(at)) = (output.is_sole, output.slot)
            && let Some(buffer) = registers.get_mut(at)
        {
            std::mem::swap(&mut tensor.shape, &mut buffer.shape);
            std::mem::swap(&mut tensor.data, &mut buffer.data);
            return Ok(());
        }
        let (constants, cancel) = (&self.plan.constants, &Cancel::never());
        let values = Values { inputs, constants, registers, outer: &[], cancel };
        let missing = || Error::internal(format!("output `{}` has no value", output.name));
        let view = values.get(output.slot).ok_or_else(missing)?;
        tensor.shape.set(view.shape.dims());
        copy(view.data, &mut tensor.data);
        Ok(())
    }
}
