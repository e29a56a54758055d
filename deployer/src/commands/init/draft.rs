//! The text of a first configuration.

use std::fmt::Write as _;

use super::model::{Found, Place};

/// Where no image is named: what is to be replaced.
const REGISTRY: &str = "registry.example.com";

/// Where comments begin, if the line is not longer.
const COLUMN: usize = 36;

/// What a configuration is written from.
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    pub(super) found: &'a Found,
    pub(super) image: Option<&'a str>,
    /// Whether there are no comments, and nothing that is not needed.
    pub(super) is_minimal: bool,
    /// Whether the answer to the sample is known.
    pub(super) is_answered: bool,
}

/// Lines, with comments beside them or without any.
struct Lines {
    text: String,
    has_comments: bool,
}

impl Lines {
    fn line(&mut self, line: &str, comment: &str) {
        let is_told = self.has_comments && !comment.is_empty();
        // Writing to a `String` cannot fail.
        let _infallible = if is_told && line.chars().count() < COLUMN {
            writeln!(self.text, "{line:COLUMN$}# {comment}")
        } else if is_told {
            let indent = line.len() - line.trim_start().len();
            writeln!(self.text, "{:indent$}# {comment}\n{line}", "")
        } else {
            writeln!(self.text, "{line}")
        };
    }

    /// Comments, each on its own line.
    fn comments(&mut self, text: &str) {
        if self.has_comments {
            for line in text.lines() {
                let space = if line.is_empty() { "" } else { "# " };
                self.text.extend([space, line, "\n"]);
            }
        }
    }
}

impl Draft<'_> {
    /// The text of `radiant.yaml`.
    pub(super) fn text(&self) -> String {
        let mut lines = Lines { text: String::new(), has_comments: !self.is_minimal };
        lines.comments(
            "What radiant-deploy brings to Kubernetes. `radiant-deploy validate` checks it, and\n\
             `radiant-deploy schema` says what else may stand here.",
        );
        lines.line("apiVersion: radiant.dev/v1", "");
        lines.line("kind: Deployment", "");
        lines.line(&format!("name: {}", plain(self.name)), "part of its URL, for ever");
        lines.comments("namespace: ml, by default that of the current context\n\n");
        self.model(&mut lines);
        self.server(&mut lines);
        if !self.is_minimal {
            rest(&mut lines, self);
        }
        lines.text
    }

    fn model(&self, lines: &mut Lines) {
        lines.line("model:", "");
        match &self.found.place {
            Place::Here { path, .. } => {
                let comment = "packed into the image; `uri:` names one that pods fetch";
                lines.line(&format!("  path: {}", plain(path)), comment);
            }
            Place::There { uri, .. } => {
                lines.line(&format!("  uri: {}", plain(uri)), "pods fetch it");
            }
        }
        if lines.has_comments {
            let seen = self.found.format.map(|format| format!("or {format}, by its name"));
            lines.line("  format: auto", &seen.unwrap_or_default());
        }
        if let Place::There { asks: true, .. } = &self.found.place {
            lines.line("credentials:", "");
            lines.line("  fromEnv: true", "AWS_*, GOOGLE_*, AZURE_* of who deploys; or one of");
            lines.comments(
                "  serviceAccount: NAME   the cloud knows it: IRSA, workload identity\n\
                 \u{20} existingSecret: NAME   its keys become variables\n\
                 \u{20} fromFile: FILE, fromProfile: NAME, implicit: true, anonymous: true",
            );
        }
        lines.comments("\n");
    }

    fn server(&self, lines: &mut Lines) {
        lines.line("server:", "");
        let (image, comment) = match (&self.found.place, self.image) {
            (_, Some(image)) => (image.to_owned(), ""),
            (Place::Here { .. }, None) => {
                (format!("{REGISTRY}/{}:1", self.name), "`radiant-deploy build MODEL --push` it")
            }
            (Place::There { .. }, None) => {
                let version = env!("CARGO_PKG_VERSION");
                (format!("{REGISTRY}/radiant:{version}"), "your registry's")
            }
        };
        lines.line(&format!("  image: {}", plain(&image)), comment);
    }
}

