//! A tree of objects, lists, texts and numbers over the bytes that it was written in.
//!
//! JSON and UBJSON give the same tree. Numbers and texts stay bytes of the file until somebody asks
//! for them in a type, so that `0.1` can become the nearest single-precision number without a detour
//! over double precision, and a list of plain numbers is one node, however long it is.
//!
//! Limits: a node takes 28 bytes and stands for one byte of the file at least. Files have at most
//! `u32::MAX` bytes.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::number::{Form, Numbers};
use super::scan;
use crate::FormatError;

/// No node.
pub(crate) const NONE: u32 = u32::MAX;

/// A stretch of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Form, u32),
    Text(Span),
    /// A list of numbers and truth values only: how many, and where the first starts.
    Numbers(Form, Span),
    /// The first item.
    List(u32),
    /// The first member.
    Object(u32),
}

/// A node of the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) parent: u32,
    pub(crate) next: u32,
    /// The key, where the parent is an object.
    pub(crate) key: Span,
}

/// A whole file.
#[derive(Debug)]
pub struct Document<'a> {
    bytes: &'a [u8],
    // Invariant: not empty; the root is first, and whatever a node refers to is there.
    nodes: Vec<Node>,
    /// Whether texts are JSON's, which have escapes.
    has_escapes: bool,
}

/// A value in a document.
#[derive(Debug, Clone, Copy)]
pub struct Value<'d> {
    document: &'d Document<'d>,
    node: u32,
}

impl<'a> Document<'a> {
    pub(crate) fn new(bytes: &'a [u8], nodes: Vec<Node>, has_escapes: bool) -> Self {
        Self { bytes, nodes, has_escapes }
    }

    /// The value that the file is.
    pub fn root(&self) -> Value<'_> {
        Value { document: self, node: 0 }
    }

    fn span(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.bytes.get(start..start.saturating_add(span.len as usize)).unwrap_or_default()
    }

    fn text(&self, span: Span) -> Cow<'_, str> {
        let bytes = self.span(span);
        if self.has_escapes && bytes.contains(&b'\\') {
            Cow::Owned(scan::unescape(bytes))
        } else {
            String::from_utf8_lossy(bytes)
        }
    }

    fn is_key(&self, span: Span, key: &str) -> bool {
        let bytes = self.span(span);
        bytes == key.as_bytes()
            || (self.has_escapes && bytes.contains(&b'\\') && scan::unescape(bytes) == key)
    }
}

impl<'d> Value<'d> {
    fn node(&self) -> Node {
        let null =
            Node { kind: Kind::Null, parent: NONE, next: NONE, key: Span { start: 0, len: 0 } };
        self.document.nodes.get(self.node as usize).copied().unwrap_or(null)
    }

    fn at(&self, node: u32) -> Option<Self> {
        (node != NONE).then_some(Self { document: self.document, node })
    }

    /// The member of an object with this name, the last one if there are several.
    ///
    /// Cost: a look at each member.
    pub fn get(&self, key: &str) -> Option<Self> {
        let Kind::Object(mut at) = self.node().kind else { return None };
        let mut found = None;
        while let Some(node) = self.document.nodes.get(at as usize) {
            if self.document.is_key(node.key, key) {
                found = Some(at);
            }
            at = node.next;
        }
        found.map(|node| Self { document: self.document, node })
    }

    /// The member of an object with this name.
    ///
    /// # Errors
    /// When it is not there, or this is no object.
    pub fn expect(&self, key: &str) -> Result<Self, FormatError> {
        self.get(key).ok_or_else(|| {
            let kind = self.kind_name();
            FormatError::damaged(self.path(), format_args!("a member `{key}`"), kind)
        })
    }

