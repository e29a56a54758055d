//! Looks one option after the other up in all places that may set it, and keeps what came of it:
//! the values that hold with their sources, and every problem.

use std::fmt;

use radiant_contract::env::PREDICTIVE_UNIT_PARAMETERS;
use radiant_contract::{AnnotationError, EnvSource, EnvVar, Parameters};

use super::value::Kind;

/// Where an option's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The positional argument.
    Argument(&'static str),
    /// A flag, without its dashes and with underscores for hyphens.
    Flag(&'static str),
    /// An environment variable.
    Env(&'static str),
    /// A parameter of the graph node.
    Parameter(&'static str),
    /// An annotation of the pod.
    Annotation(&'static str),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(name) => write!(f, "argument {name}"),
            Self::Flag(name) => write!(f, "flag --{}", name.replace('_', "-")),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Parameter(name) => {
                write!(f, "parameter {name} in {}", PREDICTIVE_UNIT_PARAMETERS.name)
            }
            Self::Annotation(key) => write!(f, "annotation {key}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// An option with the value that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The option's name.
    pub name: &'static str,
    /// Its value as it could be written; empty where it is unset.
    pub value: String,
    /// Who set it.
    pub source: Source,
}

/// Something that is wrong with one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The option's name.
    pub option: &'static str,
    /// Who set it.
    pub source: Source,
    /// What is expected, and what is there.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` from {}: {}", self.option, self.source, self.message)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    /// One problem in one line; several as a count and a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = &self.0[..] {
            return write!(f, "{problem}");
        }
        write!(f, "{} problems in the configuration", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigErrors {}

/// Everything that options are looked up in, and what was found so far.
pub(super) struct Resolver<'a> {
    pub(super) env: &'a dyn EnvSource,
    pub(super) parameters: Parameters,
    pub(super) effective: Vec<Effective>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}

/// The search for one option: the first place that has it wins.
pub(super) struct Search<'r, 'a> {
    resolver: &'r mut Resolver<'a>,
    name: &'static str,
    found: Option<(String, Source)>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(env: &'a dyn EnvSource) -> Self {
        Self {
            env,
            parameters: Parameters::default(),
            effective: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Begins the search for the option `name`.
    pub(super) fn option(&mut self, name: &'static str) -> Search<'_, 'a> {
        Search { resolver: self, name, found: None }
    }

    pub(super) fn problem(&mut self, option: &'static str, source: Source, message: String) {
        self.problems.push(Problem { option, source, message });
    }

    /// Who set the option `name`, once it was looked up.
    pub(super) fn source_of(&self, name: &str) -> Source {
        let effective = self.effective.iter().find(|effective| effective.name == name);
        effective.map_or(Source::Default, |effective| effective.source.clone())
    }
}

impl Search<'_, '_> {
    /// Looks at a flag.
    pub(super) fn flag(self, value: Option<&String>) -> Self {
        let name = self.name;
        self.or_else(|_| value.map(|value| (value.clone(), Source::Flag(name))))
    }

    /// Looks at the positional argument.
    pub(super) fn argument(self, value: Option<&String>, name: &'static str) -> Self {
        self.or_else(|_| value.map(|value| (value.clone(), Source::Argument(name))))
    }

    /// Looks at environment variables, one after the other.
    pub(super) fn env(self, variables: &[&'static EnvVar]) -> Self {
        self.or_else(|resolver| {
            let read = |variable: &&'static EnvVar| {
                Some((variable.read(resolver.env)?, Source::Env(variable.name)))
            };
            variables.iter().find_map(read)
        })
    }

    /// Looks at the node's parameter with this name.
    pub(super) fn parameter(self, name: &'static str) -> Self {
        let option = self.name;
        self.or_else(|resolver| match resolver.parameters.text(name)? {
            Ok("") => None,
            Ok(text) => Some((text.to_owned(), Source::Parameter(name))),
            Err(error) => {
                let message = error.to_string();
                resolver.problem(option, Source::Parameter(name), message);
                None
            }
        })
    }

    /// Looks at an annotation, whose value was read already.
    pub(super) fn annotation(
        self,
        key: &'static str,
        value: Result<Option<String>, AnnotationError>,
    ) -> Self {
        let option = self.name;
        self.or_else(|resolver| match value {
            Ok(value) => Some((value?, Source::Annotation(key))),
            Err(error) => {
                let message = format!("expected {}, got `{}`", error.expected, error.value);
                resolver.problem(option, Source::Annotation(key), message);
                None
            }
        })
    }

    /// The value, or `default` where nobody set one or what was set is wrong.
    pub(super) fn or<T>(mut self, kind: &Kind<T>, default: T) -> T {
        let (value, source) = self.parse(kind).unwrap_or((default, Source::Default));
        let printed = (kind.print)(&value);
        self.resolver.effective.push(Effective { name: self.name, value: printed, source });
        value
    }

    /// The value, if somebody set one.
    pub(super) fn optional<T>(mut self, kind: &Kind<T>) -> Option<T> {
        let parsed = self.parse(kind);
        let (value, source) = match &parsed {
            Some((value, source)) => ((kind.print)(value), source.clone()),
            None => (String::new(), Source::Default),
        };
        self.resolver.effective.push(Effective { name: self.name, value, source });
        parsed.map(|(value, _)| value)
    }

    fn parse<T>(&mut self, kind: &Kind<T>) -> Option<(T, Source)> {
        let (text, source) = self.found.take()?;
        let value = (kind.parse)(&text);
        if value.is_none() {
            let message = format!("expected {}, got `{}`", kind.accepts, shortened(&text));
            self.resolver.problem(self.name, source.clone(), message);
        }
        Some((value?, source))
    }

    fn or_else(mut self, look: impl FnOnce(&mut Resolver<'_>) -> Option<(String, Source)>) -> Self {
        if self.found.is_none() {
            self.found = look(self.resolver);
        }
        self
    }
}

/// At most 100 characters of `text`.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
