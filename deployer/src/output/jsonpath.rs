//! Templates as `kubectl -o jsonpath=` has them: text, paths in braces, and ranges over lists.
//!
//! Paths are written anew as RFC 9535 has them, and a library follows those. A path that leads nowhere
//! prints nothing, as `kubectl get` does it.

use anyhow::anyhow;
use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use crate::error::Failure;

/// The longest template: it is typed by hand.
const TEMPLATE_BYTES_MAX: usize = 16 << 10;

/// A template that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Path(Path),
    Range(Path, Vec<Self>),
}

#[derive(Debug, Clone, PartialEq)]
struct Path {
    query: JpQuery,
    /// Whether it starts at the document even within a range.
    is_absolute: bool,
}

impl Template {
    /// Reads a template such as `{range .items[*]}{.metadata.name}{"\n"}{end}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(format!("expected at most {TEMPLATE_BYTES_MAX} bytes"));
        }
        // Whoever leaves out the braces means a path all the same.
        if !text.contains('{') && text.starts_with(['.', '$']) {
            return Ok(Self { parts: vec![Part::Path(path(text)?)] });
        }
        // The last one is what is being filled: a range, or the template itself.
        let mut open: Vec<(Option<Path>, Vec<Part>)> = vec![(None, Vec::new())];
        let mut rest = text;
        while !rest.is_empty() {
            let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
            if !before.is_empty() {
                push(&mut open, Part::Text(before.to_owned()));
            }
            if before.len() == rest.len() {
                break;
            }
            let end = closing(after).ok_or_else(|| format!("`{{{after}`: expected a `}}`"))?;
            let (inside, after) = after.split_at(end);
            rest = after.get(1..).unwrap_or("");
            step(&mut open, inside.trim())?;
        }
        match (open.len(), open.pop()) {
            (1, Some((None, parts))) => Ok(Self { parts }),
            _ => Err("expected `{end}` for each `{range}`".to_owned()),
        }
    }

    /// Prints the template for a document.
    ///
    /// # Errors
    /// When a path cannot be followed.
    pub(crate) fn print(&self, document: &Value) -> Result<String, Failure> {
        let mut text = String::new();
        print_parts(&self.parts, document, document, &mut text)?;
        Ok(text)
    }
}

fn push(open: &mut [(Option<Path>, Vec<Part>)], part: Part) {
    if let Some((_, parts)) = open.last_mut() {
        parts.push(part);
    }
}

/// Takes what stands between two braces.
fn step(open: &mut Vec<(Option<Path>, Vec<Part>)>, inside: &str) -> Result<(), String> {
    if let Some(over) = inside.strip_prefix("range ") {
        open.push((Some(path(over.trim())?), Vec::new()));
    } else if inside == "end" {
        match open.pop() {
            Some((Some(over), parts)) => push(open, Part::Range(over, parts)),
            _ => return Err("`{end}`: expected a `{range}` before it".to_owned()),
        }
    } else if inside.starts_with(['"', '\'']) {
        push(open, Part::Text(quoted(inside)?));
    } else {
        push(open, Part::Path(path(inside)?));
    }
    Ok(())
}

/// Where the brace is that closes what `text` is the inside of.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (idx, letter) in text.char_indices() {
        match (quote, letter) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '}') => return Some(idx),
            (Some(_) | None, _) => {}
        }
    }
    None
}

/// Text between quotes, with the escapes that shells leave to us.
fn quoted(text: &str) -> Result<String, String> {
    let wrong = || format!("`{{{text}}}`: expected text between two quotes");
    let quote = text.chars().next().ok_or_else(wrong)?;
    let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    let mut letters = inner.ok_or_else(wrong)?.chars();
    let mut read = String::new();
    while let Some(letter) = letters.next() {
        read.push(match letter {
            '\\' => match letters.next().ok_or_else(wrong)? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            },
            other => other,
        });
    }
    Ok(read)
}

