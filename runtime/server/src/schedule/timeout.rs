//! What the head of a request says of the time for its answer.

use std::time::{Duration, Instant};

use radiant_core::Error;

use super::Deadline;

/// Our own header: milliseconds. Every client may send it, over either transport.
const OWN: &str = "x-request-timeout-ms";
/// What Envoy, and so Istio, tells those behind it: the milliseconds that it will wait, 0 being no
/// limit (Envoy's documentation of its router filter).
const ENVOY: &str = "x-envoy-expected-rq-timeout-ms";
/// The deadline of a call (gRPC over HTTP/2, "Timeout").
const GRPC: &str = "grpc-timeout";

/// The headers of one request that say so.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timeouts<'a> {
    own: Option<&'a [u8]>,
    envoy: Option<&'a [u8]>,
    grpc: Option<&'a [u8]>,
}

impl<'a> Timeouts<'a> {
    /// Takes note of a header that any request may have.
    pub(crate) fn note(&mut self, name: &str, value: &'a [u8]) {
        match name {
            OWN => self.own = Some(value),
            ENVOY => self.envoy = Some(value),
            _ => {}
        }
    }

    /// Takes note of a header of a call.
    pub(crate) fn note_of_call(&mut self, name: &str, value: &'a [u8]) {
        match name {
            GRPC => self.grpc = Some(value),
            other => self.note(other, value),
        }
    }

    /// The earliest deadline of a request whose head came at `start`. What others write in a way that
    /// is not known is no deadline.
    ///
    /// # Errors
    /// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) when our own header is not one.
    pub(crate) fn deadline(&self, start: Instant) -> Result<Option<Deadline>, Error> {
        let own = self.own.map(|value| milliseconds(value).ok_or_else(|| malformed(value)));
        let own = own.transpose()?;
        let envoy = self.envoy.and_then(milliseconds).filter(|limit| !limit.is_zero());
        let limits = [
            (own, "header `x-request-timeout-ms`"),
            (envoy, "header `x-envoy-expected-rq-timeout-ms`"),
            (self.grpc.and_then(of_call), "`grpc-timeout`"),
        ];
        let deadlines = limits
            .into_iter()
            .filter_map(|(limit, by)| limit.and_then(|limit| Deadline::after(start, limit, by)));
        Ok(deadlines.min_by_key(|deadline| deadline.at))
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| is_number)?.parse().ok()
}

fn milliseconds(value: &[u8]) -> Option<Duration> {
    digits(value.trim_ascii()).map(Duration::from_millis)
}

/// At most eight digits and a unit.
fn of_call(value: &[u8]) -> Option<Duration> {
    let (unit, count) = value.split_last()?;
    let count = digits(count).filter(|_| count.len() <= 8)?;
    match unit {
        b'H' => Some(Duration::from_secs(count * 3600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cold]
fn malformed(value: &[u8]) -> Error {
    let shown: String = String::from_utf8_lossy(value).chars().take(100).collect();
    Error::invalid_input(format!(
        "header `x-request-timeout-ms`: expected a whole number of milliseconds, got `{shown}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(headers: &[(&str, &str)]) -> Result<Option<(Duration, &'static str)>, String> {
        let mut timeouts = Timeouts::default();
        for (name, value) in headers {
            timeouts.note_of_call(name, value.as_bytes());
        }
        let deadline = timeouts.deadline(Instant::now()).map_err(|e| e.message().to_owned())?;
        Ok(deadline.map(|deadline| (deadline.limit, deadline.by)))
    }

    #[test]
    fn deadlines_of_calls_are_read_in_every_unit() {
        for (text, expected) in [
            ("1H", Some(Duration::from_hours(1))),
            ("2M", Some(Duration::from_mins(2))),
            ("3S", Some(Duration::from_secs(3))),
            ("99999999m", Some(Duration::from_millis(99_999_999))),
            ("5u", Some(Duration::from_micros(5))),
            ("0n", Some(Duration::ZERO)),
            ("123456789m", None),
            ("S", None),
            ("", None),
            ("5", None),
            ("-5S", None),
            ("+5S", None),
            ("5s", None),
        ] {
            let limit = said(&[(GRPC, text)]).unwrap().map(|(limit, _)| limit);
            assert_eq!(limit, expected, "{text}");
        }
        assert_eq!(said(&[("content-type", "5S")]), Ok(None));
    }

    #[test]
    fn our_own_header_must_be_a_number() {
        let ms = |text| said(&[(OWN, text)]).map(|said| said.map(|(limit, _)| limit.as_millis()));
        assert_eq!(ms("250"), Ok(Some(250)));
        assert_eq!(ms(" 7 "), Ok(Some(7)));
        assert_eq!(ms("0"), Ok(Some(0)), "a client that has no time left");
        assert_eq!(ms("18446744073709551615"), Ok(Some(u128::from(u64::MAX))));
        for text in ["", "1.5", "-1", "+1", "1s", "18446744073709551616", "\u{e9}"] {
            let expected = "header `x-request-timeout-ms`: expected a whole number";
            assert!(ms(text).unwrap_err().starts_with(expected), "{text}");
        }
    }

    #[test]
    fn envoys_header_is_read_where_it_can_be() {
        let limit = |text| said(&[(ENVOY, text)]).unwrap().map(|(limit, _)| limit);
        assert_eq!(limit("15000"), Some(Duration::from_secs(15)));
        for text in ["0", "", "15s", "-1"] {
            assert_eq!(limit(text), None, "{text}");
        }
    }

    #[test]
    fn the_earliest_of_all_holds() {
        let all = [(OWN, "300"), (ENVOY, "200"), (GRPC, "400m")];
        let (limit, by) = said(&all).unwrap().unwrap();
        assert_eq!(limit, Duration::from_millis(200));
        assert_eq!(by, "header `x-envoy-expected-rq-timeout-ms`");
        let mut rest = Timeouts::default();
        rest.note(GRPC, b"1m");
        assert_eq!(rest.deadline(Instant::now()).unwrap(), None, "REST has no such header");
    }
}
