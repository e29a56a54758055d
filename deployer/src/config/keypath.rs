//! Where something is in a document: `server.resources.limits.cpu`, `tests[0].request`.

use std::fmt;

/// How many steps a path may have: more than any document is deep.
const STEPS_MAX: usize = 64;

/// How long a list may become by being written to.
const INDEX_MAX: usize = 9_999;

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// Where something is in a document. As text, steps are parted by dots; a backslash stands before a dot,
/// a bracket, an equals sign and itself where they are part of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath(Vec<Step>);

impl KeyPath {
    /// The path of keys without anything to escape, as `server.resources`.
    pub(crate) fn of(keys: &str) -> Self {
        let keys = keys.split('.').filter(|key| !key.is_empty());
        Self(keys.map(|key| Step::Key(key.to_owned())).collect())
    }

    /// What this key of it has.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.then(Step::Key(key.into()))
    }

    /// What this item of it is.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// This path, as it is seen from `above`.
    #[must_use]
    pub(crate) fn below(&self, above: &Self) -> Self {
        Self(above.0.iter().chain(&self.0).cloned().collect())
    }

    pub(crate) fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The steps, from the outside.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// All but the last step, and that; `None` for the whole document.
    pub(crate) fn split_last(&self) -> Option<(Self, &Step)> {
        self.0.split_last().map(|(last, before)| (Self(before.to_vec()), last))
    }

    /// Whether one of the two is the other, or in it.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(ours, theirs)| ours == theirs)
    }

    /// Reads `PATH=VALUE`.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn assignment(text: &str) -> Result<(Self, &str), &'static str> {
        let end = unescaped(text, '=').ok_or("PATH=VALUE, such as scale.replicas=3")?;
        let (path, value) = text.split_at(end);
        Ok((Self::parse(path)?, value.get(1..).unwrap_or_default()))
    }

    /// Reads a path.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const KEY: &str = "a key between dots, as in server.image";
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let end = unescaped(rest, '.').into_iter().chain(unescaped(rest, '[')).min();
            let (key, after) = rest.split_at(end.unwrap_or(rest.len()));
            steps.push(Step::Key(unescape(key).filter(|key| !key.is_empty()).ok_or(KEY)?));
            rest = after;
            while let Some(inner) = rest.strip_prefix('[') {
                let (index, after) = inner.split_once(']').ok_or("a `]` after `[`")?;
                let is_number =
                    !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
                let index = index.parse().ok().filter(|index| is_number && *index <= INDEX_MAX);
                steps.push(Step::Index(index.ok_or("a number from 0 to 9999 between brackets")?));
                rest = after;
            }
            if steps.len() > STEPS_MAX {
                return Err("a path of at most 64 steps");
            }
            match rest.strip_prefix('.') {
                Some(more) => rest = more,
                None if rest.is_empty() => return Ok(Self(steps)),
                None => return Err("`.` or the end after `]`"),
            }
        }
    }
}

/// Where a character first stands without a backslash before it.
fn unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' {
            is_escaped = true;
        } else if character == wanted {
            return Some(at);
        }
    }
    None
}

/// A key without its backslashes; `None` when a bracket or the last backslash is none of them.
fn unescape(key: &str) -> Option<String> {
    let mut plain = String::with_capacity(key.len());
    let mut characters = key.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next()?),
            '[' | ']' | '=' => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    for character in key.chars() {
                        if matches!(character, '.' | '[' | ']' | '=' | '\\') {
                            f.write_str("\\")?;
                        }
                        write!(f, "{character}")?;
                    }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_read_as_they_are_written() {
        let path = KeyPath::parse(r"labels.app\.kubernetes\.io/name").unwrap();
        assert_eq!(path, KeyPath::of("labels").key("app.kubernetes.io/name"));
        let path = KeyPath::parse("a[0][12].b").unwrap();
        assert_eq!(path, KeyPath::of("a").index(0).index(12).key("b"));
        assert_eq!(path.to_string(), "a[0][12].b");
        let (path, value) = KeyPath::assignment(r"env.A\=B=c=d").unwrap();
        assert_eq!((path, value), (KeyPath::of("env").key("A=B"), "c=d"));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in
            ["", ".", "a.", ".a", "a..b", "[0]", "a[", "a[x]", "a[-1]", "a[]", "a[0]b", "a]"]
        {
            assert!(KeyPath::parse(text).is_err(), "{text}");
        }
        assert!(KeyPath::parse("a[10000]").is_err() && KeyPath::parse(r"a\").is_err());
        assert!(KeyPath::parse(&"a.".repeat(100)).is_err());
        assert!(KeyPath::assignment("replicas").is_err() && KeyPath::assignment("=1").is_err());
    }

    proptest! {
        #[test]
        fn a_path_is_what_its_text_says(
            first in "\\PC{1,8}",
            rest in vec(prop_oneof![
                "\\PC{1,8}".prop_map(Step::Key),
                (0..=INDEX_MAX).prop_map(Step::Index),
            ], 0..8),
        ) {
            let path = KeyPath(std::iter::once(Step::Key(first)).chain(rest).collect());
            prop_assert_eq!(KeyPath::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            drop(KeyPath::assignment(&text));
        }
    }
}
