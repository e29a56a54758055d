//! What must hold of a graph before any engine sees it.
//!
//! Every value has one writer, which stands before its readers (so there is no cycle); every
//! constant fills its shape; every domain is declared; graphs in nodes take and give what their nodes
//! do ([`bodies`]); recurrent weights fit each other ([`recurrent`]), and so do all other shapes as
//! far as they can be inferred, and their sizes are bounded ([`infer`]).

mod bodies;
pub(crate) mod recurrent;
mod scope;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::elem::bytes_of;
use crate::pb::{GraphProto, NodeProto, TypeValue, ValueInfoProto};
use crate::{Limits, Model, OnnxError, infer, tensor};

use recurrent::check_recurrent;
use scope::{Scope, Value};

/// Checks a whole model.
pub(crate) fn check(model: &Model, limits: &Limits) -> Result<(), OnnxError> {
    if model.ir_version < 1 {
        return Err(OnnxError::invalid("model", "a file format version from 1", model.ir_version));
    }
    Walk { model, limits, n_nodes: 0 }.graph(&model.graph, None)?;
    infer::check(model, limits)
}

/// One pass over a model's nodes, in order.
struct Walk<'m> {
    model: &'m Model,
    limits: &'m Limits,
    n_nodes: u64,
}

impl Walk<'_> {
    fn graph(&mut self, graph: &GraphProto, outer: Option<&Scope<'_>>) -> Result<(), OnnxError> {
        let mut scope = Scope::new(outer);
        let mut n_bytes: u64 = 0;
        for input in &graph.input {
            let place = format!("input `{}`", input.name);
            n_bytes = n_bytes.saturating_add(self.declared(input, &place)?);
            let limit = self.limits.tensor_bytes_max;
            OnnxError::check_limit(&place, "bytes with the inputs before", limit, n_bytes)?;
            scope.define(&input.name, &place, Value::input(input))?;
        }
        if let Some(sparse) = graph.sparse_initializer.first() {
            let name = sparse.values.as_ref().map_or("", |values| &values.name);
            let place = format_args!("constant `{name}`");
            return Err(OnnxError::unsupported(place, "a sparse constant"));
        }
        for constant in &graph.initializer {
            let place = format!("constant `{}`", constant.name);
            tensor::check(constant, &place, self.limits)?;
            scope.define(&constant.name, &place, Value::constant(constant))?;
        }
        for value in &graph.value_info {
            self.declared(value, &format!("value `{}`", value.name))?;
        }
        scope.declare(graph);
        for node in &graph.node {
            self.node(node, &mut scope)?;
        }
        for output in &graph.output {
            let place = format!("output `{}`", output.name);
            self.declared(output, &place)?;
            if scope.get(&output.name).is_none() {
                return Err(OnnxError::invalid(place, "a value of the graph", "none of that name"));
            }
        }
        Ok(())
    }

    fn node<'a>(&mut self, node: &'a NodeProto, scope: &mut Scope<'a>) -> Result<(), OnnxError> {
        self.n_nodes = self.n_nodes.saturating_add(1);
        let limit = self.limits.nodes_max as u64;
        OnnxError::check_limit("graph", "nodes", limit, self.n_nodes)?;
        let place = node.place();
        if node.op_type.is_empty() {
            return Err(OnnxError::invalid(place, "an operator", "none"));
        }
        if self.model.opset(&node.domain).is_none() {
            let known: Vec<_> = self.model.opsets.keys().map(|key| format!("`{key}`")).collect();
            let expected = format_args!("a domain among {}", known.join(", "));
            return Err(OnnxError::invalid(place, expected, format_args!("`{}`", node.domain)));
        }
        for name in node.input.iter().filter(|name| !name.is_empty()) {
            if scope.get(name).is_none() {
                let expected = format_args!("input `{name}` to be defined before");
                return Err(OnnxError::invalid(place, expected, "no such value"));
            }
        }
        bodies::check(node, self.model)?;
        self.attributes(node, scope)?;
        check_recurrent(node, |name| scope.get(name)?.dims.clone())?;
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            scope.define(name, node.place(), Value::default())?;
        }
        Ok(())
    }

    fn attributes(&mut self, node: &NodeProto, scope: &Scope<'_>) -> Result<(), OnnxError> {
        let mut names = HashSet::new();
        for attribute in &node.attribute {
            let place = || format!("{}: attribute `{}`", node.place(), attribute.name);
            if !attribute.ref_attr_name.is_empty() {
                return Err(OnnxError::unsupported(place(), "a reference to another attribute"));
            }
            if !names.insert(&attribute.name) {
                return Err(OnnxError::invalid(place(), "one value", "another one"));
            }
            for constant in attribute.t.iter().chain(&attribute.tensors) {
                tensor::check(constant, place(), self.limits)?;
            }
        }
        node.graphs().try_for_each(|graph| self.graph(graph, Some(scope)))
    }

    /// Checks a declared shape: the extents that are known must not ask for too much. The bytes that
    /// they ask for.
    fn declared(&self, value: &ValueInfoProto, place: &str) -> Result<u64, OnnxError> {
        let r#type = value.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
        let Some(TypeValue::TensorType(tensor)) = r#type else { return Ok(0) };
        let Some(shape) = &tensor.shape else { return Ok(0) };
        let rank = shape.dim.len() as u64;
        OnnxError::check_limit(place, "axes", self.limits.rank_max as u64, rank)?;
        let known = crate::signature::dims(shape).into_iter().flatten().filter(|&dim| dim > 0);
        let n_elements = known.fold(1, |n: u64, dim| n.saturating_mul(dim as u64));
        OnnxError::check_limit(place, "elements", self.limits.tensor_elements_max, n_elements)?;
        let bytes = bytes_of(tensor.elem_type, n_elements);
        OnnxError::check_limit(place, "bytes", self.limits.tensor_bytes_max, bytes)?;
        Ok(bytes)
    }
}
