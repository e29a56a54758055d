//! Changes to the graph that say to rten what the file says to ONNX.
//!
//! Defaults that rten does not know are written out, nodes that it reads in a way of its own are
//! put in other words, and what the file declares of shapes is taken out: rten builds on it, and it
//! may be wrong.

mod pick;

use std::collections::HashMap;

use radiant_core::{DType, Signature};
use radiant_onnx::pb::{
    AttributeProto, AttributeType, Dimension, DimensionValue, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, TypeValue,
};

use crate::gate::{Scope, node_name};
use crate::kind::Kind;
use crate::misfit::Misfit;

/// Until here `Softmax` takes all axes from the given one on as one.
const SOFTMAX_OF_ONE_AXIS: i64 = 13;

/// Makes new nodes and names.
#[derive(Debug)]
pub(crate) struct Rewriter {
    /// What no name in the file begins with.
    prefix: String,
    n_names: usize,
    /// The number of axes of all constants and of the model's inputs; of none that differ under one
    /// name.
    ranks: HashMap<String, Option<usize>>,
}

impl Rewriter {
    pub(crate) fn new(graph: &GraphProto) -> Self {
        let mut prefix = "radiant:".to_owned();
        let mut ranks: HashMap<String, Option<usize>> = HashMap::new();
        let mut graphs = vec![graph];
        while let Some(graph) = graphs.pop() {
            let nodes = graph.node.iter().flat_map(|node| &node.output);
            let inputs = graph.input.iter().map(|input| &input.name);
            let constants = graph.initializer.iter().map(|constant| &constant.name);
            for name in nodes.chain(inputs).chain(constants) {
                while name.starts_with(&prefix) {
                    prefix.push(':');
                }
            }
            for constant in &graph.initializer {
                let rank = Some(constant.dims.len());
                let known = ranks.entry(constant.name.clone()).or_insert(rank);
                *known = known.filter(|known| Some(*known) == rank);
            }
            graphs.extend(graph.node.iter().flat_map(NodeProto::graphs));
        }
        for input in &graph.input {
            let r#type = input.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
            if let Some(TypeValue::TensorType(TensorTypeProto { shape: Some(shape), .. })) = r#type
            {
                ranks.entry(input.name.clone()).or_insert(Some(shape.dim.len()));
            }
        }
        Self { prefix, n_names: 0, ranks }
    }

    /// Gives nodes the ranks that rten needs, by axes of 1 that say the same.
    pub(crate) fn fit(&mut self, graph: &mut GraphProto, misfits: &[Misfit]) {
        let nodes = std::mem::take(&mut graph.node);
        for (at, mut node) in nodes.into_iter().enumerate() {
            let misfit = misfits.iter().find(|misfit| misfit.index() == at);
            match misfit {
                Some(Misfit::Vector { .. }) => {
                    graph.node.extend(self.with_axes(&mut node, 1, &[-1]));
                    let (axes, answer) = (self.name(), self.name());
                    let outputs = std::mem::replace(&mut node.output, vec![answer.clone()]);
                    let output = outputs.first().map_or("", String::as_str);
                    graph.node.push(node);
                    graph.node.push(constant(&axes, &[-1]));
                    graph.node.push(made("Squeeze", &[&answer, &axes], output));
                }
                Some(Misfit::Short { missing, .. }) => {
                    let axes: Vec<i64> = (0..).take(*missing).collect();
                    graph.node.extend(self.with_axes(&mut node, 0, &axes));
                    graph.node.push(node);
                }
                None => graph.node.push(node),
            }
        }
    }

    /// Puts new axes into an input of a node. Returns the nodes that do it.
    fn with_axes(&mut self, node: &mut NodeProto, input: usize, axes: &[i64]) -> [NodeProto; 2] {
        let (names, unsqueezed) = (self.name(), self.name());
        let name = node.input.get_mut(input);
        let before = name.map(|name| std::mem::replace(name, unsqueezed.clone()));
        let before = before.unwrap_or_default();
        [constant(&names, axes), made("Unsqueeze", &[&before, &names], &unsqueezed)]
    }

    fn name(&mut self) -> String {
        self.n_names += 1;
        format!("{}{}", self.prefix, self.n_names)
    }

    /// Gives a node a name that is no value's, and that tells its operator: rten's errors say no
    /// more. rten has one list of names for both.
    pub(crate) fn rename(&mut self, node: &mut NodeProto) {
        node.name = format!("{}{} `{}`", self.prefix, node.op_type, node_name(node));
    }

