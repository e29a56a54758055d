//! The Open Inference Protocol, whatever the transport: what is answered about models, and
//! inferences with several inputs and outputs.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use radiant_core::{Answers, Error, ErrorKind, Signature, Tensor, TensorSpec};
use radiant_protocol::oip::{self, ModelInfo, Parameter, RequestedOutput};
use radiant_protocol::pb::inference as pb;

use crate::config::LogLevel;
use crate::infer;
use crate::node::Node;
use crate::observe::{Batch, Statistics, StatisticsSnapshot, Total};
use crate::repository::{Entry, Found, Phase, Slot, load_panicked};
use crate::schedule::Clock;
use crate::state::State;
use crate::work::Work;

/// What is offered beyond the protocol's core.
const EXTENSIONS: [&str; 7] = [
    "binary_tensor_data",
    "classification",
    "generate",
    "model_configuration",
    "model_repository",
    "parameters",
    "statistics",
];

/// Runs the model of `node` on `work.inputs` for the outputs that `work.oip` asks for, in the time and
/// with the priority that it asks for. The answer is in `work.outputs`, each with its name, in the
/// order asked for and in the shapes that [`model_metadata`] tells.
///
/// # Errors
/// An output that the model does not have, or what the model says.
pub(crate) async fn infer(
    state: &State,
    clock: &Clock,
    node: &Arc<Node>,
    work: Box<Work>,
) -> Result<Box<Work>, Error> {
    let mut work = infer_as_given(state, clock, node, work).await?;
    if let Some((engine, _)) = node.engine()
        && engine.signature().answers == Answers::First
    {
        for output in &mut work.outputs {
            if output.shape.rank() == 1 {
                output.shape.push(1);
            }
        }
    }
    Ok(work)
}

/// The outputs of a model in the protocol's shapes: where one value a row is a column, with that axis.
fn outputs(signature: &Signature) -> Cow<'_, [TensorSpec]> {
    match signature.answers {
        Answers::All => Cow::Borrowed(&signature.outputs),
        Answers::First => {
            let mut outputs = signature.outputs.clone();
            let vectors = outputs.iter_mut().filter(|output| output.dims.len() == 1);
            vectors.for_each(|output| output.dims.push(Some(1)));
            Cow::Owned(outputs)
        }
    }
}

/// As [`infer`], with outputs in the shapes that the model gives them.
///
/// # Errors
/// As [`infer`].
pub(crate) async fn infer_as_given(
    state: &State,
    clock: &Clock,
    node: &Arc<Node>,
    mut work: Box<Work>,
) -> Result<Box<Work>, Error> {
    clock.allow(work.oip.timeout(), "parameter `timeout`");
    work.deadline = clock.deadline();
    work.priority = node.queue.priority(work.oip.priority());
    let Some((engine, _)) = node.engine() else {
        run_component(state, node, &mut work)?;
        return Ok(work);
    };
    let signature = engine.signature();
    choose_outputs(signature, &mut work)?;
    work.company = company(&work);
    work.decoded(&node.statistics);
    let mut work = infer::infer(state, node, work).await?;
    work.ran();
    let Work { outputs, wanted, .. } = &mut *work;
    for (output, spec) in outputs.iter_mut().zip(wanted.iter().map(|&i| signature.outputs.get(i))) {
        if let Some(spec) = spec
            && !Arc::ptr_eq(&output.name, &spec.name)
        {
            output.name = Arc::clone(&spec.name);
        }
    }
    classify(&mut work, signature.classifier.as_ref().map(|classifier| &classifier.classes))?;
    Ok(work)
}

/// Parameters that say when a request is run, and not what of it.
const SCHEDULING: [&str; 2] = ["timeout", "priority"];

