//! TensorFlow Serving's services for predictions, metadata and the state of models.

use std::sync::Arc;

use bytes::Bytes;
use radiant_core::Error;
use radiant_protocol::pb::{self as messages, tensorflow::serving as pb};
use radiant_protocol::tfs as codec;

use super::record::Record;
use crate::endpoint::Endpoint;
use crate::node::Node;
use crate::notes::Finished;
use crate::repository::Entry;
use crate::schedule::Clock;
use crate::state::State;
use crate::tfs;
use crate::work::Work;

/// Answers a call to one of the services.
pub(super) async fn answer<'a>(
    state: &'a Arc<State>,
    record: &mut Record<'a>,
    message: Bytes,
) -> Result<Finished, Error> {
    let spec = codec::target(&message)?;
    let found = tfs::find_spec(state, &spec);
    match record.endpoint {
        Endpoint::TfPredict => {
            let (entry, node) = state.serve(record.clock, &mut record.found, found).await?;
            predict(state, record.clock, (entry, node), &message).await
        }
        Endpoint::TfMetadata => {
            let (entry, node) = state.serve(record.clock, &mut record.found, found).await?;
            Ok(metadata(entry, node, &message)?.into())
        }
        _ => {
            let found = record.found.insert(found?);
            let is_named = spec.version.is_some() || !spec.version_label.is_empty();
            let status =
                tfs::status(found, is_named, |_, versions| codec::status_message(versions));
            Ok(Bytes::from(messages::encode(&status)).into())
        }
    }
}

/// Inputs and outputs of a model.
fn metadata(entry: &Entry, node: &Node, message: &[u8]) -> Result<Bytes, Error> {
    let asked: pb::GetModelMetadataRequest = messages::decode(message)?;
    codec::check_metadata_request(&asked)?;
    let version = codec::version_number(&entry.version);
    let metadata = codec::metadata_message(&entry.name, version, tfs::signature(node));
    Ok(Bytes::from(messages::encode(&metadata)))
}

/// Tensors for tensors.
async fn predict(
    state: &State,
    clock: &Clock,
    (entry, node): (&Entry, &Arc<Node>),
    message: &[u8],
) -> Result<Finished, Error> {
    let mut work = state.begin(node)?;
    let Work { tfs: request, inputs, .. } = &mut *work;
    codec::decode_proto(message, node.inputs(), &state.config.body.json, request, inputs)?;
    let mut work = tfs::infer(state, clock, node, work).await?;
    let Work { tfs: request, outputs, reply, .. } = &mut *work;
    reply.clear();
    let version = codec::version_number(&entry.version);
    codec::encode_proto(reply, &entry.name, version, request, outputs);
    work.encoded(&node.statistics);
    Ok(work.finish())
}