/// What has good defaults, for who wants to change them.
fn rest(lines: &mut Lines, draft: &Draft<'_>) {
    lines.line("  protocol: seldon", "seldon, v2 or tensorflow");
    lines.line("  resources:", "");
    lines.line("    requests: {cpu: 250m, memory: 256Mi}", "");
    lines.line("    limits: {memory: 512Mi}", "");
    lines.comments("\n");
    lines.line("scale:", "");
    lines.line("  replicas: 1", "or `auto: {min: 1, max: 8, cpu: 70}`");
    lines.comments("\n");
    lines.line("rollout:", "");
    lines.line("  timeout: 10m", "");
    lines.line("  onFailure: rollback", "rollback, keep or stop");
    lines.comments("\nA request with its answer, asked of new pods before traffic moves to them.");
    let test = "- {request: tests/one.json, expect: tests/one.out.json, tolerance: 1e-6}";
    if draft.is_answered {
        lines.line("tests:", "as the model answers today");
        lines.line(test, "");
    } else {
        let name = draft.name;
        lines.comments(&format!(
            "Keep one that is right:\n\
             radiant-deploy predict {name} -d @tests/one.json --raw > tests/one.out.json\n\
             tests:\n{test}"
        ));
    }
    lines.comments(
        "\nWhat differs elsewhere, chosen with `-e prod`.\n\
         environments:\n\
         \u{20} prod: {namespace: ml-prod, scale: {replicas: 4}}",
    );
}

/// A text as YAML: as it is where it is a text anyway, else in quotes.
fn plain(text: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '@');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '.')
        // A colon is one of YAML's only before a space.
        && text.chars().all(|c| is_letter(c) || c == ':')
        && !text.ends_with(':')
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | ".nan" | ".inf");
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;
    use radiant_contract::MapEnv;

    use super::*;
    use crate::config::{Loaded, Source, load};

    fn loaded(text: &str) -> Loaded {
        let source = Source {
            name: "radiant.yaml".to_owned(),
            folder: PathBuf::new(),
            text: text.to_owned(),
        };
        match load(&[source], None, &[], &MapEnv::default()) {
            Ok(mut all) => all.remove(0),
            Err(errors) => panic!("{errors}\n{text}"),
        }
    }

    fn found(place: Place) -> Found {
        Found { place, name: "fraud".to_owned(), format: Some("onnx") }
    }

    #[test]
    fn what_is_written_is_valid() {
        let here = || Place::Here { path: "model.onnx".to_owned(), open: "model.onnx".into() };
        let there = |asks| Place::There { uri: "s3://models/fraud/7".to_owned(), asks };
        let cases = [
            (here(), false, true),
            (here(), false, false),
            (there(true), false, false),
            (there(true), true, false),
        ];
        for (place, is_minimal, is_answered) in cases {
            let found = found(place);
            let draft =
                Draft { name: "fraud", found: &found, image: None, is_minimal, is_answered };
            let text = draft.text();
            let loaded = loaded(&text);
            assert_eq!((loaded.deployment.name.as_str(), loaded.warnings.len()), ("fraud", 0));
            assert_eq!(!loaded.deployment.tests.is_empty(), is_answered, "{text}");
            assert_eq!(text.contains('#'), !is_minimal, "{text}");
            let is_wide = |line: &&str| line.chars().count() > 100 || line.ends_with(' ');
            assert_eq!(text.lines().find(is_wide), None);
        }
    }

    #[test]
    fn comments_that_are_values_are_valid_too() {
        let found = found(Place::There { uri: "s3://models/fraud/7".to_owned(), asks: true });
        let draft = Draft {
            name: "fraud",
            found: &found,
            image: None,
            is_minimal: false,
            is_answered: false,
        };
        let text = draft.text();
        let at = text.find("# tests:\n").unwrap();
        let values = text.split_at(at).1.lines().filter(|line| !line.contains("What differs"));
        let values: String =
            values.flat_map(|line| [line.trim_start_matches("# "), "\n"]).collect();
        let deployment = loaded(&format!("{}{values}", text.split_at(at).0)).deployment;
        assert_eq!(deployment.tests.len(), 1);
    }

    proptest! {
        #[test]
        fn any_path_is_kept(path in "[ -~é]{1,24}") {
            prop_assume!(!path.contains("${"));
            let found = found(Place::Here { path: path.clone(), open: PathBuf::new() });
            let draft = Draft { name: "fraud", found: &found, image: Some("a:1"), is_minimal: true, is_answered: false };
            let deployment = loaded(&draft.text()).deployment;
            prop_assert_eq!(deployment.model.path, Some(PathBuf::from(path)));
        }
    }
}
