//! Names of values, and what is known of each.

use std::collections::HashMap;
use std::fmt;

use crate::OnnxError;
use crate::pb::{GraphProto, TensorProto, TypeValue, ValueInfoProto};
use crate::signature::dims;

/// What is known of a value before anything runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Value {
    /// The extents, if the rank is known; each `None` where it is not.
    pub(crate) dims: Option<Vec<Option<usize>>>,
    /// Whether it is a constant.
    is_constant: bool,
    /// Whether it is an input of its graph, which a constant may give a default value.
    pub(crate) is_input: bool,
}

impl Value {
    /// An input of the type that the file declares.
    pub(crate) fn input(value: &ValueInfoProto) -> Self {
        Self { dims: declared(value), is_input: true, ..Self::default() }
    }

    /// A constant, which has been checked.
    pub(crate) fn constant(constant: &TensorProto) -> Self {
        let dims = constant.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        Self { dims: Some(dims), is_constant: true, is_input: false }
    }
}

/// The extents that the file declares for a tensor.
fn declared(value: &ValueInfoProto) -> Option<Vec<Option<usize>>> {
    match value.r#type.as_ref()?.value.as_ref()? {
        TypeValue::TensorType(tensor) => tensor.shape.as_ref().map(dims),
        _ => None,
    }
}

/// The values of one graph, and those of the graphs around it.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    outer: Option<&'a Self>,
    values: HashMap<&'a str, Value>,
    /// Shapes that the file declares for values that nodes give.
    declared: HashMap<&'a str, Vec<Option<usize>>>,
}

impl<'a> Scope<'a> {
    /// An empty scope inside another.
    pub(crate) fn new(outer: Option<&'a Self>) -> Self {
        Self { outer, values: HashMap::new(), declared: HashMap::new() }
    }

    /// Remembers the shapes that `graph` declares for intermediate values and outputs.
    pub(crate) fn declare(&mut self, graph: &'a GraphProto) {
        for value in graph.value_info.iter().chain(&graph.output) {
            if let Some(dims) = declared(value) {
                self.declared.insert(&value.name, dims);
            }
        }
    }

    /// Adds a value. Its name must be new in this graph, or a constant's be that of an input.
    pub(crate) fn define(
        &mut self,
        name: &'a str,
        place: impl fmt::Display,
        mut value: Value,
    ) -> Result<(), OnnxError> {
        if value.dims.is_none() {
            value.dims = self.declared.get(name).cloned();
        }
        if name.is_empty() {
            return Err(OnnxError::invalid(place, "a name", "none"));
        }
        let is_constant = value.is_constant;
        let earlier = self.values.insert(name, value);
        if earlier.is_none_or(|earlier| earlier.is_input && is_constant) {
            return Ok(());
        }
        let got = format_args!("`{name}` for a second time");
        Err(OnnxError::invalid(place, "a new value name", got))
    }

    /// What is known of a value of this graph or one around it; `None` if there is no such value.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let mut scope = self;
        loop {
            if let Some(value) = scope.values.get(name) {
                return Some(value);
            }
            scope = scope.outer?;
        }
    }
}
