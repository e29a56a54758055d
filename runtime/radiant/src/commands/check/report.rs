//! How what is known of a model is told to people and programs.

use std::fmt::Write as _;
use std::time::Duration;

use radiant_contract::ports;
use radiant_core::{Signature, TensorSpec, WeightCopies};
use radiant_server::{Example, examples};
use serde_json::{Value, json};

use super::Report;
use super::against::{Agreement, Proof};
use super::image::image;
use super::measure::{Costs, ROWS};
use crate::output;

/// Another engine is advised where it takes this share of the time, or less.
const ADVISED: f64 = 0.8;

pub(super) fn text(report: &Report) -> String {
    let Report { contents, loaded, .. } = report;
    let signature = loaded.engine.signature();
    let engine = loaded.engine.name();
    let mut rows = vec![
        ["model", &report.path.display().to_string()].map(str::to_owned),
        ["format", &contents.format].map(str::to_owned),
        ["engine".to_owned(), format!("{engine} ({})", loaded.reason)],
        ["image".to_owned(), image(report).text()],
    ];
    for (side, specs) in [("input", &signature.inputs), ("output", &signature.outputs)] {
        rows.extend(specs.iter().map(|spec| [side.to_owned(), format!("{} {spec}", spec.name)]));
    }
    if let Some(name) = &loaded.seldon_output {
        rows.push(["seldon v1".to_owned(), format!("answers {name}")]);
    }
    if let Some(classes) = classes(signature) {
        rows.push(["classes".to_owned(), classes.join(", ")]);
    }
    let operators = contents.operators.iter().map(|(name, n)| format!("{name} {n}"));
    let operators: Vec<String> = operators.collect();
    if operators.is_empty() {
        rows.extend(contents.n_parameters.map(|n| ["nodes".to_owned(), n.to_string()]));
    } else {
        let operators = operators.join(", ");
        rows.push(["operators".to_owned(), format!("{operators} (all by {engine})")]);
        rows.extend(contents.n_parameters.map(|n| ["parameters".to_owned(), n.to_string()]));
    }
    rows.push(["weights".to_owned(), weights(report)]);
    rows.push(["memory".to_owned(), format!("{:.1} MiB more", mebibytes(report.grown))]);
    rows.push(["load".to_owned(), format!("{:.1} ms", milliseconds(report.load))]);
    match &report.costs {
        Ok(costs) => {
            rows.push(["warm-up".to_owned(), format!("{:.1} ms", milliseconds(costs.first))]);
            rows.push(["cost".to_owned(), cost(costs)]);
        }
        Err(problem) => rows.push(["cost".to_owned(), format!("not measured: {problem}")]),
    }
    if let Some(n) = report.n_verified {
        rows.push(["test data".to_owned(), format!("{n} passed")]);
    }
    if let Some(Proof { n_rows, outputs }) = &report.proof {
        let agreed = outputs.iter().map(agreed).collect::<Vec<_>>().join("; ");
        rows.push(["agrees".to_owned(), format!("{n_rows} rows: {agreed}")]);
    }
    for (choice, costs) in &report.others {
        let told = costs.as_ref().map_or_else(|problem| format!("no: {problem}"), cost);
        rows.push([format!("with {choice}"), told]);
    }
    rows.extend(advice(report).map(|advice| ["advice".to_owned(), advice]));
    let rows: Vec<[&str; 2]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    let mut text = output::table(&rows);
    if report.costs.is_err() {
        text.push_str(
            "\nThe model takes no zeros: put values that it knows into these requests.\n",
        );
    }
    for example in examples(&report.name, signature, &loaded.scoring) {
        let Example { protocol, transport, .. } = example;
        // Writing to a `String` cannot fail.
        let _infallible = write!(text, "\n{protocol} over {transport}:\n{}\n", command(&example));
    }
    text
}

fn proof_json(proof: &Proof) -> Value {
    let output = |agreement: &Agreement| {
        json!({
            "output": agreement.name,
            "values": agreement.n_values,
            "equal_in_every_bit": agreement.n_equal,
            "greatest_difference": agreement.greatest,
        })
    };
    json!({
        "rows": proof.n_rows,
        "outputs": proof.outputs.iter().map(output).collect::<Vec<_>>(),
    })
}

/// `predict_proba 447 of 450 values equal in every bit, 2.2e-16 at most`
fn agreed(agreement: &Agreement) -> String {
    let Agreement { name, n_values, n_equal, greatest } = agreement;
    let exactly = format!("{name} {n_equal} of {n_values} values equal in every bit");
    if n_equal == n_values { exactly } else { format!("{exactly}, others within {greatest:.1e}") }
}