fn path(text: &str) -> Result<Path, String> {
    let standard = Standard::of(text)?;
    let query = parse_json_path(&standard)
        .map_err(|_| format!("`{{{text}}}`: expected a path such as `{{.metadata.name}}`"))?;
    Ok(Path { query, is_absolute: text.starts_with('$') })
}

/// Writes a path of kubectl's as RFC 9535 has it: names in brackets, so that any letter may be in them.
struct Standard<'a> {
    letters: std::iter::Peekable<std::str::Chars<'a>>,
    written: String,
    text: &'a str,
}

impl<'a> Standard<'a> {
    fn of(text: &'a str) -> Result<String, String> {
        let mut this = Self { letters: text.chars().peekable(), written: String::new(), text };
        if matches!(this.letters.peek(), Some('$' | '@')) {
            this.letters.next();
        }
        this.written.push('$');
        this.segments("")?;
        match this.letters.peek() {
            None => Ok(this.written),
            Some(_) => Err(this.wrong("the end")),
        }
    }

    fn wrong(&self, expected: &str) -> String {
        format!("`{{{}}}`: expected {expected}", self.text)
    }

    /// Segments, up to the first letter that cannot be one or is in `ends`.
    fn segments(&mut self, ends: &str) -> Result<(), String> {
        let mut is_first = true;
        while let Some(&letter) = self.letters.peek() {
            match letter {
                '[' => self.brackets()?,
                '.' => {
                    self.letters.next();
                    if self.letters.next_if_eq(&'.').is_some() {
                        self.written.push_str("..");
                        match self.letters.peek() {
                            Some('[') => self.brackets()?,
                            _ => self.name(ends)?,
                        }
                    } else if self.letters.peek().is_some_and(|next| *next != '[') {
                        self.name(ends)?;
                    }
                }
                _ if ends.contains(letter) => break,
                // A path may begin without a dot.
                _ if is_first && ends.is_empty() => self.name(ends)?,
                _ => break,
            }
            is_first = false;
        }
        Ok(())
    }

    fn name(&mut self, ends: &str) -> Result<(), String> {
        if self.letters.next_if_eq(&'*').is_some() {
            self.written.push_str("[*]");
            return Ok(());
        }
        let mut name = String::new();
        while let Some(&letter) = self.letters.peek() {
            if matches!(letter, '.' | '[' | ']' | '{' | '}') || letter.is_whitespace() {
                break;
            }
            if ends.contains(letter) {
                break;
            }
            self.letters.next();
            name.push(match letter {
                '\\' => self.letters.next().ok_or_else(|| self.wrong("a letter after `\\`"))?,
                other => other,
            });
        }
        if name.is_empty() {
            return Err(self.wrong("a name"));
        }
        self.written.push('[');
        self.text_of(&name);
        self.written.push(']');
        Ok(())
    }

    fn text_of(&mut self, text: &str) {
        self.written.push('\'');
        for letter in text.chars() {
            if matches!(letter, '\'' | '\\') {
                self.written.push('\\');
            }
            self.written.push(letter);
        }
        self.written.push('\'');
    }

    /// `[...]`: numbers, ranges, stars and names as they are, filters with their paths written anew.
    fn brackets(&mut self) -> Result<(), String> {
        let mut depth = 0_usize;
        while let Some(&letter) = self.letters.peek() {
            match letter {
                '"' | '\'' => {
                    let text = self.quoted()?;
                    self.text_of(&text);
                    continue;
                }
                '@' | '$' => {
                    self.letters.next();
                    self.written.push(letter);
                    self.segments("=!<>&|()~, ")?;
                    continue;
                }
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.letters.next();
            self.written.push(letter);
            if depth == 0 {
                return Ok(());
            }
        }
        Err(self.wrong("a `]`"))
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self.letters.next();
        let mut text = String::new();
        while let Some(letter) = self.letters.next() {
            match letter {
                _ if Some(letter) == quote => return Ok(text),
                '\\' => text.extend(self.letters.next()),
                _ => text.push(letter),
            }
        }
        Err(self.wrong("a second quote"))
    }
}

fn print_parts(
    parts: &[Part],
    document: &Value,
    current: &Value,
    text: &mut String,
) -> Result<(), Failure> {
    for part in parts {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Path(path) => {
                let found = follow(path, document, current)?;
                let found: Vec<String> = found.into_iter().map(shown).collect();
                text.push_str(&found.join(" "));
            }
            Part::Range(over, inner) => {
                for item in follow(over, document, current)? {
                    print_parts(inner, document, item, text)?;
                }
            }
        }
    }
    Ok(())
}