    /// The nodes to have in place of this one.
    pub(crate) fn node(
        &mut self,
        mut node: NodeProto,
        scope: &Scope<'_>,
        opset: i64,
    ) -> Vec<NodeProto> {
        if !node.canonical_domain().is_empty() {
            return vec![node];
        }
        match node.op_type.as_str() {
            "Dropout" => identity(node),
            "Softmax" | "LogSoftmax" if opset < SOFTMAX_OF_ONE_AXIS => self.softmax(node),
            "Shape" => self.shape(node),
            "Cast" => self.cast(node, scope),
            "CastLike" => {
                let like = node.input_name(1).and_then(|name| scope.kind(name));
                let Some(like) = like else { return vec![node] };
                node.attribute.push(int("to", i64::from(elem_type(like.dtype()))));
                node.input.truncate(1);
                "Cast".clone_into(&mut node.op_type);
                self.cast(node, scope)
            }
            "Softplus" => self.softplus(node),
            "ArgMax" | "ArgMin" => self.first_of_equals(node, scope),
            "TopK" if node.input_name(1).is_some_and(|name| scope.is_asked(name)) => {
                self.bound_count(node)
            }
            "AveragePool" | "MaxPool" | "Conv" | "ConvTranspose" => {
                self.fill(&mut node);
                vec![node]
            }
            _ => vec![node],
        }
    }

    /// `Softmax` over several axes: over the rows of a matrix.
    fn softmax(&mut self, mut node: NodeProto) -> Vec<NodeProto> {
        let axis = node.attribute("axis").map_or(1, |axis| axis.i);
        let [input] = &*node.input else { return vec![node] };
        if axis == -1 {
            return vec![node];
        }
        let (extents, rows, answers) = (self.name(), self.name(), self.name());
        let shape = made("Shape", &[input], &extents);
        let mut flatten = made("Flatten", &[input], &rows);
        flatten.attribute.push(int("axis", axis));
        let outputs = std::mem::replace(&mut node.output, vec![answers.clone()]);
        let output = outputs.first().map_or("", String::as_str);
        let reshape = made("Reshape", &[&answers, &extents], output);
        node.input = vec![rows];
        node.attribute.retain(|attribute| attribute.name != "axis");
        node.attribute.push(int("axis", -1));
        vec![shape, flatten, node, reshape]
    }

    /// `Softplus` that does not overflow: the larger of the number and 0, and the logarithm of
    /// something from 1 to 2.
    fn softplus(&mut self, node: NodeProto) -> Vec<NodeProto> {
        let ([input], [output]) = (&*node.input, &*node.output) else { return vec![node] };
        let names: [String; 6] = std::array::from_fn(|_| self.name());
        let [absolute, negative, exponential, one, sum, logarithm] = &names;
        let positive = self.name();
        let mut constant = made("Constant", &[], one);
        constant.attribute.push(AttributeProto {
            name: "value_float".to_owned(),
            r#type: AttributeType::Float as i32,
            f: 1.0,
            ..AttributeProto::default()
        });
        vec![
            made("Abs", &[input], absolute),
            made("Neg", &[absolute], negative),
            made("Exp", &[negative], exponential),
            constant,
            made("Add", &[exponential, one], sum),
            made("Log", &[sum], logarithm),
            made("Relu", &[input], &positive),
            made("Add", &[&positive, logarithm], output),
        ]
    }

    /// A part of a shape: rten forgets which part when it makes a constant of it.
    fn shape(&mut self, mut node: NodeProto) -> Vec<NodeProto> {
        let part = |name: &str| node.attribute(name).map(|attribute| attribute.i);
        let (start, end) = (part("start"), part("end"));
        let others = node.attribute.iter().any(|other| !matches!(&*other.name, "start" | "end"));
        if others || (start.is_none() && end.is_none()) {
            return vec![node];
        }
        let (extents, starts, ends) = (self.name(), self.name(), self.name());
        let first = constant(&starts, &[start.unwrap_or(0)]);
        let last = constant(&ends, &[end.unwrap_or(i64::from(i32::MAX))]);
        node.attribute.clear();
        let outputs = std::mem::replace(&mut node.output, vec![extents.clone()]);
        let output = outputs.first().map_or("", String::as_str);
        vec![first, last, node, made("Slice", &[&extents, &starts, &ends], output)]
    }

    /// Truth values of numbers: rten would pass the numbers on.
    fn cast(&mut self, node: NodeProto, scope: &Scope<'_>) -> Vec<NodeProto> {
        const BOOL: i64 = 9;
        let kind = node.input_name(0).and_then(|name| scope.kind(name));
        let ([input], [output]) = (&*node.input, &*node.output) else { return vec![node] };
        let zero = match kind {
            Some(Kind::F32 | Kind::Quotient) => tensor(1, |zero| zero.float_data = vec![0.0]),
            Some(Kind::I32(_)) => tensor(6, |zero| zero.int32_data = vec![0]),
            Some(Kind::I64(_)) => tensor(7, |zero| zero.int64_data = vec![0]),
            _ => return vec![node],
        };
        if node.attribute("to").is_none_or(|to| to.i != BOOL) {
            return vec![node];
        }
        let (zeros, is_zero) = (self.name(), self.name());
        let mut constant = made("Constant", &[], &zeros);
        constant.attribute.push(AttributeProto {
            name: "value".to_owned(),
            r#type: AttributeType::Tensor as i32,
            t: Some(zero),
            ..AttributeProto::default()
        });
        let equal = made("Equal", &[input, &zeros], &is_zero);
        vec![constant, equal, made("Not", &[&is_zero], output)]
    }

