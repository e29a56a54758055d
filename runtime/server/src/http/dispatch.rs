//! One request: find its endpoint, answer it, record it.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use actix_http::{Payload, Request, Response};
use bytes::Bytes;
use radiant_core::{Error, ErrorKind};
use tokio::time::Instant;

use super::came::Came;
use super::doc;
use super::error::HttpError;
use super::reply::{JSON, Reply, TEXT, puid, respond};
use super::route::{Endpoint, Target, resolve};
use super::seldon;
use crate::observe::{Access, Outcome};
use crate::state::State;

/// What the requests of one worker share: behind an `Rc`, whose count is cheaper than an `Arc`'s.
pub(super) struct Worker {
    pub(super) state: Arc<State>,
}

/// Answers one request; this never fails and, apart from a defect of ours, never panics.
pub(super) async fn dispatch(
    worker: Rc<Worker>,
    mut request: Request,
) -> Result<Response<Bytes>, Infallible> {
    let state = &worker.state;
    let started = Instant::now();
    let payload = request.take_payload();
    let came = Came::new(&request);
    let target = resolve(request.path());
    let incoming = Incoming { request: &request, came: &came, payload };
    let reply = answer(state, incoming, &target).await;
    let reply = reply.unwrap_or_else(Reply::from);
    let (status, reply_bytes) = (reply.status, reply.body.len() as u64);
    let response = respond(&came, reply, &state.config.cors, state.is_draining());
    let elapsed = started.elapsed();
    state.requests.record(&Outcome {
        endpoint: target.endpoint,
        external: target.external,
        method: verb(request.method().as_str()),
        status,
        elapsed,
    });
    if Access::enabled(state.config.access_log) {
        Access {
            method: request.method().as_str(),
            path: request.path(),
            status,
            elapsed,
            request_bytes: came.content_length.unwrap_or(0),
            reply_bytes,
            puid: puid(&response),
            trace: came.trace().next().and_then(|(_, value)| value.to_str().ok()),
        }
        .write(state.config.access_log);
    }
    Ok(response)
}

/// A request as the codec hands it over.
pub(super) struct Incoming<'a> {
    pub(super) request: &'a Request,
    pub(super) came: &'a Came<'a>,
    pub(super) payload: Payload,
}

async fn answer(
    state: &State,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    let request = incoming.request;
    let method = request.method().as_str();
    if method == "OPTIONS" {
        return Ok(Reply::options(target.methods.header()));
    }
    if target.endpoint == Endpoint::Unknown {
        return Err(HttpError::unknown_path(request.path()));
    }
    if !target.methods.allow(method) {
        return Err(HttpError::wrong_method(method, target.methods.header()));
    }
    if let Some(asked) = target.model {
        state.check_model(asked)?;
    }
    match target.endpoint {
        Endpoint::Ping => Ok(Reply::ok(TEXT, Bytes::from_static(b"pong"))),
        Endpoint::Live => Ok(Reply::ok(TEXT, Bytes::from_static(b"live"))),
        Endpoint::Ready => ready(state),
        Endpoint::Doc => Ok(Reply::ok(TEXT, Bytes::from_static(doc::PAGE))),
        Endpoint::OpenApi => Ok(Reply::ok(JSON, Bytes::from_static(doc::OPENAPI))),
        Endpoint::Metadata => {
            let metadata = &state.node()?.metadata;
            Ok(Reply::ok(JSON, Bytes::copy_from_slice(metadata.as_bytes())))
        }
        Endpoint::HealthStatus => seldon::health_status(state),
        _ => seldon::call(state, incoming, target.endpoint).await,
    }
}

fn ready(state: &State) -> Result<Reply, HttpError> {
    state.node()?;
    if state.is_draining() {
        return Err(Error::new(ErrorKind::NotReady, "the server is shutting down").into());
    }
    Ok(Reply::ok(TEXT, Bytes::from_static(b"ready")))
}

/// The value of the orchestrator's label `method`: bounded whatever a client sends.
fn verb(method: &str) -> &'static str {
    match method {
        "GET" => "get",
        "POST" => "post",
        "HEAD" => "head",
        "OPTIONS" => "options",
        "PUT" => "put",
        "DELETE" => "delete",
        "PATCH" => "patch",
        _ => "other",
    }
}
