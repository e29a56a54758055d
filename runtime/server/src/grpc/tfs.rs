//! TensorFlow Serving's services for predictions, metadata and the state of models.

use std::sync::Arc;

use bytes::Bytes;
use radiant_core::Error;
use radiant_protocol::pb::{self as messages, tensorflow::serving as pb};
use radiant_protocol::tfs as codec;

use super::record::Record;
use crate::endpoint::Endpoint;
use crate::repository::Entry;
use crate::state::State;
use crate::tfs;
use crate::work::Work;

/// Answers a call to one of the services.
pub(super) async fn answer<'a>(
    state: &'a Arc<State>,
    record: &mut Record<'a>,
    message: Bytes,
) -> Result<Bytes, Error> {
    let entry = tfs::find_spec(state, &codec::target(&message)?)?;
    record.entry = Some(entry);
    match record.endpoint {
        Endpoint::TfPredict => predict(state, entry, &message).await,
        Endpoint::TfMetadata => metadata(entry, &message),
        _ => {
            let status = tfs::status(entry, |_, versions| codec::status_message(versions));
            Ok(Bytes::from(messages::encode(&status)))
        }
    }
}

/// Inputs and outputs of a model.
fn metadata(entry: &Entry, message: &[u8]) -> Result<Bytes, Error> {
    let asked: pb::GetModelMetadataRequest = messages::decode(message)?;
    codec::check_metadata_request(&asked)?;
    let node = entry.node()?;
    let version = codec::version_number(&entry.version);
    let metadata = codec::metadata_message(&entry.name, version, tfs::signature(&node));
    Ok(Bytes::from(messages::encode(&metadata)))
}

/// Tensors for tensors.
async fn predict(state: &State, entry: &Entry, message: &[u8]) -> Result<Bytes, Error> {
    let node = entry.node()?;
    let mut work = Work::take();
    work.begin();
    let Work { tfs: request, inputs, .. } = &mut *work;
    codec::decode_proto(message, node.inputs(), &state.config.body.json, request, inputs)?;
    let mut work = tfs::infer(state, &node, work).await?;
    let Work { tfs: request, outputs, reply, .. } = &mut *work;
    reply.clear();
    let version = codec::version_number(&entry.version);
    codec::encode_proto(reply, &entry.name, version, request, outputs);
    work.encoded(&node.statistics);
    Ok(work.finish())
}
