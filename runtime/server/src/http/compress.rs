//! Replies in the encoding that the client takes, where they are long enough to gain by it.

use bytes::Bytes;

use super::came::Came;
use super::error::HttpError;
use super::reply::{Body, Reply};
use crate::encoding::Encoding;
use crate::state::State;

/// A longer reply is compressed on an engine thread: it would hold up the socket's.
const INLINE_BYTES_MAX: usize = 1 << 16;

/// Compresses the reply, if the client takes that and the reply is long enough; on an engine thread
/// where it would hold up the socket's.
pub(super) async fn compress(
    state: &State,
    came: &Came<'_>,
    mut reply: Reply,
) -> Result<Reply, HttpError> {
    let Body::Whole(body) = &reply.body else { return Ok(reply) };
    let body = body.clone();
    if state.config.compress_bytes_min.is_none_or(|min| body.len() < min) {
        return Ok(reply);
    }
    reply.varies = true;
    let Some(encoding) = Encoding::accepted(came.accept_encoding) else { return Ok(reply) };
    let body = if body.len() <= INLINE_BYTES_MAX {
        Bytes::from(encoding.encode(&body))
    } else {
        let encoded = state.pool.run(move || encoding.encode(&body));
        Bytes::from(Box::pin(encoded).await?)
    };
    Ok(Reply { body: Body::Whole(body), encoding: Some(encoding), ..reply })
}
