//! Values from the environment: `${env:NAME}` in any text, and `${NAME}` in `credentials`.

use radiant_contract::EnvSource;
use serde_json::Value;

use super::keypath::{KeyPath, Step};
use super::node::{Content, Node, Outside};
use super::problem::{Problem, quoted};
use super::yaml::BYTES_MAX;

/// What begins a reference, what ends it, and what stands before `${` that is none.
const BEGIN: &str = "${";
const END: &str = "}";
const ESCAPED: &str = "$${";

/// Fills values in; what is wrong goes to `problems`.
pub(crate) struct Filler<'a> {
    env: &'a dyn EnvSource,
    /// How many bytes may still come from variables.
    bytes_left: usize,
    problems: Vec<Problem>,
}

/// Puts the values of variables into the texts of a document, and gives what is wrong with them.
pub(crate) fn fill(document: &mut Node, env: &dyn EnvSource) -> Vec<Problem> {
    let mut filler = Filler { env, bytes_left: BYTES_MAX, problems: Vec::new() };
    filler.node(document, &KeyPath::default());
    let problems = filler.problems.into_iter();
    problems.map(|problem| problem.located(document)).collect()
}

/// Whether a value stands for something that is not known yet.
pub(crate) fn is_reference(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains(BEGIN))
}

impl Filler<'_> {
    fn node(&mut self, node: &mut Node, path: &KeyPath) {
        match &mut node.content {
            Content::Scalar(Value::String(text)) => {
                let Some((filled, is_hidden)) = self.text(text, path) else { return };
                text.clone_from(&filled);
                node.outside = Some(Outside { text: filled, is_hidden });
            }
            Content::Scalar(_) => {}
            Content::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &path.index(index));
                }
            }
            Content::Map(mapping) => {
                for (key, entry) in &mut mapping.entries {
                    self.node(entry, &path.key(key.as_str()));
                }
            }
        }
    }

    /// A text with its references filled in, and whether there was one; `None` for a text without.
    fn text(&mut self, text: &str, path: &KeyPath) -> Option<(String, bool)> {
        if !text.contains(BEGIN) {
            return None;
        }
        let mut filled = String::new();
        let mut is_hidden = false;
        let mut rest = text;
        while let Some(at) = rest.find(BEGIN) {
            let (before, reference) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                filled.push_str(before);
                filled.push_str(BEGIN);
                rest = reference.strip_prefix(BEGIN).unwrap_or_default();
                continue;
            }
            filled.push_str(before);
            let inner = reference.strip_prefix(BEGIN).unwrap_or_default();
            let Some((name, after)) = inner.split_once(END) else {
                self.problem(path, "`}` after `${`", quoted(reference));
                filled.push_str(reference);
                rest = "";
                break;
            };
            match self.reference(name, path) {
                Some(value) => {
                    filled.push_str(&value);
                    is_hidden = true;
                }
                None => filled.extend([BEGIN, name, END]),
            }
            rest = after;
        }
        filled.push_str(rest);
        Some((filled, is_hidden))
    }

    /// What a reference stands for; `None` when it is none, or nothing.
    fn reference(&mut self, name: &str, path: &KeyPath) -> Option<String> {
        let in_credentials =
            path.steps().first().is_some_and(|step| *step == Step::Key("credentials".to_owned()));
        let is_name = |name: &str| {
            let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !name.is_empty() && name.chars().all(is_letter)
        };
        let name = match name.strip_prefix("env:") {
            Some(name) => name,
            None if in_credentials => name,
            None => {
                let shown = quoted(&format!("{BEGIN}{name}{END}"));
                let problem =
                    Problem::warning(path.clone(), "`${env:NAME}`", format!("{shown} as it is"));
                self.problems.push(problem.hint(format!("write `{ESCAPED}` if that is meant")));
                return None;
            }
        };
        if !is_name(name) {
            self.problem(path, "a variable's name of letters, digits and `_`", quoted(name));
            return None;
        }
        let Some(value) = self.env.get(name) else {
            let expected = format!("the variable `{name}` to be set");
            self.problem(path, &expected, "nothing".to_owned());
            return None;
        };
        let Some(left) = self.bytes_left.checked_sub(value.len()) else {
            let expected = format!("at most {BYTES_MAX} bytes from variables");
            self.problem(path, &expected, "more".to_owned());
            return None;
        };
        self.bytes_left = left;
        Some(value)
    }

    fn problem(&mut self, path: &KeyPath, expected: &str, got: String) {
        self.problems.push(Problem::error(path.clone(), expected, got));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use radiant_contract::MapEnv;
    use serde_json::json;

    use super::*;

    fn filled(document: Value) -> (Value, Vec<String>) {
        let env = [("TAG", "1.4"), ("TOKEN", "hunter2"), ("X", "${env:TOKEN}")];
        let env: MapEnv =
            env.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let mut node = Node::from(document);
        let problems = fill(&mut node, &env);
        (node.value(), problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn references_become_their_values_once() {
        let document = json!({
            "image": "acme/radiant:${env:TAG}",
            "list": ["${env:TAG}", "$TAG", "{}"],
            "credentials": {"fromProfile": "${TAG}-${env:TAG}"},
            "literal": "$${env:TAG}",
            "inner": "${env:X}",
        });
        let expected = json!({
            "image": "acme/radiant:1.4",
            "list": ["1.4", "$TAG", "{}"],
            "credentials": {"fromProfile": "1.4-1.4"},
            "literal": "${env:TAG}",
            "inner": "${env:TOKEN}",
        });
        assert_eq!(filled(document), (expected, Vec::new()));
    }

    #[test]
    fn what_is_not_set_is_named() {
        for (document, expected) in [
            (
                json!({"a": "${env:NONE}"}),
                "`a`: expected the variable `NONE` to be set, got nothing",
            ),
            (
                json!({"credentials": {"fromProfile": "${NONE}"}}),
                "`credentials.fromProfile`: expected the variable `NONE` to be set, got nothing",
            ),
            (json!({"a": ["${env:TAG"]}), "`a[0]`: expected `}` after `${`, got `${env:TAG`"),
            (
                json!({"a": "${env:A B}"}),
                "`a`: expected a variable's name of letters, digits and `_`, got `A B`",
            ),
            (json!({"a": "${TAG}"}), "`a`: expected `${env:NAME}`, got `${TAG}` as it is"),
        ] {
            let (value, problems) = filled(document.clone());
            assert_eq!((value, problems), (document, vec![expected.to_owned()]));
        }
    }

    #[test]
    fn variables_do_not_grow_without_bound() {
        let env: MapEnv = [("A".to_owned(), "x".repeat(100_000))].into_iter().collect();
        let mut node = Node::from(json!({"a": "${env:A}".repeat(20)}));
        let problems = fill(&mut node, &env);
        assert!(!problems.is_empty() && problems[0].to_string().contains("bytes from variables"));
    }

    proptest! {
        #[test]
        fn any_text_is_filled_or_refused(text in "[${}env:A]{0,24}") {
            drop(filled(json!({"a": &text, "credentials": {"b": text}})));
        }
    }
}
