//! `radiant-deploy init`: a first `radiant.yaml` for a model, and a request to try it with.

mod answer;
mod draft;
mod model;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use radiant_contract::EnvSource;
use serde_json::{Value, json};

use self::draft::Draft;
use self::model::{Found, Place};
use crate::cli::InitArgs;
use crate::config::{Source, names};
use crate::error::{Code, Failure};
use crate::output::{self, OutputFormat, Printer};
use crate::program;

const FILE: &str = "radiant.yaml";
const REQUEST: &str = "tests/one.json";
const ANSWER: &str = "tests/one.out.json";

/// What most models of tables take, where nobody knows better.
const GUESSED: &str = r#"{"data":{"ndarray":[[0.0,0.0,0.0,0.0]]}}"#;

pub(super) fn run(
    args: &InitArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let file = args.dir.join(FILE);
    if file.exists() && !args.force {
        return Err(taken(&file));
    }
    let found = model::find(&args.dir, args.model.as_deref())?;
    let name = args.name.clone().unwrap_or_else(|| found.name.clone());
    names::service(&name, names::DEPLOYMENT_MAX).map_err(|expected| {
        Failure::usage(anyhow!("`--name`: expected {expected}, got `{}`", name.escape_debug()))
    })?;
    let sample = sample(&found, printer);
    let mut draft = Draft {
        name: &name,
        found: &found,
        image: args.image.as_deref(),
        is_minimal: args.minimal,
        is_answered: false,
    };
    let request = args.dir.join(REQUEST);
    let is_kept = request.exists() && !args.force;
    let answer = if is_kept { None } else { answer(&draft, &sample, args, printer, env) };
    draft.is_answered = answer.is_some();
    let mut written = vec![file.clone()];
    write(&file, &draft.text(), args.force)?;
    if is_kept {
        printer.tell(&format!("`{}` is there already, and stays as it is\n", request.display()));
    } else {
        write(&request, &format!("{}\n", sample.body), args.force)?;
        written.push(request);
    }
    if let Some(answer) = answer {
        let path = args.dir.join(ANSWER);
        write(&path, &output::json_text(&answer)?, true)?;
        written.push(path);
    }
    tell(&found, &sample, printer);
    let shown = |path: &PathBuf| path.display().to_string();
    let written: Vec<String> = written.iter().map(shown).collect();
    if printer.format == OutputFormat::Json {
        return output::write(&format!("{:#}\n", report(&name, &found, &written)));
    }
    output::write(&format!("{}\n", written.join("\n")))
}

/// A request for the model.
struct Sample {
    body: String,
    is_guessed: bool,
}

/// Asks the server's program, if it is there and the model is here.
fn sample(found: &Found, printer: &Printer) -> Sample {
    let guessed = || Sample { body: GUESSED.to_owned(), is_guessed: true };
    let (Place::Here { open, .. }, Some(program)) = (&found.place, program::beside()) else {
        return guessed();
    };
    match program::check(&program, &open.to_string_lossy()) {
        Ok(document) => match seldon_request(&document) {
            Some(body) => Sample { body, is_guessed: false },
            None => guessed(),
        },
        Err(error) => {
            printer.tell(&format!("`radiant check` does not take the model:\n{error:#}\n"));
            guessed()
        }
    }
}

/// What the model answers to the sample, where the server's program is here and made it.
fn answer(
    draft: &Draft<'_>,
    sample: &Sample,
    args: &InitArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Option<Value> {
    if sample.is_guessed || args.minimal {
        return None;
    }
    let program = program::beside()?;
    let source = Source { name: FILE.to_owned(), folder: args.dir.clone(), text: draft.text() };
    match super::wait(answer::ask(&program, source, &sample.body, env)) {
        Ok(answer) => Some(answer),
        Err(failure) => {
            let why = failure.text();
            printer.tell(&format!("the model was not asked for its answer to {REQUEST}:\n{why}\n"));
            None
        }
    }
}

/// The example that `radiant check` gives for Seldon v1 over REST.
fn seldon_request(document: &Value) -> Option<String> {
    let examples = document.get("examples")?.as_array()?;
    let is_it = |example: &&Value| {
        example.get("protocol").and_then(Value::as_str) == Some("Seldon v1")
            && example.get("transport").and_then(Value::as_str) == Some("REST")
    };
    Some(examples.iter().find(is_it)?.get("body")?.as_str()?.to_owned())
}

fn write(path: &Path, text: &str, is_forced: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if is_forced {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    }
    match options.open(path).and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken(path)),
        Err(error) => {
            let context = format!("cannot write `{}`", path.display());
            Err(Failure::new(Code::Failed, error).context(context))
        }
    }
}

fn taken(path: &Path) -> Failure {
    let error = anyhow!("`{}`: expected nothing there, got a file", path.display());
    Failure::new(Code::Conflict, error).hint("`--force` overwrites it")
}

fn tell(found: &Found, sample: &Sample, printer: &Printer) {
    let mut text = format!("found {}\n", found.described());
    if sample.is_guessed {
        text.push_str(
            "the request in tests/one.json is a guess: put values in that the model takes\n",
        );
    }
    text.push_str("next: set server.image, and run `radiant-deploy validate`\n");
    printer.tell(&text);
}

fn report(name: &str, found: &Found, written: &[String]) -> Value {
    let model = match &found.place {
        Place::Here { path, .. } => json!({"path": path}),
        Place::There { uri, .. } => json!({"uri": uri}),
    };
    json!({
        "schema": "radiant/init/v1",
        "name": name,
        "model": model,
        "format": found.format,
        "files": written,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_that_of_seldon_over_rest() {
        let example = |protocol, transport, body| json!({"protocol": protocol, "transport": transport, "body": body});
        let document = json!({"examples": [
            example("Open Inference V2", "REST", "a"),
            example("Seldon v1", "gRPC", "b"),
            example("Seldon v1", "REST", "c"),
        ]});
        assert_eq!(seldon_request(&document).as_deref(), Some("c"));
        for document in [json!({}), json!({"examples": [{}]}), json!([])] {
            assert_eq!(seldon_request(&document), None);
        }
    }
}
