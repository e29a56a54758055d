//! One attempt: a case, on an engine, with its inputs as they are or as constants.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use prost::Message as _;
use radiant_core::{Cancel, Engine, Tensor, TensorSpec};
use radiant_onnx::pb::TensorProto;
use radiant_onnx::{Limits, Model};

use crate::case::{Case, DataSet, Files};
use crate::compare::{compare, exactness, same_form, spoiled};
use crate::engines::{Tried, load};
use crate::exactness::Exactness;
use crate::names::Names;
use crate::outcome::{Mode, Outcome, Status};

/// Why there is no right answer.
type Failure = (Status, String);

/// Runs a case; `None` where it cannot be had in this mode.
pub(crate) fn attempt(
    case: &Case,
    files: &Files,
    (tried, mode): (Tried, Mode),
    library: Option<&Path>,
) -> Option<Outcome> {
    let models = match mode {
        Mode::Plain => vec![files.model.clone()],
        Mode::Const => files
            .data_sets
            .iter()
            .map(|data_set| with_constants(&files.model, data_set))
            .collect::<Option<_>>()?,
    };
    let run = || run(case, &files.data_sets, &models, (tried, library));
    let outcome = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok((engine, exactness))) => {
            let status = if case.is_random { Status::Unspecified } else { Status::Pass };
            Outcome { status, exactness, engine, reason: String::new() }
        }
        Ok(Err((Status::Refused, reason))) if !Names::of(&files.model).are_in(&reason) => {
            Outcome::failed(Status::Vague, &reason)
        }
        Ok(Err((status, reason))) => Outcome::failed(status, &reason),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            Outcome::failed(Status::Panic, text.unwrap_or("a value that is no text"))
        }
    };
    Some(outcome)
}

/// Runs all data sets, each on its model or on the only one; gives the engine's name.
fn run(
    case: &Case,
    data_sets: &[DataSet],
    models: &[Vec<u8>],
    (tried, library): (Tried, Option<&Path>),
) -> Result<(String, Option<Exactness>), Failure> {
    let mut worst = None;
    let mut engine = loaded(models.first(), tried, library)?;
    for (at, data_set) in data_sets.iter().enumerate() {
        if at > 0 && models.len() > 1 {
            engine = loaded(models.get(at), tried, library)?;
        }
        worst = worst.max(run_one(case, data_set, &*engine)?);
    }
    Ok((engine.name().to_owned(), worst))
}

fn loaded(
    bytes: Option<&Vec<u8>>,
    tried: Tried,
    library: Option<&Path>,
) -> Result<Arc<dyn Engine>, Failure> {
    let bytes = bytes.map(Vec::as_slice).unwrap_or_default();
    let model = radiant_onnx::read(bytes, &Limits::default());
    let model = model.map_err(|error| (Status::Refused, error.to_string()))?;
    load(&model, tried, library).map_err(|error| failure(Status::Refused, &format!("{error:#}")))
}

/// A failure, which is a panic where it says so.
fn failure(status: Status, text: &str) -> Failure {
    let status = if text.contains("panicked") { Status::Panic } else { status };
    (status, text.to_owned())
}

fn run_one(
    case: &Case,
    data_set: &DataSet,
    engine: &dyn Engine,
) -> Result<Option<Exactness>, Failure> {
    let signature = engine.signature();
    let error = |text: String| (Status::Error, text);
    let inputs = data_set.inputs.iter().zip(&signature.inputs);
    let inputs: Result<Vec<Tensor>, String> =
        inputs.map(|(bytes, spec)| read(bytes, spec)).collect();
    let inputs = inputs.map_err(error)?;
    signature.check(&inputs).map_err(|refused| error(format!("the server's check: {refused}")))?;
    let (n, specs) = (data_set.outputs.len(), &signature.outputs);
    if specs.len() != n {
        return Err((Status::Wrong, format!("expected {n} outputs, got {}", specs.len())));
    }
    let wanted: Vec<usize> = (0..n).collect();
    let mut outputs = Vec::new();
    if let Err(error) = engine.run(&inputs, &wanted, &mut outputs, &Cancel::never()) {
        return Err(failure(Status::Error, &chain(&error)));
    }
    if outputs.len() != n {
        return Err((Status::Wrong, format!("expected {n} tensors, got {}", outputs.len())));
    }
    let mut worst = None;
    for ((bytes, spec), got) in data_set.outputs.iter().zip(specs).zip(&outputs) {
        worst = worst.max(judge(case, bytes, spec, got)?);
    }
    Ok(worst)
}

fn judge(
    case: &Case,
    bytes: &[u8],
    spec: &TensorSpec,
    got: &Tensor,
) -> Result<Option<Exactness>, Failure> {
    let wrong = |what: String| (Status::Wrong, format!("output `{}`: {what}", spec.name));
    let expected = read(bytes, spec).map_err(|what| (Status::Error, what))?;
    if spec.dtype != expected.dtype() {
        return Err(wrong(format!("declared {}, expected {}", spec.dtype, expected.dtype())));
    }
    if case.is_random {
        return same_form(&expected, got).map(|()| None).map_err(wrong);
    }
    compare(&expected, got, case).map_err(wrong)?;
    // A comparison that cannot fail proves nothing.
    let is_blind = |spoiled: Tensor| compare(&expected, &spoiled, case).is_ok();
    assert!(!spoiled(got).is_some_and(is_blind), "output `{}`: wrong values pass", spec.name);
    Ok(exactness(&expected, got))
}

/// A tensor from the bytes of a message, under the name of its place.
fn read(bytes: &[u8], spec: &TensorSpec) -> Result<Tensor, String> {
    let place = |error: String| format!("data of `{}`: {error}", spec.name);
    let proto = TensorProto::decode(bytes).map_err(|error| place(error.to_string()))?;
    let tensor = radiant_onnx::tensor(&proto).map_err(|error| place(error.to_string()))?;
    Ok(Tensor { name: Arc::clone(&spec.name), ..tensor })
}

/// An error with its causes, on one line.
fn chain(error: &radiant_core::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The model with the data of all inputs but the first as constants; `None` where there is no
/// second input, or where the model or the data cannot be had in this form.
fn with_constants(model: &[u8], data_set: &DataSet) -> Option<Vec<u8>> {
    let mut model: Model = radiant_onnx::read(model, &Limits::default()).ok()?;
    let constants = &model.graph.initializer;
    let is_free = |name: &str| constants.iter().all(|constant| constant.name != name);
    let inputs = model.graph.input.iter().map(|input| input.name.clone());
    let free: Vec<String> = inputs.filter(|name| is_free(name)).collect();
    if free.len() < 2 || free.len() != data_set.inputs.len() {
        return None;
    }
    for (name, bytes) in free.iter().zip(&data_set.inputs).skip(1) {
        let proto = TensorProto::decode(bytes.as_slice()).ok()?;
        radiant_onnx::tensor(&proto).ok()?;
        model.graph.initializer.push(TensorProto { name: name.clone(), ..proto });
    }
    // Older files list constants among the inputs.
    if model.ir_version >= 4 {
        model.graph.input.retain(|input| !free.iter().skip(1).any(|name| *name == input.name));
    }
    Some(model.to_proto_bytes())
}
