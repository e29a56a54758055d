//! Converted pipelines of scikit-learn, XGBoost and LightGBM, against onnxruntime's answers.
//!
//! `tests/pipelines/models/` holds each graph with rows and what onnxruntime answered to them;
//! `make.py` beside it trains and converts them all. Here every graph is loaded as `--engine auto`
//! does and asked in one batch, row by row, and for no rows at all. Labels must be equal, numbers
//! close as `compare.rs` says; what is otherwise is a line of `deviations.rs`, and a line that is
//! no longer needed fails, too.

mod compare;
mod corpus;
mod deviations;

use std::collections::BTreeMap;

use radiant::engines::{Options, load_model};
use radiant_core::{Cancel, Engine, Strings, Tensor};
use radiant_onnx::Limits;

use compare::{Bound, differences};
use corpus::{Expected, Pipeline};

/// Runs all outputs.
fn run(engine: &dyn Engine, inputs: &[Tensor]) -> Result<Vec<Tensor>, String> {
    engine.signature().check(inputs).map_err(|error| error.to_string())?;
    let wanted: Vec<usize> = (0..engine.signature().outputs.len()).collect();
    let mut outputs = Vec::new();
    let done = engine.run(inputs, &wanted, &mut outputs, &Cancel::never());
    done.map(|()| outputs).map_err(|error| error.to_string())
}

/// A pipeline on its engine, with its inputs in the engine's order.
struct Ready {
    pipeline: Pipeline,
    engine: std::sync::Arc<dyn Engine>,
    inputs: Vec<Tensor>,
}

fn ready(pipeline: Pipeline) -> Result<Ready, String> {
    let model = radiant_onnx::read(&pipeline.graph, &Limits::default());
    let model = model.map_err(|error| format!("cannot be read: {error}"))?;
    let loaded = load_model(&model, &Options::default());
    let engine = loaded.map_err(|error| format!("cannot be loaded: {error:#}"))?.engine;
    // Once another test has opened ONNX Runtime it is there for all of this process. It comes last,
    // so that what reaches it was refused by the engines that are always there.
    if engine.name() == "ort" {
        return Err("cannot be loaded without ONNX Runtime".to_owned());
    }
    let inputs = engine.signature().inputs.iter().map(|spec| {
        let named = pipeline.inputs.iter().find(|input| input.name == spec.name);
        named.cloned().ok_or_else(|| format!("the engine has an input `{}`", spec.name))
    });
    let inputs = inputs.collect::<Result<_, _>>()?;
    Ok(Ready { pipeline, engine, inputs })
}

/// What is wrong with a pipeline, if anything, after its deviations are taken out.
fn check(case: Pipeline, ask: fn(&Ready, Bound) -> Vec<String>) -> Vec<String> {
    let name = case.name.clone();
    let ready = match ready(case) {
        Ok(ready) => ready,
        Err(problem) => return vec![problem],
    };
    let engine = ready.engine.name();
    let problems = ask(&ready, deviations::bound(&name)).into_iter();
    problems.map(|problem| format!("{engine}: {problem}")).collect()
}

/// A problem without the node's name and without advice: what many pipelines have in common.
fn short(problem: &str) -> String {
    let problem = problem.split("; ort is not installed").next().unwrap_or(problem);
    let (mut parts, mut short) = (problem.split("node `"), String::new());
    short += parts.next().unwrap_or_default();
    for part in parts {
        short += "node ";
        short += part.split_once("` ").map_or(part, |(_, rest)| rest);
    }
    short
}

/// Asks every pipeline and fails with all that is wrong, grouped by what is said.
fn all(what: &str, ask: fn(&Ready, Bound) -> Vec<String>) {
    let mut problems: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut n_pipelines, mut n_failed) = (0_usize, 0_usize);
    for pipeline in corpus::pipelines() {
        n_pipelines += 1;
        let name = pipeline.name.clone();
        let found = check(pipeline, ask);
        n_failed += usize::from(!found.is_empty());
        for problem in found {
            problems.entry(short(&problem)).or_default().push(name.clone());
        }
    }
    let lines = problems.iter().map(|(problem, names)| {
        format!("- {problem}\n    in {}: {}", names.len(), names.join(", "))
    });
    let report = lines.collect::<Vec<_>>().join("\n");
    assert!(n_pipelines > 400, "only {n_pipelines} pipelines were found");
    assert!(n_failed == 0, "{what}: {n_failed} of {n_pipelines} pipelines fail\n{report}");
}

