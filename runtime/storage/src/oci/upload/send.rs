//! One request of an upload: a part of the file on its way, watched so that it goes on.

use std::ops::Range;
use std::sync::Arc;

use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};

use super::super::error::OciError;
use super::super::http;
use super::{Upload, lost, open};

/// How many times as long as anything else the answer to the last byte may take: registries copy and
/// hash before they answer.
const ANSWER_STALLS: u32 = 5;

/// Why nothing was answered.
pub(super) enum Unsent {
    Broken(String),
    Unreachable(reqwest::Error),
}

/// What came back, and the login that was shown.
pub(super) type Sent = (Result<Response, Unsent>, Option<HeaderValue>);

impl Upload<'_> {
    /// Sends a part of the file, and sees to it that it goes on.
    pub(super) async fn send(&mut self, part: Range<u64>, is_last: bool) -> Result<Sent, OciError> {
        let source = match self.source.take() {
            Some(source) => source,
            None => open(self.blob).await?,
        };
        let length = part.end - part.start;
        let range = format!("{}-{}", part.start, part.end.saturating_sub(1));
        let (body, pulse, reading) = source.send(part, Arc::clone(&self.meter));
        let client = &self.session.sender;
        let request = if is_last {
            client.put(self.place.with_digest(&self.blob.digest.to_string()))
        } else {
            client.patch(self.place.url.clone()).header(CONTENT_RANGE, range)
        };
        let request = request
            .header(CONTENT_LENGTH, length)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(body);
        let used = self.session.authorization();
        let request =
            if self.place.is_registry { self.session.authorized(request) } else { request };
        let stall = self.session.stall;
        let watch = async {
            loop {
                let patience = if pulse.is_over() { stall * ANSWER_STALLS } else { stall };
                if tokio::time::timeout(patience, pulse.beat()).await.is_err() {
                    return;
                }
            }
        };
        let sent = tokio::select! {
            sent = request.send() => sent.map_err(|error| {
                if error.is_connect() || http::is_untrusted(&error) {
                    Unsent::Unreachable(error)
                } else {
                    Unsent::Broken(http::reason(error))
                }
            }),
            () = watch => Err(Unsent::Broken("nothing went on in time".to_owned())),
        };
        // An answer may come before the body is taken, and the connection stay.
        pulse.end();
        let (source, read) = reading.await.map_err(|error| lost(self.blob, &error))?;
        read?;
        self.source = Some(source);
        Ok((sent, used))
    }
}
