//! Paths and queries of the Kubernetes API, as far as they are asked for here.

/// What a path is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// The kind in its plural form.
    pub(crate) kind: String,
    /// Empty for all namespaces, and for what is in none.
    pub(crate) namespace: String,
    /// Empty for the whole collection.
    pub(crate) name: String,
    /// A part of an object, such as `log`.
    pub(crate) part: String,
}

impl Address {
    /// Reads a path.
    pub(crate) fn read(path: &str) -> Option<Self> {
        let rest = match path.strip_prefix("/api/v1/") {
            Some(rest) => rest,
            None => path.strip_prefix("/apis/")?.splitn(3, '/').nth(2)?,
        };
        let mut words = rest.split('/').map(str::to_owned).collect::<Vec<_>>();
        let namespace = if words.len() > 2 && words[0] == "namespaces" {
            words.drain(..2).nth(1)?
        } else {
            String::new()
        };
        let mut words = words.into_iter();
        Some(Self {
            namespace,
            kind: words.next()?,
            name: words.next().unwrap_or_default(),
            part: words.next().unwrap_or_default(),
        })
    }
}

/// The value of a parameter of a query, decoded.
pub(crate) fn parameter(query: &str, name: &str) -> String {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let mut parts = value.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (code, rest) = part.split_at(2);
        let byte = u8::from_str_radix(code, 16).unwrap();
        format!("{text}{}{rest}", char::from(byte))
    })
}

/// Whether labels are chosen by a selector.
pub(crate) fn is_chosen(selector: &str, label: impl Fn(&str) -> Option<String>) -> bool {
    let mut depth = 0;
    let mut parts = selector.split(|letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    });
    parts.all(|part| {
        if let Some((key, values)) = part.split_once(" in (") {
            let found = label(key.trim()).unwrap_or_default();
            return values.trim_end_matches(')').split(',').any(|value| value.trim() == found);
        }
        match part.split_once('=') {
            Some((key, value)) => label(key).as_deref() == Some(value),
            None => part.is_empty() || label(part).is_some(),
        }
    })
}