/// The outputs of an engine that belong to what is expected, by name.
fn paired<'a>(
    ready: &'a Ready,
    outputs: &'a [Tensor],
) -> impl Iterator<Item = (&'a Expected, Option<&'a Tensor>)> {
    ready.pipeline.outputs.iter().map(move |expected| {
        let at = ready.engine.signature().output_index(expected.name());
        (expected, at.and_then(|at| outputs.get(at)))
    })
}

fn batch(ready: &Ready, bound: Bound) -> Vec<String> {
    let outputs = match run(&*ready.engine, &ready.inputs) {
        Ok(outputs) => outputs,
        Err(problem) => return vec![format!("cannot run: {problem}")],
    };
    let mut found = Vec::new();
    for (expected, got) in paired(ready, &outputs) {
        let name = expected.name();
        let Some(got) = got else {
            found.push(format!("there is no output `{name}`"));
            continue;
        };
        let ties = deviations::near_ties(&ready.pipeline.name, name);
        found.extend(differences(got, expected.tensor(), bound, &ties));
        if let Some(classes) = expected.classes() {
            let told = ready.engine.signature().classifier.as_ref().map(|told| &told.classes);
            let equal = |told: &Strings| told.iter().eq(classes.iter().map(String::as_bytes));
            if !told.map_or_else(|| deviations::may_name_no_classes(&ready.pipeline.name), equal) {
                found.push(format!("`{name}`: expected classes {classes:?}, got {told:?}"));
            }
        }
    }
    found
}

#[test]
fn pipelines_answer_as_onnxruntime_does() {
    all("in one batch", batch);
}

fn row_by_row(ready: &Ready, bound: Bound) -> Vec<String> {
    let Ok(together) = run(&*ready.engine, &ready.inputs) else { return Vec::new() };
    let n_rows = ready.inputs.first().map_or(0, |input| input.shape.rows());
    for row in 0..n_rows {
        let inputs: Vec<Tensor> =
            ready.inputs.iter().map(|input| corpus::row(input, row)).collect();
        let outputs = match run(&*ready.engine, &inputs) {
            Ok(outputs) => outputs,
            Err(_) if ready.pipeline.is_refused_alone => return Vec::new(),
            Err(problem) => return vec![format!("cannot run one row: {problem}")],
        };
        for (alone, together) in outputs.iter().zip(&together) {
            if together.shape.rows() != n_rows {
                continue;
            }
            let ties = deviations::near_ties(&ready.pipeline.name, &together.name);
            let tie = if ties.contains(&row) { &[0][..] } else { &[] };
            let found = differences(alone, &corpus::row(together, row), bound, tie);
            if !found.is_empty() {
                return found.into_iter().map(|what| format!("row {row} alone: {what}")).collect();
            }
        }
    }
    Vec::new()
}

#[test]
fn a_row_of_a_pipeline_answers_alone_as_it_does_in_a_batch() {
    all("row by row", row_by_row);
}

fn no_rows(ready: &Ready, _: Bound) -> Vec<String> {
    let inputs: Vec<Tensor> = ready.inputs.iter().map(corpus::no_rows).collect();
    let outputs = match run(&*ready.engine, &inputs) {
        Ok(outputs) => outputs,
        Err(_) if !ready.pipeline.takes_no_rows => return Vec::new(),
        Err(problem) => return vec![format!("cannot run no rows: {problem}")],
    };
    let n_rows = ready.inputs.first().map_or(0, |input| input.shape.rows());
    let mut found = Vec::new();
    for (expected, got) in paired(ready, &outputs) {
        let (Some(got), expected) = (got, expected.tensor()) else { continue };
        let mut dims = expected.shape.dims().to_vec();
        if dims.first() != Some(&n_rows) {
            continue;
        }
        dims[0] = 0;
        // Where onnxruntime has no answer, nobody says how many columns none has.
        let is_told = ready.pipeline.takes_no_rows;
        let same = if is_told { got.shape.dims() == dims } else { got.shape.rows() == 0 };
        if !same || got.dtype() != expected.dtype() {
            let (dtype, shape) = (got.dtype(), &got.shape);
            found.push(format!(
                "no rows: expected {} {dims:?}, got {dtype} {shape}",
                expected.dtype()
            ));
        }
    }
    found
}

#[test]
fn no_rows_for_a_pipeline_give_no_rows() {
    all("no rows", no_rows);
}

#[test]
fn every_deviation_names_a_pipeline() {
    let names: Vec<String> = corpus::pipelines().map(|pipeline| pipeline.name).collect();
    let unknown = deviations::names().filter(|name| !names.iter().any(|known| known == name));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&str>::new());
}
