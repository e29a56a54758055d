//! The body of a function as nodes of the graph that calls it.

use std::collections::HashMap;

use crate::pb::{AttributeProto, FunctionProto, GraphProto, NodeProto};
use crate::{OnnxError, pb};

use super::{Inliner, place};

/// One call, while its body is copied.
pub(super) struct Body<'a, 'p> {
    inliner: &'a mut Inliner<'p>,
    function: &'p FunctionProto,
    call: &'a NodeProto,
    /// New names by those in the body: of its values, and of nested graphs' around the current one.
    scopes: Vec<HashMap<&'p str, String>>,
    /// Outputs that the body gives under another name already.
    copies: Vec<(String, String)>,
}

impl<'a, 'p> Body<'a, 'p> {
    /// Gives names to all values of the body.
    pub(super) fn new(
        inliner: &'a mut Inliner<'p>,
        function: &'p FunctionProto,
        call: &'a NodeProto,
    ) -> Result<Self, OnnxError> {
        let mut body = Self { inliner, function, call, scopes: Vec::new(), copies: Vec::new() };
        let mut names = body.inputs()?;
        let is_output = |name: &str| function.output.iter().position(|output| output == name);
        for name in
            function.node.iter().flat_map(|node| &node.output).filter(|name| !name.is_empty())
        {
            let given = is_output(name).and_then(|at| call.output.get(at));
            let new = match given.filter(|given| !given.is_empty()) {
                Some(given) => given.clone(),
                None => body.inliner.fresh_name(function, name),
            };
            if names.insert(name, new).is_some() {
                let got = format_args!("`{name}` for a second time");
                return Err(OnnxError::invalid(place(function), "a new value name", got));
            }
        }
        body.copies = body.outputs(&names)?;
        body.scopes.push(names);
        Ok(body)
    }

