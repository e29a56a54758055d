//! Data to stdout; what people want to know meanwhile to stderr.

mod age;
mod format;
mod jsonpath;
mod paint;
mod redact;
mod table;

use std::fmt::Write as _;
use std::io::{ErrorKind, Write};

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

pub(crate) use age::age;
pub(crate) use format::OutputFormat;
pub(crate) use jsonpath::Template;
pub(crate) use paint::{Color, ColorChoice, Paint};
pub(crate) use redact::redact;
pub(crate) use table::{Column, Table, clean};

use crate::error::Failure;

/// The forms that objects and documents have, for messages.
const OBJECTS: &str = "table`, `wide`, `json`, `yaml`, `name`, `jsonl` or `jsonpath=TEMPLATE";

/// How a command speaks.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    /// How its data is printed.
    pub(crate) format: OutputFormat,
    /// Whether people want to hear of problems only.
    pub(crate) quiet: bool,
    /// Whether what goes to stdout is coloured.
    pub(crate) paint: Paint,
}

/// Objects of one kind that a command prints.
#[derive(Debug)]
pub(crate) struct Listing {
    /// What `-o name` calls them, such as `seldondeployment.machinelearning.seldon.io`.
    pub(crate) resource: String,
    /// The objects, each with its `metadata`.
    pub(crate) items: Vec<Value>,
    /// Whether one was asked for by its name, so that it is printed without a list around it.
    pub(crate) is_single: bool,
    /// The same for people.
    pub(crate) table: Table,
}

impl Printer {
    /// Tells people something that is no data.
    pub(crate) fn tell(&self, text: &str) {
        if !self.quiet {
            tell_always(text);
        }
    }

    /// Whether JSON is asked for, by a command that knows no form beside that and text.
    ///
    /// # Errors
    /// When something else is asked for.
    pub(crate) fn is_json(&self) -> Result<bool, Failure> {
        match &self.format {
            OutputFormat::Text | OutputFormat::Wide => Ok(false),
            OutputFormat::Json => Ok(true),
            other => Err(other.refused("table` or `json")),
        }
    }

    /// Whether [`Self::done`] knows the form that is asked for, so that it is said before anything is done.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn check_done(&self) -> Result<(), Failure> {
        match &self.format {
            OutputFormat::Text
            | OutputFormat::Wide
            | OutputFormat::Name
            | OutputFormat::Json
            | OutputFormat::JsonLines => Ok(()),
            other => Err(other.refused("table`, `name`, `json` or `jsonl")),
        }
    }

    /// Prints what was done to an object, a line each, as `secret/x deleted`.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn done(&self, object: &str, what: &str) -> Result<(), Failure> {
        write(&match &self.format {
            OutputFormat::Name => format!("{object}\n"),
            OutputFormat::Json | OutputFormat::JsonLines => {
                format!("{}\n", json!({"object": object, "result": what}))
            }
            _ => format!("{object} {what}\n"),
        })
    }

    /// Prints objects; nothing secret of them is shown in any form.
    ///
    /// # Errors
    /// When stdout cannot be written, or the form is not one for objects.
    pub(crate) fn listing(&self, listing: Listing) -> Result<(), Failure> {
        let Listing { resource, mut items, is_single, table } = listing;
        items.iter_mut().for_each(redact);
        let text = match &self.format {
            OutputFormat::Text => table.text(false),
            OutputFormat::Wide => table.text(true),
            OutputFormat::Name => names(&resource, &items),
            OutputFormat::JsonLines => json_lines(&items),
            OutputFormat::Curl => return Err(self.format.refused(OBJECTS)),
            OutputFormat::Json => json_text(&one_or_list(items, is_single))?,
            OutputFormat::Yaml => yaml(&one_or_list(items, is_single))?,
            OutputFormat::JsonPath(template) => template.print(&one_or_list(items, is_single))?,
        };
        write(&text)
    }

    /// Prints one document that is no object of Kubernetes; nothing secret of it is shown.
    ///
    /// # Errors
    /// When stdout cannot be written, or the form is not one for documents.
    pub(crate) fn document(&self, document: &Value, text: &str) -> Result<(), Failure> {
        let mut document = document.clone();
        redact(&mut document);
        write(&match &self.format {
            OutputFormat::Text | OutputFormat::Wide => text.to_owned(),
            OutputFormat::Json => json_text(&document)?,
            OutputFormat::JsonLines => format!("{document}\n"),
            OutputFormat::Yaml => yaml(&document)?,
            OutputFormat::JsonPath(template) => template.print(&document)?,
            OutputFormat::Name => format!("{}\n", name_of(&document)),
            OutputFormat::Curl => return Err(self.format.refused(OBJECTS)),
        })
    }
}

