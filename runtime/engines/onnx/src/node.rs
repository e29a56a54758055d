//! Nodes and their attributes.

use std::fmt;

use crate::OnnxError;
use crate::pb::{AttributeProto, AttributeType, GraphProto, NodeProto, TensorProto};

impl GraphProto {
    /// All nodes, those of graphs nested in nodes included.
    pub fn all_nodes(&self) -> Vec<&NodeProto> {
        let mut nodes = Vec::new();
        let mut graphs = vec![self];
        while let Some(graph) = graphs.pop() {
            nodes.extend(&graph.node);
            graphs.extend(graph.node.iter().flat_map(NodeProto::graphs));
        }
        nodes
    }
}

impl NodeProto {
    /// The domain: empty for standard ONNX, which may also be written `ai.onnx`.
    pub fn canonical_domain(&self) -> &str {
        canonical_domain(&self.domain)
    }

    /// The node as errors show it: its name, and operator with domain.
    pub fn place(&self) -> impl fmt::Display {
        Place(self)
    }

    /// The input at `index`, or `None` where it is left out.
    pub fn input_name(&self, index: usize) -> Option<&str> {
        self.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// The graphs in this node's attributes: branches and loop bodies.
    pub fn graphs(&self) -> impl Iterator<Item = &GraphProto> {
        self.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
    }

    /// Whether the operator is one that gives something else each time.
    pub(crate) fn is_random(&self) -> bool {
        self.op_type.starts_with("Random")
            || matches!(self.op_type.as_str(), "Bernoulli" | "Multinomial" | "Sampling")
    }

    /// The value of an attribute that is an integer, or `default` where it is left out.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where it is of another type.
    pub fn int(&self, name: &str, default: i64) -> Result<i64, OnnxError> {
        self.typed(name, AttributeType::Int, |attribute| attribute.i).map(|i| i.unwrap_or(default))
    }

    /// The value of an attribute that is a number, or `default` where it is left out.
    ///
    /// # Errors
    /// As [`int`](Self::int).
    pub fn float(&self, name: &str, default: f32) -> Result<f32, OnnxError> {
        let value = self.typed(name, AttributeType::Float, |attribute| attribute.f)?;
        Ok(value.unwrap_or(default))
    }

    /// The value of an attribute that is text, if there is one.
    ///
    /// # Errors
    /// As [`int`](Self::int), and where the text is not UTF-8.
    pub fn string(&self, name: &str) -> Result<Option<&str>, OnnxError> {
        let value = self.typed(name, AttributeType::String, |attribute| &*attribute.s)?;
        value.map(|bytes| self.text(name, bytes)).transpose()
    }

    /// The integers of an attribute, empty where it is left out.
    ///
    /// # Errors
    /// As [`int`](Self::int).
    pub fn ints(&self, name: &str) -> Result<&[i64], OnnxError> {
        let value = self.typed(name, AttributeType::Ints, |attribute| &*attribute.ints)?;
        Ok(value.unwrap_or_default())
    }

    /// The numbers of an attribute, empty where it is left out.
    ///
    /// # Errors
    /// As [`int`](Self::int).
    pub fn floats(&self, name: &str) -> Result<&[f32], OnnxError> {
        let value = self.typed(name, AttributeType::Floats, |attribute| &*attribute.floats)?;
        Ok(value.unwrap_or_default())
    }

    /// The texts of an attribute, empty where it is left out.
    ///
    /// # Errors
    /// As [`string`](Self::string).
    pub fn strings(&self, name: &str) -> Result<Vec<&str>, OnnxError> {
        let value = self.typed(name, AttributeType::Strings, |attribute| &*attribute.strings)?;
        value.unwrap_or_default().iter().map(|bytes| self.text(name, bytes)).collect()
    }

    /// The constant in an attribute, if there is one.
    ///
    /// # Errors
    /// As [`int`](Self::int).
    pub fn tensor(&self, name: &str) -> Result<Option<&TensorProto>, OnnxError> {
        let value = self.typed(name, AttributeType::Tensor, |attribute| attribute.t.as_ref())?;
        Ok(value.flatten())
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        expected: AttributeType,
        value: impl FnOnce(&'a AttributeProto) -> T,
    ) -> Result<Option<T>, OnnxError> {
        let Some(attribute) = self.attribute(name) else { return Ok(None) };
        if attribute.r#type == expected as i32 {
            return Ok(Some(value(attribute)));
        }
        let place = format_args!("{}: attribute `{name}`", Place(self));
        let got = attribute.r#type();
        Err(OnnxError::invalid(place, format_args!("{expected:?}"), format_args!("{got:?}")))
    }

    fn text<'a>(&self, name: &str, bytes: &'a [u8]) -> Result<&'a str, OnnxError> {
        std::str::from_utf8(bytes).map_err(|_error| {
            let place = format_args!("{}: attribute `{name}`", Place(self));
            OnnxError::invalid(place, "UTF-8", format_args!("`{}`", bytes.escape_ascii()))
        })
    }
}

/// Standard ONNX's two names as one.
pub(crate) fn canonical_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

struct Place<'a>(&'a NodeProto);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(node) = self;
        let named_by_output = node.output.iter().find(|name| !name.is_empty());
        match (node.name.as_str(), named_by_output) {
            ("", Some(output)) => write!(f, "node of `{output}`")?,
            (name, _) => write!(f, "node `{name}`")?,
        }
        match node.canonical_domain() {
            "" => write!(f, " ({})", node.op_type),
            domain => write!(f, " ({domain}.{})", node.op_type),
        }
    }
}
