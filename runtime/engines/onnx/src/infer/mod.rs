//! Element types and shapes of a graph's values, inferred before anything runs.
//!
//! The rules are those of the ONNX operator specification (operator sets 7 to 26 and `ai.onnx.ml` 1
//! to 5). They are conservative: an operator or attribute that is not known here makes its outputs
//! unknown and is no error, and two shapes contradict each other only where both extents are known.
//! Shapes that a file declares are believed for inputs only: tools that change a graph often leave
//! those of intermediate values as they were.
//!
//! Graphs nested in nodes are followed for `If`, leniently: the branch that is never taken may well
//! contradict itself.

pub(crate) mod dim;
mod elementwise;
pub(crate) mod index;
pub(crate) mod layout;
pub(crate) mod linear;
mod ml;
mod numbers;
pub(crate) mod op;
pub(crate) mod reduce;
mod sequence;
pub(crate) mod spatial;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use radiant_core::DType;

use crate::pb::{DimensionValue, GraphProto, NodeProto, TypeProto, TypeValue, ValueInfoProto};
use crate::{Limits, Model, OnnxError, dtype_of};

use dim::{Dim, Symbols};
use op::{Info, N_INTS_MAX, Op, Stop};

/// What is known of the values of a graph; values of nested graphs are not among them.
#[derive(Debug, Clone)]
pub struct Shapes {
    facts: HashMap<String, Fact>,
    symbols: Symbols,
}

/// What is known of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The element type; `None` where it is unknown, or none of the server's.
    pub dtype: Option<DType>,
    /// The extents, where the number of axes is known.
    pub dims: Option<Vec<Dim>>,
}

impl Shapes {
    /// What is known of a value.
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.facts.get(name)
    }

    /// The extents of a value as a signature has them, where the number of axes is known.
    pub fn known_dims(&self, name: &str) -> Option<Vec<Option<usize>>> {
        let dims = self.get(name)?.dims.as_ref()?;
        Some(dims.iter().map(|dim| dim.known()).collect())
    }

    /// The name that the graph's inputs give to the axes of a symbol.
    pub fn symbol_name(&self, symbol: u32) -> Option<&str> {
        self.symbols.name(symbol)
    }
}

impl Model {
    /// Infers element types and shapes.
    ///
    /// An unknown first axis of an input is [`Dim::BATCH`] in all inputs alike. Axes of inputs that
    /// the file gives the same name are the same symbol.
    ///
    /// Cost: linear in the number of nodes.
    pub fn shapes(&self) -> Shapes {
        let inferred = infer(self);
        let fact = |info: Info<'_>| Fact { dtype: dtype_of(info.elem), dims: info.dims };
        let values = inferred.values.into_iter();
        let facts = values.map(|(name, info)| (name.to_owned(), fact(info))).collect();
        Shapes { facts, symbols: inferred.symbols }
    }
}

/// What is known of all values of the outermost graph.
pub(crate) struct Inferred<'m> {
    pub(crate) values: HashMap<&'m str, Info<'m>>,
    pub(crate) symbols: Symbols,
}

/// Infers what can be inferred, and passes over what contradicts itself.
pub(crate) fn infer(model: &Model) -> Inferred<'_> {
    let mut walk = Walk::new(model, None);
    // Invariant: without limits nothing is an error.
    let values = walk.graph(&model.graph, None).unwrap_or_default();
    Inferred { values, symbols: walk.symbols }
}

/// Refuses a model whose shapes cannot be right.
///
/// # Errors
/// [`OnnxError::Invalid`] where two shapes contradict each other, and [`OnnxError::TooLarge`] where
/// a node's output would be beyond `limits`.
pub(crate) fn check(model: &Model, limits: &Limits) -> Result<(), OnnxError> {
    Walk::new(model, Some(limits)).graph(&model.graph, None).map(drop)
}

/// Shapes and small values of one graph have at most this many elements together, which bounds the
/// memory that a hostile file can ask for; the values after that are unknown.
const N_ENTRIES_MAX: usize = 4 << 20;

