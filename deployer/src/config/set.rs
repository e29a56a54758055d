//! Values from the command line: `--set scale.replicas=3`.

use std::sync::Arc;

use serde_json::Value;

use super::keypath::{KeyPath, Step};
use super::node::{Content, Mapping, Node, Origin, Outside};
use super::problem::{Problem, quoted, shown};
use super::yaml;

/// A value and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    path: KeyPath,
    value: Node,
}

/// What no value can be written into.
struct Blocked {
    at: KeyPath,
    expected: &'static str,
}

impl Assignment {
    /// Reads `PATH=VALUE`.
    ///
    /// # Errors
    /// When it is not of this form.
    pub(crate) fn parse(text: &str) -> Result<Self, Box<Problem>> {
        let origin = Origin { source: Arc::from("--set"), position: None };
        let (path, value) = KeyPath::assignment(text).map_err(|expected| {
            // What stands behind the sign may be secret.
            let shown = text.split('=').next().unwrap_or_default();
            let mut problem = Problem::error(KeyPath::default(), expected, quoted(shown));
            problem.origin = Some(origin.clone());
            Box::new(problem)
        })?;
        let mut node = yaml::value(value);
        node.outside = matches!(node.content, Content::Scalar(_))
            .then(|| Outside { text: value.to_owned(), is_hidden: false });
        attribute(
            &mut node,
            &Origin { source: Arc::from(format!("--set {path}")), position: None },
        );
        Ok(Self { path, value: node })
    }

    /// Writes it into a document; mappings on the way are made.
    ///
    /// # Errors
    /// When there is something on the way that has no keys or items.
    pub(crate) fn apply(&self, document: &mut Node) -> Result<(), Box<Problem>> {
        let walked = place(document, &self.path, self.value.origin.as_ref());
        match walked {
            Ok(node) => {
                *node = self.value.clone();
                Ok(())
            }
            Err(Blocked { at, expected }) => {
                let got = document.find(&at).map_or_else(
                    || "nothing".to_owned(),
                    |node| match &node.content {
                        Content::List(items) => format!("a list of {}", items.len()),
                        Content::Scalar(_) | Content::Map(_) => shown(&node.value()),
                    },
                );
                let mut problem = Problem::error(at, expected, got).located(document);
                problem.origin.clone_from(&self.value.origin);
                Err(Box::new(problem))
            }
        }
    }
}

fn attribute(node: &mut Node, origin: &Origin) {
    node.origin = Some(origin.clone());
    match &mut node.content {
        Content::Scalar(_) => {}
        Content::List(items) => items.iter_mut().for_each(|item| attribute(item, origin)),
        Content::Map(map) => map.entries.values_mut().for_each(|entry| attribute(entry, origin)),
    }
}

/// Goes to a path, and makes what is missing on the way.
fn place<'a>(
    document: &'a mut Node,
    path: &KeyPath,
    origin: Option<&Origin>,
) -> Result<&'a mut Node, Blocked> {
    let mut node = document;
    let mut at = KeyPath::default();
    for step in path.steps() {
        let missing = || Node::new(Content::Scalar(Value::Null), origin.cloned());
        let is_missing = node.is_null();
        let blocked = |expected| Blocked { at: at.clone(), expected };
        match step {
            Step::Key(key) => {
                if is_missing {
                    node.content = Content::Map(Mapping::default());
                }
                let entries = node.entries_mut().ok_or_else(|| blocked("a mapping"))?;
                node = entries.entry(key.clone()).or_insert_with(missing);
            }
            Step::Index(index) => {
                if is_missing {
                    node.content = Content::List(Vec::new());
                }
                let Content::List(items) = &mut node.content else {
                    return Err(blocked("a list"));
                };
                if *index == items.len() {
                    items.push(missing());
                }
                node = items
                    .get_mut(*index)
                    .ok_or_else(|| blocked("a list that is long enough for this index"))?;
            }
        }
        at = at.then(step.clone());
    }
    Ok(node)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(document: Value, texts: &[&str]) -> Result<Value, String> {
        let mut node = Node::from(document);
        for text in texts {
            let applied = Assignment::parse(text).and_then(|it| it.apply(&mut node));
            applied.map_err(|problem| problem.to_string())?;
        }
        Ok(node.value())
    }

    #[test]
    fn values_are_written_and_what_is_missing_is_made() {
        let document = json!({"scale": {"replicas": 1}, "tests": [{"request": "a"}]});
        let texts = [
            "scale.replicas=3",
            "server.env.A=",
            "tests[0].request=b",
            "tests[1].request=c",
            r"labels.a\.b/c=1.10",
            "rollout.canary.steps=[5, 25]",
        ];
        let expected = json!({
            "scale": {"replicas": 3},
            "server": {"env": {"A": ""}},
            "tests": [{"request": "b"}, {"request": "c"}],
            "labels": {"a.b/c": 1.1},
            "rollout": {"canary": {"steps": [5, 25]}},
        });
        assert_eq!(set(document, &texts), Ok(expected));
    }

    #[test]
    fn null_removes() {
        let document = json!({"a": {"b": 1}, "c": 2});
        assert_eq!(set(document.clone(), &["a=null"]), Ok(json!({"c": 2})));
        assert_eq!(set(document, &["a=null", "a.d=3"]), Ok(json!({"a": {"d": 3}, "c": 2})));
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let document = json!({"a": "text", "list": [1]});
        for (text, expected) in [
            ("a.b=1", "--set a.b: `a`: expected a mapping, got `text`"),
            ("a[0]=1", "--set a[0]: `a`: expected a list, got `text`"),
            (
                "list[2]=1",
                "--set list[2]: `list`: expected a list that is long enough for this index, got a \
                 list of 1",
            ),
            ("password", "--set: expected PATH=VALUE, such as scale.replicas=3, got `password`"),
        ] {
            assert_eq!(set(document.clone(), &[text]), Err(expected.to_owned()), "{text}");
        }
    }
}
