//! Names that Kubernetes and those behind it take.

/// How long a deployment's name may be: the operator makes longer ones of it.
pub(crate) const DEPLOYMENT_MAX: usize = 40;

/// What a name must be, for errors; `Ok` when it is.
pub(crate) type Named = Result<(), String>;

/// A DNS label of at most `max` characters that begins with a letter, as names of Services do (RFC 1035).
pub(crate) fn service(text: &str, max: usize) -> Named {
    let is_one =
        is_label(text) && text.len() <= max && text.starts_with(|c: char| c.is_ascii_lowercase());
    let expected = || {
        format!(
            "at most {max} lowercase letters, digits and `-`, a letter first, a letter or digit last"
        )
    };
    is_one.then_some(()).ok_or_else(expected)
}

/// A DNS label, as namespaces have (RFC 1123).
pub(crate) fn label(text: &str) -> Named {
    let expected = "at most 63 lowercase letters, digits and `-`, a letter or digit first and last";
    (is_label(text) && text.len() <= 63).then_some(()).ok_or_else(|| expected.to_owned())
}

/// Labels with dots between them, as most other objects have (RFC 1123).
pub(crate) fn subdomain(text: &str) -> Named {
    let expected = "at most 253 lowercase letters, digits, `-` and `.`, a letter or digit first and \
                    last of each part";
    (is_subdomain(text)).then_some(()).ok_or_else(|| expected.to_owned())
}

/// The key of a label or annotation: `name` or `prefix/name`.
pub(crate) fn qualified(text: &str) -> Named {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let is_one = is_value(name) && !name.is_empty() && prefix.is_none_or(is_subdomain);
    let expected = "a key of at most 63 letters, digits, `-`, `_` and `.`, a letter or digit first \
                    and last, after a domain and `/` or alone";
    is_one.then_some(()).ok_or_else(|| expected.to_owned())
}

/// The value of a label.
pub(crate) fn label_value(text: &str) -> Named {
    let expected = "at most 63 letters, digits, `-`, `_` and `.`, a letter or digit first and last";
    is_value(text).then_some(()).ok_or_else(|| expected.to_owned())
}

/// The name of a variable of a container.
pub(crate) fn variable(text: &str) -> Named {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_one = !text.is_empty()
        && text.chars().all(is_letter)
        && !text.starts_with(|c: char| c.is_ascii_digit());
    let expected = "a name of letters, digits, `_`, `-` and `.`, no digit first";
    is_one.then_some(()).ok_or_else(|| expected.to_owned())
}

fn is_label(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.chars().all(is_letter)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_value(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_end = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && text.chars().all(is_letter)
        && text.chars().next().is_none_or(is_end)
        && text.chars().last().is_none_or(is_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_takes_its_own() {
        let forty = "a".repeat(40);
        for text in ["fraud", "a", "a-1", &forty] {
            assert!(service(text, 40).is_ok(), "{text}");
        }
        for text in ["", "1a", "-a", "a-", "A", "a.b", "a_b", "é", &format!("{forty}a")] {
            assert!(service(text, 40).is_err(), "{text}");
        }
        assert!(label("1a").is_ok() && label(&"a".repeat(64)).is_err());
        assert!(subdomain("a.b-c.d").is_ok() && subdomain("a..b").is_err());
        for text in ["team", "app.kubernetes.io/name", "A_b.c", "a/b"] {
            assert!(qualified(text).is_ok(), "{text}");
        }
        for text in ["", "/a", "a/", "a/b/c", "-a", "a b", "A/b", &"a".repeat(64)] {
            assert!(qualified(text).is_err(), "{text}");
        }
        for (text, is_one) in
            [("", true), ("risk", true), ("a b", false), ("_x", false), ("x.", false)]
        {
            assert_eq!(label_value(text).is_ok(), is_one, "{text}");
        }
        for (text, is_one) in [("RADIANT_LOG", true), ("a.b", true), ("1A", false), ("A=B", false)]
        {
            assert_eq!(variable(text).is_ok(), is_one, "{text}");
        }
    }
}
