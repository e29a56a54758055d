//! The edge: what a client may do to a port before and beside its requests, and the count of those
//! that did more.

use std::io;
use std::time::Duration;

use metrics::Counter;
use tokio::net::TcpStream;

use crate::config::EdgeLimits;
use crate::observe::{Metric, Registry, Transport};
use crate::pace;
use crate::place::{Place, Places};
use crate::tls::{self, Alpn, Tls};

/// Why a client was refused, was cut off or has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// All connections are taken.
    Connections,
    /// Too many TLS handshakes are going on.
    Handshakes,
    /// A TLS handshake failed or took too long.
    Handshake,
    /// A head, or the opening of a connection, took too long.
    Head,
    /// The headers are too many or too large.
    Headers,
    /// A body or message took too long.
    Body,
    /// A reply was not read.
    Reply,
    /// Nothing was asked for too long.
    Idle,
    /// A call too many was opened.
    Streams,
    /// Calls were taken back too often.
    Resets,
    /// Frames that cost much and say little.
    Frames,
    /// The client did not answer whether it is there.
    Ping,
}

impl Refused {
    /// All reasons, in the order of the documentation.
    const ALL: [Self; 12] = [
        Self::Connections,
        Self::Handshakes,
        Self::Handshake,
        Self::Head,
        Self::Headers,
        Self::Body,
        Self::Reply,
        Self::Idle,
        Self::Streams,
        Self::Resets,
        Self::Frames,
        Self::Ping,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Handshakes => "handshakes",
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Reply => "reply",
            Self::Idle => "idle",
            Self::Streams => "streams",
            Self::Resets => "resets",
            Self::Frames => "frames",
            Self::Ping => "ping",
        }
    }
}

/// How long a client may take for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For nothing at all.
    pub(crate) keep_alive: Duration,
    /// For a head, a TLS handshake, and for opening a connection.
    pub(crate) head_read: Duration,
    /// For reading a reply, beyond what its size buys.
    pub(crate) reply_read: Duration,
}

/// The limits of both ports, and the count of what went beyond them.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) limits: EdgeLimits,
    pub(crate) timeouts: Patience,
    handshakes: Places,
    refusals: [[Counter; Refused::ALL.len()]; 2],
}

impl Edge {
    /// Registers the counters, and the limits as gauges.
    pub(crate) fn new(limits: EdgeLimits, timeouts: Patience, registry: &Registry) -> Self {
        for (name, max) in [
            ("header_bytes", limits.header_bytes_max),
            ("headers", limits.headers_max),
            ("grpc_streams_per_connection", limits.grpc_streams_max),
            ("grpc_resets_per_second", limits.grpc_resets_max),
            ("tls_handshakes", limits.tls_handshakes_max),
        ] {
            registry.gauge(Metric::EdgeMax, &[name]).set(max as f64);
        }
        let counters = |transport: Transport| {
            Refused::ALL.map(|reason| {
                registry.counter(Metric::EdgeRefusals, &[transport.name(), reason.name()])
            })
        };
        let handshakes =
            Places::exposed(limits.tls_handshakes_max, Metric::TlsHandshakes, registry);
        let refusals = [counters(Transport::Rest), counters(Transport::Grpc)];
        Self { limits, timeouts, handshakes, refusals }
    }

    /// Counts a client that went beyond a limit.
    #[cold]
    pub(crate) fn refuse(&self, transport: Transport, reason: Refused) {
        tracing::debug!(
            transport = transport.name(),
            reason = reason.name(),
            "refused at the edge"
        );
        let [rest, grpc] = &self.refusals;
        let counters = match transport {
            Transport::Rest => rest,
            Transport::Grpc => grpc,
        };
        if let Some(counter) = counters.get(reason as usize) {
            counter.increment(1);
        }
    }

    /// Makes a connection what its port speaks.
    ///
    /// # Errors
    /// As [`tls::accept`], and when too many handshakes are going on.
    pub(crate) async fn accept(
        &self,
        tls: Option<&Tls>,
        alpn: Alpn,
        tcp: TcpStream,
    ) -> io::Result<tls::Stream> {
        let transport = match alpn {
            Alpn::Http1 => Transport::Rest,
            Alpn::H2 => Transport::Grpc,
        };
        let _place = tls.is_some().then(|| self.handshake(transport)).transpose()?;
        let accepted = tls::accept(tls, alpn, tcp, self.timeouts.head_read).await;
        if accepted.is_err() {
            self.refuse(transport, Refused::Handshake);
        }
        accepted
    }

