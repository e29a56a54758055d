//! From bytes to a document, without recursion.

use super::document::{Document, Kind, NONE, Node, Span};
use super::number::Form;
use super::scan;
use crate::{FormatError, Limits, Place};

/// A tree that grows, one open object or list inside the other.
#[derive(Debug)]
pub(crate) struct Builder<'l> {
    limits: &'l Limits,
    nodes: Vec<Node>,
    /// The objects and lists that are open, each with its last child.
    open: Vec<(u32, u32)>,
}

impl<'l> Builder<'l> {
    /// Starts with nothing.
    ///
    /// # Errors
    /// When the file is too large for the document's indices.
    pub(crate) fn new(bytes: &[u8], limits: &'l Limits) -> Result<Self, FormatError> {
        let most = limits.file_bytes_max.min(u64::from(u32::MAX));
        FormatError::check_limit(Place::File, "bytes", most, bytes.len())?;
        Ok(Self { limits, nodes: Vec::new(), open: Vec::new() })
    }

    /// Whether the file's value is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.open.is_empty() && !self.nodes.is_empty()
    }

    /// Whether the innermost that is open is an object; `None` if nothing is.
    pub(crate) fn in_object(&self) -> Option<bool> {
        let &(node, _) = self.open.last()?;
        Some(matches!(self.nodes.get(node as usize)?.kind, Kind::Object(_)))
    }

    /// Whether the innermost that is open has nothing in it.
    fn is_empty(&self) -> bool {
        self.open.last().is_none_or(|&(_, last)| last == NONE)
    }

    /// Adds a value to what is open, and opens it if it is an object or a list.
    ///
    /// # Errors
    /// When there are too many, or they are nested too deep.
    pub(crate) fn add(&mut self, key: Span, kind: Kind) -> Result<(), FormatError> {
        let most = self.limits.json_values_max.min(NONE as usize);
        let n_nodes = self.nodes.len().saturating_add(1);
        FormatError::check_limit(Place::Byte(key.start.into()), "values", most, n_nodes)?;
        // The limit was just checked.
        let at = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        let mut parent = NONE;
        if let Some((open, last)) = self.open.last_mut() {
            parent = *open;
            let is_first = *last == NONE;
            let before = if is_first { parent } else { *last };
            *last = at;
            if let Some(before) = self.nodes.get_mut(before as usize) {
                match &mut before.kind {
                    Kind::List(first) | Kind::Object(first) if is_first => *first = at,
                    _ => before.next = at,
                }
            }
        }
        self.nodes.push(Node { kind, parent, next: NONE, key });
        if matches!(kind, Kind::List(_) | Kind::Object(_)) {
            let (most, depth) = (self.limits.depth_max, self.open.len().saturating_add(1));
            FormatError::check_limit(Place::Byte(key.start.into()), "levels", most, depth)?;
            self.open.push((at, NONE));
        }
        Ok(())
    }

    /// Closes the innermost that is open.
    pub(crate) fn close(&mut self) {
        self.open.pop();
    }

    /// The document, which must be complete.
    pub(crate) fn finish(self, bytes: &[u8], has_escapes: bool) -> Document<'_> {
        Document::new(bytes, self.nodes, has_escapes)
    }
}

/// Reads a JSON file.
///
/// Cost: one pass; 28 bytes for each value, where a list of numbers is one value.
///
/// # Errors
/// When the bytes are not JSON, or have more values or levels than [`Limits`] allow.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, FormatError> {
    let mut parser = Parser { bytes, at: 0, builder: Builder::new(bytes, limits)? };
    parser.value(Span { start: 0, len: 0 })?;
    while !parser.builder.is_complete() {
        parser.step()?;
    }
    parser.skip_space();
    if parser.at < bytes.len() {
        return Err(parser.wrong("the end of the file"));
    }
    Ok(parser.builder.finish(bytes, true))
}

struct Parser<'a, 'l> {
    bytes: &'a [u8],
    at: usize,
    builder: Builder<'l>,
}

