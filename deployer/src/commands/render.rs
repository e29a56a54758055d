//! `radiant-deploy render`: prints what a configuration becomes, and asks nobody.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use radiant_contract::EnvSource;
use serde_json::{Value, json};

use super::configuration;
use crate::cli::{Form, RenderArgs};
use crate::config::Deployment;
use crate::error::Failure;
use crate::manifest::package::{File, documents, helm, kustomize, plain};
use crate::manifest::{Facts, Schema, checked};
use crate::output::{self, OutputFormat, Printer};

pub(super) fn run(
    args: &RenderArgs,
    printer: &Printer,
    env: &dyn EnvSource,
) -> Result<(), Failure> {
    let loaded = configuration::load(&args.config, printer, env)?;
    let facts = Facts { namespace: args.namespace.clone(), ..Facts::default() };
    let mut objects = Vec::new();
    for mut config in loaded.into_iter().map(|loaded| loaded.deployment) {
        if args.namespace.is_some() {
            config.namespace.clone_from(&args.namespace);
        }
        objects.push(object(&config, &facts, printer)?);
    }
    match (&args.split, args.form) {
        (Some(folder), form) => write(folder, &files(&objects, form)?, printer),
        (None, Form::Seldon) => output::write(&text(objects, &printer.format)),
        (None, Form::Kustomize | Form::Helm) => {
            let error = anyhow!("`--as`: expected `--split DIR` beside it, got none");
            Err(Failure::usage(error).hint("it becomes several files: name a folder for them"))
        }
    }
}

/// The object of a configuration, checked as an API server and the operator would.
fn object(config: &Deployment, facts: &Facts, printer: &Printer) -> Result<Value, Failure> {
    let objects = checked(config, facts, Schema::bundled(), None)?;
    for warning in &objects.warnings {
        printer.tell(&format!("warning: {warning}\n"));
    }
    Ok(serde_json::to_value(&objects.deployment).context("cannot print the manifest")?)
}

fn text(mut objects: Vec<Value>, format: &OutputFormat) -> String {
    if *format != OutputFormat::Json {
        return documents(&objects);
    }
    let whole = match objects.len() {
        1 => objects.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "items": objects}),
    };
    format!("{whole:#}\n")
}

fn files(objects: &[Value], form: Form) -> Result<Vec<File>, Failure> {
    match (form, objects) {
        (Form::Seldon, _) => Ok(plain(objects)),
        (Form::Kustomize, _) => Ok(kustomize(objects)),
        (Form::Helm, [object]) => Ok(helm(object, env!("CARGO_PKG_VERSION"))),
        (Form::Helm, _) => {
            let got = objects.len();
            let error = anyhow!("`--as helm`: expected one deployment for a chart, got {got}");
            Err(Failure::usage(error).hint("give one document, and a folder, for each chart"))
        }
    }
}

fn write(folder: &Path, files: &[File], printer: &Printer) -> Result<(), Failure> {
    for file in files {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot make the folder `{}`", parent.display()))?;
        fs::write(&path, &file.text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        printer.tell(&format!("{} written\n", path.display()));
    }
    Ok(())
}
