//! A connection that may be plain or TLS, and the handshake that makes it so.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{Alpn, Tls};

/// An accepted connection.
#[derive(Debug)]
pub(crate) enum Stream {
    /// Bytes as they are.
    Plain(TcpStream),
    /// Bytes over TLS, its handshake done. Boxed: a session is a kilobyte, and plain ones are many.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Makes a connection what its port speaks. A plain one costs nothing.
///
/// May be cancelled: the connection is then closed.
///
/// # Errors
/// When the handshake fails, or takes longer than `handshake_timeout`; the connection is closed, the
/// client told why where TLS has a word for it.
pub(crate) async fn accept(
    tls: Option<&Tls>,
    alpn: Alpn,
    tcp: TcpStream,
    handshake_timeout: Duration,
) -> io::Result<Stream> {
    let Some(tls) = tls else { return Ok(Stream::Plain(tcp)) };
    let handshake = tls.acceptor(alpn).accept(tcp);
    match tokio::time::timeout(handshake_timeout, handshake).await {
        Ok(accepted) => accepted.map(|stream| Stream::Tls(Box::new(stream))),
        Err(_elapsed) => {
            let waited = handshake_timeout.as_secs_f64();
            let message = format!("the TLS handshake did not end within {waited} s");
            Err(io::Error::new(io::ErrorKind::TimedOut, message))
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, into),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