    /// A place among the handshakes that are going on.
    fn handshake(&self, transport: Transport) -> io::Result<Place> {
        self.handshakes.try_take().ok_or_else(|| {
            self.refuse(transport, Refused::Handshakes);
            let max = self.handshakes.max();
            io::Error::other(format!("{max} TLS handshakes are going on (--tls-handshakes-max)"))
        })
    }
}

/// How often a connection is looked at within the shortest limit: it ends after the limit, and before
/// the limit and a quarter.
const LOOKS: u32 = 4;

/// The limits on time, for who looks at connections at intervals and counts the looks: a timer for
/// each request would cost more than a small model does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looks {
    every: Duration,
    timeouts: Patience,
}

impl Looks {
    /// Looks for these limits.
    pub(crate) fn new(timeouts: Patience) -> Self {
        let Patience { keep_alive, head_read, reply_read } = timeouts;
        let shortest = keep_alive.min(head_read).min(reply_read);
        Self { every: (shortest / LOOKS).max(Duration::from_millis(1)), timeouts }
    }

    /// The time between two looks.
    pub(crate) fn interval(&self) -> tokio::time::Interval {
        let mut interval = tokio::time::interval(self.every);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval
    }

    /// Whether nothing was asked for too long.
    pub(crate) fn is_idle(&self, n_looks: u32) -> bool {
        self.every * n_looks > self.timeouts.keep_alive
    }

    /// Whether a head takes too long.
    pub(crate) fn is_slow_head(&self, n_looks: u32) -> bool {
        self.every * n_looks > self.timeouts.head_read
    }

    /// The looks that bytes buy.
    pub(crate) fn bought(&self, n_bytes: usize) -> u32 {
        let looks = pace::bought(n_bytes).as_nanos() / self.every.as_nanos();
        u32::try_from(looks).unwrap_or(u32::MAX)
    }

    /// Whether a reply, of which the client has taken `n_bytes`, takes too long.
    pub(crate) fn is_slow_reply(&self, n_looks: u32, n_bytes: usize) -> bool {
        self.every * n_looks > self.timeouts.reply_read + pace::bought(n_bytes)
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// Four looks within each limit.
    pub(crate) const TIMEOUTS: Patience = Patience {
        keep_alive: Duration::from_secs(4),
        head_read: Duration::from_secs(4),
        reply_read: Duration::from_secs(4),
    };

    pub(crate) fn edge(registry: &Registry) -> std::sync::Arc<Edge> {
        std::sync::Arc::new(Edge::new(EdgeLimits::default(), TIMEOUTS, registry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_counted_under_its_reason_and_port() {
        let registry = Registry::new();
        let edge = fixture::edge(&registry);
        for (index, reason) in Refused::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            edge.refuse(Transport::Grpc, reason);
            let series = format!(
                "radiant_edge_refusals_total{{reason=\"{}\",transport=\"grpc\"}} 1.0",
                reason.name()
            );
            assert!(registry.render().contains(&series), "{series}");
        }
        edge.refuse(Transport::Rest, Refused::Body);
        let series = "radiant_edge_refusals_total{reason=\"body\",transport=\"rest\"} 1.0";
        assert!(registry.render().contains(series));
    }

    #[test]
    fn limits_hold_until_they_have_passed_and_bytes_buy_time() {
        let looks = Looks::new(fixture::TIMEOUTS);
        assert!(!looks.is_idle(LOOKS) && looks.is_idle(LOOKS + 1));
        assert!(!looks.is_slow_head(LOOKS) && looks.is_slow_head(LOOKS + 1));
        assert!(!looks.is_slow_reply(LOOKS, 0) && looks.is_slow_reply(LOOKS + 1, 0));
        assert!(!looks.is_slow_reply(LOOKS + 1, 1 << 16));
        assert!(looks.is_slow_reply(LOOKS + 2, 1 << 16));
    }
}
