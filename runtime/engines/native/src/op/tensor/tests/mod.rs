//! Nodes against onnxruntime's answers (`testdata/tensor/make.py`), and what is refused.

mod answers;
mod refusals;

use std::sync::Arc;

use radiant_core::{Cancel, Tensor};
use radiant_onnx::pb::{AttributeProto, AttributeType, GraphProto, NodeProto};

use crate::compiler::Compiler;
use crate::fact::Fact;
use crate::plan::Given;
use crate::registers::{Slot, Values, copy, with_registers};

/// How much of an input is known when a node is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knowledge {
    Type,
    Rank,
    Shape,
    Constant,
}

/// An attribute of integers or of one.
fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i: value,
        ..AttributeProto::default()
    }
}

fn string(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::String as i32,
        s: value.as_bytes().to_vec(),
        ..AttributeProto::default()
    }
}

/// One node with its inputs.
#[derive(Debug, Clone)]
struct Case {
    node: NodeProto,
    opset: i64,
    inputs: Vec<Option<Tensor>>,
}

impl Case {
    fn new(operator: &str, opset: i64, inputs: Vec<Tensor>) -> Self {
        let inputs = inputs.into_iter().map(Some).collect();
        Self::with_absent(operator, opset, inputs, 1)
    }

    fn with_absent(
        operator: &str,
        opset: i64,
        inputs: Vec<Option<Tensor>>,
        n_outputs: usize,
    ) -> Self {
        let name = |(at, input): (usize, &Option<Tensor>)| match input {
            Some(_) => format!("x{at}"),
            None => String::new(),
        };
        let node = NodeProto {
            op_type: operator.to_owned(),
            input: inputs.iter().enumerate().map(name).collect(),
            output: (0..n_outputs).map(|at| format!("y{at}")).collect(),
            ..NodeProto::default()
        };
        Self { node, opset, inputs }
    }

    fn attribute(mut self, attribute: AttributeProto) -> Self {
        self.node.attribute.push(attribute);
        self
    }

    /// Runs the node twice in a row, and tells what was known of the outputs and what they are.
    ///
    /// `knowledge` is of the inputs after the first, of which the shape is known where theirs is.
    fn run(&self, knowledge: Knowledge) -> Result<Vec<(Fact, Tensor)>, String> {
        let opsets = std::iter::once((String::new(), self.opset)).collect();
        let mut compiler = Compiler::new(Arc::new(opsets));
        let mut inputs = Vec::new();
        for (at, tensor) in self.inputs.iter().enumerate() {
            let name = format!("x{at}");
            let Some(tensor) = tensor.clone() else { continue };
            let dims: Vec<_> = tensor.shape.dims().iter().map(|&dim| Some(dim)).collect();
            let fact = match knowledge {
                Knowledge::Constant if at > 0 => {
                    compiler.constant(name, tensor);
                    continue;
                }
                Knowledge::Type => Fact::of(tensor.dtype()),
                Knowledge::Rank => Fact::new(tensor.dtype(), &vec![None; dims.len()]),
                Knowledge::Shape | Knowledge::Constant => Fact::new(tensor.dtype(), &dims),
            };
            compiler.give(&name, Slot::Input(inputs.len()), fact);
            inputs.push(tensor);
        }
        let graph = GraphProto { node: vec![self.node.clone()], ..GraphProto::default() };
        compiler.graph(&graph).map_err(|error| error.to_string())?;
        let names = self.node.output.iter().filter(|name| !name.is_empty());
        let outputs: Result<Vec<_>, _> = names.map(|name| compiler.output(name)).collect();
        let outputs = outputs.map_err(|error| error.to_string())?;
        let slots = outputs.iter().map(|(slot, _)| (*slot, Arc::from(""))).collect();
        let plan = compiler.finish(slots).map_err(|error| error.to_string())?;
        let cancel = Cancel::never();
        let tensors = with_registers(plan.n_registers, |registers| {
            let given = Given { inputs: &inputs, outer: &[] };
            for _ in 0..2 {
                plan.run(given, u64::MAX, registers, &cancel).map_err(|error| error.to_string())?;
            }
            let constants = &plan.constants;
            let values =
                Values { inputs: &inputs, constants, registers, outer: &[], cancel: &cancel };
            let tensor = |(slot, _): &(Slot, Fact)| {
                let view = values.get(*slot).ok_or("there is no value")?;
                let mut tensor = Tensor { shape: view.shape.clone(), ..Tensor::default() };
                copy(view.data, &mut tensor.data);
                Ok::<_, String>(tensor)
            };
            outputs.iter().map(tensor).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(outputs.into_iter().map(|(_, fact)| fact).zip(tensors).collect())
    }

    /// The first output, with nothing but types known before.
    fn answer(&self) -> Result<Tensor, String> {
        self.run(Knowledge::Type).map(|mut outputs| outputs.swap_remove(0).1)
    }

    /// Why it does not run, once known types only and once all that can be.
    fn refusal(&self) -> String {
        let error = self.run(Knowledge::Type).unwrap_err();
        self.run(Knowledge::Constant).unwrap_err();
        error
    }
}
