//! Element types and shapes of a graph's values, inferred before anything runs.
//!
//! The rules are those of the ONNX operator specification (operator sets 7 to 26 and `ai.onnx.ml` 1
//! to 5). They are conservative: an operator or attribute that is not known here makes its outputs
//! unknown and is no error, and two shapes contradict each other only where both extents are known.
//! Shapes that a file declares are believed for inputs only: tools that change a graph often leave
//! those of intermediate values as they were.
//!
//! Graphs nested in nodes are followed leniently: the branch that is never taken may well contradict
//! itself. What they ask for is bounded like anything else, as engines may compute it all the same.

pub(crate) mod dim;
mod elementwise;
pub(crate) mod index;
pub(crate) mod layout;
pub(crate) mod linear;
mod made;
mod ml;
mod numbers;
pub(crate) mod op;
pub(crate) mod reduce;
mod sequence;
pub(crate) mod spatial;
mod table;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{HashMap, HashSet};

use radiant_core::DType;

use crate::pb::{DimensionValue, GraphProto, NodeProto, TypeProto, TypeValue, ValueInfoProto};
use crate::{Limits, Model, OnnxError, dtype_of};

use dim::{Dim, Symbols};
use made::Made;
use op::{Info, N_INTS_MAX, Op, Stop};

/// What is known of the values of a graph; values of nested graphs are not among them.
#[derive(Debug, Clone)]
pub struct Shapes {
    facts: HashMap<String, Fact>,
    ints: HashMap<String, Vec<i64>>,
    symbols: Symbols,
    largest_growth: Option<(String, u64)>,
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

    /// The elements of a value for one row, where each extent that is not known is 1.
    pub fn elements_at_least(&self, name: &str) -> u64 {
        let dims = self.get(name).and_then(|fact| fact.dims.as_ref());
        dims.map_or(1, |dims| self.symbols.elements_at_least(dims))
    }

    /// The numbers of a scalar or small vector of integers or truth values that the file decides.
    pub fn known_ints(&self, name: &str) -> Option<&[i64]> {
        self.ints.get(name).map(Vec::as_slice)
    }

    /// The node that makes the most elements, an unknown extent counted as 1, of constants and shapes
    /// that have at most half as many; nodes of nested graphs are among them.
    pub fn largest_growth(&self) -> Option<(&str, u64)> {
        self.largest_growth.as_ref().map(|(node, n_elements)| (node.as_str(), *n_elements))
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
        let known = |info: &Info<'_>| -> Option<Vec<i64>> {
            info.ints.as_ref()?.iter().map(|int| int.known()).collect()
        };
        let ints = inferred.values.iter();
        let ints =
            ints.filter_map(|(name, info)| Some(((*name).to_owned(), known(info)?))).collect();
        let fact = |info: Info<'_>| Fact { dtype: dtype_of(info.elem), dims: info.dims };
        // Of some nothing is known.
        let is_known = |info: &Info<'_>| info.elem != 0 || info.dims.is_some();
        let values = inferred.values.into_iter().filter(|(_, info)| is_known(info));
        let facts = values.map(|(name, info)| (name.to_owned(), fact(info))).collect();
        let (symbols, largest_growth) = (inferred.symbols, inferred.largest_growth);
        Shapes { facts, ints, symbols, largest_growth }
    }
}

/// What is known of all values of the outermost graph.
pub(crate) struct Inferred<'m> {
    pub(crate) values: HashMap<&'m str, Info<'m>>,
    pub(crate) symbols: Symbols,
    largest_growth: Option<(String, u64)>,
}

