//! Last words: what a container said when it ended.

use super::super::cause::clean;

/// What a program said was wrong, and what it said to do about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) what: String,
    pub(super) hint: Option<String>,
}

/// Reads a termination message.
///
/// That of this project's programs is `error: ...`, `caused by: ...` lines and a `hint: ...`. Of any
/// other text the last line is taken: what comes before mostly says where in the code it happened.
pub(super) fn read(text: &str) -> Words {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let Some(first) = lines.iter().position(|line| line.starts_with("error: ")) else {
        return Words { what: clean(lines.last().copied().unwrap_or_default()), hint: None };
    };
    let mut what = Vec::new();
    let mut hint = None;
    for line in lines.get(first..).unwrap_or_default() {
        if let Some(said) = line.strip_prefix("hint: ") {
            hint = Some(clean(said));
        } else if hint.is_none() {
            let said = line.strip_prefix("error: ").or_else(|| line.strip_prefix("caused by: "));
            what.push(said.unwrap_or(line));
        }
    }
    Words { what: clean(&what.join(": ")), hint }
}

/// Which field such words are about: what failed was the model, its store, the settings, or there was
/// no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Credentials,
    Memory,
    Model,
    Settings,
    Variables,
    Unknown,
}

impl Words {
    pub(super) fn subject(&self) -> Subject {
        let lower = self.what.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if has(&[
            "credential",
            "access denied",
            "accessdenied",
            "forbidden",
            "403",
            "401",
            "unauthorized",
            "signature",
            "didn't find section in config file",
            "access_key_id",
            "anonymous",
        ]) {
            Subject::Credentials
        } else if has(&["want of memory", "out of memory", "memory allocation failed"]) {
            Subject::Memory
        } else if has(&["environment variable", "radiant_"]) {
            Subject::Variables
        } else if has(&["option `--", "flag", "parameter"]) {
            Subject::Settings
        } else if has(&[
            "model",
            "no such bucket",
            "nosuchbucket",
            "not supported",
            "directory not found",
            "no such file",
            ".onnx",
            ".joblib",
            "404",
        ]) {
            Subject::Model
        } else {
            Subject::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn our_own_words_keep_their_causes_and_their_hint() {
        let text = "error: cannot load the model `wine.onnx`\n  caused by: node `x`: the operator is not supported\n\nhint: export it anew\n";
        assert_eq!(
            read(text),
            Words {
                what: "cannot load the model `wine.onnx`: node `x`: the operator is not supported"
                    .to_owned(),
                hint: Some("export it anew".to_owned()),
            }
        );
    }

    #[test]
    fn of_other_words_the_last_line_is_kept() {
        let text =
            "Traceback (most recent call last):\n  File \"a.py\", line 1\nValueError: no model\n\n";
        assert_eq!(read(text).what, "ValueError: no model");
        assert_eq!(read("").what, "");
    }

    #[test]
    fn words_say_what_they_are_about() {
        let cases = [
            ("didn't find section in config file (\"abfs\")", Subject::Credentials),
            ("GET s3://b/m: 403 Forbidden", Subject::Credentials),
            ("model `m`: expected a file or folder, got nothing", Subject::Model),
            ("RADIANT_THREADS: expected a number, got `x`", Subject::Variables),
            ("parameter `batch`: expected a number, got `x`", Subject::Settings),
            ("cannot read the model: memory allocation failed", Subject::Memory),
            ("it did not load, or the system ended it for want of memory", Subject::Memory),
            ("a port is taken", Subject::Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).subject(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_last_words_can_be_read(text in "(error: |hint: |caused by: |\\PC{0,9}|\n){0,12}") {
            let words = read(&text);
            prop_assert!(!words.what.contains('\n'));
        }
    }
}
