//! What a client may do at the ports, beside its requests.

use std::time::Duration;

use radiant_contract::env::{
    RADIANT_GRPC_RESETS_MAX, RADIANT_GRPC_STREAMS_MAX, RADIANT_HEADER_BYTES_MAX,
    RADIANT_HEADERS_MAX, RADIANT_REPLY_READ_TIMEOUT, RADIANT_TLS_HANDSHAKES_MAX,
};

use super::resolve::Resolver;
use super::value::{COUNT, DURATION, HEADER_BYTES, HEADERS};
use super::{Config, Flags};

/// Limits of the REST and the gRPC port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeLimits {
    /// The bytes of a request's headers: name, value and 32 for each, as HTTP/2 counts (RFC 9113,
    /// 6.5.2), and over REST the path.
    pub header_bytes_max: usize,
    /// The headers of a request.
    pub headers_max: usize,
    /// Calls at once on one gRPC connection.
    pub grpc_streams_max: usize,
    /// Calls that a client may take back within a second on one gRPC connection.
    pub grpc_resets_max: usize,
    /// TLS handshakes at once, of both ports.
    pub tls_handshakes_max: usize,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            // A few tokens and cookies; ten thousand connections send heads of 320 MB at most.
            header_bytes_max: 32 << 10,
            // What the codec of HTTP/1 has room for.
            headers_max: 96,
            // A proxy sends the requests of all its clients on one connection.
            grpc_streams_max: 1024,
            // All calls of a connection at once: what a client does whose deadlines pass together.
            grpc_resets_max: 1024,
            // At a millisecond of a CPU for each, who comes later waits for a second.
            tls_handshakes_max: 1024,
        }
    }
}

pub(super) fn limits(config: &mut Config, resolver: &mut Resolver<'_>, flags: &Flags) {
    let limits = &mut config.edge;
    limits.header_bytes_max = resolver
        .option("header_bytes_max")
        .flag(flags.header_bytes_max.as_ref())
        .env(&[&RADIANT_HEADER_BYTES_MAX])
        .or(&HEADER_BYTES, limits.header_bytes_max);
    limits.headers_max = resolver
        .option("headers_max")
        .flag(flags.headers_max.as_ref())
        .env(&[&RADIANT_HEADERS_MAX])
        .or(&HEADERS, limits.headers_max);
    limits.grpc_streams_max = resolver
        .option("grpc_streams_max")
        .flag(flags.grpc_streams_max.as_ref())
        .env(&[&RADIANT_GRPC_STREAMS_MAX])
        .or(&COUNT, limits.grpc_streams_max);
    limits.grpc_resets_max = resolver
        .option("grpc_resets_max")
        .flag(flags.grpc_resets_max.as_ref())
        .env(&[&RADIANT_GRPC_RESETS_MAX])
        .or(&COUNT, limits.grpc_resets_max);
    limits.tls_handshakes_max = resolver
        .option("tls_handshakes_max")
        .flag(flags.tls_handshakes_max.as_ref())
        .env(&[&RADIANT_TLS_HANDSHAKES_MAX])
        .or(&COUNT, limits.tls_handshakes_max);
}

/// How long a client may take to read a reply.
pub(super) fn reply_read_timeout(
    resolver: &mut Resolver<'_>,
    flags: &Flags,
    default: Duration,
) -> Duration {
    resolver
        .option("reply_read_timeout")
        .flag(flags.reply_read_timeout.as_ref())
        .env(&[&RADIANT_REPLY_READ_TIMEOUT])
        .or(&DURATION, default)
}
