//! A graph compiled to a list of steps.
//!
//! Element types and ranks are settled here, once, so that a step never has to ask. Each step knows
//! for which of the model's outputs it is needed, and a run leaves out the others. A step writes
//! registers that come after all it reads.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use radiant_core::{Cancel, Error, Signature, Tensor};
use radiant_onnx::Model;
use radiant_onnx::pb::NodeProto;

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::{self, Built, NodeContext, Op, Outputs};
use crate::registers::{Buffer, Inputs, Slot, Values, View};

/// Some of the model's outputs, as a set of bits.
pub(crate) type OutputSet = u64;

/// One operator to run.
struct Step {
    op: Box<dyn Op>,
    /// The node, for errors.
    place: String,
    inputs: Vec<Slot>,
    /// The first of the registers that the step writes, one after the other.
    first_register: usize,
    /// For which outputs of the model each of the registers is needed.
    needed_for: Vec<OutputSet>,
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
        if signature.outputs.len() > OutputSet::BITS as usize {
            return Err(Unsupported::new("graph", "more than 64 outputs are not supported"));
        }
        let mut compiler = Compiler::default();
        for (at, input) in signature.inputs.iter().enumerate() {
            let fact = Fact::new(input.dtype, &input.dims);
            compiler.values.insert(input.name.to_string(), (Slot::Input(at), fact));
        }
        for constant in &model.graph.initializer {
            compiler.constant(constant.name.clone(), radiant_onnx::tensor(constant)?);
        }
        for node in &model.graph.node {
            compiler.node(node, model.opset(&node.domain).unwrap_or(1))?;
        }
        let outputs = compiler.outputs(model, signature)?;
        compiler.drop_unread(&outputs);
        let mut plan = Self {
            steps: compiler.steps,
            constants: compiler.constants,
            n_registers: compiler.n_registers,
            outputs,
        };
        plan.find_needs();
        Ok(plan)
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
            let values = Values { inputs, constants: &self.constants, registers: earlier, outer };
            let inputs = Inputs { slots: &step.inputs, values };
            let outputs = Outputs { buffers: written, needed_for: &step.needed_for, wanted };
            step.op.run(inputs, outputs).map_err(|error| error.context(&step.place))?;
        }
        Ok(())
    }
}

/// Refuses a node that wants more outputs than its operator gives.
fn check_outputs(node: &NodeProto, n_outputs: usize) -> Result<(), Unsupported> {
    if node.output.iter().skip(n_outputs).any(|name| !name.is_empty()) {
        let what = format!("more than {n_outputs} outputs are not supported");
        return Err(Unsupported::new(node.place(), what));
    }
    Ok(())
}

/// A plan in the making.
#[derive(Debug, Default)]
pub(crate) struct Compiler {
    values: HashMap<String, (Slot, Fact)>,
    steps: Vec<Step>,
    constants: Vec<Tensor>,
    n_registers: usize,
}

impl Compiler {
    fn constant(&mut self, name: String, tensor: Tensor) {
        let dims: Vec<_> = tensor.shape.dims().iter().map(|&dim| Some(dim)).collect();
        let fact = Fact::new(tensor.dtype(), &dims);
        self.values.insert(name, (Slot::Constant(self.constants.len()), fact));
        self.constants.push(tensor);
    }

    /// The tensor in a slot, if it is known now.
    pub(crate) fn constant_at(&self, slot: Slot) -> Option<&Tensor> {
        match slot {
            Slot::Constant(at) => self.constants.get(at),
            _ => None,
        }
    }

    fn node(&mut self, node: &NodeProto, opset: i64) -> Result<(), Unsupported> {
        if node.canonical_domain().is_empty() && node.op_type == "Constant" {
            return self.constant_node(node);
        }
        let input = |name: &String| match self.values.get(name) {
            None if !name.is_empty() => {
                Err(Unsupported::new(node.place(), format!("input `{name}` has no value")))
            }
            value => Ok(value.cloned()),
        };
        let inputs = node.input.iter().map(input).collect::<Result<_, _>>()?;
        let mut context = NodeContext { node, opset, inputs, compiler: self };
        let built = op::build(&mut context)?;
        let inputs = context.inputs;
        let results: Vec<(Slot, Fact)> = match built {
            Built::Alias(at) => {
                check_outputs(node, 1)?;
                inputs.get(at).cloned().flatten().into_iter().collect()
            }
            Built::Step { op, reads, facts } => {
                let read = |at: &usize| inputs.get(*at)?.as_ref().map(|(slot, _)| *slot);
                check_outputs(node, facts.len())?;
                let slots: Vec<_> =
                    reads.iter().map(|at| read(at).unwrap_or(Slot::Absent)).collect();
                if slots.iter().all(|slot| matches!(slot, Slot::Constant(_) | Slot::Absent)) {
                    return self.fold(node, &*op, &slots, facts.len());
                }
                let first = self.step(op, node.place().to_string(), slots, facts.len());
                let slot = |(at, fact)| (Slot::Register(first + at), fact);
                facts.into_iter().enumerate().map(slot).collect()
            }
        };
        for (name, result) in node.output.iter().zip(results) {
            self.values.insert(name.clone(), result);
        }
        Ok(())
    }

