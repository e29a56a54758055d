//! In which form a command prints its data: what `-o` takes.

use std::str::FromStr;

use anyhow::anyhow;

use super::Template;
use crate::error::Failure;

/// How a command prints its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OutputFormat {
    /// For people and shells: a table where there are several.
    Text,
    /// The same with more columns.
    Wide,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
    /// The names alone, a line each.
    Name,
    /// A template over the JSON document, as `kubectl` has it.
    JsonPath(Template),
    /// A JSON document for each, a line each.
    JsonLines,
    /// A command that asks what was deployed.
    Curl,
}

impl OutputFormat {
    /// What it is called on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Name => "name",
            Self::JsonPath(_) => "jsonpath",
            Self::JsonLines => "jsonl",
            Self::Curl => "curl",
        }
    }

    /// The failure of a command that does not know this form.
    pub(crate) fn refused(&self, expected: &str) -> Failure {
        let got = self.name();
        Failure::usage(anyhow!("`--output`: expected `{expected}` for this command, got `{got}`"))
    }
}

impl FromStr for OutputFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(template) = text.strip_prefix("jsonpath=") {
            return Ok(Self::JsonPath(Template::parse(template)?));
        }
        Ok(match text {
            // What `build` and `push` called it first.
            "table" | "text" => Self::Text,
            "wide" => Self::Wide,
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "name" => Self::Name,
            "jsonl" => Self::JsonLines,
            "curl" => Self::Curl,
            _ => {
                let expected = "table, wide, json, yaml, name, jsonl or jsonpath=TEMPLATE";
                return Err(format!("expected {expected}"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_by_their_names() {
        for name in ["table", "wide", "json", "yaml", "name", "jsonl", "curl"] {
            assert_eq!(name.parse::<OutputFormat>().unwrap().name(), name);
        }
        assert_eq!("text".parse(), Ok(OutputFormat::Text));
        assert_eq!("jsonpath={.a}".parse::<OutputFormat>().unwrap().name(), "jsonpath");
        for wrong in ["", "JSON", "jsonpath", "jsonpath={.a", "custom-columns=A:.a"] {
            assert!(wrong.parse::<OutputFormat>().is_err(), "{wrong}");
        }
    }
}