struct Walk<'m> {
    model: &'m Model,
    /// What may not be exceeded, where contradictions are errors.
    limits: Option<&'m Limits>,
    symbols: Symbols,
    n_entries_left: usize,
}

/// Values of a graph and those around it.
struct Scope<'s, 'm> {
    values: HashMap<&'m str, Info<'m>>,
    outer: Option<&'s Self>,
}

impl<'m> Scope<'_, 'm> {
    fn get(&self, name: &str) -> Option<&Info<'m>> {
        let mut scope = self;
        loop {
            if let Some(info) = scope.values.get(name) {
                return Some(info);
            }
            scope = scope.outer?;
        }
    }
}

impl<'m> Walk<'m> {
    fn new(model: &'m Model, limits: Option<&'m Limits>) -> Self {
        Self { model, limits, symbols: Symbols::new(), n_entries_left: N_ENTRIES_MAX }
    }

    fn graph(
        &mut self,
        graph: &'m GraphProto,
        outer: Option<&Scope<'_, 'm>>,
    ) -> Result<HashMap<&'m str, Info<'m>>, OnnxError> {
        let mut scope = Scope { values: HashMap::new(), outer };
        let batch_names = if outer.is_none() { batch_names(graph) } else { HashSet::new() };
        for input in &graph.input {
            let batch_names = outer.is_none().then_some(&batch_names);
            let info = self.declared(input.r#type.as_ref(), batch_names);
            self.define(&mut scope, &input.name, info);
        }
        for constant in &graph.initializer {
            self.define(&mut scope, &constant.name, Info::constant(constant));
        }
        let mut seen = HashSet::new();
        for node in &graph.node {
            let outputs = self.node(node, &scope)?;
            let given = node.output.iter().zip(outputs);
            for (name, info) in given.filter(|(name, _)| !name.is_empty() && seen.insert(*name)) {
                self.too_large(node, &info)?;
                self.define(&mut scope, name, info);
            }
        }
        Ok(scope.values)
    }

    /// What the file declares for an input; `batch_names` is there for those of the whole model.
    fn declared(
        &mut self,
        r#type: Option<&'m TypeProto>,
        batch_names: Option<&HashSet<&str>>,
    ) -> Info<'m> {
        let value = r#type.and_then(|r#type| r#type.value.as_ref());
        let Some(TypeValue::TensorType(tensor)) = value else { return Info::default() };
        let Some(shape) = &tensor.shape else { return Info::of_type(tensor.elem_type) };
        let dims = shape.dim.iter().enumerate().map(|(axis, dim)| match &dim.value {
            Some(DimensionValue::DimValue(extent)) if *extent >= 0 => {
                usize::try_from(*extent).map_or_else(|_error| self.symbols.fresh(), Dim::Known)
            }
            _ if axis == 0 && batch_names.is_some() => Dim::BATCH,
            value => match axis_name(value.as_ref()) {
                Some(name) if batch_names.is_some_and(|names| names.contains(name)) => Dim::BATCH,
                Some(name) => self.symbols.named(name),
                None => self.symbols.fresh(),
            },
        });
        Info::new(tensor.elem_type, dims.collect())
    }

    fn define(&mut self, scope: &mut Scope<'_, 'm>, name: &'m str, mut info: Info<'m>) {
        let rank = info.dims.as_ref().map_or(0, Vec::len);
        let n_ints = info.ints.as_ref().map_or(0, Vec::len);
        let left = self.n_entries_left.checked_sub(rank.saturating_add(n_ints));
        match left.filter(|_| rank <= N_INTS_MAX && n_ints <= N_INTS_MAX) {
            Some(left) => self.n_entries_left = left,
            None => info = Info { dims: None, ints: None, ..info },
        }
        scope.values.insert(name, info);
    }

