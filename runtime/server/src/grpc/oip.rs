//! The Open Inference Protocol's service with Triton's extensions, and MLServer's repository service.

use std::sync::Arc;

use bytes::Bytes;
use radiant_core::{Error, ErrorKind};
use radiant_protocol::oip as codec;
use radiant_protocol::pb::{self as messages, inference as pb};

use super::record::Record;
use crate::endpoint::Endpoint;
use crate::node::Node;
use crate::notes::Finished;
use crate::oip;
use crate::repository::{Entry, Found};
use crate::schedule::Clock;
use crate::state::State;
use crate::work::Work;

/// Answers a call to the service.
pub(super) async fn answer<'a>(
    state: &'a Arc<State>,
    record: &mut Record<'a>,
    message: Bytes,
) -> Result<Finished, Error> {
    if record.endpoint == Endpoint::Infer {
        let found = find(state, &message);
        let served = state.serve(record.clock, &mut record.found, found).await?;
        return infer(state, record.clock, served, &message).await;
    }
    Ok(Box::pin(about(state, record, &message)).await?.into())
}

/// The model that a request is for.
///
/// # Errors
/// There is no such model, or the message breaks off.
pub(super) fn find(state: &State, message: &[u8]) -> Result<Found, Error> {
    let target = codec::target(message)?;
    state.repository.find(target.model, target.version)
}

/// The hot path: tensors for tensors.
async fn infer(
    state: &State,
    clock: &Clock,
    (entry, node): (&Entry, &Arc<Node>),
    message: &[u8],
) -> Result<Finished, Error> {
    let work = oip::infer(state, clock, node, decode(state, node, message)?).await?;
    encode(entry, node, work, codec::encode_proto)
}

/// Reads a request.
///
/// # Errors
/// It does not fit the model.
pub(super) fn decode(state: &State, node: &Node, message: &[u8]) -> Result<Box<Work>, Error> {
    let mut work = state.begin(node)?;
    let Work { oip, inputs, .. } = &mut *work;
    codec::decode_proto(message, node.inputs(), &state.config.body.json, oip, inputs)?;
    Ok(work)
}

/// Writes the reply of what has run by `write`.
///
/// # Errors
/// What `write` says.
pub(super) fn encode(
    entry: &Entry,
    node: &Node,
    mut work: Box<Work>,
    write: impl FnOnce(&mut Vec<u8>, &codec::Reply<'_>) -> Result<(), Error>,
) -> Result<Finished, Error> {
    let Work { oip, outputs, reply, .. } = &mut *work;
    let (model, version) = (&*entry.name, &*entry.version);
    reply.clear();
    write(reply, &codec::Reply { model, version, id: &oip.id, request: oip, outputs })?;
    work.encoded(&node.statistics);
    Ok(work.finish())
}

/// What is asked about server and models.
async fn about<'a>(
    state: &'a Arc<State>,
    record: &mut Record<'a>,
    message: &[u8],
) -> Result<Bytes, Error> {
    match record.endpoint {
        Endpoint::ServerLive => reply(&pb::ServerLiveResponse { live: true }),
        Endpoint::ServerReady => reply(&pb::ServerReadyResponse { ready: state.ready().is_ok() }),
        Endpoint::ServerMetadata => reply(&oip::server_metadata()),
        Endpoint::ModelReady
        | Endpoint::ModelMetadata
        | Endpoint::ModelConfig
        | Endpoint::ModelStatistics => model(state, record, message).await,
        Endpoint::RepositoryIndex => {
            let asked: pb::RepositoryIndexRequest = messages::decode(message)?;
            reply(&oip::index(state, asked.ready))
        }
        Endpoint::RepositoryLoad | Endpoint::RepositoryUnload => {
            repository(state, record, message).await
        }
        Endpoint::TraceSetting => {
            let asked: pb::TraceSettingRequest = messages::decode(message)?;
            let changes = asked.settings.values().any(|setting| !setting.value.is_empty());
            if changes { Err(oip::settings_are_fixed()) } else { reply(&oip::trace_settings()) }
        }
        Endpoint::LogSettings => {
            let asked: pb::LogSettingsRequest = messages::decode(message)?;
            let changes = asked.settings.values().any(|setting| setting.parameter_choice.is_some());
            if changes { Err(oip::settings_are_fixed()) } else { reply(&oip::log_settings(state)) }
        }
        // There are no regions: the status of all is empty, and all may be let go of.
        Endpoint::SharedMemoryStatus | Endpoint::SharedMemoryUnregister => Ok(Bytes::new()),
        _ => Err(no_shared_memory()),
    }
}

/// What is asked about one model. The requests differ in their names only.
async fn model(state: &State, record: &mut Record<'_>, message: &[u8]) -> Result<Bytes, Error> {
    let asked: pb::ModelReadyRequest = messages::decode(message)?;
    let (name, version) = (&*asked.name, &*asked.version);
    let found = state.repository.find(name, version);
    match record.endpoint {
        Endpoint::ModelReady => {
            let ready = found.as_ref().is_ok_and(|found| found.ready().is_ok());
            record.found = found.ok();
            reply(&pb::ModelReadyResponse { ready })
        }
        Endpoint::ModelMetadata => {
            let found = state.awake(&mut record.found, found).await?;
            reply(&oip::model_metadata(state, found)?)
        }
        Endpoint::ModelConfig => {
            let found = state.awake(&mut record.found, found).await?;
            let config = Some(oip::model_config(state, found)?);
            reply(&pb::ModelConfigResponse { config })
        }
        _ => {
            record.found = found.ok();
            reply(&oip::statistics(state, name, version)?)
        }
    }
}

/// Loads or unloads a model. The two requests differ in their names only.
async fn repository<'a>(
    state: &'a Arc<State>,
    record: &mut Record<'a>,
    message: &[u8],
) -> Result<Bytes, Error> {
    let asked: pb::RepositoryModelLoadRequest = messages::decode(message)?;
    let model_name = codec::repository_model(&asked).to_owned();
    record.found = state.repository.find(&model_name, "").ok();
    if record.endpoint == Endpoint::RepositoryLoad {
        let overrides = |name: &&String| *name == "config" || name.starts_with("file:");
        if let Some(name) = asked.parameters.keys().find(overrides) {
            return Err(override_refused(name));
        }
        oip::load(state, &model_name).await?;
        reply(&pb::RepositoryModelLoadResponse { model_name, is_loaded: true })
    } else {
        oip::unload(state, &model_name)?;
        reply(&pb::RepositoryModelUnloadResponse { model_name, is_unloaded: true })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the arms of a match that may fail")]
fn reply(message: &impl messages::Message) -> Result<Bytes, Error> {
    Ok(Bytes::from(messages::encode(message)))
}

#[cold]
fn override_refused(name: &str) -> Error {
    let shown: String = name.chars().take(200).collect();
    let text = format!(
        "`parameters.{shown}`: models are loaded as they are stored, without a configuration or \
         files from the request"
    );
    Error::new(ErrorKind::Unsupported, text)
}

#[cold]
fn no_shared_memory() -> Error {
    let text = "shared memory is not offered; send tensors as raw contents";
    Error::new(ErrorKind::Unsupported, text)
}
