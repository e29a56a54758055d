//! One call: find its method, answer it, record it.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body as HttpBody;
use radiant_core::{Error, ErrorKind};
use tokio::time::Instant;
use tonic_health::pb::health_server::HealthServer;
use tower_service::Service as _;

use super::health::HealthService;
use super::message::{self, Message, Messages};
use super::record::Record;
use super::reflection::Reflection;
use super::reply::{self, Body, Framed};
use super::route::{Route, resolve, unanswered};
use super::serve::{Draining, GrpcOptions};
use super::{error, oip, seldon, stream, tfs};
use crate::edge::{Edge, Refused};
use crate::encoding::Encoding;
use crate::endpoint::{Endpoint, Protocol};
use crate::observe::Transport;
use crate::schedule::{Clock, Deadline, Entered, Taken, Timeouts};
use crate::state::State;
use crate::tls::Tls;

/// A message longer than this is unpacked or packed on an engine thread, because that would hold up
/// the socket's.
const INLINE_BYTES_MAX: usize = 1 << 16;

/// What all calls share.
pub(super) struct Shared {
    pub(super) state: Arc<State>,
    pub(super) edge: Arc<Edge>,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) draining: Draining,
    health: HealthServer<HealthService>,
    reflection: Reflection,
}

impl Shared {
    /// # Errors
    /// The descriptors that reflection serves cannot be read.
    pub(super) fn new(
        state: Arc<State>,
        options: &GrpcOptions,
        draining: Draining,
    ) -> std::io::Result<Self> {
        let health = HealthService::server(Arc::clone(&state), draining.clone());
        let reflection = Reflection::new(draining.clone())?;
        let (edge, tls) = (Arc::clone(&options.edge), options.tls.clone());
        Ok(Self { state, edge, tls, draining, health, reflection })
    }
}

impl Shared {
    /// Counts a client whose message took too long.
    pub(super) fn note(&self, error: &Error) {
        if message::is_too_slow(error) {
            self.edge.refuse(Transport::Grpc, Refused::Body);
        }
    }
}

/// What a call's body must be.
pub(super) trait Incoming:
    HttpBody<Data = Bytes, Error: Display + Into<Box<dyn std::error::Error + Send + Sync>> + Send>
    + Unpin
    + Send
    + 'static
{
}

impl<B> Incoming for B where
    B: HttpBody<
            Data = Bytes,
            Error: Display + Into<Box<dyn std::error::Error + Send + Sync>> + Send,
        > + Unpin
        + Send
        + 'static
{
}

/// Answers one call; this never fails.
pub(super) async fn dispatch<B: Incoming>(
    shared: Arc<Shared>,
    request: Request<B>,
) -> Result<Response<Body>, Infallible> {
    let route = resolve(request.uri().path());
    let Route::Ours { endpoint, external } = route else {
        return Ok(Box::pin(own(&shared, request, route)).await);
    };
    let (parts, body) = request.into_parts();
    if endpoint == Endpoint::StreamInfer {
        return Ok(stream::answer(shared, parts, body));
    }
    let deadline = deadline(&parts.headers);
    let clock = Clock::new(deadline.as_ref().ok().copied().flatten());
    let mut record = Record::new(&shared.state, &parts, (endpoint, external), &clock);
    let answered = match deadline {
        Ok(_) => clock.guard(pin!(answer(&shared.state, &mut record, body))).await,
        Err(error) => Err(error),
    };
    let mut response = answered.unwrap_or_else(|error| {
        shared.note(&error);
        error::log(&error);
        record.code = error::code(&error);
        reply::failed(&error)
    });
    reply::tell(&record, &mut response);
    Ok(response)
}

/// Answers a call of gRPC's own services.
async fn own<B: Incoming>(shared: &Shared, request: Request<B>, route: Route) -> Response<Body> {
    let response = match route {
        Route::Reflection => shared.reflection.answer(request).await,
        Route::ReflectionAlpha => shared.reflection.answer_alpha(request).await,
        Route::Health | Route::Ours { .. } => {
            let answered = shared.health.clone().call(request).await;
            answered.unwrap_or_else(|never| match never {})
        }
    };
    response.map(Body::Foreign)
}

