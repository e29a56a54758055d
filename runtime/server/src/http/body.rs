//! Step 1: where the JSON of a request is, and how much of it is taken.
//!
//! The places are those of Seldon's Python microservice, in its order: a multipart form, the form
//! field `json`, the query parameter `json`, the raw body where its type is JSON (seldon-v1
//! contract 2.2 and 2.3).

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_http::error::PayloadError;
use actix_http::header::HeaderMap;
use actix_http::{Payload, Request};
use actix_multipart::Multipart;
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use radiant_core::{Error, Map, Value};
use radiant_protocol::{Limits, json};
use tokio::time::Instant;

use super::came::Came;
use super::error::HttpError;
use crate::encoding::Encoding;
use crate::pace;
use crate::schedule::{Held, SMALL_BYTES, Taken};
use crate::state::State;

/// How much is taken, and for how long the client may take to send it.
#[derive(Debug, Clone)]
pub(crate) struct BodyLimits {
    pub(crate) bytes_max: usize,
    pub(crate) read_timeout: Duration,
    pub(crate) json: Limits,
}

/// Finds the JSON text of a request with this body.
///
/// # Errors
/// 400 when there is none where one may be.
pub(crate) async fn find_json(
    request: &Request,
    came: &Came<'_>,
    body: Bytes,
    limits: &BodyLimits,
) -> Result<Bytes, HttpError> {
    let query = request.uri().query().unwrap_or_default();
    if query.is_empty() && came.content_type == b"application/json" {
        return Ok(body);
    }
    // Boxed, as what follows: a connection reserves the room of its handler's largest wait, and the
    // rare ones should not make that of the usual ones large.
    Box::pin(locate(query, came, body, limits)).await
}

/// Reads the whole body. A body that arrives in one piece is not copied.
///
/// # Errors
/// 413 beyond the limit, and 503 when there is no room for it, before anything is read where the
/// length is announced; 408 when the client is too slow; 400 when it breaks off.
pub(crate) async fn read(
    state: &State,
    came: &Came<'_>,
    mut payload: Payload,
) -> Result<Taken, HttpError> {
    let (limits, permits) = (&state.config.body, &state.permits);
    let mut held = Held::default();
    let announced = came.content_length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if let Some(length) = announced {
        if length > limits.bytes_max {
            return Err(HttpError::too_large(limits.bytes_max));
        }
        held.announce(permits, length).map_err(HttpError::unread)?;
    }
    let mut patience = Patience::New;
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(chunk) = next_chunk(&mut payload, state, &mut patience, &mut held).await? {
        let n_bytes = first.len() + joined.len() + chunk.len();
        if n_bytes > limits.bytes_max {
            return Err(HttpError::too_large(limits.bytes_max));
        }
        if n_bytes > SMALL_BYTES {
            held.grow_to(permits, n_bytes).map_err(HttpError::unread)?;
        }
        if first.is_empty() && joined.is_empty() {
            first = chunk;
        } else {
            if joined.is_empty() {
                // What was announced is held; pages that nothing comes for stay the system's.
                joined.reserve(announced.unwrap_or_default().max(n_bytes));
                joined.extend_from_slice(&std::mem::take(&mut first));
            }
            joined.extend_from_slice(&chunk);
        }
    }
    let bytes = if joined.is_empty() { first } else { joined.freeze() };
    Ok(Taken { bytes, held })
}

/// A longer compressed body is decompressed on an engine thread: at a thousand to one, the most that
/// deflate can do, it would hold up the socket's.
const INLINE_BYTES_MAX: usize = 1 << 10;

/// The body without its content encoding.
///
/// # Errors
/// 415 for an encoding that is not known, 413 when the content is larger than the limit, 400 when it
/// is broken.
pub(crate) async fn plain(state: &State, came: &Came<'_>, body: Taken) -> Result<Taken, HttpError> {
    if came.content_encoding.is_empty() {
        return Ok(body);
    }
    let encoding = Encoding::of_request(came.content_encoding)
        .map_err(|error| HttpError::unknown_encoding(&error))?;
    let Some(encoding) = encoding else { return Ok(body) };
    let bytes_max = state.config.body.bytes_max;
    let (is_short, permits) = (body.len() <= INLINE_BYTES_MAX, Arc::clone(&state.permits));
    let unpack = move || Taken::unpacked(&permits, |room| encoding.decode(&body, bytes_max, room));
    if is_short {
        return Ok(unpack()?);
    }
    let unpacking = state.pool.run(unpack);
    Ok(Box::pin(unpacking).await??)
}

/// How long the client has been waited for.
enum Patience {
    /// Not at all.
    New,
    /// Until the codec had gone on to the body.
    Glanced,
    /// A timer runs.
    Until(Instant),
}