    /// What the call gives for each input; those that it leaves out have no name in the copy either.
    fn inputs(&self) -> Result<HashMap<&'p str, String>, OnnxError> {
        let (n_inputs, n_given) = (self.function.input.len(), self.call.input.len());
        if n_given > n_inputs {
            let expected = format_args!("at most {n_inputs} inputs");
            return Err(OnnxError::invalid(self.call.place(), expected, n_given));
        }
        let mut names = HashMap::new();
        for (at, input) in self.function.input.iter().enumerate() {
            let given = self.call.input.get(at).cloned().unwrap_or_default();
            if names.insert(input.as_str(), given).is_some() {
                let got = format_args!("`{input}` for a second time");
                return Err(OnnxError::invalid(place(self.function), "a new input name", got));
            }
        }
        Ok(names)
    }

    /// Outputs of the call that are no node's: inputs that are handed through, and repeated outputs.
    fn outputs(&self, names: &HashMap<&str, String>) -> Result<Vec<(String, String)>, OnnxError> {
        let (n_outputs, n_wanted) = (self.function.output.len(), self.call.output.len());
        if n_wanted > n_outputs {
            let expected = format_args!("at most {n_outputs} outputs");
            return Err(OnnxError::invalid(self.call.place(), expected, n_wanted));
        }
        let mut copies = Vec::new();
        let wanted = self.function.output.iter().zip(&self.call.output);
        for (output, wanted) in wanted.filter(|(_, wanted)| !wanted.is_empty()) {
            let Some(given) = names.get(output.as_str()).filter(|given| !given.is_empty()) else {
                let expected = format_args!("output `{output}` to be a value of the body");
                return Err(OnnxError::invalid(place(self.function), expected, "no such value"));
            };
            if given != wanted {
                copies.push((given.clone(), wanted.clone()));
            }
        }
        Ok(copies)
    }

    /// The copies of the body's nodes.
    pub(super) fn nodes(mut self) -> Result<Vec<NodeProto>, OnnxError> {
        let function = self.function;
        let mut nodes = Vec::with_capacity(function.node.len());
        for node in &function.node {
            nodes.push(self.node(node)?);
        }
        for (from, to) in std::mem::take(&mut self.copies) {
            let name = self.inliner.fresh_name(function, "output");
            nodes.push(NodeProto {
                op_type: "Identity".to_owned(),
                name,
                input: vec![from],
                output: vec![to],
                ..NodeProto::default()
            });
        }
        Ok(nodes)
    }

    fn node(&mut self, node: &'p NodeProto) -> Result<NodeProto, OnnxError> {
        let name = match node.name.as_str() {
            "" => String::new(),
            name => self.inliner.fresh_name(self.function, name),
        };
        let input =
            node.input.iter().map(|name| self.name(node, name)).collect::<Result<_, _>>()?;
        let output = node.output.iter().map(|name| self.name(node, name));
        let output = output.collect::<Result<_, _>>()?;
        let mut attribute = Vec::with_capacity(node.attribute.len());
        for own in &node.attribute {
            attribute.extend(self.attribute(node, own)?);
        }
        let (op_type, domain) = (node.op_type.clone(), node.domain.clone());
        let overload = node.overload.clone();
        Ok(NodeProto { input, output, name, op_type, domain, overload, attribute })
    }

    /// The new name of a value that a node names.
    fn name(&self, node: &NodeProto, name: &str) -> Result<String, OnnxError> {
        if name.is_empty() {
            return Ok(String::new());
        }
        let new = self.scopes.iter().rev().find_map(|names| names.get(name));
        new.cloned().ok_or_else(|| {
            let at = format_args!("{}: {}", place(self.function), node.place());
            OnnxError::invalid(at, format_args!("`{name}` to be defined before"), "no such value")
        })
    }

    /// An attribute, or the one that it refers to; `None` where neither call nor function has that.
    fn attribute(
        &mut self,
        node: &NodeProto,
        own: &'p AttributeProto,
    ) -> Result<Option<AttributeProto>, OnnxError> {
        if own.ref_attr_name.is_empty() {
            if own.g.is_none() && own.graphs.is_empty() {
                return Ok(Some(own.clone()));
            }
            let g = own.g.as_ref().map(|graph| self.graph(node, graph)).transpose()?;
            let graphs = own.graphs.iter().map(|graph| self.graph(node, graph));
            let graphs = graphs.collect::<Result<_, _>>()?;
            let (name, r#type) = (own.name.clone(), own.r#type);
            return Ok(Some(AttributeProto {
                name,
                r#type,
                g,
                graphs,
                ..AttributeProto::default()
            }));
        }
        let is_meant = |given: &&AttributeProto| given.name == own.ref_attr_name;
        let mut defaults = self.function.attribute_proto.iter();
        let found = self.call.attribute.iter().find(is_meant).or_else(|| defaults.find(is_meant));
        let Some(found) = found else { return Ok(None) };
        let at = || format!("{}: {}: attribute `{}`", place(self.function), node.place(), own.name);
        if found.g.is_some() || !found.graphs.is_empty() {
            return Err(OnnxError::unsupported(at(), "a graph that is given to a function"));
        }
        if own.r#type != found.r#type && own.r#type != pb::AttributeType::Undefined as i32 {
            let (expected, got) = (own.r#type(), found.r#type());
            let (expected, got) = (format_args!("{expected:?}"), format_args!("{got:?}"));
            return Err(OnnxError::invalid(at(), expected, got));
        }
        let found = self.inliner.copy(found)?;
        Ok(Some(AttributeProto { name: own.name.clone(), ..found }))
    }

    /// A nested graph, all of whose values get new names too: a name may stand for another value in
    /// the graph around the call.
    fn graph(&mut self, node: &NodeProto, graph: &'p GraphProto) -> Result<GraphProto, OnnxError> {
        let inputs = graph.input.iter().map(|value| &value.name);
        let constants = graph.initializer.iter().map(|constant| &constant.name);
        let sparse = graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref());
        let outputs = graph.node.iter().flat_map(|node| &node.output);
        let own = inputs.chain(constants).chain(sparse.map(|values| &values.name)).chain(outputs);
        let mut names = HashMap::new();
        for name in own.filter(|name| !name.is_empty()) {
            if !names.contains_key(name.as_str()) {
                names.insert(name.as_str(), self.inliner.fresh_name(self.function, name));
            }
        }
        self.scopes.push(names);
        // Shapes that were declared for intermediate values are not needed.
        let mut copy = GraphProto {
            name: graph.name.clone(),
            input: graph.input.clone(),
            output: graph.output.clone(),
            initializer: graph.initializer.clone(),
            sparse_initializer: graph.sparse_initializer.clone(),
            ..GraphProto::default()
        };
        for value in copy.input.iter_mut().chain(&mut copy.output) {
            value.name = self.name(node, &value.name)?;
        }
        for constant in &mut copy.initializer {
            constant.name = self.name(node, &constant.name)?;
        }
        for values in copy.sparse_initializer.iter_mut().filter_map(|sparse| sparse.values.as_mut())
        {
            values.name = self.name(node, &values.name)?;
        }
        for inner in &graph.node {
            copy.node.push(self.node(inner)?);
        }
        self.scopes.pop();
        Ok(copy)
    }
}