    /// The members of an object, in the order of the file; nothing where this is no object.
    pub fn members(&self) -> impl Iterator<Item = Self> + use<'d> {
        self.children(matches!(self.node().kind, Kind::Object(_)))
    }

    /// The items of a list that is not one of numbers only; nothing where this is no such list.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'d> {
        self.children(matches!(self.node().kind, Kind::List(_)))
    }

    /// The items of a list of objects, lists or texts, which must not be one of numbers only.
    ///
    /// # Errors
    /// When this is something else.
    pub fn expect_items(&self) -> Result<impl Iterator<Item = Self> + use<'d>, FormatError> {
        match self.node().kind {
            Kind::List(_) => Ok(self.items()),
            _ => Err(FormatError::damaged(self.path(), "a list of objects", self.kind_name())),
        }
    }

    fn children(&self, wanted: bool) -> impl Iterator<Item = Self> + use<'d> {
        let first = match self.node().kind {
            Kind::List(first) | Kind::Object(first) if wanted => self.at(first),
            _ => None,
        };
        std::iter::successors(first, |child| child.at(child.node().next))
    }

    /// The name of this member of an object; empty for anything else.
    pub fn key(&self) -> Cow<'d, str> {
        self.document.text(self.node().key)
    }

    /// A text. What is no UTF-8 in it is replaced.
    pub fn as_text(&self) -> Option<Cow<'d, str>> {
        match self.node().kind {
            Kind::Text(span) => Some(self.document.text(span)),
            _ => None,
        }
    }

    /// A truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self.node().kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        self.node().kind == Kind::Null
    }

    /// Whether this is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.node().kind, Kind::Object(_))
    }

    /// Whether this is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.node().kind, Kind::List(_) | Kind::Numbers(..))
    }

    /// A number, as a list of one.
    fn number(&self) -> Option<Numbers<'d>> {
        match self.node().kind {
            Kind::Number(form, start) => Some(Numbers::new(self.document.bytes, form, start, 1)),
            _ => None,
        }
    }

    /// A number as it is written, where it is written as text.
    pub fn as_number_text(&self) -> Option<&'d str> {
        self.number()?.text()
    }

    /// A number in single precision, rounded once.
    pub fn as_f32(&self) -> Option<f32> {
        self.number()?.first()
    }

    /// A number in double precision.
    pub fn as_f64(&self) -> Option<f64> {
        self.number()?.first()
    }

    /// A whole number.
    pub fn as_i64(&self) -> Option<i64> {
        self.number()?.first()
    }

    /// A list of numbers in single precision, each rounded once.
    ///
    /// # Errors
    /// When this is something else.
    pub fn f32s(&self) -> Result<Vec<f32>, FormatError> {
        self.list(Numbers::all, |value| value.as_f32(), "a list of numbers")
    }

    /// A list of numbers in double precision.
    ///
    /// # Errors
    /// When this is something else.
    pub fn f64s(&self) -> Result<Vec<f64>, FormatError> {
        self.list(Numbers::all, |value| value.as_f64(), "a list of numbers")
    }

    /// A list of whole numbers.
    ///
    /// # Errors
    /// When this is something else.
    pub fn i64s(&self) -> Result<Vec<i64>, FormatError> {
        self.list(Numbers::all, |value| value.as_i64(), "a list of whole numbers")
    }

    /// A list of truth values, of which zero and one are two.
    ///
    /// # Errors
    /// When this is something else.
    pub fn bools(&self) -> Result<Vec<bool>, FormatError> {
        self.list(Numbers::all, |value| value.as_bool(), "a list of truth values")
    }

    /// A list of texts.
    ///
    /// # Errors
    /// When this is something else.
    pub fn texts(&self) -> Result<Vec<String>, FormatError> {
        self.list(|_| Vec::new(), |value| value.as_text().map(Cow::into_owned), "a list of texts")
    }

    /// `plain` gives the numbers up to the first that is of another type.
    fn list<T>(
        &self,
        plain: impl Fn(Numbers<'d>) -> Vec<T>,
        single: impl Fn(Self) -> Option<T>,
        expected: &str,
    ) -> Result<Vec<T>, FormatError> {
        let wrong =
            |at: usize| FormatError::damaged(self.path(), expected, format_args!("item {at}"));
        match self.node().kind {
            Kind::Numbers(form, span) => {
                let numbers = Numbers::new(self.document.bytes, form, span.start, span.len);
                let list = plain(numbers);
                if list.len() != span.len as usize {
                    return Err(wrong(list.len()));
                }
                Ok(list)
            }
            Kind::List(_) => {
                let mut list = Vec::new();
                for item in self.items() {
                    list.push(single(item).ok_or_else(|| wrong(list.len()))?);
                }
                Ok(list)
            }
            _ => Err(FormatError::damaged(self.path(), expected, self.kind_name())),
        }
    }

    /// What this is, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self.node().kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a truth value",
            Kind::Number(..) => "a number",
            Kind::Text(_) => "a text",
            Kind::Numbers(..) => "a list of numbers",
            Kind::List(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }

    /// The way from the root to here, such as `learner.trees[3].left_children`; for messages.
    pub fn path(&self) -> String {
        const STEPS_MAX: usize = 32;
        let mut steps = Vec::new();
        let mut here = Some(*self);
        while let Some(value) = here {
            steps.push(value);
            here = if steps.len() < STEPS_MAX { value.at(value.node().parent) } else { None };
        }
        let mut path = String::new();
        for value in steps.iter().rev() {
            let node = value.node();
            let Some(parent) = value.at(node.parent) else { continue };
            if parent.is_object() {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&value.key());
            } else {
                let at = parent.items().take_while(|item| item.node != value.node).count();
                // Writing to a text cannot fail.
                write!(path, "[{at}]").unwrap_or_default();
            }
        }
        if path.is_empty() { "the file".to_owned() } else { path }
    }
}
