//! The Open Inference Protocol over HTTP.
//!
//! The content type of a request is not looked at, because clients send any or none; what is binary
//! is told by `Inference-Header-Content-Length`.

use std::sync::Arc;

use bytes::Bytes;
use radiant_core::{Error, ErrorKind};
use radiant_protocol::oip::{self as codec, Generate};
use uuid::Uuid;

use super::body::{plain, read};
use super::came::Came;
use super::compress::compress;
use super::dispatch::Incoming;
use super::doc;
use super::error::HttpError;
use super::reply::{BINARY, JSON, Reply, TEXT};
use super::route::Target;
use crate::endpoint::Endpoint;
use crate::generate;
use crate::node::Node;
use crate::oip;
use crate::repository::Entry;
use crate::state::State;
use crate::work::Work;

/// Answers a request to a path below `/v2`.
pub(super) async fn answer(
    state: &Arc<State>,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    if target.endpoint == Endpoint::Infer {
        return infer(state, incoming, target).await;
    }
    let name = target.model.as_deref().unwrap_or_default();
    let version = &*target.version;
    let body = match target.endpoint {
        Endpoint::Generate | Endpoint::GenerateStream => {
            return text(state, incoming, target).await;
        }
        Endpoint::ServerLive => b"{\"live\":true}".to_vec(),
        Endpoint::ServerReady => {
            state.ready()?;
            b"{\"ready\":true}".to_vec()
        }
        Endpoint::ModelReady => {
            let found = state.repository.find(name, version)?;
            found.ready()?;
            codec::model_ready_json(&found.entry().name)
        }
        Endpoint::ServerMetadata => codec::server_metadata_json(&oip::server_metadata()),
        Endpoint::ModelMetadata => {
            let found = state.repository.find(name, version);
            let found = state.awake(incoming.found, found).await?;
            codec::model_metadata_json(&oip::model_metadata(state, found)?)
        }
        Endpoint::ModelList => {
            let table = state.repository.table();
            codec::model_list_json(table.models().iter().map(|model| &*model.name))
        }
        Endpoint::ModelConfig => {
            let found = state.repository.find(name, version);
            let found = state.awake(incoming.found, found).await?;
            codec::model_config_json(&oip::model_config(state, found)?)
        }
        Endpoint::ModelStatistics => {
            codec::statistics_json(&oip::statistics(state, name, version)?)
        }
        Endpoint::TraceSetting | Endpoint::LogSettings => {
            settings(state, incoming, target.endpoint).await?
        }
        Endpoint::SharedMemoryStatus => b"[]".to_vec(),
        Endpoint::SharedMemoryUnregister => Vec::new(),
        Endpoint::SharedMemoryRegister => return Err(no_shared_memory().into()),
        Endpoint::V2Doc => return Ok(Reply::ok(TEXT, Bytes::from_static(doc::PAGE))),
        Endpoint::V2OpenApi => {
            let found = match &target.model {
                Some(_) => Ok(state.repository.find(name, version)?),
                None => state.repository.main(),
            };
            return Ok(Reply::ok(JSON, doc::with_examples(doc::V2_OPENAPI, found)));
        }
        _ => repository(state, incoming, target).await?,
    };
    Ok(Reply::ok(JSON, Bytes::from(body)))
}

fn no_shared_memory() -> Error {
    Error::new(ErrorKind::Unsupported, "shared memory is not offered; send tensors as binary data")
}

/// The hot path: tensors for tensors.
async fn infer(
    state: &Arc<State>,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    let Incoming { came, payload, clock, found, .. } = incoming;
    let body = read(state, came, payload).await?;
    let body = plain(state, came, body).await?;
    let asked = match &target.model {
        Some(name) => state.repository.find(name, &target.version),
        None => state.repository.main(),
    };
    let (entry, node) = state.serve(clock, found, asked).await?;
    let work = decode(state, node, came, &body)?;
    let work = oip::infer(state, clock, node, work).await?;
    let reply = encode(entry, node, work)?;
    compress(state, came, reply).await
}