    /// What a node gives.
    fn node(
        &mut self,
        node: &'m NodeProto,
        scope: &Scope<'_, 'm>,
    ) -> Result<Vec<Info<'m>>, OnnxError> {
        if node.canonical_domain() == "" && node.op_type == "If" {
            return Ok(self.branches(node, scope));
        }
        let inputs = node.input.iter().map(|name| scope.get(name)).collect();
        let opset = self.model.opset(&node.domain).unwrap_or(0);
        let mut op = Op { node, inputs, opset, symbols: &mut self.symbols };
        match table::infer(&mut op) {
            Ok(mut outputs) => {
                numbers::follow(&mut op, &mut outputs);
                Ok(outputs)
            }
            Err(Stop::Contradiction(error)) if self.limits.is_some() => Err(*error),
            Err(Stop::Contradiction(_) | Stop::Unknown) => Ok(Vec::new()),
        }
    }

    /// What both branches of an `If` agree on.
    fn branches(&mut self, node: &'m NodeProto, scope: &Scope<'_, 'm>) -> Vec<Info<'m>> {
        let limits = self.limits.take();
        let mut joined: Option<Vec<Info<'m>>> = None;
        for graph in node.graphs() {
            let inner = self.graph(graph, Some(scope)).unwrap_or_default();
            let inner = Scope { values: inner, outer: Some(scope) };
            let outputs = graph.output.iter();
            let outputs: Vec<_> = outputs
                .map(|output| inner.get(&output.name).cloned().unwrap_or_default())
                .collect();
            joined = Some(match joined {
                None => outputs,
                Some(others) => {
                    others.into_iter().zip(outputs).map(|(a, b)| self.join(a, &b)).collect()
                }
            });
        }
        self.limits = limits;
        let joined = joined.unwrap_or_default().into_iter();
        joined.map(|info| Info { ints: None, constant: None, ..info }).collect()
    }

    fn join(&mut self, a: Info<'m>, b: &Info<'m>) -> Info<'m> {
        let elem = if a.elem == b.elem { a.elem } else { 0 };
        let dims = match (a.dims, &b.dims) {
            (Some(a), Some(b)) if a.len() == b.len() => {
                let extents = a.into_iter().zip(b);
                Some(extents.map(|(a, b)| if a == *b { a } else { self.symbols.fresh() }).collect())
            }
            _ => None,
        };
        Info { elem, dims, ..Info::default() }
    }

    /// Refuses a value of known shape that is too large for any request to be answered.
    fn too_large(&self, node: &NodeProto, info: &Info<'_>) -> Result<(), OnnxError> {
        let Some((limits, dims)) = self.limits.zip(info.dims.as_ref()) else { return Ok(()) };
        let known: Option<Vec<usize>> = dims.iter().map(|dim| dim.known()).collect();
        let Some(known) = known.filter(|known| !known.contains(&0)) else { return Ok(()) };
        let n_elements = known.iter().fold(1_u64, |n, &dim| n.saturating_mul(dim as u64));
        OnnxError::check_limit(node.place(), "elements", limits.tensor_elements_max, n_elements)
    }
}

/// The name that the file gives to an axis. Names that exporters make up for unknown axes mean
/// nothing.
fn axis_name(value: Option<&DimensionValue>) -> Option<&str> {
    match value? {
        DimensionValue::DimParam(name) if name.is_empty() || name == "?" => None,
        DimensionValue::DimParam(name) if name.starts_with("unk__") => None,
        DimensionValue::DimParam(name) => Some(name),
        DimensionValue::DimValue(_) => None,
    }
}

/// The names of the inputs' first axes.
fn batch_names(graph: &GraphProto) -> HashSet<&str> {
    graph.input.iter().filter_map(first_name).collect()
}

fn first_name(input: &ValueInfoProto) -> Option<&str> {
    match input.r#type.as_ref()?.value.as_ref()? {
        TypeValue::TensorType(tensor) => {
            axis_name(tensor.shape.as_ref()?.dim.first()?.value.as_ref())
        }
        _ => None,
    }
}
