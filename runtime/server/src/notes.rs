//! What is told along with an answer: where its time went, and what the response cache was for it.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;

use crate::cache::CacheUse;
use crate::config::Telling;
use crate::work::Timing;

/// The header of a request that asks where its time goes: `1`, or `?1` as structured fields write it
/// (RFC 9651). The answer's header has a standard (W3C Server Timing), and asking for it has none.
pub(crate) const ASK: &str = "x-server-timing";
/// Where the time of a request went (W3C Server Timing).
pub(crate) const SERVER_TIMING: &str = "server-timing";
/// What caches on the way were for a request (RFC 9211).
pub(crate) const CACHE_STATUS: &str = "cache-status";

/// What there is to tell of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Notes {
    pub(crate) timing: Timing,
    pub(crate) cache: Option<CacheUse>,
}

/// An encoded answer.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) body: Bytes,
    pub(crate) notes: Notes,
}

impl From<Bytes> for Finished {
    /// An answer of which there is nothing to tell.
    fn from(body: Bytes) -> Self {
        Self { body, notes: Notes::default() }
    }
}

impl Telling {
    /// Whether a request is told whose header [`ASK`] is `asked`.
    pub(crate) fn tells<'a>(self, asked: impl FnOnce() -> Option<&'a [u8]>) -> bool {
        match self {
            Self::Off => false,
            Self::Asked => matches!(asked(), Some(b"1" | b"?1")),
            Self::Always => true,
        }
    }
}

impl Notes {
    /// The value of [`SERVER_TIMING`], of a request that took so long in all. What is not known, as of
    /// one that ran nothing, is left out.
    pub(crate) fn server_timing(&self, total: Duration) -> String {
        let Self { timing, .. } = self;
        let mut text = String::new();
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        if !timing.queue.is_zero() {
            push(&mut text, format_args!("queue;dur={:.3}, ", milliseconds(timing.queue)));
        }
        if !timing.run.is_zero() {
            let (run, rows) = (milliseconds(timing.run), timing.rows);
            push(&mut text, format_args!("run;dur={run:.3};desc=\"rows={rows}\", "));
        }
        push(&mut text, format_args!("total;dur={:.3}", milliseconds(total)));
        text
    }

    /// The value of [`CACHE_STATUS`], where a cache was there for the request.
    pub(crate) fn cache_status(&self) -> Option<&'static str> {
        self.cache.map(|cache| match cache {
            CacheUse::Hit => "radiant; hit",
            CacheUse::Miss => "radiant; fwd=miss",
            CacheUse::Stored => "radiant; fwd=miss; stored",
            CacheUse::Bypass => "radiant; fwd=bypass; detail=too-large",
        })
    }
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a `String` fails for no reason but a failing `Display`, and these do not.
    let written = text.write_fmt(part);
    debug_assert!(written.is_ok(), "a display failed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_milliseconds_and_what_is_not_known_is_left_out() {
        let us = Duration::from_micros;
        let mut notes = Notes::default();
        assert_eq!(notes.server_timing(us(1500)), "total;dur=1.500");
        notes.timing = Timing { run: us(40), rows: 3, ..Timing::default() };
        assert_eq!(notes.server_timing(us(90)), "run;dur=0.040;desc=\"rows=3\", total;dur=0.090");
        notes.timing.queue = us(2000);
        let expected = "queue;dur=2.000, run;dur=0.040;desc=\"rows=3\", total;dur=3.000";
        assert_eq!(notes.server_timing(us(3000)), expected);
    }

    #[test]
    fn who_is_told_is_an_option_and_may_be_a_question() {
        let cases = [
            (None, [false, false, true]),
            (Some("1"), [false, true, true]),
            (Some("?1"), [false, true, true]),
            (Some("?0"), [false, false, true]),
            (Some(""), [false, false, true]),
        ];
        for (asked, expected) in cases {
            let tells = |telling: Telling| telling.tells(|| asked.map(str::as_bytes));
            let told = [Telling::Off, Telling::Asked, Telling::Always].map(tells);
            assert_eq!(told, expected, "{asked:?}");
        }
    }
}