/// `2.3 MiB, 1 copy`, `2.3 MiB, 3 copies now and 8 at most`
fn weights(report: &Report) -> String {
    let WeightCopies { held, max } = report.loaded.engine.weight_copies();
    let size = mebibytes(report.contents.weights_bytes);
    let copies = if held == 1 { "copy" } else { "copies" };
    let most = if max > held { format!(" now and {max} at most") } else { String::new() };
    format!("{size:.1} MiB, {held} {copies}{most}")
}

/// A command line that sends an example to a server with the default ports.
fn command(example: &Example) -> String {
    let Example { transport, target, body, .. } = example;
    let is_grpc = *transport == "gRPC";
    let (before, data) = match body.text() {
        Some(text) => (String::new(), format!("'{}'", text.replace('\'', r"'\''"))),
        None => (format!("({}) | ", body.shell()), if is_grpc { "@" } else { "@-" }.to_owned()),
    };
    if is_grpc {
        return format!("{before}grpcurl -plaintext -d {data} localhost:{} {target}", ports::GRPC);
    }
    format!(
        "{before}curl -s localhost:{}{target} -H 'Content-Type: application/json' -d {data}",
        ports::HTTP
    )
}

/// `1 row 0.6 us, 8 rows 0.2 us a row, 64 rows 0.1 us a row`
fn cost(costs: &Costs) -> String {
    let measured = ROWS.into_iter().zip(costs.best).filter_map(|(rows, best)| Some((rows, best?)));
    let told = measured.map(|(rows, best)| match rows {
        1 => format!("1 row {}", duration(best)),
        rows => format!("{rows} rows {} a row", duration(best / u32::try_from(rows).unwrap_or(1))),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn duration(duration: Duration) -> String {
    let microseconds = duration.as_secs_f64() * 1e6;
    if microseconds < 1e3 {
        format!("{microseconds:.1} us")
    } else {
        format!("{:.1} ms", microseconds / 1e3)
    }
}

/// Which other engine was so much faster here that it is worth pinning.
fn advice(report: &Report) -> Option<String> {
    let (rows, ours) = report.costs.as_ref().ok()?.largest()?;
    let others = report.others.iter().filter_map(|(choice, costs)| {
        let (their_rows, theirs) = costs.as_ref().ok()?.largest()?;
        let share = theirs.as_secs_f64() / ours.as_secs_f64();
        (their_rows == rows && share <= ADVISED).then_some((choice, share))
    });
    let (choice, share) = others.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let engine = report.loaded.engine.name();
    Some(format!(
        "--engine {choice} took {share:.2} of the time of {engine} for {rows} rows on this machine"
    ))
}

pub(super) fn json(report: &Report) -> Value {
    let Report { contents, loaded, .. } = report;
    let signature = loaded.engine.signature();
    let specs = |specs: &[TensorSpec]| -> Value { specs.iter().map(spec_json).collect() };
    let engine = loaded.engine.name();
    let copies = loaded.engine.weight_copies();
    let wanted = image(report);
    let other = |(choice, costs): &(crate::engines::Choice, Result<Costs, String>)| {
        (choice.to_string(), costs_json(costs))
    };
    let example = |example: Example| {
        let request = command(&example);
        let Example { protocol, transport, target, body } = example;
        json!({
            "protocol": protocol,
            "transport": transport,
            "target": target,
            "body": body.text(),
            "command": request,
        })
    };
    let operators: serde_json::Map<String, Value> = (contents.operators.iter())
        .map(|(name, n)| (name.clone(), json!({"count": n, "engine": engine})))
        .collect();
    json!({
        "schema": "radiant/check/v2",
        "path": report.path.display().to_string(),
        "format": contents.format,
        "engine": engine,
        "reason": loaded.reason,
        "image": {"flavour": wanted.flavour, "reason": wanted.reason},
        "inputs": specs(&signature.inputs),
        "outputs": specs(&signature.outputs),
        "classes": classes(signature),
        "operators": operators,
        "parameters": contents.n_parameters,
        "memory_bytes": report.grown,
        "weights": {
            "bytes": report.contents.weights_bytes,
            "copies": copies.held,
            "copies_max": copies.max,
        },
        "load_ms": milliseconds(report.load),
        "costs": costs_json(&report.costs),
        "test_data_passed": report.n_verified,
        "agrees": report.proof.as_ref().map(proof_json),
        "other_engines": report.others.iter().map(other).collect::<serde_json::Map<_, _>>(),
        "advice": advice(report),
        "examples": examples(&report.name, signature, &loaded.scoring)
            .into_iter()
            .map(example)
            .collect::<Vec<_>>(),
    })
}

fn costs_json(costs: &Result<Costs, String>) -> Value {
    match costs {
        Ok(costs) => json!({
            "warm_up_ms": milliseconds(costs.first),
            "runs": ROWS.into_iter().zip(costs.best).filter_map(|(rows, best)| {
                Some(json!({"rows": rows, "us": best?.as_secs_f64() * 1e6}))
            }).collect::<Vec<_>>(),
        }),
        Err(problem) => json!({"problem": problem}),
    }
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

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
