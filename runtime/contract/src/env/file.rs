//! Variables from a file, over those of another source.
//!
//! Two forms: a text of lines `KEY=VALUE`, and a folder with a file for each key, as Kubernetes
//! mounts a Secret. Reading them is the program's; texts come in.

use std::collections::BTreeMap;

use super::{EnvSource, MapEnv};

/// Keys of the Secrets of service accounts that KFServing and Seldon Core know, and the variables
/// that their operators make of them.
const KEYS_OF_SECRETS: [(&str, &str); 3] = [
    ("awsAccessKeyID", "AWS_ACCESS_KEY_ID"),
    ("awsSecretAccessKey", "AWS_SECRET_ACCESS_KEY"),
    ("gcloud-application-credentials.json", "GOOGLE_APPLICATION_CREDENTIALS_JSON"),
];

/// Variables that were read from a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VariablesFile {
    shown: String,
    variables: Variables,
}

/// Their values may be secret.
#[derive(Clone, PartialEq, Eq, Default)]
struct Variables(MapEnv);

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.names()).finish()
    }
}

/// A line of a file of variables that is none. What it says is not shown, as it may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`: line {line}: expected `KEY=VALUE`, a comment or nothing, got {got}")]
pub struct VariablesError {
    /// The file.
    pub file: String,
    /// The line's number, from 1.
    pub line: usize,
    /// What is there.
    pub got: &'static str,
}

impl VariablesFile {
    /// Parses lines of `KEY=VALUE`. Lines that are empty or begin with `#` say nothing, `export`
    /// may stand before a key, and a value may stand in single or double quotes, within which
    /// nothing is replaced.
    ///
    /// # Errors
    /// When a line is none of these.
    pub fn parse(shown: impl Into<String>, text: &str) -> Result<Self, VariablesError> {
        let shown = shown.into();
        let mut variables = BTreeMap::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let error =
                |got| VariablesError { file: shown.clone(), line: index.saturating_add(1), got };
            let (key, value) = line.split_once('=').ok_or_else(|| error("no `=`"))?;
            let key = key.trim();
            let key = key.strip_prefix("export ").unwrap_or(key).trim_start();
            if !is_name(key) {
                return Err(error(
                    "a key with other characters than letters, digits, `_`, `-` and `.`",
                ));
            }
            let value = unquote(value.trim()).ok_or_else(|| error("a quote without its end"))?;
            variables.insert(key.to_owned(), value.to_owned());
        }
        Ok(Self { shown, variables: Variables(variables.into_iter().collect()) })
    }

    /// Takes the files of a folder, each a variable by the file's name; names that begin with a dot
    /// are Kubernetes' own. Whitespace around values says nothing.
    ///
    /// The keys of Secrets that KFServing and Seldon Core attach to service accounts become the
    /// variables that their operators would set.
    pub fn from_folder<'a>(
        shown: impl Into<String>,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let files = files.into_iter().filter(|(name, _)| !name.starts_with('.'));
        let variables = files.map(|(name, text)| {
            let known = KEYS_OF_SECRETS.iter().find(|(key, _)| *key == name);
            (known.map_or(name, |(_, variable)| variable), text.trim())
        });
        Self { shown: shown.into(), variables: Variables(variables.collect()) }
    }

    /// The file's name, for messages.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

impl EnvSource for VariablesFile {
    fn get(&self, name: &str) -> Option<String> {
        self.variables.0.get(name)
    }

    fn names(&self) -> Vec<String> {
        self.variables.0.names()
    }
}

fn is_name(key: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !key.is_empty() && key.chars().all(is_plain)
}

/// A value without the quotes around it; `None` where one of them is missing.
fn unquote(value: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.strip_suffix(quote);
        }
    }
    Some(value)
}

/// A file of variables over another source.
#[derive(Debug, Clone)]
pub struct Layered<E> {
    file: VariablesFile,
    below: E,
}

impl<E: EnvSource> Layered<E> {
    /// Puts a file over another source.
    pub const fn new(file: VariablesFile, below: E) -> Self {
        Self { file, below }
    }
}

impl<E: EnvSource> EnvSource for Layered<E> {
    fn get(&self, name: &str) -> Option<String> {
        self.file.get(name).or_else(|| self.below.get(name))
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.below.names();
        names.extend(self.file.names());
        names.sort_unstable();
        names.dedup();
        names
    }

    fn explicit(&self) -> Option<&VariablesFile> {
        Some(&self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_variables() {
        let text = "# a comment\n\nA=1\nexport B = two words \nC=\"in quotes\"\nD='{\"a\": \"=\"}'\n\
                    E=\nF={\"a\":\"b=c\"}\r\n";
        let file = VariablesFile::parse("creds", text).unwrap();
        for (name, value) in [
            ("A", Some("1")),
            ("B", Some("two words")),
            ("C", Some("in quotes")),
            ("D", Some("{\"a\": \"=\"}")),
            ("E", None),
            ("F", Some("{\"a\":\"b=c\"}")),
        ] {
            assert_eq!(file.get(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn a_line_that_is_no_variable_is_named_by_its_number_only() {
        for (text, line) in
            [("A=1\nhunter2", 2), ("A B=hunter2", 1), ("=hunter2", 1), ("\n\nA=\"hunter2", 3)]
        {
            let error = VariablesFile::parse("creds", text).unwrap_err();
            assert_eq!((error.line, error.file.as_str()), (line, "creds"));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn files_of_a_mounted_secret_become_variables() {
        let file = VariablesFile::from_folder(
            "/secrets",
            [
                ("..data", "x"),
                ("RCLONE_CONFIG_S3_TYPE", "s3\n"),
                ("awsAccessKeyID", "id"),
                ("awsSecretAccessKey", "key\n"),
                ("gcloud-application-credentials.json", "{}"),
            ],
        );
        assert_eq!(file.get("RCLONE_CONFIG_S3_TYPE").as_deref(), Some("s3"));
        assert_eq!(file.get("AWS_SECRET_ACCESS_KEY").as_deref(), Some("key"));
        assert_eq!(file.get("GOOGLE_APPLICATION_CREDENTIALS_JSON").as_deref(), Some("{}"));
        assert_eq!(file.names().len(), 4);
        assert!(!format!("{file:?}").contains("key"), "{file:?}");
    }

    #[test]
    fn the_file_comes_before_what_is_below() {
        let below: MapEnv = [("A", "below"), ("B", "below")].into_iter().collect();
        let env = Layered::new(VariablesFile::parse("f", "A=file\nC=file").unwrap(), below);
        assert_eq!(env.get("A").as_deref(), Some("file"));
        assert_eq!(env.get("B").as_deref(), Some("below"));
        assert_eq!(env.names(), ["A", "B", "C"]);
        assert_eq!(env.explicit().map(VariablesFile::shown), Some("f"));
    }
}