fn names(resource: &str, items: &[Value]) -> String {
    let mut text = String::new();
    for item in items {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{resource}/{}", name_of(item));
    }
    text
}

fn name_of(item: &Value) -> &str {
    let name = item.pointer("/metadata/name").or_else(|| item.get("name"));
    name.and_then(Value::as_str).unwrap_or("<unknown>")
}

fn json_lines(items: &[Value]) -> String {
    let mut text = String::new();
    for item in items {
        let _infallible = writeln!(text, "{item}");
    }
    text
}

fn one_or_list(mut items: Vec<Value>, is_single: bool) -> Value {
    match items.pop() {
        Some(item) if is_single && items.is_empty() => item,
        last => {
            items.extend(last);
            json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items})
        }
    }
}

/// Indented JSON with a line's end.
///
/// # Errors
/// Never in practice: values are always JSON.
pub(crate) fn json_text(value: &Value) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?;
    text.push('\n');
    Ok(text)
}

/// YAML with a line's end.
///
/// # Errors
/// When the writer refuses it.
pub(crate) fn yaml(value: &Value) -> Result<String, Failure> {
    let mut text =
        serde_saphyr::to_string(value).map_err(|error| anyhow!("cannot write YAML: {error}"))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Tells people something that they hear when they want to be told of problems only.
pub(crate) fn tell_always(text: &str) {
    // When stderr is gone there is nobody to tell.
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}

/// Writes `text` to stdout.
///
/// # Errors
/// When it cannot be written; a reader that has gone away ends the program quietly.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::abandoned(error)),
        result => Ok(result.context("cannot write to stdout")?),
    }
}

/// Begins to tell on stderr what happens: states by default, warnings alone when `quiet`, and more
/// the more `verbose`. Libraries beneath ours are heard from warnings on.
///
/// A second call in one process changes nothing.
pub(crate) fn start(quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => Level::WARN,
        (false, 0) => Level::INFO,
        (false, 1) => Level::DEBUG,
        (false, _) => Level::TRACE,
    };
    let filter = Targets::new().with_target("radiant", level).with_default(Level::WARN);
    // Its warnings hold whole answers of the cluster, and so Secrets; its errors come to us.
    let filter = filter.with_target("kube_client", LevelFilter::OFF);
    let filter = filter.with_target("kube_runtime", LevelFilter::OFF);
    // No times and modules: these are lines for who waits for the command.
    let lines = fmt::layer().with_writer(std::io::stderr).without_time().with_target(false);
    let lines = lines.with_ansi(false).with_filter(filter);
    // An error says that it has begun already.
    drop(registry().with(lines).try_init());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_is_printed_bare_and_several_as_a_list() {
        let item = json!({"metadata": {"name": "a"}});
        assert_eq!(one_or_list(vec![item.clone()], true), item);
        for items in [vec![], vec![item.clone()], vec![item.clone(), item.clone()]] {
            let list = one_or_list(items.clone(), false);
            assert_eq!(list["kind"], "List");
            assert_eq!(list["items"], Value::Array(items));
        }
    }

    #[test]
    fn names_have_their_resource_before_them() {
        let items = [json!({"metadata": {"name": "a"}}), json!({})];
        assert_eq!(names("pod", &items), "pod/a\npod/<unknown>\n");
    }
}
