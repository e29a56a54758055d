//! What a registry wants to see before it answers: the header `WWW-Authenticate`.

use std::collections::BTreeMap;

/// One way to prove who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password in every request.
    Basic,
    /// A token from another service.
    Bearer {
        /// Where the token comes from.
        realm: String,
        /// Which service the token is for.
        service: Option<String>,
    },
}

/// Reads the ways that the values of all such headers offer; those of other schemes are left out.
pub(super) fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Vec<Challenge> {
    headers.into_iter().flat_map(parse_one).collect()
}

fn parse_one(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    for part in split_outside_quotes(header) {
        let part = part.trim();
        // A new scheme is a word that is no `key=value`; its first parameter follows a space.
        let (first, rest) = part.split_once(' ').unwrap_or((part, ""));
        let parameter = if first.contains('=') {
            part
        } else {
            found.push((first.to_ascii_lowercase(), BTreeMap::new()));
            rest.trim()
        };
        if let (Some((_, known)), Some((key, value))) =
            (found.last_mut(), parameter.split_once('='))
        {
            known.insert(key.trim().to_ascii_lowercase(), unquote(value.trim()));
        }
    }
    found.into_iter().filter_map(|(scheme, parameters)| challenge(&scheme, parameters)).collect()
}

fn challenge(scheme: &str, mut parameters: BTreeMap<String, String>) -> Option<Challenge> {
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => {
            let realm = parameters.remove("realm")?;
            Some(Challenge::Bearer { realm, service: parameters.remove("service") })
        }
        _ => None,
    }
}

fn split_outside_quotes(header: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for letter in header.chars() {
        match letter {
            ',' if !is_quoted => parts.push(std::mem::take(&mut part)),
            _ => part.push(letter),
        }
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
    }
    parts.push(part);
    parts
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut letters = inner.chars();
    let mut text = String::with_capacity(inner.len());
    while let Some(letter) = letters.next() {
        let letter = if letter == '\\' { letters.next() } else { Some(letter) };
        text.extend(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    #[test]
    fn challenges_of_real_registries_are_read() {
        for (header, expected) in [
            (r#"Basic realm="rad""#, vec![Challenge::Basic]),
            ("basic", vec![Challenge::Basic]),
            (
                r#"Bearer realm="https://auth.host.io/token",service="registry.host.io""#,
                vec![bearer("https://auth.host.io/token", Some("registry.host.io"))],
            ),
            (
                r#"bearer Realm="https://h/t?a=1,2", scope="repository:a:pull,push" , service=s"#,
                vec![bearer("https://h/t?a=1,2", Some("s"))],
            ),
            (
                r#"Negotiate, Bearer realm="https://h/\"t",Basic realm="x""#,
                vec![bearer("https://h/\"t", None), Challenge::Basic],
            ),
        ] {
            assert_eq!(parse([header]), expected, "{header}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for header in ["", ",", "=", "Bearer", "Bearer realm", "Bearer x=\"", "Digest realm=\"a\""]
        {
            assert_eq!(parse([header]), [], "{header}");
        }
    }
}
