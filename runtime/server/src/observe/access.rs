//! The access record: one line a request, for those who ask for it.

use std::time::Duration;

/// What one line tells. Never a payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) elapsed: Duration,
    pub(crate) request_bytes: u64,
    pub(crate) reply_bytes: u64,
    pub(crate) puid: &'a str,
    pub(crate) trace: Option<&'a str>,
}

impl Access<'_> {
    /// Whether somebody listens.
    pub(crate) fn enabled(switched_on: bool) -> bool {
        switched_on || tracing::enabled!(target: "radiant::access", tracing::Level::DEBUG)
    }

    /// Writes the line: `info` where it was asked for, `debug` otherwise.
    pub(crate) fn write(&self, switched_on: bool) {
        let elapsed_us = u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "radiant::access",
                    method = self.method,
                    path = self.path,
                    status = self.status,
                    elapsed_us,
                    request_bytes = self.request_bytes,
                    reply_bytes = self.reply_bytes,
                    puid = self.puid,
                    trace = self.trace,
                    "request"
                )
            };
        }
        if switched_on { line!(info) } else { line!(debug) }
    }
}