fn follow<'a>(
    path: &Path,
    document: &'a Value,
    current: &'a Value,
) -> Result<Vec<&'a Value>, Failure> {
    let from = if path.is_absolute { document } else { current };
    let found = js_path_process(&path.query, from)
        .map_err(|error| Failure::usage(anyhow!("cannot follow the path: {error}")))?;
    Ok(found.into_iter().map(jsonpath_rust::query::QueryRef::val).collect())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "kind": "List",
            "items": [
                {"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "x"}},
                 "spec": {"replicas": 2, "ready": true}},
                {"metadata": {"name": "b", "labels": {}}, "spec": {"replicas": 0, "ready": false}}
            ]
        })
    }

    #[test]
    fn templates_print_what_kubectl_prints() {
        let cases = [
            ("{.kind}", "List"),
            ("{$.kind}", "List"),
            ("{@.kind}", "List"),
            ("{kind}", "List"),
            (".kind", "List"),
            ("kind is {.kind}!", "kind is List!"),
            ("{.items[*].metadata.name}", "a b"),
            ("{.items[*].metadata.name}{\"\\n\"}", "a b\n"),
            ("{.items[0].spec}", "{\"replicas\":2,\"ready\":true}"),
            ("{.items[-1].metadata.name}", "b"),
            ("{.items[0:1].metadata.name}", "a"),
            ("{.items[0,1].spec.replicas}", "2 0"),
            ("{..name}", "a b"),
            ("{.items[0].metadata.labels.app\\.kubernetes\\.io/name}", "x"),
            ("{.items[0]['metadata']['name']}", "a"),
            ("{.items[?(@.metadata.name==\"b\")].spec.replicas}", "0"),
            ("{.items[?(@.spec.replicas>1)].metadata.name}", "a"),
            ("{.items[?(@.spec.ready==true)].metadata.name}", "a"),
            (
                "{range .items[*]}{.metadata.name}={.spec.replicas}{\"\\t\"}{$.kind}{'\\n'}{end}",
                "a=2\tList\nb=0\tList\n",
            ),
            ("{.nowhere.at.all}", ""),
            ("", ""),
        ];
        for (template, expected) in cases {
            let printed = Template::parse(template).unwrap().print(&document()).unwrap();
            // The order of fields is not ours.
            if template.ends_with(".spec}") {
                let printed: Value = serde_json::from_str(&printed).unwrap();
                assert_eq!(printed, document()["items"][0]["spec"]);
                continue;
            }
            assert_eq!(printed, expected, "{template}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for wrong in
            ["{.a", "{end}", "{range .items[*]}{.a}", "{.a[}", "{\"a}", "{.}x{..}", "{.a b}"]
        {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_panics(text in "[{}a-z.\\[\\]()?@$*\"'\\\\ =0-9:-]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let printed = template.print(&document());
                prop_assert!(printed.is_ok() || printed.is_err());
            }
        }

        #[test]
        fn any_name_can_be_reached(name in "\\PC{1,12}") {
            let quoted = name.replace('\\', "\\\\").replace('\'', "\\'");
            let template = Template::parse(&format!("{{['{quoted}']}}")).unwrap();
            let mut document = serde_json::Map::new();
            document.insert(name, "found".into());
            prop_assert_eq!(template.print(&Value::Object(document)).unwrap(), "found");
        }
    }
}
