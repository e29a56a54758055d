//! TensorFlow Serving's predict API and KServe's first protocol over HTTP.

use bytes::Bytes;
use radiant_core::Error;
use radiant_protocol::tfs::{self as codec, version_number};

use super::body::{plain, read};
use super::compress::compress;
use super::dispatch::Incoming;
use super::error::HttpError;
use super::reply::{JSON, Reply};
use super::route::Target;
use crate::endpoint::Endpoint;
use crate::node::Node;
use crate::state::State;
use crate::tfs;
use crate::work::Work;

/// Answers a request to a path below `/v1`.
pub(super) async fn answer(
    state: &State,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    let name = target.model.as_deref().unwrap_or_default();
    if target.endpoint == Endpoint::TfPredict {
        return predict(state, incoming, name, &target.version).await;
    }
    if target.endpoint == Endpoint::TfLive {
        return Ok(Reply::ok(JSON, Bytes::from_static(b"{\"status\":\"alive\"}")));
    }
    let mut body = Vec::new();
    if target.endpoint == Endpoint::TfList {
        let table = state.repository.table();
        codec::models_json(&mut body, table.models().iter().map(|model| &*model.name));
        return Ok(Reply::ok(JSON, Bytes::from(body)));
    }
    let found = tfs::find(state, name, &target.version);
    if target.endpoint == Endpoint::TfMetadata {
        let (entry, node) = state.serve(incoming.clock, incoming.found, found).await?;
        let version = version_number(&entry.version);
        codec::metadata_json(&mut body, &entry.name, version, tfs::signature(node));
    } else {
        let found = found?;
        tfs::status(&found, !target.version.is_empty(), |ready, versions| {
            codec::status_json(&mut body, &found.entry().name, ready, versions);
        });
    }
    Ok(Reply::ok(JSON, Bytes::from(body)))
}

async fn predict(
    state: &State,
    incoming: Incoming<'_>,
    name: &str,
    version: &str,
) -> Result<Reply, HttpError> {
    let Incoming { came, payload, clock, found, .. } = incoming;
    let body = read(state, came, payload).await?;
    let body = plain(state, came, body).await?;
    let (_, node) = state.serve(clock, found, tfs::find(state, name, version)).await?;
    let work = decode(state, node, &body)?;
    let work = tfs::infer(state, clock, node, work).await?;
    let reply = encode(node, work)?;
    compress(state, came, reply).await
}

fn decode(state: &State, node: &Node, body: &[u8]) -> Result<Box<Work>, Error> {
    let mut work = state.begin(node)?;
    let Work { tfs, inputs, .. } = &mut *work;
    codec::decode_json(body, node.inputs(), &state.config.body.json, tfs, inputs)?;
    Ok(work)
}

fn encode(node: &Node, mut work: Box<Work>) -> Result<Reply, Error> {
    let Work { tfs, outputs, reply, .. } = &mut *work;
    reply.clear();
    codec::encode_json(reply, tfs, outputs)?;
    work.encoded(&node.statistics);
    Ok(Reply::ok(JSON, work.finish()))
}
