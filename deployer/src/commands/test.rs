//! `radiant-deploy test`: golden requests, and whether their answers are those that were expected.

use std::path::Path;

use anyhow::anyhow;
use radiant_contract::EnvSource;
use serde_json::{Value, json};

use super::configuration::{Meant, load, meant, one};
use super::golden::otherwise;
use super::reach::reach;
use crate::cli::TestArgs;
use crate::config::GoldenTest;
use crate::error::Failure;
use crate::output::Printer;
use crate::predict::{Case, Outcome, read_case, try_out};

pub(super) fn run(args: &TestArgs, printer: &Printer, env: &dyn EnvSource) -> Result<(), Failure> {
    let (name, configuration) = (args.target.name.as_deref(), &args.target.config);
    let (tests, meant) = if let (Some(request), Some(expect)) = (&args.request, &args.expect) {
        (vec![given(args, request, expect)?], meant(name, configuration, printer, env)?)
    } else {
        let config = one(name, load(configuration, printer, env)?)?.deployment;
        if config.tests.is_empty() {
            let name = &config.name;
            let error = anyhow!("`{name}`: expected golden requests in `tests`, got none");
            return Err(Failure::usage(error).hint("write some there, or name one by `--request`"));
        }
        (config.tests.clone(), Meant::of(config))
    };
    let name = meant.name.as_str();
    super::wait(async {
        let reached = reach(&args.target, &meant).await?;
        let read = |test: &GoldenTest| read_case(test, &reached.path());
        let mut cases: Vec<Case> = tests.iter().map(read).collect::<Result<_, Failure>>()?;
        for case in &mut cases {
            case.call.headers = reached.headers().clone();
        }
        let outcomes = try_out(&reached.way, &cases).await?;
        report(name, &outcomes, printer)
    })
}

/// The one test that arguments name.
fn given(args: &TestArgs, request: &Path, expect: &Path) -> Result<GoldenTest, Failure> {
    if !(args.tolerance >= 0.0 && args.tolerance.is_finite()) {
        let got = args.tolerance;
        return Err(Failure::usage(anyhow!("`--tolerance`: expected 0 or more, got `{got}`")));
    }
    let (request, expect) = (request.to_owned(), expect.to_owned());
    Ok(GoldenTest { request, expect, tolerance: args.tolerance })
}

/// Prints what came of all requests, and fails if one was answered otherwise.
fn report(name: &str, outcomes: &[Outcome], printer: &Printer) -> Result<(), Failure> {
    let n_failed = outcomes.iter().filter(|it| !it.is_passed()).count();
    let document = json!({
        "schema": "radiant/test/v1",
        "name": name,
        "passed": outcomes.len() - n_failed,
        "failed": n_failed,
        "tests": outcomes.iter().map(Outcome::document).collect::<Vec<Value>>(),
    });
    let text: String = outcomes.iter().map(Outcome::text).collect();
    printer.document(&document, &text)?;
    if n_failed == 0 {
        return Ok(());
    }
    Err(otherwise(name, outcomes.len(), n_failed))
}