    /// Writes out strides, dilations and paddings.
    fn fill(&self, node: &mut NodeProto) {
        let kernel = node.attribute("kernel_shape").map(|kernel| kernel.ints.len());
        let weights = || {
            let rank = self.ranks.get(node.input_name(1)?).copied().flatten()?;
            rank.checked_sub(2)
        };
        let Some(n_axes) = kernel.or_else(weights) else { return };
        let is_pool = node.op_type.ends_with("Pool");
        let mut set = |name: &str, value: i64, n: usize| {
            if node.attribute(name).is_none() {
                node.attribute.push(ints(name, vec![value; n]));
            }
        };
        set("strides", 1, n_axes);
        set("pads", 0, n_axes.saturating_mul(2));
        if !is_pool {
            set("dilations", 1, n_axes);
        }
    }
}

/// `Dropout` that drops nothing.
fn identity(mut node: NodeProto) -> Vec<NodeProto> {
    let mask = node.output.get(1).is_some_and(|name| !name.is_empty());
    if mask || node.input_name(2).is_some() {
        return vec![node];
    }
    "Identity".clone_into(&mut node.op_type);
    node.input.truncate(1);
    node.output.truncate(1);
    node.attribute.clear();
    vec![node]
}

fn made(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: operator.to_owned(),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn constant(output: &str, values: &[i64]) -> NodeProto {
    let mut node = made("Constant", &[], output);
    node.attribute.push(ints("value_ints", values.to_vec()));
    node
}

/// One number, without axes.
fn number(output: &str, value: i64) -> NodeProto {
    let mut node = made("Constant", &[], output);
    node.attribute.push(int("value_int", value));
    node
}

fn tensor(data_type: i32, fill: impl FnOnce(&mut TensorProto)) -> TensorProto {
    let mut tensor = TensorProto { data_type, ..TensorProto::default() };
    fill(&mut tensor);
    tensor
}

fn int(name: &str, i: i64) -> AttributeProto {
    let r#type = AttributeType::Int as i32;
    AttributeProto { name: name.to_owned(), r#type, i, ..AttributeProto::default() }
}

fn ints(name: &str, ints: Vec<i64>) -> AttributeProto {
    let r#type = AttributeType::Ints as i32;
    AttributeProto { name: name.to_owned(), r#type, ints, ..AttributeProto::default() }
}

/// Leaves of all declared types and shapes only those of the model's inputs, which are checked with
/// each request.
///
/// Unknown extents get names of their own but for the batch, which is the same in all inputs: what
/// the file gives one name may differ all the same.
pub(crate) fn forget_shapes(graph: &mut GraphProto, signature: &Signature) {
    forget(graph);
    for input in &mut graph.input {
        let spec = signature.inputs.iter().find(|spec| *spec.name == *input.name);
        let Some((index, spec)) = spec.map(|spec| (input.name.clone(), spec)) else { continue };
        let dim = |(axis, extent): (usize, &Option<usize>)| match extent.map(i64::try_from) {
            Some(Ok(extent)) => DimensionValue::DimValue(extent),
            _ if axis == 0 => DimensionValue::DimParam("batch".to_owned()),
            _ => DimensionValue::DimParam(format!("{index}:{axis}")),
        };
        let dims = spec.dims.iter().enumerate().map(dim);
        let shape =
            TensorShapeProto { dim: dims.map(|value| Dimension { value: Some(value) }).collect() };
        let tensor = TensorTypeProto { elem_type: elem_type(spec.dtype), shape: Some(shape) };
        let value = Some(TypeValue::TensorType(tensor));
        input.r#type = Some(TypeProto { value, ..TypeProto::default() });
    }
}

fn forget(graph: &mut GraphProto) {
    graph.value_info.clear();
    for value in graph.input.iter_mut().chain(&mut graph.output) {
        value.r#type = None;
    }
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(forget);
    }
}

/// The number of a type that passes the gate.
fn elem_type(dtype: DType) -> i32 {
    match dtype {
        DType::U8 => 2,
        DType::I8 => 3,
        DType::I32 => 6,
        DType::I64 => 7,
        DType::Bool => 9,
        _ => 1,
    }
}
