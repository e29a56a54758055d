//! One value as a reader sees it: attributes, items, and errors that say where it is.

use std::fmt;

use super::Graph;
use super::class::ClassName;
use super::content::{Content, Items};
use super::value::{Value, ValueId};
use super::walk::Step;
use crate::error::{FormatError, Place};

/// Attributes that one object may have.
const ATTRIBUTES_MAX: usize = 4096;

/// A value of a [`Graph`].
#[derive(Clone, Copy)]
pub struct Node<'g> {
    graph: &'g Graph,
    pub(crate) id: ValueId,
    /// The value through which this one was reached, and how.
    via: Option<(ValueId, Step)>,
}

impl<'g> Node<'g> {
    pub(super) fn root_of(graph: &'g Graph) -> Self {
        Self { graph, id: graph.root_id(), via: None }
    }

    pub(super) fn below(self, id: ValueId, step: Step) -> Self {
        Self { graph: self.graph, id, via: Some((self.id, step)) }
    }

    /// The element `at` of an array of objects, counted in row-major order.
    pub(crate) fn element(self, id: ValueId, at: usize) -> Self {
        self.below(id, Step::Item(at))
    }

    pub(super) fn graph(self) -> &'g Graph {
        self.graph
    }

    pub(super) fn value(self) -> &'g Value {
        self.graph.store().get(self.id)
    }

    /// What the value is, to tell kinds apart.
    ///
    /// numpy's scalars are [`Content::Array`]s without axes.
    pub fn content(self) -> Content<'g> {
        Content::of(self)
    }

    /// Whether this is `None`.
    pub fn is_none(self) -> bool {
        matches!(self.value(), Value::None)
    }

    /// The class of an object; `None` for everything else.
    pub fn class(self) -> Option<ClassName<'g>> {
        self.graph.store().class(self.id)
    }

    /// The name of a bare class or function; `None` for everything else.
    pub fn global(self) -> Option<ClassName<'g>> {
        self.graph.store().global_name(self.id)
    }

    /// Whether this is an object whose class has this name, in a module of this package.
    pub fn is_a(self, package: &str, name: &str) -> bool {
        self.class().is_some_and(|class| class.package() == package && class.name == name)
    }

    /// The attribute of an object.
    ///
    /// # Errors
    /// If this is no object or has no such attribute.
    pub fn attr(self, name: &str) -> Result<Self, FormatError> {
        if self.graph.store().object(self.id).is_none() {
            return Err(self.expected(format_args!("an object with attribute `{name}`")));
        }
        self.attr_opt(name)?.ok_or_else(|| {
            let expected = format!("an object with attribute `{name}`");
            FormatError::damaged(self.place(), expected, format!("{} without it", self.describe()))
        })
    }

    /// The attribute of an object, if it has it; where a name occurs twice the last one counts.
    ///
    /// # Errors
    /// If the object has more attributes than any real one.
    pub fn attr_opt(self, name: &str) -> Result<Option<Self>, FormatError> {
        let store = self.graph.store();
        let Some(object) = store.object(self.id) else { return Ok(None) };
        for dict in store.attribute_dicts(object).into_iter().flatten().rev() {
            let Value::Dict(pairs) = store.get(dict) else { continue };
            if pairs.len() > ATTRIBUTES_MAX {
                let got = pairs.len();
                FormatError::check_limit(self.place(), "attributes", ATTRIBUTES_MAX, got)?;
            }
            let found = pairs.iter().rfind(|(key, _)| store.text(*key) == Some(name.as_bytes()));
            if let Some((key, value)) = found {
                return Ok(Some(self.below(*value, Step::Attribute(*key))));
            }
        }
        Ok(None)
    }

    /// The attribute of an object, if it has it and it is not `None`.
    ///
    /// # Errors
    /// As [`attr_opt`](Self::attr_opt).
    pub fn attr_some(self, name: &str) -> Result<Option<Self>, FormatError> {
        Ok(self.attr_opt(name)?.filter(|node| !node.is_none()))
    }

    /// The first of several names that an attribute has had.
    ///
    /// # Errors
    /// If the object has none of them.
    pub fn attr_any(self, names: &[&str]) -> Result<Self, FormatError> {
        for name in names {
            if let Some(node) = self.attr_opt(name)? {
                return Ok(node);
            }
        }
        Err(self.expected(format_args!("an object with one of the attributes {names:?}")))
    }

    /// The names of an object's attributes, as far as they are text.
    pub fn attr_names(self) -> Vec<String> {
        let store = self.graph.store();
        let Some(object) = store.object(self.id) else { return Vec::new() };
        let dicts = store.attribute_dicts(object).into_iter().flatten();
        let pairs = dicts.filter_map(|dict| match store.get(dict) {
            Value::Dict(pairs) => Some(pairs.iter().take(ATTRIBUTES_MAX)),
            _ => None,
        });
        let names = pairs.flatten().filter_map(|(key, _)| store.text(*key));
        names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// What an object was made from.
    ///
    /// # Errors
    /// If this is no object.
    pub fn args(self) -> Result<Items<'g>, FormatError> {
        let store = self.graph.store();
        let object = store.object(self.id).ok_or_else(|| self.expected("an object"))?;
        let args = store.sequence(object.args).unwrap_or(&[]);
        Ok(Items::arguments(self, args))
    }

    /// The state of an object that is no set of attributes.
    ///
    /// # Errors
    /// If this is no object or has no state.
    pub fn state(self) -> Result<Self, FormatError> {
        let object = self.graph.store().object(self.id);
        let state = object.and_then(|object| object.state);
        let state = state.ok_or_else(|| self.expected("an object with a state"))?;
        Ok(self.below(state, Step::State))
    }

    /// Where the value is: `steps[1][1].coef_`; empty for the outermost one.
    ///
    /// The first path of a graph takes time and memory for all of it: this is for messages.
    pub fn path(self) -> String {
        let store = self.graph.store();
        let Some((holder, step)) = self.via else { return String::new() };
        let mut path = self.graph.paths().path(store, holder).unwrap_or_default();
        step.write(store, &mut path);
        path
    }

    /// Where the value is, for messages.
    pub fn place(self) -> Place {
        let path = self.path();
        if path.is_empty() { Place::File } else { Place::Path(path) }
    }

    /// The error that something else is expected here.
    pub fn expected(self, expected: impl fmt::Display) -> FormatError {
        FormatError::damaged(self.place(), expected, self.describe())
    }

    /// The error that something here is not offered.
    pub fn unsupported(self, what: impl fmt::Display, way_out: impl fmt::Display) -> FormatError {
        FormatError::unsupported(self.place(), what, way_out)
    }

    pub(crate) fn spend(self, bytes: usize) -> Result<(), FormatError> {
        self.graph.spend(bytes, || self.place())
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({}: {})", self.path(), self.describe())
    }
}
