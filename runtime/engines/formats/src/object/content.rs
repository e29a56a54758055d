//! What values are, and their conversion into what Rust has for them.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::node::Node;
use super::value::{Value, ValueId};
use super::walk::Step;
use crate::error::FormatError;
use crate::numpy::{self, Array, Kind};

/// How much of a text a message shows.
const SHOWN_CHARS_MAX: usize = 60;

/// What a value is.
#[derive(Debug, Clone)]
pub enum Content<'g> {
    /// `None`.
    None,
    /// A truth value of Python.
    Bool(bool),
    /// A whole number of Python.
    Int(i64),
    /// A number of Python.
    Float(f64),
    /// A text of Python.
    Text(Cow<'g, str>),
    /// A list, tuple or set.
    List,
    /// A dict, or an object of a class that is a kind of dict.
    Dict,
    /// An array or scalar of numpy.
    Array(Array<'g>),
    /// A bare class or function.
    Global,
    /// Any other object.
    Object,
    /// Bytes, numbers beyond 64 bits, text that is not UTF-8, and arrays that are damaged.
    Other,
}

impl<'g> Content<'g> {
    pub(super) fn of(node: Node<'g>) -> Self {
        match node.value() {
            Value::None => Self::None,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Int(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Str(_) | Value::OldStr(_) => node.text().map_or(Self::Other, Self::Text),
            Value::List(_) | Value::Tuple(_) | Value::Set(_) => Self::List,
            Value::Dict(_) => Self::Dict,
            Value::Global(_) => Self::Global,
            Value::Array(_) => node.array().map_or(Self::Other, Self::Array),
            Value::BigInt | Value::Bytes(_) => Self::Other,
            Value::Object(object) => match node.array_opt() {
                Ok(Some(array)) => Self::Array(array),
                Err(_) => Self::Other,
                Ok(None) if !object.pairs.is_empty() => Self::Dict,
                Ok(None) if !object.items.is_empty() => Self::List,
                Ok(None) => Self::Object,
            },
        }
    }
}

impl<'g> Node<'g> {
    /// A number; whole ones and numpy's are converted.
    ///
    /// # Errors
    /// If this is something else; an array of one element is a number.
    pub fn float(self) -> Result<f64, FormatError> {
        match self.value() {
            Value::Float(number) => Ok(*number),
            Value::Int(number) => Ok(*number as f64),
            Value::Bool(truth) => Ok(f64::from(u8::from(*truth))),
            _ => self.single("a number", |array| Ok(array.to_f64()?.first().copied())),
        }
    }

    /// A whole number; numpy's are converted, truth values are 0 and 1.
    ///
    /// # Errors
    /// If this is something else; an array of one element is a number.
    pub fn int(self) -> Result<i64, FormatError> {
        match self.value() {
            Value::Int(number) => Ok(*number),
            Value::Bool(truth) => Ok(i64::from(*truth)),
            _ => self.single("a whole number", |array| Ok(array.to_i64()?.first().copied())),
        }
    }

    /// A whole number that is a count or an index.
    ///
    /// # Errors
    /// If this is something else or below 0.
    pub fn index(self) -> Result<usize, FormatError> {
        usize::try_from(self.int()?).map_err(|_| self.expected("a whole number from 0"))
    }

    /// A truth value; numpy's are converted, and the whole numbers 0 and 1.
    ///
    /// # Errors
    /// If this is something else.
    pub fn bool(self) -> Result<bool, FormatError> {
        match self.value() {
            Value::Bool(truth) => Ok(*truth),
            Value::Int(number @ (0 | 1)) => Ok(*number == 1),
            _ => self.single("a truth value", |array| Ok(array.to_bool()?.first().copied())),
        }
    }

    /// A text; numpy's are converted.
    ///
    /// # Errors
    /// If this is something else or not UTF-8.
    pub fn text(self) -> Result<Cow<'g, str>, FormatError> {
        let store = self.graph().store();
        match self.value() {
            Value::Str(blob) => match std::str::from_utf8(store.blob(blob)) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(_) => Err(self.expected("text in UTF-8")),
            },
            Value::OldStr(blob) => {
                let bytes = store.blob(blob);
                if let (true, Ok(text)) = (bytes.is_ascii(), std::str::from_utf8(bytes)) {
                    return Ok(Cow::Borrowed(text));
                }
                self.spend(bytes.len().saturating_mul(2))?;
                Ok(Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()))
            }
            _ => self.single("a text", |array| Ok(array.to_text()?.pop())).map(Cow::Owned),
        }
    }

    /// The text that this is, if it is one.
    pub fn text_opt(self) -> Option<Cow<'g, str>> {
        self.text().ok()
    }

    /// Bytes; also a string of Python 2, and a text that stands for bytes.
    ///
    /// # Errors
    /// If this is something else.
    pub fn bytes(self) -> Result<Cow<'g, [u8]>, FormatError> {
        let bytes = numpy::bytes_of(self.graph().store(), self.id);
        let bytes = bytes.map_err(|_| self.expected("bytes"))?;
        if let Cow::Owned(made) = &bytes {
            self.spend(made.len())?;
        }
        Ok(bytes)
    }

    /// An array or scalar of numpy.
    ///
    /// # Errors
    /// If this is something else, or damaged.
    pub fn array(self) -> Result<Array<'g>, FormatError> {
        self.array_opt()?.ok_or_else(|| self.expected("an array"))
    }

    /// The array or scalar of numpy that this is, if it is one.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn array_opt(self) -> Result<Option<Array<'g>>, FormatError> {
        let graph = self.graph();
        let raw = numpy::array_of(graph.store(), self.id, &|id| graph.dtype(id));
        let Some(raw) = raw.map_err(|error| error.at(self.place()))? else { return Ok(None) };
        if let numpy::Elements::Bytes(Cow::Owned(made)) = &raw.elements {
            self.spend(made.len())?;
        }
        Ok(Some(Array::new(self, raw)))
    }

    /// Numbers with their shape: an array, a number (no axes), or a list of numbers (one axis).
    ///
    /// # Errors
    /// If this is something else.
    pub fn floats(self) -> Result<(Vec<f64>, Vec<usize>), FormatError> {
        if let Some(array) = self.array_opt()?
            && array.dtype().kind != Kind::Object
        {
            return Ok((array.to_f64()?, array.shape().to_vec()));
        }
        if let Value::Float(_) | Value::Int(_) | Value::Bool(_) = self.value() {
            return Ok((vec![self.float()?], Vec::new()));
        }
        let items = self.items().map_err(|_| self.expected("numbers"))?;
        let numbers: Vec<f64> = items.map(Node::float).collect::<Result<_, _>>()?;
        let shape = vec![numbers.len()];
        Ok((numbers, shape))
    }

    fn single<T>(
        self,
        expected: &str,
        read: impl FnOnce(&Array<'g>) -> Result<Option<T>, FormatError>,
    ) -> Result<T, FormatError> {
        let array = self.array_opt()?.filter(|array| array.len() == 1);
        // A 1 x 1 array of objects that holds itself would be read for ever.
        let array = array.filter(|array| array.dtype().kind != Kind::Object);
        let Some(array) = array else { return Err(self.expected(expected)) };
        read(&array).map_err(|_| self.expected(expected))?.ok_or_else(|| self.expected(expected))
    }

    /// The items of a list, tuple or set, or of an object of a class that is a kind of these, or of
    /// an array of objects.
    ///
    /// # Errors
    /// If this is something else.
    pub fn items(self) -> Result<Items<'g>, FormatError> {
        let store = self.graph().store();
        let items = match self.value() {
            Value::Object(object) => {
                if self.class().is_some_and(|class| {
                    ["set", "frozenset", "list", "tuple"].iter().any(|name| class.is_builtin(name))
                }) {
                    // Sets of protocols below 4: made from a list.
                    let made = store.sequence(object.args).and_then(|args| args.first());
                    made.map_or(Some(&[][..]), |list| store.sequence(*list))
                } else if let Some(array) = self.array_opt()? {
                    let nodes = array.to_nodes()?;
                    return Ok(Items { source: Source::Nodes(nodes.into_iter()) });
                } else {
                    (object.pairs.is_empty()).then_some(object.items.as_slice())
                }
            }
            Value::Array(_) => {
                let nodes = self.array()?.to_nodes()?;
                return Ok(Items { source: Source::Nodes(nodes.into_iter()) });
            }
            _ => store.sequence(self.id),
        };
        let ids = items.ok_or_else(|| self.expected("a list"))?;
        self.spend(size_of_val(ids))?;
        Ok(Items { source: Source::Ids { holder: self, ids, at: 0, made_from: false } })
    }

    /// The item at a place of a list, tuple or array of objects.
    ///
    /// # Errors
    /// If this is something else or shorter.
    pub fn item(self, at: usize) -> Result<Self, FormatError> {
        let mut items = self.items()?;
        items.nth(at).ok_or_else(|| self.expected(format_args!("a list with an item {at}")))
    }

    /// The items of a list or tuple that has exactly so many.
    ///
    /// # Errors
    /// If this is something else.
    pub fn tuple<const N: usize>(self) -> Result<[Self; N], FormatError> {
        let items = self.items()?;
        let whole = if items.len() == N { items.collect::<Vec<_>>().try_into().ok() } else { None };
        whole.ok_or_else(|| self.expected(format_args!("{N} items")))
    }

    /// The keys and values of a dict, or of an object of a class that is a kind of dict.
    ///
    /// A key that was set twice comes twice; the later one counts.
    ///
    /// # Errors
    /// If this is something else.
    pub fn entries(self) -> Result<Entries<'g>, FormatError> {
        let pairs = match self.value() {
            Value::Dict(pairs) => pairs.as_slice(),
            Value::Object(object) if object.items.is_empty() => object.pairs.as_slice(),
            _ => return Err(self.expected("a dict")),
        };
        self.spend(size_of_val(pairs))?;
        Ok(Entries { holder: self, pairs: pairs.iter() })
    }

    /// The value of a text in a dict; the last one where it was set twice.
    ///
    /// # Errors
    /// If this is no dict.
    pub fn get(self, key: &str) -> Result<Option<Self>, FormatError> {
        let store = self.graph().store();
        let mut entries = self.entries()?;
        let found = entries.pairs.rfind(|(at, _)| store.text(*at) == Some(key.as_bytes()));
        Ok(found.map(|(key, value)| self.below(*value, Step::Key(*key))))
    }

    /// What the value is, in a few words for a message.
    pub fn describe(self) -> String {
        let store = self.graph().store();
        match self.value() {
            Value::None => "`None`".to_owned(),
            Value::Bool(truth) => if *truth { "`True`" } else { "`False`" }.to_owned(),
            Value::Int(number) => format!("`{number}`"),
            Value::BigInt => "a number beyond 64 bits".to_owned(),
            Value::Float(number) => format!("`{number}`"),
            Value::Str(blob) | Value::OldStr(blob) => {
                let mut shown = "text `".to_owned();
                super::walk::write_text(&mut shown, store.blob(blob), SHOWN_CHARS_MAX);
                shown.push('`');
                shown
            }
            Value::Bytes(blob) => format!("{} bytes", store.blob(blob).len()),
            Value::List(items) | Value::Set(items) => format!("a list of {}", items.len()),
            Value::Tuple(items) => format!("a tuple of {}", items.len()),
            Value::Dict(pairs) => format!("a dict of {}", pairs.len()),
            Value::Global(_) => {
                self.global().map_or_else(String::new, |name| format!("the name `{name}`"))
            }
            Value::Array(_) | Value::Object(_) => self.describe_object(),
        }
    }

    fn describe_object(self) -> String {
        let graph = self.graph();
        let array = numpy::array_of(graph.store(), self.id, &|id| graph.dtype(id));
        if let Ok(Some(array)) = array {
            let mut text = String::new();
            // Writing to a string does not fail.
            let _ok =
                write!(text, "an array of {} with shape {:?}", array.dtype, array.layout.shape());
            return text;
        }
        self.class()
            .map_or_else(|| "an object of no known class".to_owned(), |class| format!("`{class}`"))
    }
}

