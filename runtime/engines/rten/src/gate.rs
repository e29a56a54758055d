//! What is refused before rten sees the graph.
//!
//! The gate follows the element type of every value through the graph, node by node, in the graph's
//! order. A node passes where its operator is in the table ([`operators`]), its attributes have
//! values that rten does, its inputs are of types that rten has, and INT64 results keep to the 32
//! bits that rten gives them. Other nodes are refused with the reason.
//!
//! Shapes are not followed: what depends on them is looked at in the trial run.

use std::collections::{HashMap, HashSet};

use radiant_core::Signature;
use radiant_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::LoadError;
use crate::asked::{is_asked, unbounded};
use crate::integer::Growth;
use crate::kind::{Int, Kind};
use crate::operators::{self, In, Operator, Out, Value};
use crate::rewrite::{self, Rewriter};
use crate::special;

/// Before this version of the operator set, binary operators broadcast only along a given axis.
const OPSET_OLDEST: i64 = 7;
/// The version that the operators were compared in.
const OPSET_NEWEST: i64 = 28;
/// Elements of a value for one row: half a gigabyte of single precision.
const VALUE_ELEMENTS_MAX: u64 = 1 << 27;
/// rten's reader forgets attributes beyond this number.
const ATTRIBUTES_MAX: usize = 32;

/// Checks that all operators are of the default domain: that tells more of a model than an odd type
/// of its outputs, which comes with it.
///
/// # Errors
/// [`LoadError::UnknownOperator`].
pub(crate) fn check_domains(model: &radiant_onnx::Model) -> Result<(), LoadError> {
    let nodes = model.graph.all_nodes();
    match nodes.iter().find(|node| !node.canonical_domain().is_empty()) {
        Some(node) => Err(foreign(node)),
        None => Ok(()),
    }
}

/// Checks that no value is so large, for one row, that trying the model out could end the process: rten
/// allocates what a graph asks for, and an allocation that fails is not an error.
///
/// # Errors
/// [`LoadError::Operator`].
pub(crate) fn check_sizes(model: &radiant_onnx::Model) -> Result<(), LoadError> {
    let shapes = model.shapes();
    for node in model.graph.all_nodes() {
        let sizes = node.output.iter().map(|name| shapes.elements_at_least(name));
        if let Some(n) = sizes.max().filter(|n| *n > VALUE_ELEMENTS_MAX) {
            let reason = format!("{n} elements for one row are more than rten is given");
            return Err(refused(node, reason));
        }
    }
    Ok(())
}

#[cold]
fn foreign(node: &NodeProto) -> LoadError {
    let operator = format!("{}.{}", node.canonical_domain(), node.op_type);
    LoadError::UnknownOperator { operator, node: node_name(node).to_owned() }
}

/// Checks a model and returns its graph as rten is to get it, and what can change it further.
///
/// # Errors
/// [`LoadError`] names the operator or value that stands in the way.
pub(crate) fn pass(
    model: &radiant_onnx::Model,
    signature: &Signature,
) -> Result<(GraphProto, Rewriter), LoadError> {
    let opset = model.opset("").unwrap_or(1);
    if !(OPSET_OLDEST..=OPSET_NEWEST).contains(&opset) {
        let (oldest, newest) = (OPSET_OLDEST, OPSET_NEWEST);
        return Err(LoadError::Opset { oldest, newest, got: opset });
    }
    let mut graph = model.graph.clone();
    let mut gate = Gate { opset, rewriter: Rewriter::new(&graph) };
    let mut scope = Scope { names: names(&graph), ..Scope::default() };
    for (index, spec) in signature.inputs.iter().enumerate() {
        let Some(kind) = Kind::of_request(index, spec.dtype) else {
            return Err(of_type("input", &spec.name, &spec.dtype.to_string()));
        };
        scope.kinds.insert(spec.name.to_string(), kind);
        scope.asked.insert(spec.name.to_string());
    }
    let scope = gate.graph(&mut graph, scope)?;
    for spec in &signature.outputs {
        let Some(kind) = scope.kind(&spec.name) else {
            return Err(of_type("output", &spec.name, &spec.dtype.to_string()));
        };
        check_output(&spec.name, spec.dtype, kind)?;
        check_passed_on(&spec.name, kind, signature)?;
    }
    rewrite::forget_shapes(&mut graph, signature);
    Ok((graph, gate.rewriter))
}

