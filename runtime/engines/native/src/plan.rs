//! A graph compiled to a list of steps.
//!
//! Element types and ranks are settled here, once, so that a step never has to ask. Each step knows
//! for which of the model's outputs it is needed, and a run leaves out the others. A step writes
//! registers that come after all it reads.

use std::fmt;
use std::sync::Arc;

use radiant_core::{Cancel, Error, Signature, Tensor, TensorSpec};
use radiant_onnx::Model;

use crate::Unsupported;
use crate::compiler::Compiler;
use crate::fact::Fact;
use crate::op::{Op, Outputs};
use crate::registers::{Buffer, Inputs, Slot, Values, View};

/// Some of the model's outputs, as a set of bits.
pub(crate) type OutputSet = u64;

/// One operator to run.
pub(crate) struct Step {
    pub(crate) op: Box<dyn Op>,
    /// The node, for errors.
    pub(crate) place: String,
    pub(crate) inputs: Vec<Slot>,
    /// The first of the registers that the step writes, one after the other.
    pub(crate) first_register: usize,
    /// For which outputs of the plan each of the registers is needed.
    pub(crate) needed_for: Vec<OutputSet>,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} -> {}", self.place, self.inputs, self.first_register)
    }
}

/// Where an output of the model is.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: Arc<str>,
    pub(crate) slot: Slot,
    /// Whether no other output is in the same place, so that a register can be given away.
    pub(crate) is_sole: bool,
}

/// The values that a run starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) inputs: &'a [Tensor],
    /// What a plan inside a plan reads of the one around it.
    pub(crate) outer: &'a [View<'a>],
}

/// A compiled graph.
#[derive(Debug)]
pub(crate) struct Plan {
    steps: Vec<Step>,
    pub(crate) constants: Vec<Tensor>,
    pub(crate) n_registers: usize,
    pub(crate) outputs: Vec<Output>,
}

impl Plan {
    /// Compiles a graph, and fills in what it finds out about the signature's outputs.
    pub(crate) fn compile(model: &Model, signature: &mut Signature) -> Result<Self, Unsupported> {
        let mut compiler = Compiler::new(Arc::new(model.opsets.clone()));
        for (at, input) in signature.inputs.iter().enumerate() {
            compiler.give(&input.name, Slot::Input(at), Fact::new(input.dtype, &input.dims));
        }
        compiler.graph(&model.graph)?;
        let names = model.graph.output.iter().map(|value| value.name.as_str());
        let outputs = names.zip(&mut signature.outputs).map(|(name, spec)| {
            let (slot, fact) = compiler.output(name)?;
            settle(spec, &fact)?;
            Ok((slot, Arc::clone(&spec.name)))
        });
        let outputs = outputs.collect::<Result<Vec<_>, Unsupported>>()?;
        compiler.finish(outputs)
    }

    /// A plan of these parts.
    pub(crate) fn new(
        steps: Vec<Step>,
        constants: Vec<Tensor>,
        n_registers: usize,
        outputs: Vec<Output>,
    ) -> Self {
        let mut plan = Self { steps, constants, n_registers, outputs };
        plan.find_needs();
        plan
    }

    /// Finds for each register the outputs that depend on it, from the last step to the first.
    fn find_needs(&mut self) {
        let mut needs: Vec<OutputSet> = vec![0; self.n_registers];
        let need = |slot: Slot, outputs: OutputSet, needs: &mut Vec<OutputSet>| {
            if let Slot::Register(at) = slot {
                needs[at] |= outputs;
            }
        };
        for (at, output) in self.outputs.iter().enumerate() {
            need(output.slot, 1 << at, &mut needs);
        }
        for step in self.steps.iter_mut().rev() {
            let written = step.first_register..step.first_register + step.needed_for.len();
            step.needed_for.copy_from_slice(&needs[written]);
            let any = step.needed_for.iter().fold(0, |any, outputs| any | outputs);
            for &slot in &step.inputs {
                need(slot, any, &mut needs);
            }
        }
    }

    /// Runs the steps that the outputs in `wanted` need.
    pub(crate) fn run(
        &self,
        given: Given<'_>,
        wanted: OutputSet,
        registers: &mut [Buffer],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        for step in &self.steps {
            cancel.check()?;
            if step.needed_for.iter().all(|outputs| outputs & wanted == 0) {
                continue;
            }
            let (earlier, written) = registers.split_at_mut(step.first_register);
            let Given { inputs, outer } = given;
            let constants = &self.constants;
            let values = Values { inputs, constants, registers: earlier, outer, cancel };
            let inputs = Inputs { slots: &step.inputs, values };
            let outputs = Outputs { buffers: written, needed_for: &step.needed_for, wanted };
            step.op.run(inputs, outputs).map_err(|error| error.context(&step.place))?;
        }
        Ok(())
    }
}

/// Fills in what was found out about an output of the model, which must be of the declared type.
fn settle(spec: &mut TensorSpec, fact: &Fact) -> Result<(), Unsupported> {
    if fact.dtype != spec.dtype {
        let place = format!("output `{}`", spec.name);
        let what = format!("expected {}, got {}", spec.dtype, fact.dtype);
        return Err(Unsupported::new(place, what));
    }
    // What is declared for values behind loose ranks is not always what comes out.
    if let Some(found) = &fact.dims {
        let said = Some(&spec.dims).filter(|said| said.len() == found.len());
        let said = |axis: usize| said.and_then(|said| *said.get(axis)?);
        spec.dims =
            found.iter().enumerate().map(|(axis, dim)| dim.or_else(|| said(axis))).collect();
    }
    Ok(())
}