/// The items of a list.
#[derive(Debug)]
pub struct Items<'g> {
    source: Source<'g>,
}

#[derive(Debug)]
enum Source<'g> {
    Ids { holder: Node<'g>, ids: &'g [ValueId], at: usize, made_from: bool },
    Nodes(std::vec::IntoIter<Node<'g>>),
}

impl<'g> Items<'g> {
    pub(super) fn arguments(holder: Node<'g>, ids: &'g [ValueId]) -> Self {
        Self { source: Source::Ids { holder, ids, at: 0, made_from: true } }
    }
}

impl<'g> Iterator for Items<'g> {
    type Item = Node<'g>;

    fn next(&mut self) -> Option<Node<'g>> {
        self.nth(0)
    }

    fn nth(&mut self, n: usize) -> Option<Node<'g>> {
        match &mut self.source {
            Source::Nodes(nodes) => nodes.nth(n),
            Source::Ids { holder, ids, at, made_from } => {
                let here = at.saturating_add(n);
                *at = here.saturating_add(1);
                let step = if *made_from { Step::Argument(here) } else { Step::Item(here) };
                ids.get(here).map(|id| holder.below(*id, step))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.source {
            Source::Nodes(nodes) => nodes.len(),
            Source::Ids { ids, at, .. } => ids.len().saturating_sub(*at),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Items<'_> {}

/// The keys and values of a dict.
#[derive(Debug)]
pub struct Entries<'g> {
    holder: Node<'g>,
    pairs: std::slice::Iter<'g, (ValueId, ValueId)>,
}

impl<'g> Iterator for Entries<'g> {
    type Item = (Node<'g>, Node<'g>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.pairs.next()?;
        let node = self.holder.below(*value, Step::Key(*key));
        Some((self.holder.below(*key, Step::Key(*key)), node))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pairs.size_hint()
    }
}

impl ExactSizeIterator for Entries<'_> {}
