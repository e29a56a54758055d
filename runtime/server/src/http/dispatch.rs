//! One request: find its endpoint, answer it, record it.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_http::header::HeaderValue;
use actix_http::{Payload, Request, Response};
use bytes::Bytes;
use tokio::time::Instant;

use super::came::Came;
use super::doc;
use super::error::HttpError;
use super::reply::{Body, JSON, Reply, TEXT, puid, respond, tell};
use super::route::{Target, resolve};
use super::watch::{InFlight, Watch};
use super::{mlflow, oip, seldon, tfs};
use crate::edge::Edge;
use crate::endpoint::{Endpoint, Protocol};
use crate::observe::{Access, Outcome, Transport};
use crate::repository::Found;
use crate::schedule::{Clock, Entered};
use crate::state::State;

/// What the requests of one worker share: behind an `Rc`, whose count is cheaper than an `Arc`'s.
pub(super) struct Worker {
    pub(super) state: Arc<State>,
    pub(super) edge: Arc<Edge>,
}

#[cfg(test)]
impl Worker {
    pub(super) fn of(state: Arc<State>) -> Rc<Self> {
        let registry = crate::observe::Registry::new();
        Rc::new(Self { state, edge: crate::edge::fixture::edge(&registry) })
    }
}

/// Answers one request; this never fails and, apart from a defect of ours, never panics.
pub(super) async fn dispatch(
    worker: Rc<Worker>,
    mut request: Request,
) -> Result<Response<Body>, Infallible> {
    let state = &worker.state;
    let started = Instant::now();
    let in_flight = request.conn_data::<Rc<Watch>>().map(InFlight::enter);
    let payload = request.take_payload();
    let came = Came::new(&request);
    let target = resolve(request.path());
    let mut found = None;
    let deadline = check_order(state, in_flight.as_ref())
        .and_then(|()| check_headers(&worker.edge, &came))
        .and_then(|()| Ok(came.timeouts.deadline(started.into_std())?));
    let reply = match deadline {
        Ok(deadline) => {
            let clock = &Clock::new(deadline);
            let (request, came, found) = (&request, &came, &mut found);
            let incoming = Incoming { request, came, payload, clock, found };
            clock.guard(pin!(answer(state, incoming, &target))).await
        }
        Err(error) => Err(error),
    };
    let protocol = target.endpoint.protocol();
    let reply = reply.unwrap_or_else(|error| {
        if let Some(reason) = error.refused {
            worker.edge.refuse(Transport::Rest, reason);
        }
        Reply::error(&error, protocol)
    });
    let (status, reply_bytes) = (reply.status, reply.body.len() as u64);
    let notes = reply.notes;
    let is_last = state.is_draining();
    let mut response = respond(&came, reply, protocol, &state.config.cors, is_last);
    if let Some(in_flight) = in_flight.as_ref().filter(|_| is_last) {
        in_flight.tell_last();
    }
    tell(&came, &mut response, &notes, (state.config.timing, started));
    let elapsed = started.elapsed();
    let outcome = Outcome {
        transport: Transport::Rest,
        endpoint: target.endpoint,
        external: target.external,
        method: verb(request.method().as_str()),
        status,
        started,
        elapsed,
    };
    match &found {
        Some(found) => found.entry().requests.record(&outcome),
        None => record_unrun(state, &target, &outcome),
    }
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

/// # Errors
/// 503 when the client has been told with an earlier reply that no more is answered.
fn check_order(state: &State, in_flight: Option<&InFlight>) -> Result<(), HttpError> {
    match in_flight {
        Some(in_flight) if in_flight.is_behind_last() => Ok(state.ready()?),
        _ => Ok(()),
    }
}

/// # Errors
/// 431 when the headers are too many or too large.
fn check_headers(edge: &Edge, came: &Came<'_>) -> Result<(), HttpError> {
    let limits = &edge.limits;
    if came.n_headers <= limits.headers_max && came.n_bytes <= limits.header_bytes_max {
        return Ok(());
    }
    Err(HttpError::large_headers(came.n_headers, came.n_bytes, limits))
}

/// A request as the codec hands it over.
pub(super) struct Incoming<'a> {
    pub(super) request: &'a Request,
    pub(super) came: &'a Came<'a>,
    pub(super) payload: Payload,
    pub(super) clock: &'a Clock,
    /// The model that was asked, once that is known.
    pub(super) found: &'a mut Option<Found>,
}

