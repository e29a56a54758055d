//! A graph inside a node, compiled to a plan of its own.
//!
//! It reads the names of the graphs around it. Small constants among them are copied, so that its
//! operators can be built with them; other values are passed to each run.

use std::collections::BTreeSet;

use radiant_core::{Error, Tensor, TensorData};
use radiant_onnx::pb::GraphProto;

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::NodeContext;
use crate::plan::{Given, OutputSet, Plan};
use crate::registers::{Slot, Values, View, copy, with_registers};

/// Constants of at most so many elements are copied into a body.
const COPIED_ELEMENTS_MAX: usize = 1024;

/// How deep graphs may be nested.
const DEPTH_MAX: usize = 16;

/// A compiled graph inside a node.
#[derive(Debug)]
pub(super) struct Body {
    plan: Plan,
    /// What is known of its outputs.
    pub(super) facts: Vec<Fact>,
    /// The values around it that it reads, in the order of its outer values.
    pub(super) captured: Vec<Slot>,
}

impl Body {
    /// Compiles the graph in an attribute, whose inputs are like `inputs`.
    pub(super) fn compile(
        context: &NodeContext<'_>,
        attribute: &str,
        inputs: &[Fact],
    ) -> Result<Self, Unsupported> {
        let graph = context.node.attribute(attribute).and_then(|attribute| attribute.g.as_ref());
        let graph = graph
            .ok_or_else(|| context.refuse(format!("attribute `{attribute}`: there is no graph")))?;
        if graph.input.len() != inputs.len() {
            let (expected, got) = (inputs.len(), graph.input.len());
            let what = format!("attribute `{attribute}`: expected {expected} inputs, got {got}");
            return Err(context.refuse(what));
        }
        let mut compiler = context.compiler.nested();
        if compiler.depth() > DEPTH_MAX {
            return Err(context.refuse(format!("graphs nested deeper than {DEPTH_MAX}")));
        }
        let mut captured = Vec::new();
        for name in free_names(graph) {
            let Ok((slot, fact)) = context.compiler.output(name) else { continue };
            match context.compiler.constant_at(slot) {
                Some(tensor) if tensor.data.len() <= COPIED_ELEMENTS_MAX => {
                    compiler.constant(name.to_owned(), tensor.clone());
                }
                _ => {
                    compiler.give(name, Slot::Outer(captured.len()), fact);
                    captured.push(slot);
                }
            }
        }
        for (at, (value, fact)) in graph.input.iter().zip(inputs).enumerate() {
            compiler.give(&value.name, Slot::Input(at), fact.clone());
        }
        compiler.graph(graph)?;
        let outputs = graph.output.iter().map(|value| compiler.output(&value.name));
        let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
        let facts = outputs.iter().map(|(_, fact)| fact.clone()).collect();
        let outputs = outputs.into_iter().map(|(slot, _)| (slot, "".into())).collect();
        Ok(Self { plan: compiler.finish(outputs)?, facts, captured })
    }

    /// Runs the graph and shows each of its outputs, in order, to `take`.
    pub(super) fn run(
        &self,
        inputs: &[Tensor],
        outer: &[View<'_>],
        around: Values<'_>,
        mut take: impl FnMut(usize, View<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let all = (0..self.plan.outputs.len()).fold(0, |set: OutputSet, at| set | 1 << at);
        with_registers(self.plan.n_registers, |registers| {
            self.plan.run(Given { inputs, outer }, all, registers, around.cancel)?;
            let (constants, cancel) = (&self.plan.constants, around.cancel);
            let values = Values { inputs, constants, registers, outer, cancel };
            for (at, output) in self.plan.outputs.iter().enumerate() {
                let missing = || Error::internal(format!("output {at} of a graph has no value"));
                take(at, values.get(output.slot).ok_or_else(missing)?)?;
            }
            Ok(())
        })
    }
}

/// Names that a graph, or one inside it, reads and does not define.
fn free_names(graph: &GraphProto) -> BTreeSet<&str> {
    let mut free = BTreeSet::new();
    // One level at a time: the graphs inside see the names of those around them.
    let mut graphs = vec![graph];
    while let Some(graph) = graphs.pop() {
        for node in &graph.node {
            free.extend(node.input.iter().map(String::as_str).filter(|name| !name.is_empty()));
            graphs.extend(node.graphs());
        }
        free.extend(graph.output.iter().map(|value| value.name.as_str()));
    }
    free
}

/// Copies a value into a tensor, keeping its allocation.
pub(super) fn set(tensor: &mut Tensor, view: View<'_>) {
    tensor.shape.set(view.shape.dims());
    copy(view.data, &mut tensor.data);
}

/// The one flag that a condition is.
pub(super) fn flag(view: View<'_>) -> Result<bool, Error> {
    match view.data {
        TensorData::Bool(values) => match values[..] {
            [value] => Ok(value),
            _ => Err(Error::model_failed(format!("expected one condition, got {}", values.len()))),
        },
        other => {
            Err(Error::model_failed(format!("expected a BOOL condition, got {}", other.dtype())))
        }
    }
}
