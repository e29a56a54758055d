//! `radiant check`: loads a model and tells what it is, without serving it.

use std::time::{Duration, Instant};

use anyhow::Context;
use radiant_core::{Cancel, Engine, Signature, TensorSpec};
use radiant_server::config::{LogFormat, LogLevel};
use radiant_storage::ModelUri;
use serde_json::{Value, json};

use crate::args::CheckArgs;
use crate::engines::{self, Loaded};
use crate::failure::Failure;
use crate::logging;
use crate::output::{self, OutputFormat};

/// Runs are repeated for this long, or as often as [`RUNS_MAX`]; the shortest is told.
const RUN_TIME: Duration = Duration::from_millis(200);
const RUNS_MAX: usize = 1000;

/// What there is to tell.
struct Report {
    path: String,
    loaded: Loaded,
    load: Duration,
    /// The first run and the shortest one, on one row of zeros; or why it failed.
    runs: Result<(Duration, Duration), String>,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    logging::start(LogLevel::Warning, LogFormat::Text);
    let report = check(&args.model, &args.engine)?;
    output::write(&match args.format {
        OutputFormat::Text => text(&report),
        OutputFormat::Json => format!("{:#}\n", json_report(&report)),
    })
}

fn check(model: &str, engine: &str) -> anyhow::Result<Report> {
    let path = radiant_storage::resolve(&ModelUri::parse(model)?)?.path;
    let started = Instant::now();
    let loaded = engines::load(&path, engine)?;
    let load = started.elapsed();
    let runs = measure(&*loaded.engine).map_err(|error| format!("{error:#}"));
    Ok(Report { path: path.display().to_string(), loaded, load, runs })
}

/// The first and the shortest run on one row of zeros.
fn measure(engine: &dyn Engine) -> anyhow::Result<(Duration, Duration)> {
    let signature = engine.signature();
    let inputs = signature.zeros(1);
    signature.check(&inputs).context("one row of zeros does not fit the model")?;
    let wanted: Vec<usize> = (0..signature.outputs.len()).collect();
    let mut outputs = Vec::new();
    let mut run = || {
        let started = Instant::now();
        engine.run(&inputs, &wanted, &mut outputs, &Cancel::never()).map(|()| started.elapsed())
    };
    let first = run().context("the model fails on one row of zeros")?;
    let (begun, mut best) = (Instant::now(), first);
    for _ in 0..RUNS_MAX {
        best = best.min(run()?);
        if begun.elapsed() > RUN_TIME {
            break;
        }
    }
    Ok((first, best))
}

fn text(report: &Report) -> String {
    let Report { path, loaded, load, runs } = report;
    let signature = loaded.engine.signature();
    let mut rows = vec![
        ["model".to_owned(), path.clone()],
        ["engine".to_owned(), format!("{} ({})", loaded.engine.name(), loaded.reason)],
    ];
    for (side, specs) in [("input", &signature.inputs), ("output", &signature.outputs)] {
        rows.extend(specs.iter().map(|spec| [side.to_owned(), format!("{} {spec}", spec.name)]));
    }
    if let Some(classes) = classes(signature) {
        rows.push(["classes".to_owned(), classes.join(", ")]);
    }
    rows.push(["load".to_owned(), format!("{:.1} ms", load.as_secs_f64() * 1e3)]);
    match runs {
        Ok((first, best)) => {
            rows.push(["warm-up".to_owned(), format!("{:.1} ms", first.as_secs_f64() * 1e3)]);
            rows.push(["one row".to_owned(), format!("{:.1} us", best.as_secs_f64() * 1e6)]);
        }
        Err(problem) => rows.push(["one row".to_owned(), format!("not measured: {problem}")]),
    }
    let rows: Vec<[&str; 2]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    output::table(&rows)
}

fn json_report(report: &Report) -> Value {
    let Report { path, loaded, load, runs } = report;
    let signature = loaded.engine.signature();
    let specs = |specs: &[TensorSpec]| -> Value { specs.iter().map(spec_json).collect() };
    let (first, best, problem) = match runs {
        Ok((first, best)) => (Some(first), Some(best), None),
        Err(problem) => (None, None, Some(problem)),
    };
    json!({
        "schema": "radiant/check/v1",
        "path": path,
        "engine": loaded.engine.name(),
        "reason": loaded.reason,
        "inputs": specs(&signature.inputs),
        "outputs": specs(&signature.outputs),
        "classes": classes(signature),
        "load_ms": load.as_secs_f64() * 1e3,
        "warm_up_ms": first.map(|first| first.as_secs_f64() * 1e3),
        "row_us": best.map(|best| best.as_secs_f64() * 1e6),
        "problem": problem,
    })
}

/// As in the Open Inference Protocol: -1 is any extent.
fn spec_json(spec: &TensorSpec) -> Value {
    let dims = spec.dims.iter().map(|dim| dim.map_or(json!(-1), |dim| json!(dim)));
    json!({
        "name": &*spec.name,
        "datatype": spec.dtype.name(),
        "shape": dims.collect::<Vec<_>>(),
    })
}

/// The classes of a classifier that names them.
fn classes(signature: &Signature) -> Option<Vec<String>> {
    let classes = &signature.classifier.as_ref()?.classes;
    let text = |class: &[u8]| String::from_utf8_lossy(class).into_owned();
    (!classes.is_empty()).then(|| classes.iter().map(text).collect())
}