fn check_output(name: &str, dtype: radiant_core::DType, kind: Kind) -> Result<(), LoadError> {
    let reason = if kind.dtype() == dtype {
        let Some(reason) = kind.untrue() else { return Ok(()) };
        reason.to_owned()
    } else {
        format!("expected {dtype} as declared, got {kind}")
    };
    Err(LoadError::Value { side: "output", name: name.to_owned(), reason })
}

/// Refuses INT64 numbers of a request that come out again: those beyond 32 bits would not.
fn check_passed_on(output: &str, kind: Kind, signature: &Signature) -> Result<(), LoadError> {
    let Kind::I64(Int { input: Some(index), .. }) = kind else { return Ok(()) };
    let name = signature.inputs.get(index).map_or("", |spec| &*spec.name).to_owned();
    let reason = format!(
        "its INT64 numbers come out again as output `{output}`, and rten has 32 bits of them"
    );
    Err(LoadError::Value { side: "input", name, reason })
}

#[cold]
fn of_type(side: &'static str, name: &str, dtype: &str) -> LoadError {
    let reason = format!("type {dtype} is not one that rten runs");
    LoadError::Value { side, name: name.to_owned(), reason }
}

/// The values of one graph, and those of the graphs around it.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) outer: Option<&'a Self>,
    pub(crate) kinds: HashMap<String, Kind>,
    /// The values that a request decides on.
    pub(crate) asked: HashSet<String>,
    /// The names of all values of this graph, also of those that come later.
    pub(crate) names: HashSet<String>,
}

impl Scope<'_> {
    /// What is known of a value of this graph or one around it.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        let mut scope = self;
        loop {
            if let Some(kind) = scope.kinds.get(name) {
                return Some(*kind);
            }
            scope = scope.outer?;
        }
    }

    /// Whether a request decides on a value of this graph or one around it.
    pub(crate) fn is_asked(&self, name: &str) -> bool {
        let mut scope = self;
        loop {
            if scope.kinds.contains_key(name) {
                return scope.asked.contains(name);
            }
            let Some(outer) = scope.outer else { return false };
            scope = outer;
        }
    }

    /// A name that a graph around this one has as well. rten looks values up by name and would take
    /// the other one.
    fn shadowing(&self) -> Option<&str> {
        let mut outer = self.outer;
        while let Some(scope) = outer {
            if let Some(name) = self.names.iter().find(|name| scope.names.contains(*name)) {
                return Some(name);
            }
            outer = scope.outer;
        }
        None
    }
}

/// The names of all values that a graph defines.
pub(crate) fn names(graph: &GraphProto) -> HashSet<String> {
    let inputs = graph.input.iter().map(|input| &input.name);
    let constants = graph.initializer.iter().map(|constant| &constant.name);
    let outputs = graph.node.iter().flat_map(|node| &node.output).filter(|name| !name.is_empty());
    inputs.chain(constants).chain(outputs).cloned().collect()
}

/// One pass over a model's nodes.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) opset: i64,
    pub(crate) rewriter: Rewriter,
}

