//! What is recorded of a call: one entry in the metrics, one line in the access log if asked.

use http::request::Parts;
use tokio::time::Instant;

use super::error;
use crate::endpoint::Endpoint;
use crate::notes::Notes;
use crate::observe::{Access, Outcome, Transport};
use crate::repository::Found;
use crate::schedule::Clock;
use crate::state::State;

/// The record of one call. It is written when it is dropped, and so also when the call is: then its
/// client has given it up.
pub(super) struct Record<'a> {
    pub(super) state: &'a State,
    pub(super) parts: &'a Parts,
    pub(super) endpoint: Endpoint,
    pub(super) external: bool,
    pub(super) clock: &'a Clock,
    /// The model that was asked, once that is known.
    pub(super) found: Option<Found>,
    pub(super) started: Instant,
    /// What there is to tell along with the answer.
    pub(super) notes: Notes,
    pub(super) code: u16,
    pub(super) request_bytes: usize,
    pub(super) reply_bytes: usize,
}

impl<'a> Record<'a> {
    /// The record of a call that begins.
    pub(super) fn new(
        state: &'a State,
        parts: &'a Parts,
        (endpoint, external): (Endpoint, bool),
        clock: &'a Clock,
    ) -> Self {
        Self {
            state,
            parts,
            endpoint,
            external,
            clock,
            found: None,
            started: Instant::now(),
            notes: Notes::default(),
            code: error::CANCELLED,
            request_bytes: 0,
            reply_bytes: 0,
        }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        let metrics = match &self.found {
            Some(found) => &found.entry().requests,
            None => &self.state.unrouted,
        };
        metrics.record(&Outcome {
            transport: Transport::Grpc,
            endpoint: self.endpoint,
            external: self.external,
            method: "unary",
            status: self.code,
            started: self.started,
            elapsed,
        });
        let switched_on = self.state.config.access_log;
        if Access::enabled(switched_on) {
            let trace = self.parts.headers.get("traceparent");
            Access {
                method: self.parts.method.as_str(),
                path: self.parts.uri.path(),
                status: self.code,
                elapsed,
                request_bytes: self.request_bytes as u64,
                reply_bytes: self.reply_bytes as u64,
                puid: "",
                trace: trace.and_then(|value| value.to_str().ok()),
            }
            .write(switched_on);
        }
    }
}
