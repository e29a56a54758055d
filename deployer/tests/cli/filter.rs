//! What is another in each run, told as if it were always the same.

use regex_automata::meta::Regex;

use crate::world::World;

/// Patterns, and what stands for what they find: as long, where tables are made of it.
const PATTERNS: [(&str, &str); 6] = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "2026-01-02T03:04:05Z"),
    (r"\b[0-9a-f]{64}\b", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
    (r"\b\d+\.\d+ ?(s|ms)\b", "0.0s"),
    (r"\b\d+(\.\d+)? ms\b", "1 ms"),
    (r"\b\d+\.\d\d MB\b", "0.00 MB"),
    (r#""elapsedMs": [\d.]+"#, "\"elapsedMs\": 1"),
];

/// Takes out what varies.
pub(crate) struct Filter {
    /// Texts as they are, and what stands for them.
    texts: Vec<(String, &'static str)>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Filter {
    /// The one for a place.
    pub(crate) fn of(world: &World) -> Self {
        let folder = world.folder().display().to_string();
        let mut texts = vec![
            (folder, "FOLDER"),
            (format!("radiant-deploy {}", env!("CARGO_PKG_VERSION")), "radiant-deploy VERSION"),
            (format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"VERSION\""),
        ];
        texts.extend(world.address.clone().map(|address| (address, "127.0.0.1:12345")));
        let patterns = PATTERNS.iter().map(|(found, put)| (Regex::new(found).unwrap(), *put));
        Self { texts, patterns: patterns.collect() }
    }

    /// A text without it.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (found, put) in &self.texts {
            text = text.replace(found, put);
        }
        for (pattern, put) in &self.patterns {
            text = replaced(pattern, put, &text);
        }
        text
    }
}

fn replaced(pattern: &Regex, put: &str, text: &str) -> String {
    let mut clean = String::new();
    let mut end = 0;
    for found in pattern.find_iter(text) {
        clean.push_str(text.get(end..found.start()).unwrap());
        clean.push_str(put);
        end = found.end();
    }
    clean + text.get(end..).unwrap()
}