async fn answer(
    state: &Arc<State>,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    let request = incoming.request;
    let method = request.method().as_str();
    if method == "OPTIONS" {
        return Ok(Reply::options(target.methods.header()));
    }
    if target.is_unknown() {
        return Err(HttpError::unknown_path(request.path()));
    }
    if !target.methods.allow(method) {
        return Err(HttpError::wrong_method(method, target.methods.header()));
    }
    let _entered = entered(state, request, target.endpoint)?;
    match target.endpoint.protocol() {
        Protocol::Seldon => seldon_v1(state, incoming, target).await,
        Protocol::V2 => Box::pin(oip::answer(state, incoming, target)).await,
        Protocol::TensorFlow => Box::pin(tfs::answer(state, incoming, target)).await,
        Protocol::Mlflow => Box::pin(mlflow::answer(state, incoming, target)).await,
    }
}

/// Counts a request that asks a model with its client, where that is bounded.
fn entered(
    state: &State,
    request: &Request,
    endpoint: Endpoint,
) -> Result<Option<Entered>, HttpError> {
    let Some(clients) = state.config.clients.as_ref().filter(|_| endpoint.runs_model()) else {
        return Ok(None);
    };
    let entered = match clients.header() {
        Some(name) => clients.enter(request.head().headers.get(name).map(HeaderValue::as_bytes)),
        None => clients.enter(request.peer_addr().map(|peer| peer.ip())),
    };
    // Its body is not read.
    entered.map(Some).map_err(HttpError::unread)
}

async fn seldon_v1(
    state: &State,
    incoming: Incoming<'_>,
    target: &Target<'_>,
) -> Result<Reply, HttpError> {
    let main = || match &target.model {
        Some(asked) => state.repository.find(asked, ""),
        None => state.repository.main(),
    };
    match target.endpoint {
        Endpoint::Ping => Ok(Reply::ok(TEXT, Bytes::from_static(b"pong"))),
        Endpoint::Live => Ok(Reply::ok(TEXT, Bytes::from_static(b"live"))),
        Endpoint::Ready => {
            state.ready()?;
            Ok(Reply::ok(TEXT, Bytes::from_static(b"ready")))
        }
        Endpoint::Doc => Ok(Reply::ok(TEXT, Bytes::from_static(doc::PAGE))),
        Endpoint::OpenApi => Ok(Reply::ok(JSON, doc::with_examples(doc::OPENAPI, main()))),
        Endpoint::Metadata => {
            let (_, node) = state.serve(incoming.clock, incoming.found, main()).await?;
            Ok(Reply::ok(JSON, Bytes::copy_from_slice(node.metadata.as_bytes())))
        }
        Endpoint::HealthStatus => {
            let (entry, node) = state.serve(incoming.clock, incoming.found, main()).await?;
            Ok(Reply::ok(JSON, seldon::health_status(state, entry, node)?))
        }
        endpoint => seldon::call(state, incoming, endpoint).await,
    }
}

/// Records a request that ran no model: with the model that it names, if there is such a one.
#[cold]
fn record_unrun(state: &State, target: &Target<'_>, outcome: &Outcome) {
    let found = match &target.model {
        None if target.endpoint.is_of_main_model() => state.repository.main(),
        // A version that is not there is no reason to forget the model.
        Some(name) => state
            .repository
            .find(name, &target.version)
            .or_else(|_unknown| state.repository.find(name, "")),
        None => return state.unrouted.record(outcome),
    };
    match found {
        Ok(found) => found.entry().requests.record(outcome),
        Err(_unknown) => state.unrouted.record(outcome),
    }
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