impl Gate {
    /// Checks a graph whose inputs stand in `scope`, and rewrites its nodes for rten.
    pub(crate) fn graph<'a>(
        &mut self,
        graph: &mut GraphProto,
        mut scope: Scope<'a>,
    ) -> Result<Scope<'a>, LoadError> {
        if let Some(name) = scope.shadowing() {
            let reason = "a graph around this one has a value of the same name".to_owned();
            return Err(LoadError::Value { side: "value", name: name.to_owned(), reason });
        }
        for constant in &graph.initializer {
            let Some(kind) = Kind::of_constant(constant) else {
                let name = radiant_onnx::elem_type_name(constant.data_type);
                return Err(of_type("constant", &constant.name, name));
            };
            scope.kinds.insert(constant.name.clone(), kind);
        }
        for node in std::mem::take(&mut graph.node) {
            let nodes = self.rewriter.node(node, &scope, self.opset);
            for mut node in nodes {
                let kinds = self.node(&mut node, &scope)?;
                if is_asked(&node, &scope) {
                    scope.asked.extend(node.output.iter().cloned());
                }
                let named = node.output.iter().zip(kinds);
                scope.kinds.extend(named.map(|(name, kind)| (name.clone(), kind)));
                self.rewriter.rename(&mut node);
                graph.node.push(node);
            }
        }
        Ok(scope)
    }

    /// Checks a node. Returns a kind for each of its outputs.
    fn node(&mut self, node: &mut NodeProto, scope: &Scope<'_>) -> Result<Vec<Kind>, LoadError> {
        if !node.canonical_domain().is_empty() {
            return Err(foreign(node));
        }
        if let Some(reason) = operators::left_out(&node.op_type) {
            return Err(refused(node, reason));
        }
        if node.attribute.len() > ATTRIBUTES_MAX {
            return Err(refused(node, "rten does not see more than 32 attributes"));
        }
        let kinds = match special::node(self, node, scope)? {
            Some(kinds) => kinds,
            None => self.listed(node, scope)?,
        };
        match unbounded(node, scope) {
            Some(reason) => Err(refused(node, reason)),
            None => Ok(kinds),
        }
    }

    /// Checks a node of an operator of the table.
    fn listed(&self, node: &NodeProto, scope: &Scope<'_>) -> Result<Vec<Kind>, LoadError> {
        let Some(operator) = operators::find(&node.op_type) else {
            let (operator, node) = (node.op_type.clone(), node_name(node).to_owned());
            return Err(LoadError::UnknownOperator { operator, node });
        };
        self.is_right(operator, node, scope).map_err(|reason| refused(node, reason))
    }

    /// The kinds of a node's outputs; the reason why not where rten is wrong with it.
    fn is_right(
        &self,
        operator: &Operator,
        node: &NodeProto,
        scope: &Scope<'_>,
    ) -> Result<Vec<Kind>, String> {
        if self.opset < operator.since {
            return Err(format!(
                "rten runs it as from operator set {}, got {}",
                operator.since, self.opset
            ));
        }
        for attribute in &node.attribute {
            check_attribute(operator, attribute)?;
        }
        if let Some(reason) = special::defect(node, scope, self.opset) {
            return Err(reason);
        }
        let same = check_inputs(operator, node, scope)?;
        let n_outputs = node.output.len();
        let outputs = (0..n_outputs).map(|at| {
            let out = operator.outputs.get(at).or(operator.outputs.last());
            match out.copied().unwrap_or(Out::Float) {
                Out::Float => Ok(Kind::F32),
                Out::Bool => Ok(Kind::Bool),
                Out::Extent => Ok(Kind::extent()),
                Out::Same => same.ok_or_else(|| "it has no input".to_owned()),
            }
        });
        outputs.collect()
    }
}

