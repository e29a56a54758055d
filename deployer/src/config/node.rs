//! A value of a document, with where it was written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::keypath::{KeyPath, Step};

/// Where a value was written: a file with its line and column from 1, or a flag, which has neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, or the flag.
    pub source: Arc<str>,
    /// The line and column of its key or, in a list, of itself.
    pub position: Option<(u64, u64)>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// A value with where it was written.
#[derive(Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) origin: Option<Origin>,
    pub(crate) outside: Option<Outside>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Neither list nor mapping.
    Scalar(Value),
    List(Vec<Node>),
    Map(Mapping),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Mapping {
    pub(crate) entries: BTreeMap<String, Node>,
    /// Whether it takes the place of what it is laid over, rather than being merged with it: it has been
    /// laid over something that was no mapping.
    pub(crate) replaces: bool,
}

/// What a scalar was given as elsewhere than in a file, where nobody could say whether it is a text or a
/// number.
#[derive(Clone, PartialEq)]
pub(crate) struct Outside {
    pub(crate) text: String,
    /// Whether it came from the environment, and is not to be shown.
    pub(crate) is_hidden: bool,
}

impl fmt::Debug for Node {
    /// Without what came from the environment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_hidden() { f.write_str("***") } else { self.content.fmt(f) }
    }
}

impl Node {
    pub(crate) fn new(content: Content, origin: Option<Origin>) -> Self {
        Self { content, origin, outside: None }
    }

    pub(crate) fn scalar(value: Value) -> Self {
        Self::new(Content::Scalar(value), None)
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.outside.as_ref().is_some_and(|outside| outside.is_hidden)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    /// The entries, if it is a mapping.
    pub(crate) fn entries(&self) -> Option<&BTreeMap<String, Self>> {
        match &self.content {
            Content::Map(mapping) => Some(&mapping.entries),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }

    pub(crate) fn entries_mut(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        match &mut self.content {
            Content::Map(mapping) => Some(&mut mapping.entries),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }

    /// The text of this key, if it is a mapping that has one.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match &self.entries()?.get(key)?.content {
            Content::Scalar(value) => value.as_str(),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match (&self.content, step) {
            (Content::Map(mapping), Step::Key(key)) => mapping.entries.get(key),
            (Content::List(items), Step::Index(index)) => items.get(*index),
            _ => None,
        }
    }

    fn step_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (&mut self.content, step) {
            (Content::Map(mapping), Step::Key(key)) => mapping.entries.get_mut(key),
            (Content::List(items), Step::Index(index)) => items.get_mut(*index),
            _ => None,
        }
    }

    /// What is there.
    pub(crate) fn find(&self, path: &KeyPath) -> Option<&Self> {
        path.steps().iter().try_fold(self, |node, step| node.step(step))
    }

    pub(crate) fn find_mut(&mut self, path: &KeyPath) -> Option<&mut Self> {
        path.steps().iter().try_fold(self, |node, step| node.step_mut(step))
    }

    /// The innermost that is there, on the way to what may not be.
    pub(crate) fn nearest(&self, path: &KeyPath) -> &Self {
        let mut node = self;
        for step in path.steps() {
            match node.step(step) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// The plain value. What is null in a mapping is not there.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Map(mapping) => {
                let there = mapping.entries.iter().filter(|(_, node)| !node.is_null());
                Value::Object(there.map(|(key, node)| (key.clone(), node.value())).collect())
            }
        }
    }

    /// This value, laid over `base`: entry by entry where both are mappings, else in its place.
    pub(crate) fn over(self, base: Self) -> Self {
        let Content::Map(top) = self.content else { return self };
        let content = match base.content {
            Content::Map(below) if !top.replaces => Content::Map(top.over(below)),
            Content::Map(_) | Content::Scalar(_) | Content::List(_) => {
                Content::Map(Mapping { replaces: true, ..top })
            }
        };
        Self { content, ..self }
    }
}

impl Mapping {
    fn over(self, base: Self) -> Self {
        let Self { mut entries, replaces } = base;
        for (key, node) in self.entries {
            let node = match entries.remove(&key) {
                Some(below) => node.over(below),
                None => node,
            };
            entries.insert(key, node);
        }
        Self { entries, replaces }
    }
}

impl From<Value> for Node {
    /// Without origins.
    fn from(value: Value) -> Self {
        let content = match value {
            Value::Array(items) => Content::List(items.into_iter().map(Self::from).collect()),
            Value::Object(entries) => Content::Map(mapping(entries)),
            scalar => Content::Scalar(scalar),
        };
        Self::new(content, None)
    }
}

fn mapping(entries: Map<String, Value>) -> Mapping {
    let entries = entries.into_iter().map(|(key, value)| (key, Node::from(value)));
    Mapping { entries: entries.collect(), replaces: false }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn laid(base: &Value, top: &Value) -> Value {
        Node::from(top.clone()).over(Node::from(base.clone())).value()
    }

    #[test]
    fn mappings_merge_lists_replace_and_null_removes() {
        let base = json!({"a": {"x": 1, "y": 2}, "list": [1, 2], "gone": {"z": 1}});
        let top = json!({"a": {"y": 3}, "list": [3], "gone": null, "new": true});
        let expected = json!({"a": {"x": 1, "y": 3}, "list": [3], "new": true});
        assert_eq!(laid(&base, &top), expected);
        assert_eq!(
            laid(&json!({"a": 1}), &json!({"a": {"b": null, "c": 2}})),
            json!({"a": {"c": 2}})
        );
    }

    #[test]
    fn what_comes_from_the_environment_is_not_debugged() {
        let mut node = Node::scalar("hunter2".into());
        node.outside = Some(Outside { text: "hunter2".to_owned(), is_hidden: true });
        let map = Mapping { entries: [("a".to_owned(), node)].into(), replaces: false };
        assert!(!format!("{:?}", Node::new(Content::Map(map), None)).contains("hunter2"));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..4_u8).prop_map(Value::from),
            "[ab]".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Value::from),
                btree_map("[a-c]", inner, 0..3)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_empty_overlay_changes_nothing(base in btree_map("[a-c]", value(), 0..4)) {
            let base = Node::from(Value::Object(base.into_iter().collect()));
            let empty = || Node::from(json!({}));
            prop_assert_eq!(&empty().over(base.clone()), &base);
            prop_assert_eq!(&base.clone().over(empty()), &base);
        }

        #[test]
        fn overlays_may_be_laid_over_each_other_first(a in value(), b in value(), c in value()) {
            let [a, b, c] = [a, b, c].map(Node::from);
            let from_below = c.clone().over(b.clone().over(a.clone()));
            let from_above = c.over(b).over(a);
            prop_assert_eq!(from_below.value(), from_above.value());
        }

        #[test]
        fn laid_over_itself_it_is_the_same(a in value()) {
            prop_assert_eq!(laid(&a, &a), Node::from(a).value());
        }
    }
}