fn decode(
    state: &State,
    node: &Node,
    came: &Came<'_>,
    body: &[u8],
) -> Result<Box<Work>, HttpError> {
    let mut work = state.begin(node)?;
    let Work { oip, inputs, .. } = &mut *work;
    let limits = &state.config.body.json;
    codec::decode_json(body, head_bytes(came)?, node.inputs(), limits, oip, inputs)?;
    Ok(work)
}

/// The length of the JSON before binary tensors, if the request tells one.
fn head_bytes(came: &Came<'_>) -> Result<Option<usize>, HttpError> {
    let Some(value) = came.head_bytes else { return Ok(None) };
    let length = value.to_str().ok().and_then(|digits| digits.trim().parse().ok());
    length.map(Some).ok_or_else(|| {
        HttpError::bad_data(format!(
            "Inference-Header-Content-Length: expected a number of bytes, got `{}`",
            String::from_utf8_lossy(value.as_bytes())
        ))
    })
}

fn encode(entry: &Entry, node: &Node, mut work: Box<Work>) -> Result<Reply, Error> {
    let Work { oip, outputs, reply, .. } = &mut *work;
    let mut uuid = Uuid::encode_buffer();
    let id = if oip.id.is_empty() {
        &*Uuid::new_v4().hyphenated().encode_lower(&mut uuid)
    } else {
        &*oip.id
    };
    let (model, version) = (&*entry.name, &*entry.version);
    reply.clear();
    let head_bytes =
        codec::encode_json(reply, &codec::Reply { model, version, id, request: oip, outputs })?;
    work.encoded(&node.statistics);
    let content_type = if head_bytes.is_some() { BINARY } else { JSON };
    Ok(Reply { head_bytes, ..Reply::ok(content_type, work.finish()) })
}

/// Text for text, whole or piece by piece.
async fn text(
    state: &Arc<State>,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    let Incoming { came, payload, clock, found, .. } = incoming;
    let body = read(state, came, payload).await?;
    let body = plain(state, came, body).await?;
    let asked = state.repository.find(target.model.as_deref().unwrap_or_default(), &target.version);
    let (entry, node) = state.serve(clock, found, asked).await?;
    let Generate { id, prompt, parameters } =
        codec::decode_generate(&body, &state.config.body.json)?;
    let (name, version) = (entry.name.clone(), entry.version.clone());
    let encode = move |out: &mut Vec<u8>, text: &str| {
        codec::encode_generate(out, &id, &name, &version, text);
    };
    if target.endpoint == Endpoint::Generate {
        let text = generate::whole(state, node, prompt, parameters).await?;
        let mut body = Vec::new();
        encode(&mut body, &text);
        return Ok(Reply::ok(JSON, Bytes::from(body)));
    }
    Ok(Reply::events(generate::pieces(state, node, prompt, parameters, encode).await?))
}

/// Settings of traces and logs: shown, and not changed.
async fn settings(
    state: &State,
    incoming: Incoming<'_>,
    endpoint: Endpoint,
) -> Result<Vec<u8>, HttpError> {
    let Incoming { came, payload, .. } = incoming;
    let body = plain(state, came, read(state, came, payload).await?).await?;
    if !matches!(body.trim_ascii(), b"" | b"{}") {
        return Err(oip::settings_are_fixed().into());
    }
    Ok(if endpoint == Endpoint::TraceSetting {
        codec::trace_settings_json(&oip::trace_settings())
    } else {
        codec::log_settings_json(&oip::log_settings(state))
    })
}

/// The repository extension.
async fn repository(
    state: &Arc<State>,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Vec<u8>, HttpError> {
    let Incoming { came, payload, .. } = incoming;
    let body = read(state, came, payload).await?;
    let body = plain(state, came, body).await?;
    let limits = &state.config.body.json;
    let name = target.model.as_deref().unwrap_or_default();
    match target.endpoint {
        Endpoint::RepositoryIndex => {
            let ready_only = codec::decode_index(&body, limits)?;
            return Ok(codec::index_json(&oip::index(state, ready_only)));
        }
        Endpoint::RepositoryLoad => {
            codec::decode_load(&body, limits)?;
            oip::load(state, name).await?;
        }
        _ => {
            codec::decode_load(&body, limits)?;
            oip::unload(state, name)?;
        }
    }
    Ok(Vec::new())
}