impl Parser<'_, '_> {
    /// Goes on after a value: to the end of what is open or to its next value.
    fn step(&mut self) -> Result<(), FormatError> {
        let in_object = self.builder.in_object() == Some(true);
        let end = if in_object { b'}' } else { b']' };
        self.skip_space();
        if self.peek() == Some(end) {
            self.forward(1);
            self.builder.close();
            return Ok(());
        }
        if !self.builder.is_empty() {
            self.take(b',', if in_object { "`,` or `}`" } else { "`,` or `]`" })?;
            self.skip_space();
        }
        let mut key = Span { start: self.offset(), len: 0 };
        if in_object {
            key = self.text()?;
            self.skip_space();
            self.take(b':', "`:`")?;
        }
        self.value(key)
    }

    fn value(&mut self, key: Span) -> Result<(), FormatError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => {
                self.forward(1);
                self.builder.add(key, Kind::Object(NONE))
            }
            Some(b'[') => {
                self.forward(1);
                let kind = self.numbers().unwrap_or(Kind::List(NONE));
                self.builder.add(key, kind)
            }
            Some(b'"') => {
                let text = self.text()?;
                self.builder.add(key, Kind::Text(text))
            }
            Some(_) => {
                let start = self.offset();
                let word = self.word();
                let kind = match word {
                    b"null" => Kind::Null,
                    b"true" => Kind::Bool(true),
                    b"false" => Kind::Bool(false),
                    _ if scan::is_number(word) => Kind::Number(Form::Text, start),
                    _ => return Err(self.wrong("a value")),
                };
                self.builder.add(key, kind)
            }
            None => Err(self.wrong("a value")),
        }
    }

    /// The rest of a list that has numbers and truth values only; anything else is left alone.
    fn numbers(&mut self) -> Option<Kind> {
        let start = self.at;
        let list = self.count_numbers(start);
        if list.is_none() {
            self.at = start;
        }
        list
    }

    fn count_numbers(&mut self, start: usize) -> Option<Kind> {
        let mut n = 0_u32;
        loop {
            self.skip_space();
            let word = self.word();
            if !(scan::is_number(word) || matches!(word, b"true" | b"false")) {
                return None;
            }
            n = n.checked_add(1)?;
            self.skip_space();
            let next = self.peek()?;
            self.forward(1);
            match next {
                b',' => {}
                b']' => {
                    let start = u32::try_from(start).ok()?;
                    return Some(Kind::Numbers(Form::Text, Span { start, len: n }));
                }
                _ => return None,
            }
        }
    }

    /// What stands between quotes, with its escapes.
    fn text(&mut self) -> Result<Span, FormatError> {
        self.take(b'"', "a text")?;
        let start = self.offset();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(n) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                self.at = self.bytes.len();
                return Err(self.wrong("`\"`"));
            };
            self.forward(n);
            if self.peek() == Some(b'"') {
                let len = self.offset().saturating_sub(start);
                self.forward(1);
                return Ok(Span { start, len });
            }
            self.forward(2);
        }
    }

    fn word(&mut self) -> &[u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let n = rest.iter().position(|&byte| !scan::is_word(byte)).unwrap_or(rest.len());
        self.forward(n);
        rest.get(..n).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.forward(rest.iter().position(|byte| !is_space(byte)).unwrap_or(rest.len()));
    }

    fn take(&mut self, byte: u8, expected: &str) -> Result<(), FormatError> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(expected));
        }
        self.forward(1);
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn forward(&mut self, n: usize) {
        self.at = self.at.saturating_add(n);
    }

    fn offset(&self) -> u32 {
        // The file's length was checked.
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    fn wrong(&self, expected: &str) -> FormatError {
        let got = match self.peek() {
            Some(byte) => format!("`{}`", byte.escape_ascii()),
            None => "the end of the file".to_owned(),
        };
        FormatError::damaged(Place::Byte(self.at as u64), expected, got)
    }
}
