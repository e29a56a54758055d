//! Seldon v1's services: hand the message to the protocol.

use bytes::Bytes;
use radiant_core::{Error, ErrorKind, Value};
use radiant_protocol::json::Cursor;
use radiant_protocol::seldon::proto;

use super::record::Record;
use crate::endpoint::Endpoint;
use crate::node::Node;
use crate::notes::Finished;
use crate::seldon::{Call, Proto};
use crate::state::State;

/// Answers a prediction or another method of the graph.
pub(super) async fn answer<'a>(
    state: &'a State,
    record: &mut Record<'a>,
    message: Bytes,
) -> Result<Finished, Error> {
    if record.endpoint == Endpoint::GraphMetadata {
        return Err(no_graph());
    }
    let (entry, node) =
        state.serve(record.clock, &mut record.found, state.repository.main()).await?;
    if record.endpoint == Endpoint::Metadata {
        return Ok(metadata(node, state)?.into());
    }
    let call = Call::<Proto>::new(state, entry, node, record.endpoint);
    if let Some(answer) = call.pass_through(&message) {
        return answer.map(Finished::from);
    }
    call.answer(&message, record.clock.deadline()).await
}

/// What the model says of itself, whatever name it is asked by.
fn metadata(node: &Node, state: &State) -> Result<Bytes, Error> {
    let mut cursor = Cursor::new(node.metadata.as_bytes());
    let document: Value = cursor.value(&state.config.body.json).map_err(|error| {
        Error::internal("the model's metadata is not JSON")
            .with_source(error.describe(node.metadata.as_bytes()))
    })?;
    let mut message = Vec::new();
    proto::encode_metadata(&mut message, &document);
    Ok(Bytes::from(message))
}

#[cold]
fn no_graph() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the graph's metadata is the orchestrator's; this is one node of the graph",
    )
}