/// What the parameters of a request come to: requests of other parameters share no run with it, and
/// one of a sequence shares it with none.
fn company(work: &Work) -> u64 {
    let parameters = &work.oip.parameters;
    if parameters.is_empty() {
        return 0;
    }
    if parameters.iter().any(|(name, _)| name == "sequence_id") {
        // The place of its buffers is its own as long as it is there.
        return std::ptr::from_ref(work).addr() as u64;
    }
    let mut hasher = DefaultHasher::new();
    for (name, value) in parameters.iter().filter(|(name, _)| !SCHEDULING.contains(&&**name)) {
        name.hash(&mut hasher);
        match value {
            Parameter::Bool(value) => value.hash(&mut hasher),
            Parameter::Int(value) => value.hash(&mut hasher),
            Parameter::Uint(value) => value.hash(&mut hasher),
            Parameter::Float(value) => value.to_bits().hash(&mut hasher),
            Parameter::Text(value) => value.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// Resolves the names of the outputs that are asked for; those that the model answers where none is.
fn choose_outputs(signature: &Signature, work: &mut Work) -> Result<(), Error> {
    let Work { oip, wanted, .. } = work;
    wanted.clear();
    if oip.outputs.is_empty() {
        wanted.extend(signature.answered());
        return Ok(());
    }
    for output in &oip.outputs {
        let index = signature.output_index(&output.name);
        let index = index.ok_or_else(|| no_output(&signature.outputs_listed(), &output.name))?;
        if wanted.contains(&index) {
            let text = format!("output `{}` is asked for twice", output.name);
            return Err(Error::invalid_input(text));
        }
        wanted.push(index);
    }
    Ok(())
}

#[cold]
fn no_output(expected: &str, asked: &str) -> Error {
    let shown: String = asked.chars().take(200).collect();
    Error::invalid_input(format!("the model has no output `{shown}`; expected one of {expected}"))
}

/// Replaces outputs by their classes where that is asked for (classification extension).
fn classify(work: &mut Work, labels: Option<&radiant_core::Strings>) -> Result<(), Error> {
    let Work { oip, outputs, .. } = work;
    for (asked, output) in oip.outputs.iter().zip(outputs) {
        if asked.classes > 0 {
            *output = oip::classify(output, asked.classes, labels)?;
        }
    }
    Ok(())
}

/// Gives a component the tensors by name.
fn run_component(state: &State, node: &Node, work: &mut Work) -> Result<(), Error> {
    let rows = work.inputs.first().map_or(1, |tensor| tensor.shape.rows());
    let _permit = state.permits.take(&node.share, rows)?;
    let inputs = std::mem::take(&mut work.inputs);
    work.decoded(&node.statistics);
    let mut outputs = node.contain(|| node.component().infer(inputs))?;
    if !work.oip.outputs.is_empty() {
        outputs = select(outputs, &work.oip.outputs)?;
    }
    work.outputs = outputs;
    work.ran();
    classify(work, None)
}

/// The outputs that are asked for, in that order.
fn select(mut outputs: Vec<Tensor>, asked: &[RequestedOutput]) -> Result<Vec<Tensor>, Error> {
    let mut selected = Vec::with_capacity(outputs.len());
    for RequestedOutput { name, .. } in asked {
        let Some(index) = outputs.iter().position(|output| *output.name == **name) else {
            let names: Vec<String> =
                outputs.iter().map(|output| format!("`{}`", output.name)).collect();
            return Err(no_output(&names.join(", "), name));
        };
        selected.push(outputs.swap_remove(index));
    }
    Ok(selected)
}

/// What the server is and can.
pub(crate) fn server_metadata() -> pb::ServerMetadataResponse {
    pb::ServerMetadataResponse {
        name: "radiant".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        extensions: EXTENSIONS.map(str::to_owned).to_vec(),
    }
}

/// Calls `use_it` with what is known of a model.
fn describe<T>(
    state: &State,
    found: &Found,
    use_it: impl FnOnce(&ModelInfo<'_>) -> T,
) -> Result<T, Error> {
    let (entry, node) = (found.entry(), found.node()?);
    let engine = node.engine().map(|(engine, _)| engine);
    let signature = engine.map(radiant_core::Engine::signature);
    // MLflow's columns are what clients of such a model know.
    let columns = node.frame.as_ref().map(|specs| {
        let column = |spec: &TensorSpec| TensorSpec { dims: vec![None, Some(1)], ..spec.clone() };
        specs.iter().map(column).collect::<Vec<_>>()
    });
    let inputs = signature.map_or(&[][..], |signature| &signature.inputs);
    let answering = found.model().slots.iter().filter(|slot| slot.answers());
    let versions: Vec<&str> = answering.map(|slot| &*slot.entry.version).collect();
    Ok(use_it(&ModelInfo {
        name: &entry.name,
        versions: &versions,
        platform: &node.platform,
        reason: &node.reason,
        backend: engine.map_or("component", radiant_core::Engine::name),
        inputs: columns.as_deref().unwrap_or(inputs),
        outputs: &signature.map_or(Cow::Borrowed(&[][..]), outputs),
        rows_max: signature.and_then(|signature| rows_max(signature, state)),
    }))
}

/// The rows that one request may have, where the first axis of all tensors is the batch.
fn rows_max(signature: &Signature, state: &State) -> Option<usize> {
    let mut specs = signature.inputs.iter().chain(&signature.outputs);
    let batched = specs.all(|spec| matches!(spec.dims.first(), Some(None)));
    let widest = signature.inputs.iter().map(|spec| spec.row_elements().unwrap_or(1)).max();
    let elements_max = state.config.body.json.elements_max;
    batched.then(|| elements_max / widest.unwrap_or(1).max(1))
}

/// Inputs and outputs of a model.
///
/// # Errors
/// The model is not loaded.
pub(crate) fn model_metadata(
    state: &State,
    found: &Found,
) -> Result<pb::ModelMetadataResponse, Error> {
    describe(state, found, oip::model_metadata)
}

/// A model's configuration in Triton's terms.
///
/// # Errors
/// As [`model_metadata`].
pub(crate) fn model_config(state: &State, found: &Found) -> Result<pb::ModelConfig, Error> {
    describe(state, found, oip::model_config)
}

/// What a model has run so far: all its versions where none is named, and all models without a name.
///
/// # Errors
/// There is no such model.
pub(crate) fn statistics(
    state: &State,
    name: &str,
    version: &str,
) -> Result<pb::ModelStatisticsResponse, Error> {
    let of_slots = |slots: &[Slot]| -> Vec<_> {
        slots.iter().map(|slot| model_statistics(&slot.entry)).collect()
    };
    let model_stats = if name.is_empty() {
        let table = state.repository.table();
        table.models().iter().flat_map(|model| of_slots(&model.slots)).collect()
    } else {
        let found = state.repository.find(name, version)?;
        match version {
            "" => of_slots(&found.model().slots),
            _ => vec![model_statistics(found.entry())],
        }
    };
    Ok(pb::ModelStatisticsResponse { model_stats })
}

fn model_statistics(entry: &Entry) -> pb::ModelStatistics {
    let ran = Statistics::snapshot(&entry.statistics);
    let [succeeded, failed] = entry.requests.runs();
    let nanoseconds = |elapsed: Duration| u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
    let sum = |(count, elapsed)| duration(Total { count, ns: nanoseconds(elapsed) });
    pb::ModelStatistics {
        name: entry.name.clone(),
        version: entry.version.clone(),
        last_inference: entry.requests.last_run().map_or(0, milliseconds_since_1970),
        inference_count: ran.rows(),
        execution_count: ran.runs().count,
        inference_stats: Some(pb::InferStatistics {
            success: sum(succeeded),
            fail: sum(failed),
            queue: duration(ran.queue),
            compute_input: duration(ran.decoding),
            compute_infer: duration(ran.requests()),
            compute_output: duration(ran.encoding),
            cache_hit: duration(ran.recalled),
            cache_miss: duration(ran.missed),
        }),
        batch_stats: batch_statistics(&ran),
        memory_usage: Vec::new(),
        response_stats: std::collections::HashMap::new(),
    }
}

fn batch_statistics(ran: &StatisticsSnapshot) -> Vec<pb::InferBatchStatistics> {
    let batch = |batch: &Batch| pb::InferBatchStatistics {
        batch_size: batch.rows,
        compute_input: duration(ran.decoding.share(batch.total.count)),
        compute_infer: duration(batch.total),
        compute_output: duration(ran.encoding.share(batch.total.count)),
    };
    ran.batches.iter().map(batch).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "a message's field that is a message is an option")]
fn duration(total: Total) -> Option<pb::StatisticDuration> {
    Some(pb::StatisticDuration { count: total.count, ns: total.ns })
}

fn milliseconds_since_1970(ago: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.saturating_sub(ago).as_millis()).unwrap_or(u64::MAX)
}

/// All versions of all models with their states.
pub(crate) fn index(state: &State, ready_only: bool) -> pb::RepositoryIndexResponse {
    let table = state.repository.table();
    let entries = table.slots().map(|slot| (&slot.entry, slot.entry.status()));
    let entries = entries.filter(|(_, status)| !ready_only || status.phase == Phase::Ready);
    let models = entries.map(|(entry, status)| pb::repository_index_response::ModelIndex {
        name: entry.name.clone(),
        version: entry.version.clone(),
        state: status.phase.name().to_owned(),
        reason: status.reason,
    });
    pb::RepositoryIndexResponse { models: models.collect() }
}

/// Loads a model anew, as its files are now; what is there answers meanwhile. A model that has come
/// to the repository since it was listed is loaded, too.
///
/// # Errors
/// There is no such model, it is being loaded already, or it cannot be loaded.
pub(crate) async fn load(state: &State, name: &str) -> Result<(), Error> {
    let (repository, name) = (Arc::clone(&state.repository), name.to_owned());
    let loading = tokio::task::spawn_blocking(move || repository.reload(&name));
    loading.await.unwrap_or_else(|panic| Err(load_panicked(panic)))
}

/// Takes a model out; its requests in flight finish.
///
/// # Errors
/// There is no such model.
pub(crate) fn unload(state: &State, name: &str) -> Result<(), Error> {
    state.repository.unload(name)
}

/// Settings of traces: none are taken.
pub(crate) fn trace_settings() -> pb::TraceSettingResponse {
    let settings = [("trace_level", "OFF"), ("trace_rate", "0"), ("trace_count", "0")];
    let settings = settings.map(|(name, value)| {
        let value = vec![value.to_owned()];
        (name.to_owned(), pb::trace_setting_response::SettingValue { value })
    });
    pb::TraceSettingResponse { settings: settings.into_iter().collect() }
}

/// Settings of the log, in Triton's terms.
pub(crate) fn log_settings(state: &State) -> pb::LogSettingsResponse {
    use pb::log_settings_response::SettingValue;
    use pb::log_settings_response::setting_value::ParameterChoice;
    let level = state.config.log_level;
    let verbose = u32::from(level == LogLevel::Debug);
    let is_shown = |other: LogLevel| level.as_tracing() >= other.as_tracing();
    let settings = [
        ("log_error", ParameterChoice::BoolParam(true)),
        ("log_warning", ParameterChoice::BoolParam(is_shown(LogLevel::Warning))),
        ("log_info", ParameterChoice::BoolParam(is_shown(LogLevel::Info))),
        ("log_verbose_level", ParameterChoice::Uint32Param(verbose)),
        ("log_file", ParameterChoice::StringParam(String::new())),
        ("log_format", ParameterChoice::StringParam("default".to_owned())),
    ];
    let settings = settings
        .map(|(name, value)| (name.to_owned(), SettingValue { parameter_choice: Some(value) }));
    pb::LogSettingsResponse { settings: settings.into_iter().collect() }
}

/// Why settings of traces and logs are not changed.
#[cold]
pub(crate) fn settings_are_fixed() -> Error {
    let text =
        "settings of traces and logs cannot be changed while the server runs; see --log-level";
    Error::new(ErrorKind::Unsupported, text)
}