/// Infers what can be inferred, and passes over what contradicts itself.
pub(crate) fn infer(model: &Model) -> Inferred<'_> {
    let mut walk = Walk::new(model, None);
    // Invariant: without limits nothing is an error.
    let values = walk.graph(&model.graph, None).unwrap_or_default();
    Inferred { values, symbols: walk.symbols, largest_growth: walk.made.largest }
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
    /// What may not be exceeded, where anything is an error.
    limits: Option<&'m Limits>,
    /// Whether shapes that contradict each other are errors, too.
    is_strict: bool,
    made: Made,
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
        Self {
            model,
            limits,
            is_strict: limits.is_some(),
            made: Made::default(),
            symbols: Symbols::new(),
            n_entries_left: N_ENTRIES_MAX,
        }
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
            self.define(&mut scope, &input.name, info)?;
        }
        for constant in &graph.initializer {
            self.made.constant(constant);
            self.define(&mut scope, &constant.name, Info::constant(constant))?;
        }
        let mut seen = HashSet::new();
        for node in &graph.node {
            let outputs = self.node(node, &scope)?;
            let given = node.output.iter().zip(outputs);
            for (name, info) in given.filter(|(name, _)| !name.is_empty() && seen.insert(*name)) {
                self.bound(node, &info)?;
                self.define(&mut scope, name, info)?;
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
        // What goes around in a loop may change its shape.
        let Some(shape) = tensor.shape.as_ref().filter(|_| batch_names.is_some()) else {
            return Info::of_type(tensor.elem_type);
        };
        let dims = shape.dim.iter().enumerate().map(|(axis, dim)| match &dim.value {
            Some(DimensionValue::DimValue(extent)) if *extent >= 0 => {
                usize::try_from(*extent).map_or_else(|_error| self.symbols.fresh(), Dim::Known)
            }
            _ if axis == 0 => Dim::BATCH,
            value => match axis_name(value.as_ref()) {
                Some(name) if batch_names.is_some_and(|names| names.contains(name)) => Dim::BATCH,
                Some(name) => self.symbols.named(name),
                None => self.symbols.fresh(),
            },
        });
        Info::new(tensor.elem_type, dims.collect())
    }

    fn define(
        &mut self,
        scope: &mut Scope<'_, 'm>,
        name: &'m str,
        mut info: Info<'m>,
    ) -> Result<(), OnnxError> {
        let rank = info.dims.as_ref().map_or(0, Vec::len);
        let n_ints = info.ints.as_ref().map_or(0, Vec::len);
        let left = self.n_entries_left.checked_sub(rank.saturating_add(n_ints));
        match left.filter(|_| rank <= N_INTS_MAX && n_ints <= N_INTS_MAX) {
            Some(left) => self.n_entries_left = left,
            // Nothing large could be told from something small any more.
            None if left.is_none() && self.limits.is_some() => {
                let limit = N_ENTRIES_MAX as u64;
                let got = limit.saturating_add(1);
                return OnnxError::check_limit("graph", "extents of all values", limit, got);
            }
            None => info = Info { dims: None, ints: None, ..info },
        }
        scope.values.insert(name, info);
        Ok(())
    }

    /// What a node gives.
    fn node(
        &mut self,
        node: &'m NodeProto,
        scope: &Scope<'_, 'm>,
    ) -> Result<Vec<Info<'m>>, OnnxError> {
        let inputs = node.input.iter().map(|name| scope.get(name)).collect();
        let opset = self.model.opset(&node.domain).unwrap_or(0);
        let mut op = Op { node, inputs, opset, symbols: &mut self.symbols };
        if self.limits.is_some() {
            types::check(&op)?;
        }
        if node.graphs().next().is_some() {
            return self.nested(node, scope);
        }
        let mut outputs = match table::infer(&mut op) {
            Ok(mut outputs) => {
                numbers::follow(&mut op, &mut outputs);
                outputs
            }
            Err(Stop::Contradiction(error)) if self.is_strict => return Err(*error),
            Err(Stop::Contradiction(_) | Stop::Unknown) => Vec::new(),
        };
        outputs.resize_with(node.output.len(), Info::default);
        let is_fixed = made::is_fixed(&op);
        for output in &mut outputs {
            output.is_fixed = is_fixed;
        }
        if let Some(first) = outputs.first_mut() {
            first.at_least = made::at_least(&op);
            let n = elements_of(first, op.symbols);
            if is_fixed && !node.input.is_empty() {
                self.made.growth(node, made::inputs(&op), n);
            }
        }
        Ok(outputs)
    }

    /// What a node gives that has graphs in it: for `If`, what both branches agree on.
    fn nested(
        &mut self,
        node: &'m NodeProto,
        scope: &Scope<'_, 'm>,
    ) -> Result<Vec<Info<'m>>, OnnxError> {
        let is_strict = std::mem::replace(&mut self.is_strict, false);
        let outputs = if node.canonical_domain() == "" && node.op_type == "If" {
            self.branches(node, scope)
        } else {
            let mut bodies = node.graphs();
            bodies
                .try_for_each(|graph| self.graph(graph, Some(scope)).map(drop))
                .map(|()| Vec::new())
        };
        self.is_strict = is_strict;
        outputs
    }

    /// What both branches of an `If` agree on.
    fn branches(
        &mut self,
        node: &'m NodeProto,
        scope: &Scope<'_, 'm>,
    ) -> Result<Vec<Info<'m>>, OnnxError> {
        let mut joined: Option<Vec<Info<'m>>> = None;
        for graph in node.graphs() {
            let inner = Scope { values: self.graph(graph, Some(scope))?, outer: Some(scope) };
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
        let joined = joined.unwrap_or_default().into_iter();
        let joined =
            joined.map(|info| Info { ints: None, constant: None, is_fixed: false, ..info });
        Ok(joined.collect())
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

    /// Refuses a value that is too large for the model to be loaded, or any request to be answered.
    fn bound(&mut self, node: &NodeProto, info: &Info<'_>) -> Result<(), OnnxError> {
        let Some(limits) = self.limits else { return Ok(()) };
        let n_elements = elements_of(info, &self.symbols);
        self.made.output(node, info, n_elements, limits)
    }
}

/// The elements of a value, where what is not known counts as 1.
fn elements_of(info: &Info<'_>, symbols: &Symbols) -> u64 {
    let by_shape = info.dims.as_ref().map_or(1, |dims| symbols.elements_at_least(dims));
    by_shape.max(info.at_least)
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