    /// Computes a node whose inputs are all known now.
    fn fold(
        &mut self,
        node: &NodeProto,
        op: &dyn Op,
        slots: &[Slot],
        n_outputs: usize,
    ) -> Result<(), Unsupported> {
        let mut buffers: Vec<Buffer> =
            std::iter::repeat_with(Buffer::default).take(n_outputs).collect();
        let values = Values { inputs: &[], constants: &self.constants, registers: &[], outer: &[] };
        let needed_for = vec![1; n_outputs];
        let outputs = Outputs { buffers: &mut buffers, needed_for: &needed_for, wanted: 1 };
        op.run(Inputs { slots, values }, outputs).map_err(|error| {
            Unsupported::new(node.place(), format!("it fails on its constants: {error}"))
        })?;
        for (name, Buffer { shape, data }) in node.output.iter().zip(buffers) {
            self.constant(name.clone(), Tensor { name: "".into(), shape, data });
        }
        Ok(())
    }

    fn constant_node(&mut self, node: &NodeProto) -> Result<(), Unsupported> {
        let (Some(value), Some(name)) = (node.tensor("value")?, node.output.first()) else {
            return Err(Unsupported::new(node.place(), "only attribute `value` is supported"));
        };
        self.constant(name.clone(), radiant_onnx::tensor(value)?);
        Ok(())
    }

    /// Adds a step and returns its first register.
    pub(crate) fn step(
        &mut self,
        op: Box<dyn Op>,
        place: String,
        inputs: Vec<Slot>,
        n_outputs: usize,
    ) -> usize {
        let first_register = self.n_registers;
        self.n_registers += n_outputs;
        let needed_for = vec![0; n_outputs];
        self.steps.push(Step { op, place, inputs, first_register, needed_for });
        first_register
    }

    /// Drops the elements of constants that no step reads: an operator that lays weights out anew
    /// keeps the only copy.
    fn drop_unread(&mut self, outputs: &[Output]) {
        let mut is_read = vec![false; self.constants.len()];
        let read = self.steps.iter().flat_map(|step| step.inputs.iter().copied());
        for slot in read.chain(outputs.iter().map(|output| output.slot)) {
            if let Slot::Constant(at) = slot
                && let Some(is_read) = is_read.get_mut(at)
            {
                *is_read = true;
            }
        }
        for (constant, _) in
            self.constants.iter_mut().zip(&is_read).filter(|(_, is_read)| !**is_read)
        {
            *constant = Tensor::default();
        }
    }

    fn outputs(
        &self,
        model: &Model,
        signature: &mut Signature,
    ) -> Result<Vec<Output>, Unsupported> {
        let mut slots = Vec::new();
        for (value, spec) in model.graph.output.iter().zip(&mut signature.outputs) {
            let place = format!("output `{}`", spec.name);
            let Some((slot, fact)) = self.values.get(&value.name) else {
                return Err(Unsupported::new(place, "there is no such value"));
            };
            if fact.dtype != spec.dtype {
                let (expected, got) = (spec.dtype, fact.dtype);
                return Err(Unsupported::new(place, format!("expected {expected}, got {got}")));
            }
            // What is declared for values behind loose ranks is not always what comes out.
            if let Some(found) = &fact.dims {
                let said = Some(&spec.dims).filter(|said| said.len() == found.len());
                let said = |axis: usize| said.and_then(|said| *said.get(axis)?);
                spec.dims = found
                    .iter()
                    .enumerate()
                    .map(|(axis, dim)| dim.or_else(|| said(axis)))
                    .collect();
            }
            slots.push((*slot, Arc::clone(&spec.name)));
        }
        let is_sole = |slot: Slot| slots.iter().filter(|(other, _)| *other == slot).count() == 1;
        let output = |(slot, name): &(Slot, Arc<str>)| Output {
            name: Arc::clone(name),
            slot: *slot,
            is_sole: is_sole(*slot),
        };
        Ok(slots.iter().map(output).collect())
    }
}
