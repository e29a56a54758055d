//! A deployment by its URL, over REST.

use bytes::BytesMut;

use super::caller::REPLY_BYTES_MAX;
use super::link::{Link, Terms};
use super::{Call, Caller, Reply};
use crate::error::Failure;

/// A deployment by its URL, with connections that stay.
#[derive(Debug)]
pub(crate) struct Direct {
    link: Link,
}

impl Direct {
    /// A deployment below this address.
    ///
    /// # Errors
    /// When the address is none, or there are no certificates where some are expected.
    pub(crate) fn new(base: &str, terms: Terms<'_>) -> Result<Self, Failure> {
        Ok(Self { link: Link::any(base, terms)? })
    }
}

impl Caller for Direct {
    fn shown(&self) -> String {
        self.link.shown()
    }

    async fn call(&self, call: &Call) -> Result<Reply, Failure> {
        let sent = self.link.post(&call.path, call.headers.clone(), call.body.clone());
        let mut response = sent.await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.link.failed(error))? {
            if body.len().saturating_add(chunk.len()) > REPLY_BYTES_MAX {
                return Err(self.link.too_long(REPLY_BYTES_MAX));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body: body.freeze() })
    }
}