/// Checks the inputs, and returns the kind of those that are of one type.
fn check_inputs(
    operator: &Operator,
    node: &NodeProto,
    scope: &Scope<'_>,
) -> Result<Option<Kind>, String> {
    let mut same: Option<Kind> = None;
    let mut integers: Vec<Int> = Vec::new();
    for (at, name) in node.input.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let last = operator.inputs.last().filter(|_| operator.variadic);
        let Some(&want) = operator.inputs.get(at).or(last) else {
            return Err(format!("rten does not look at its input {at} (`{name}`)"));
        };
        let kind = scope.kind(name).ok_or_else(|| format!("`{name}` is not known"))?;
        check_input(want, kind).map_err(|reason| format!("input {at} (`{name}`): {reason}"))?;
        if matches!(want, In::Number | In::Ordered | In::Compared | In::Moved) {
            let joined = same.map_or(Some(kind), |same| same.join(kind));
            let expected = same.unwrap_or(kind);
            same = Some(joined.ok_or_else(|| {
                format!("input {at} (`{name}`): expected {expected} as before, got {kind}")
            })?);
            if let Kind::I32(int) | Kind::I64(int) = kind {
                integers.push(int);
            }
        }
    }
    let is_moved = operator.inputs.contains(&In::Moved);
    let gives_same = operator.outputs.contains(&Out::Same);
    let growth = if is_moved { Growth::Chosen } else { operator.growth };
    match same {
        Some(Kind::I32(_)) => return Ok(Some(Kind::I32(growth.wrapping(&integers)))),
        Some(Kind::I64(_)) if gives_same => {
            let asked = is_asked(node, scope);
            return Ok(Some(Kind::I64(growth.apply(&integers, asked)?)));
        }
        _ => {}
    }
    let is_divided = operator.name == "Div" && same == Some(Kind::F32);
    Ok(if is_divided { Some(Kind::Quotient) } else { same })
}

fn check_input(want: In, kind: Kind) -> Result<(), String> {
    let is_float = matches!(kind, Kind::F32 | Kind::Quotient);
    let is_int = matches!(kind, Kind::I32(_) | Kind::I64(_));
    let fits = match want {
        In::Float | In::Rounded => is_float,
        In::Number | In::Ordered => is_float || is_int,
        In::Compared => is_float || is_int || kind == Kind::Bool,
        In::Moved | In::Any => true,
        In::Index => is_int,
        In::Bool => kind == Kind::Bool,
        In::Mask => is_float || kind == Kind::Bool,
        In::Byte => matches!(kind, Kind::I8 | Kind::U8),
    };
    if !fits {
        return Err(format!("rten does not take {kind} there"));
    }
    if want == In::Rounded && kind == Kind::Quotient {
        return Err("rten's quotients can be a little below a whole number".to_owned());
    }
    if matches!(want, In::Ordered | In::Compared)
        && let Some(reason) = kind.untrue()
    {
        return Err(reason.to_owned());
    }
    Ok(())
}

fn check_attribute(operator: &Operator, attribute: &AttributeProto) -> Result<(), String> {
    let name = attribute.name.as_str();
    let found = operator.attributes.iter().find(|(known, _)| *known == name);
    let Some((_, value)) = found else {
        return Err(format!("rten does not read the attribute `{name}`"));
    };
    let text = || std::str::from_utf8(&attribute.s).unwrap_or("not UTF-8");
    let (fits, got) = match *value {
        Value::Any | Value::Texts => return Ok(()),
        Value::Int(want) => (attribute.i == want, attribute.i.to_string()),
        Value::Float(want) => (attribute.f.to_bits() == want.to_bits(), attribute.f.to_string()),
        Value::Text(known) => (known.contains(&text()), text().to_owned()),
        Value::Each(want) => {
            (attribute.ints.iter().all(|got| *got == want), format!("{:?}", attribute.ints))
        }
        Value::Empty => {
            (attribute.ints.is_empty() && attribute.floats.is_empty(), "numbers".into())
        }
    };
    if fits { Ok(()) } else { Err(format!("rten does not do `{name}` {got}")) }
}

/// A node's name, or its first output where it has none.
pub(crate) fn node_name(node: &NodeProto) -> &str {
    if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name }
}

#[cold]
pub(crate) fn refused(node: &NodeProto, reason: impl Into<String>) -> LoadError {
    let (operator, name) = (node.op_type.clone(), node_name(node).to_owned());
    LoadError::Operator { operator, node: name, reason: reason.into() }
}

#[cfg(test)]
mod tests;
