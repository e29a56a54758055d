//! Seldon v1's methods over HTTP: find the JSON, and hand it to the protocol.

use std::sync::Arc;

use bytes::Bytes;

use super::body::{find_json, read};
use super::dispatch::Incoming;
use super::error::HttpError;
use super::reply::{JSON, Reply};
use crate::endpoint::Endpoint;
use crate::node::Node;
use crate::repository::Entry;
use crate::schedule::Taken;
use crate::seldon::{Call, Json};
use crate::state::State;

/// Answers a prediction or another method of the graph.
pub(super) async fn call(
    state: &State,
    incoming: Incoming<'_>,
    endpoint: Endpoint,
) -> Result<Reply, HttpError> {
    let Incoming { request, came, payload, clock, found } = incoming;
    let Taken { bytes: body, held: _held } = read(state, came, payload).await?;
    let (entry, node) = state.serve(clock, found, state.repository.main()).await?;
    let call = Call::<Json>::new(state, entry, node, endpoint);
    if let Some(answer) = call.pass_through(&body) {
        return Ok(Reply::ok(JSON, answer?));
    }
    let body = find_json(request, came, body, &state.config.body).await?;
    Ok(Reply::ok(JSON, call.answer(&body, clock.deadline()).await?))
}

/// Answers `/health/status`: the component's word on how it is.
pub(super) fn health_status(
    state: &State,
    entry: &Entry,
    node: &Arc<Node>,
) -> Result<Bytes, HttpError> {
    let call = Call::<Json>::new(state, entry, node, Endpoint::HealthStatus);
    Ok(call.health_status()?.body)
}