/// The next piece of the body. Each piece buys the client time in proportion to its size, so that
/// a large body may take long and one that trickles may not.
async fn next_chunk(
    payload: &mut Payload,
    state: &State,
    patience: &mut Patience,
    held: &mut Held,
) -> Result<Option<Bytes>, HttpError> {
    let limits = &state.config.body;
    let mut next = payload.next().now_or_never();
    if next.is_none() && matches!(patience, Patience::New) {
        // What has arrived already, which is most bodies, costs no timer.
        *patience = Patience::Glanced;
        let_codec_go_on().await;
        next = payload.next().now_or_never();
    }
    let next = if let Some(next) = next {
        next
    } else {
        let until = match patience {
            Patience::Until(until) => *until,
            Patience::New | Patience::Glanced => Instant::now() + limits.read_timeout,
        };
        *patience = Patience::Until(until);
        held.grow_to(&state.permits, SMALL_BYTES).map_err(HttpError::unread)?;
        let waiting = Box::pin(tokio::time::timeout_at(until, payload.next())).await;
        waiting.map_err(|_elapsed| HttpError::slow_client(limits.read_timeout))?
    };
    let chunk = next.transpose().map_err(|error| HttpError::broken_body(&error))?;
    if let (Some(chunk), Patience::Until(until)) = (&chunk, patience) {
        *until += pace::bought(chunk.len());
    }
    Ok(chunk)
}

/// Suspends once, without asking to be woken: the codec calls a handler when it has read the head,
/// goes on to the body, which is often there already, and polls the handler again before it gives
/// the thread away (actix-http 3.20, `h1::Dispatcher::poll`). Being woken as well would cost every
/// request a turn of the event loop. Where nothing more was read, which only pipelined requests
/// see, the handler goes on when something is, or when the connection has been idle for too long.
async fn let_codec_go_on() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending })
        .await;
}

/// The JSON text of a body that is not plainly JSON.
async fn locate(
    query: &str,
    came: &Came<'_>,
    body: Bytes,
    limits: &BodyLimits,
) -> Result<Bytes, HttpError> {
    let content_type = std::str::from_utf8(came.content_type).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    if content_type.to_ascii_lowercase().contains("multipart/form-data") {
        return multipart(came.headers, body, limits).await;
    }
    let is_form = media_type == "application/x-www-form-urlencoded";
    if is_form && let Some(text) = form_field(&body) {
        return Ok(text);
    }
    if let Some(text) = form_field(query.as_bytes()) {
        return Ok(text);
    }
    let is_json = media_type == "application/json"
        || media_type.strip_prefix("application/").is_some_and(|rest| rest.ends_with("+json"));
    if is_json {
        return Ok(body);
    }
    let got = if content_type.is_empty() { "no content type" } else { content_type };
    Err(HttpError::bad_data(format!(
        "no JSON in the request: expected a body of type application/json, a form field or query \
         parameter `json`, or a multipart form; got {got}"
    )))
}

fn form_field(form: &[u8]) -> Option<Bytes> {
    form_urlencoded::parse(form)
        .find(|(name, _)| name == "json")
        .map(|(_, value)| Bytes::from(value.into_owned().into_bytes()))
}

/// The message that the fields of a multipart form make up, as JSON text.
async fn multipart(
    headers: &HeaderMap,
    body: Bytes,
    limits: &BodyLimits,
) -> Result<Bytes, HttpError> {
    let broken = |error: actix_multipart::MultipartError| {
        HttpError::bad_data(format!("multipart form: {error}"))
    };
    let body = stream::iter([Ok::<_, PayloadError>(body)]);
    let mut form = Multipart::new(headers, body);
    let mut message = Map::new();
    while let Some(field) = form.next().await {
        let mut field = field.map_err(broken)?;
        let disposition = field.content_disposition();
        let is_file = disposition.is_some_and(|d| d.get_filename().is_some());
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let mut content = Vec::new();
        while let Some(chunk) = field.next().await {
            content.extend_from_slice(&chunk.map_err(broken)?);
        }
        let value = part_value(&name, is_file, content, &limits.json)
            .map_err(|error| error.context(format!("multipart field `{name}`")))?;
        message.insert(name, value);
    }
    let mut text = Vec::new();
    json::encode(&Value::Map(message), &mut text);
    Ok(Bytes::from(text))
}

/// What one part stands for: files are bytes or text, `strData` is text, any other field is JSON.
fn part_value(
    name: &str,
    is_file: bool,
    content: Vec<u8>,
    limits: &Limits,
) -> Result<Value, Error> {
    use base64::Engine as _;
    if is_file && name == "binData" {
        return Ok(Value::Text(base64::engine::general_purpose::STANDARD.encode(content)));
    }
    if is_file || name == "strData" {
        return String::from_utf8(content).map(Value::Text).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::invalid_input(format!("expected UTF-8 text, got another byte at {at}"))
        });
    }
    let mut cursor = json::Cursor::new(&content);
    let value = cursor.value(limits).and_then(|value| cursor.finish().map(|()| value));
    value.map_err(|error| Error::invalid_input(format!("not JSON: {}", error.describe(&content))))
}
