//! `radiant-deploy validate`: whether a configuration holds, as far as can be told without a cluster.

use anyhow::anyhow;
use radiant_contract::EnvSource;
use serde_json::{Value, json};

use super::configuration;
use crate::cli::ValidateArgs;
use crate::config::{Loaded, Problem, Severity, TOLD_MAX, files};
use crate::error::Failure;
use crate::manifest::{Facts, Schema, checked};
use crate::output::{self, OutputFormat, Printer};

pub(super) fn run(
    args: &ValidateArgs,
    printer: &Printer,
    env: &dyn EnvSource,
) -> Result<(), Failure> {
    let sources = configuration::sources(&args.config)?;
    let (loaded, mut problems) = match configuration::read(&sources, &args.config, env) {
        Ok(loaded) => {
            let problems = loaded.iter().flat_map(of_one).collect();
            (loaded, problems)
        }
        Err(errors) => (Vec::new(), errors.0),
    };
    if args.strict {
        for problem in &mut problems {
            problem.severity = Severity::Error;
        }
    }
    let n_errors = problems.iter().filter(|problem| problem.is_error()).count();
    tell(&problems, printer);
    let old = old(args, printer)?;
    let refused = loaded.iter().find_map(|one| manifest(one, old.as_ref(), printer).err());
    let is_for_people = matches!(printer.format, OutputFormat::Text | OutputFormat::Wide);
    if !is_for_people {
        printer.document(&document(&loaded, &problems, refused.as_ref()), "")?;
    }
    if n_errors > 0 {
        let mistakes = if n_errors == 1 { "mistake" } else { "mistakes" };
        return Err(Failure::usage(anyhow!("the configuration has {n_errors} {mistakes}")));
    }
    if let Some(failure) = refused {
        return Err(failure);
    }
    if is_for_people {
        output::write(&loaded.iter().map(line).collect::<String>())?;
    }
    Ok(())
}

/// Tells people of problems; programs get them all.
fn tell(problems: &[Problem], printer: &Printer) {
    let told: Vec<&Problem> =
        problems.iter().filter(|problem| problem.is_error() || !printer.quiet).collect();
    let mut text: String =
        told.iter().take(TOLD_MAX).map(|problem| configuration::line(problem)).collect();
    if let Some(more) = told.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        text = format!("{text}and {more} more\n");
    }
    output::tell_always(&text);
}

/// What is wrong with one that could be loaded.
fn of_one(loaded: &Loaded) -> Vec<Problem> {
    let mut problems = loaded.warnings.clone();
    problems.extend(files::check(loaded));
    problems
}

/// Whether an API server and the operator would take what it becomes.
fn manifest(loaded: &Loaded, old: Option<&Schema>, printer: &Printer) -> Result<(), Failure> {
    let facts = Facts { capabilities: old.map(Schema::capabilities), ..Facts::default() };
    let schema = old.unwrap_or_else(|| Schema::bundled());
    let objects = checked(&loaded.deployment, &facts, schema, None)?;
    for warning in &objects.warnings {
        printer.tell(&format!("warning: {warning}\n"));
    }
    Ok(())
}

/// The definitions of the version that is asked for; what it does not have is told.
fn old(args: &ValidateArgs, printer: &Printer) -> Result<Option<Schema>, Failure> {
    let Some(version) = args.crd_version else { return Ok(None) };
    for field in version.lacks() {
        printer.tell(&format!("note: Seldon Core {version} has no `{field}`\n"));
    }
    Ok(Some(version.schema().map_err(anyhow::Error::from)?))
}

fn line(loaded: &Loaded) -> String {
    let deployment = &loaded.deployment;
    let namespace =
        deployment.namespace.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
    format!("{}: {}{namespace} is valid\n", loaded.source, deployment.name)
}

fn document(loaded: &[Loaded], problems: &[Problem], refused: Option<&Failure>) -> Value {
    let deployment = |one: &Loaded| {
        json!({
            "source": one.source,
            "name": one.deployment.name,
            "namespace": one.deployment.namespace,
            "config": one.deployment,
        })
    };
    json!({
        "schema": "radiant/validate/v1",
        "valid": refused.is_none() && !problems.iter().any(Problem::is_error),
        "deployments": loaded.iter().map(deployment).collect::<Vec<_>>(),
        "problems": problems.iter().map(Problem::json).collect::<Vec<_>>(),
        "refused": refused.map(Failure::text),
    })
}