/// The straight line of a call with one message.
async fn answer<'a, B: Incoming>(
    state: &'a Arc<State>,
    record: &mut Record<'a>,
    body: B,
) -> Result<Response<Body>, Error> {
    let endpoint = record.endpoint;
    if matches!(endpoint, Endpoint::Unknown | Endpoint::V2Unknown | Endpoint::TfUnknown) {
        return Err(unanswered(record.parts.uri.path()));
    }
    let _entered = entered(state, record.parts, endpoint)?;
    let encoding = encoding(record.parts)?;
    let config = &state.config;
    let (bytes_max, patience) = (config.message_bytes_max, config.body.read_timeout);
    let message = Messages::only(body, bytes_max, patience, &state.permits).await?;
    record.request_bytes = message.taken.len();
    let Taken { bytes: message, held: _held } = unpack(state, message, encoding).await?;
    let answer = match endpoint.protocol() {
        Protocol::V2 => oip::answer(state, record, message).await?,
        Protocol::Seldon => seldon::answer(state, record, message).await?,
        Protocol::TensorFlow => Box::pin(tfs::answer(state, record, message)).await?,
        // Spoken over REST alone.
        Protocol::Mlflow => return Err(unanswered(record.parts.uri.path())),
    };
    record.notes = answer.notes;
    let (message, encoding) = pack(state, answer.body, encoding).await?;
    record.reply_bytes = bytes::Buf::remaining(&message);
    record.code = error::OK;
    Ok(reply::message(message, encoding))
}

/// Counts a request that asks a model with its client, where that is bounded.
///
/// # Errors
/// The client has as many as it may.
pub(super) fn entered(
    state: &State,
    parts: &Parts,
    endpoint: Endpoint,
) -> Result<Option<Entered>, Error> {
    let Some(clients) = state.config.clients.as_ref().filter(|_| endpoint.runs_model()) else {
        return Ok(None);
    };
    let entered = match clients.header() {
        Some(name) => clients.enter(parts.headers.get(name).map(HeaderValue::as_bytes)),
        None => clients.enter(parts.extensions.get::<IpAddr>()),
    };
    entered.map(Some)
}

/// How the compressed messages of a call are compressed.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for an encoding that is not known.
pub(super) fn encoding(parts: &Parts) -> Result<Option<Encoding>, Error> {
    match parts.headers.get(reply::ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(None),
        Some(b"gzip") => Ok(Some(Encoding::Gzip)),
        Some(b"deflate") => Ok(Some(Encoding::Deflate)),
        Some(other) => {
            let shown: String = String::from_utf8_lossy(other).chars().take(100).collect();
            let text = format!("grpc-encoding: expected gzip, deflate or identity, got `{shown}`");
            Err(Error::new(ErrorKind::Unsupported, text))
        }
    }
}

/// The message as its codec reads it.
///
/// # Errors
/// It is not compressed as it says, is larger than the limit, or there is no room for it.
pub(super) async fn unpack(
    state: &State,
    message: Message,
    encoding: Option<Encoding>,
) -> Result<Taken, Error> {
    let Message { is_compressed, taken } = message;
    if !is_compressed {
        return Ok(taken);
    }
    let encoding = encoding.ok_or_else(|| {
        Error::invalid_input("the message is compressed: expected grpc-encoding, got none")
    })?;
    // A little that is sent may unpack to very much: that has the limit of bodies, too.
    let bytes_max = state.config.message_bytes_max.min(state.config.body.bytes_max);
    let (is_short, permits) = (taken.len() <= INLINE_BYTES_MAX, Arc::clone(&state.permits));
    let unpack = move || Taken::unpacked(&permits, |room| encoding.decode(&taken, bytes_max, room));
    if is_short { unpack() } else { Box::pin(state.pool.run(unpack)).await? }
}

/// The message as it is sent: compressed where the request was, if it is long enough to gain by it.
///
/// # Errors
/// It is larger than the limit.
pub(super) async fn pack(
    state: &State,
    message: Bytes,
    encoding: Option<Encoding>,
) -> Result<(Framed, Option<Encoding>), Error> {
    let bytes_max = state.config.message_bytes_max;
    if message.len() > bytes_max {
        return Err(reply_too_large(message.len(), bytes_max));
    }
    let is_long = state.config.compress_bytes_min.is_some_and(|min| message.len() >= min);
    let Some(encoding) = encoding.filter(|_| is_long) else {
        return Ok((Framed::new(message, false)?, None));
    };
    let packed = if message.len() <= INLINE_BYTES_MAX {
        encoding.encode(&message)
    } else {
        Box::pin(state.pool.run(move || encoding.encode(&message))).await?
    };
    Ok((Framed::new(Bytes::from(packed), true)?, Some(encoding)))
}

#[cold]
fn reply_too_large(length: usize, bytes_max: usize) -> Error {
    let text = format!(
        "the reply of {length} bytes is larger than the limit of {bytes_max} bytes \
         (--grpc-message-bytes-max)"
    );
    Error::new(ErrorKind::TooLarge, text)
}

/// When the answer to a call is due whose head comes now, as far as that says so.
///
/// # Errors
/// Our own header is malformed.
pub(super) fn deadline(headers: &HeaderMap) -> Result<Option<Deadline>, Error> {
    let mut timeouts = Timeouts::default();
    for (name, value) in headers {
        timeouts.note_of_call(name.as_str(), value.as_bytes());
    }
    timeouts.deadline(Instant::now().into_std())
}
