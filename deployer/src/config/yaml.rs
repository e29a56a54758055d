//! Documents of YAML, or JSON, which is YAML too: read within bounds, with the place of each value.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::Spanned;

use super::node::{Content, Mapping, Node, Origin};

/// How large a configuration may be, with all that its aliases stand for.
pub(crate) const BYTES_MAX: usize = 1 << 20;

const DEPTH_MAX: usize = 48;
const NODES_MAX: usize = 50_000;
const DOCUMENTS_MAX: usize = 100;

/// Why a text is no YAML, and where, if that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) message: String,
    pub(crate) position: Option<(u64, u64)>,
}

/// Reads the documents of a text; empty ones are none.
///
/// # Errors
/// When it is no YAML, or larger or deeper than a configuration may be.
pub(crate) fn documents(text: &str, source: &Arc<str>) -> Result<Vec<Node>, YamlError> {
    if text.len() > BYTES_MAX {
        let message = format!("expected at most {BYTES_MAX} bytes, got {}", text.len());
        return Err(YamlError { message, position: None });
    }
    let mut documents: Vec<Node> = serde_saphyr::from_str_multiple_with_options(text, options())
        .map_err(|error| {
            let message = error.to_string();
            let message = message.lines().next().unwrap_or_default().to_owned();
            let position = error.location();
            let position =
                position.map(|at| (at.line(), at.column())).filter(|(line, _)| *line > 0);
            YamlError { message, position }
        })?;
    for document in &mut documents {
        document.origin = None;
        attribute(document, source);
    }
    Ok(documents)
}

/// Reads the value of a flag: one of YAML if it is short, else the text itself. Only brackets and braces
/// begin lists and mappings.
pub(crate) fn value(text: &str) -> Node {
    let is_flow = text.starts_with(['[', '{']);
    let as_text = || Node::scalar(Value::from(text));
    if text.is_empty() || text.len() > BYTES_MAX {
        return as_text();
    }
    let read: Result<Node, _> = serde_saphyr::from_str_with_options(text, options());
    match read {
        Ok(node) if is_flow || matches!(node.content, Content::Scalar(_)) => node,
        Ok(_) | Err(_) => as_text(),
    }
}

/// `y` and `no` are texts, as in YAML 1.2.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            max_documents: DOCUMENTS_MAX,
            max_total_scalar_bytes: BYTES_MAX,
            max_recorded_anchor_events: NODES_MAX,
            max_recorded_anchor_bytes: BYTES_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: NODES_MAX,
            max_replay_stack_depth: DEPTH_MAX,
        },
        strict_booleans: true,
        emit_comments: false,
        with_snippet: false,
    }
}

/// Says of all values which source they are from.
fn attribute(node: &mut Node, source: &Arc<str>) {
    if let Some(origin) = &mut node.origin {
        origin.source = Arc::clone(source);
    }
    match &mut node.content {
        Content::Scalar(_) => {}
        Content::List(items) => items.iter_mut().for_each(|item| attribute(item, source)),
        Content::Map(mapping) => {
            mapping.entries.values_mut().for_each(|entry| attribute(entry, source));
        }
    }
}

fn origin(at: serde_saphyr::Location) -> Option<Origin> {
    (at.line() > 0)
        .then(|| Origin { source: Arc::from(""), position: Some((at.line(), at.column())) })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::deserialize(deserializer)?;
        Ok(Self::new(value, origin(referenced)))
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyContent)
    }
}

struct AnyContent;

impl<'de> Visitor<'de> for AnyContent {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Content, E> {
        let number =
            Number::from_f64(value).ok_or_else(|| E::custom("expected a finite number"))?;
        Ok(Content::Scalar(number.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut mapping = Mapping::default();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let mut node: Node = entries.next_value()?;
            node.origin = origin(key.referenced).or(node.origin);
            mapping.entries.insert(key.value, node);
        }
        Ok(Content::Map(mapping))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::config::keypath::KeyPath;

    fn read(text: &str) -> Result<Vec<Node>, YamlError> {
        documents(text, &Arc::from("radiant.yaml"))
    }

    fn place(document: &Node, path: &str) -> String {
        let path = KeyPath::parse(path).unwrap();
        document.find(&path).unwrap().origin.as_ref().unwrap().to_string()
    }

    #[test]
    fn values_know_the_line_and_column_of_their_keys() {
        let text = "a:\n  b: 1\n  c: [x, {d: 2}]\n---\n# other\ne: null\n";
        let documents = read(text).unwrap();
        let values: Vec<Value> = documents.iter().map(Node::value).collect();
        assert_eq!(values, [json!({"a": {"b": 1, "c": ["x", {"d": 2}]}}), json!({})]);
        let [first, second] = documents.as_slice() else { panic!("{documents:?}") };
        assert_eq!(place(first, "a.b"), "radiant.yaml:2:3");
        assert_eq!(place(first, "a.c[1].d"), "radiant.yaml:3:11");
        assert_eq!(place(second, "e"), "radiant.yaml:6:1");
    }

    #[test]
    fn words_are_texts_and_numbers_are_numbers() {
        let documents =
            read("a: no\nb: 500m\nc: 1.5\nd: '7'\ne: -3\nf: 1e-6\ng: true\n1: x\nh: ~").unwrap();
        let expected = json!({
            "a": "no", "b": "500m", "c": 1.5, "d": "7", "e": -3, "f": 1e-6, "g": true, "1": "x",
        });
        assert_eq!(documents[0].value(), expected);
    }

    #[test]
    fn values_of_flags_are_short() {
        let cases = [
            ("3", json!(3)),
            ("", json!("")),
            ("null", Value::Null),
            ("'3'", json!("3")),
            ("a: b", json!("a: b")),
            ("[5, 25]", json!([5, 25])),
            ("{a: 1}", json!({"a": 1})),
            ("[5", json!("[5")),
            ("- a", json!("- a")),
            ("s3://models/a", json!("s3://models/a")),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text).value(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let m = n - 1;
            let items = vec![format!("*a{m}"); 9].join(", ");
            bomb = format!("{bomb}a{n}: &a{n} [{items}]\n");
        }
        let large = "#".repeat(BYTES_MAX + 1);
        let many = "- a\n".repeat(NODES_MAX + 1);
        let streams = "---\na: 1\n".repeat(DOCUMENTS_MAX + 1);
        for text in [deep, bomb, large, many, streams] {
            assert!(read(&text).is_err());
        }
    }

    #[test]
    fn broken_texts_have_a_place() {
        let error = read("a: 1\nb: [1,\nc: }").unwrap_err();
        assert!(error.position.is_some(), "{error:?}");
        let error = read("a: 1\na: 2\n").unwrap_err();
        assert_eq!(error.position.map(|(line, _)| line), Some(2), "{error:?}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-a: \\[\\]{}&*!|>'\"%@`,?#\n\t0-9<~]{0,64}") {
            drop(read(&text));
            drop(value(&text));
        }
    }
}
