//! From the nodes of a graph to the steps of a plan.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use radiant_core::{Cancel, Tensor};
use radiant_onnx::pb::{GraphProto, NodeProto};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::{self, Built, NodeContext, Op, Outputs};
use crate::plan::{Output, OutputSet, Plan, Step};
use crate::registers::{Buffer, Inputs, Slot, Values};

/// Refuses a node that wants more outputs than its operator gives.
fn check_outputs(node: &NodeProto, n_outputs: usize) -> Result<(), Unsupported> {
    if node.output.iter().skip(n_outputs).any(|name| !name.is_empty()) {
        let what = format!("more than {n_outputs} outputs are not supported");
        return Err(Unsupported::new(node.place(), what));
    }
    Ok(())
}

/// Versions of operator sets by domain.
type Opsets = Arc<BTreeMap<String, i64>>;

/// A plan in the making.
#[derive(Debug, Default)]
pub(crate) struct Compiler {
    opsets: Opsets,
    depth: usize,
    values: HashMap<String, (Slot, Fact)>,
    steps: Vec<Step>,
    constants: Vec<Tensor>,
    n_registers: usize,
}

impl Compiler {
    /// Nothing yet, with operators of these versions.
    pub(crate) fn new(opsets: Opsets) -> Self {
        Self { opsets, ..Self::default() }
    }

    /// Nothing yet, for a graph inside a node of this one.
    pub(crate) fn nested(&self) -> Self {
        Self { opsets: Arc::clone(&self.opsets), depth: self.depth + 1, ..Self::default() }
    }

    /// How many graphs are around this one.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Gives a value its name.
    pub(crate) fn give(&mut self, name: &str, slot: Slot, fact: Fact) {
        self.values.insert(name.to_owned(), (slot, fact));
    }

    /// Adds the constants and nodes of a graph, whose inputs have been given.
    pub(crate) fn graph(&mut self, graph: &GraphProto) -> Result<(), Unsupported> {
        for constant in &graph.initializer {
            self.constant(constant.name.clone(), radiant_onnx::tensor(constant)?);
        }
        for node in &graph.node {
            let opset = self.opsets.get(node.canonical_domain()).copied().unwrap_or(1);
            self.node(node, opset)?;
        }
        Ok(())
    }

    /// Where an output of the graph is, and what is known of it.
    pub(crate) fn output(&self, name: &str) -> Result<(Slot, Fact), Unsupported> {
        let missing = || Unsupported::new(format!("output `{name}`"), "there is no such value");
        self.values.get(name).cloned().ok_or_else(missing)
    }

    /// The plan for these outputs.
    pub(crate) fn finish(mut self, outputs: Vec<(Slot, Arc<str>)>) -> Result<Plan, Unsupported> {
        if outputs.len() > OutputSet::BITS as usize {
            return Err(Unsupported::new("graph", "more than 64 outputs are not supported"));
        }
        let slots: Vec<Slot> = outputs.iter().map(|(slot, _)| *slot).collect();
        let is_sole = |slot: Slot| slots.iter().filter(|other| **other == slot).count() == 1;
        let output = |(slot, name)| Output { name, slot, is_sole: is_sole(slot) };
        let outputs: Vec<Output> = outputs.into_iter().map(output).collect();
        self.drop_unread(&outputs);
        Ok(Plan::new(self.steps, self.constants, self.n_registers, outputs))
    }

    /// Adds a constant.
    pub(crate) fn constant(&mut self, name: String, tensor: Tensor) {
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

    /// Appends the value of this name to a node's inputs: `None` where it is left out, and of a map
    /// its keys and its values.
    fn input(&self, name: &str, inputs: &mut Vec<Option<(Slot, Fact)>>) -> Option<()> {
        let part = |part: &str| self.values.get(&format!("{name}.{part}")).cloned();
        match self.values.get(name) {
            None if name.is_empty() => inputs.push(None),
            None => inputs.extend([Some(part("keys")?), Some(part("values")?)]),
            value => inputs.push(value.cloned()),
        }
        Some(())
    }

    fn node(&mut self, node: &NodeProto, opset: i64) -> Result<(), Unsupported> {
        if node.canonical_domain().is_empty() && node.op_type == "Constant" {
            return self.constant_node(node);
        }
        let mut inputs = Vec::with_capacity(node.input.len());
        for name in &node.input {
            self.input(name, &mut inputs).ok_or_else(|| {
                Unsupported::new(node.place(), format!("input `{name}` has no value"))
            })?;
        }
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
            Built::Nested { op, captured, facts } => {
                check_outputs(node, facts.len())?;
                let slot = |input: &Option<(Slot, Fact)>| {
                    input.as_ref().map_or(Slot::Absent, |(slot, _)| *slot)
                };
                let slots = inputs.iter().map(slot).chain(captured).collect();
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
        let (constants, cancel) = (&self.constants, &Cancel::never());
        let values = Values { inputs: &[], constants, registers: &[], outer: &[], cancel };
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
        let Some(name) = node.output.first() else {
            return Err(Unsupported::new(node.place(), "there is no output"));
        };
        self.constant(name.clone(), op::constant(node)?);
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
}
