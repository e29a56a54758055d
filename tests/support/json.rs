//! JSON whose numbers keep their spelling.
//!
//! Seldon's clients see `1` and `1.0`, `1e-07` and `1e-7` as different answers, and bare `NaN` and
//! `Infinity` as answers at all, so a parser that makes floats of them would compare too little.
//! Objects compare irrespective of the order of their keys.

use std::collections::BTreeMap;
use std::fmt;

/// A parsed document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// `null`, `true`, `false`, or a number as it was spelt, `NaN` and infinities included.
    Token(String),
    /// Text without its escapes.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Map(BTreeMap<String, Self>),
}

impl Json {
    /// Parses a whole document, white space around it included.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value()?;
        parser.blank();
        if parser.rest().is_empty() { Ok(value) } else { Err(parser.expected("the end")) }
    }

    /// The value that a JSON pointer leads to.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Self> {
        pointer.split('/').skip(1).try_fold(self, |value, key| match value {
            Self::Map(map) => map.get(key),
            Self::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// All numbers in the document, in order.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        match self {
            Self::Token(token) => token.parse().into_iter().collect(),
            Self::Text(_) => Vec::new(),
            Self::List(items) => items.iter().flat_map(Self::numbers).collect(),
            Self::Map(map) => map.values().flat_map(Self::numbers).collect(),
        }
    }

    /// Where this document and another differ first, as a JSON pointer with both values. Numbers may be
    /// apart by this part of their size; by zero they must be spelt alike.
    pub(crate) fn difference(&self, got: &Self, apart: f64) -> Option<String> {
        let mut path = String::new();
        self.differ(got, apart, &mut path)
    }

    fn is_near(&self, got: &Self, apart: f64) -> bool {
        let (Self::Token(wanted), Self::Token(found)) = (self, got) else { return self == got };
        let is_whole = |token: &str| !token.contains(['.', 'e']);
        match (wanted.parse::<f64>(), found.parse::<f64>()) {
            (Ok(a), Ok(b)) if apart > 0.0 && is_whole(wanted) == is_whole(found) => {
                (a - b).abs() <= apart * a.abs()
            }
            _ => wanted == found,
        }
    }

    fn differ(&self, got: &Self, apart: f64, path: &mut String) -> Option<String> {
        match (self, got) {
            (Self::Map(wanted), Self::Map(found)) => {
                let keys =
                    wanted.keys().chain(found.keys().filter(|key| !wanted.contains_key(*key)));
                keys.into_iter().find_map(|key| {
                    differ_below([wanted.get(key), found.get(key)], key, apart, path)
                })
            }
            (Self::List(wanted), Self::List(found)) => {
                (0..wanted.len().max(found.len())).find_map(|index| {
                    differ_below(
                        [wanted.get(index), found.get(index)],
                        &index.to_string(),
                        apart,
                        path,
                    )
                })
            }
            _ if self.is_near(got, apart) => None,
            _ => Some(format!("at `{path}`: expected {self}, got {got}")),
        }
    }
}

fn differ_below(
    [wanted, found]: [Option<&Json>; 2],
    key: &str,
    apart: f64,
    path: &mut String,
) -> Option<String> {
    let length = path.len();
    path.push('/');
    path.push_str(key);
    let difference = match (wanted, found) {
        (Some(wanted), Some(found)) => wanted.differ(found, apart, path),
        (Some(wanted), None) => Some(format!("at `{path}`: expected {wanted}, got nothing")),
        (None, Some(found)) => Some(format!("at `{path}`: expected nothing, got {found}")),
        (None, None) => None,
    };
    path.truncate(length);
    difference
}

impl fmt::Display for Json {
    /// Text without quotes at the top; everything else as compact JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => f.write_str(token),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    item.nested(f)?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (index, (key, value)) in map.iter().enumerate() {
                    write!(f, "{}{key:?}:", if index == 0 { "" } else { "," })?;
                    value.nested(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Json {
    fn nested(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            other => fmt::Display::fmt(other, f),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Json, String> {
        self.blank();
        match self.rest().as_bytes().first() {
            Some(b'{') => self.map(),
            Some(b'[') => self.list(),
            Some(b'"') => self.text().map(Json::Text),
            _ => self.token(),
        }
    }

    fn map(&mut self) -> Result<Json, String> {
        let mut map = BTreeMap::new();
        self.items('}', |parser| {
            parser.blank();
            let key = parser.text()?;
            if !parser.eat(':') {
                return Err(parser.expected("`:`"));
            }
            let value = parser.value()?;
            match map.insert(key, value) {
                None => Ok(()),
                Some(_) => Err(parser.expected("each key once")),
            }
        })?;
        Ok(Json::Map(map))
    }

    fn list(&mut self) -> Result<Json, String> {
        let mut items = Vec::new();
        self.items(']', |parser| {
            items.push(parser.value()?);
            Ok(())
        })?;
        Ok(Json::List(items))
    }

    fn items(
        &mut self,
        end: char,
        mut item: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.at += 1;
        if self.eat(end) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.eat(end) {
                return Ok(());
            }
            if !self.eat(',') {
                return Err(self.expected("`,` or the end"));
            }
        }
    }

    /// A string, through a parser that knows escapes: spelling is free here, as JSON says.
    fn text(&mut self) -> Result<String, String> {
        let mut stream = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        let text = stream.next().and_then(Result::ok).ok_or_else(|| self.expected("a string"))?;
        self.at += stream.byte_offset();
        Ok(text)
    }

    fn token(&mut self) -> Result<Json, String> {
        let end = |c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c));
        let rest = self.rest();
        let token = rest.split(end).next().unwrap_or_default();
        let word = matches!(token, "null" | "true" | "false" | "NaN" | "Infinity" | "-Infinity");
        let number = token.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
            && token.parse::<f64>().is_ok();
        if !word && !number {
            return Err(self.expected("a value"));
        }
        let token = token.to_owned();
        self.at += token.len();
        Ok(Json::Token(token))
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.blank();
        let found = self.rest().starts_with(wanted);
        self.at += usize::from(found);
        found
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> String {
        format!("expected {what} at byte {}", self.at)
    }
}

#[test]
fn numbers_compare_by_their_spelling_and_objects_by_their_keys() {
    let difference = |wanted: &str, got: &str| {
        Json::parse(wanted).unwrap().difference(&Json::parse(got).unwrap(), 0.0)
    };
    assert_eq!(difference(r#"{"a":1,"b":[NaN]}"#, "{\"b\": [NaN],\n\"a\":1}"), None);
    assert_eq!(difference(r#"["h\u00e9"]"#, r#"["hé"]"#), None);
    for (wanted, got, where_what) in [
        ("[1]", "[1.0]", "at `/0`: expected 1, got 1.0"),
        (
            r#"{"a":{"b":[0,1e-7]}}"#,
            r#"{"a":{"b":[0,1e-07]}}"#,
            "at `/a/b/1`: expected 1e-7, got 1e-07",
        ),
        ("[1]", "[1,2]", "at `/1`: expected nothing, got 2"),
        (r#"{"a":1}"#, "{}", "at `/a`: expected 1, got nothing"),
    ] {
        assert_eq!(difference(wanted, got).as_deref(), Some(where_what));
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in ["", "{", "[1,]", "nan", "[1] 2", "{\"a\":1,\"a\":2}", "inf", "\"", "- 1"] {
        assert!(Json::parse(text).is_err(), "{text}");
    }
}
