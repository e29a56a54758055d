//! One connection, and the thread that serves it with others.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::service::{Shared, dispatch};
use crate::place::Place;
use crate::tls::{self, Alpn};

/// Calls at once on one connection; more wait at the client.
const STREAMS_MAX: u32 = 1024;
/// What a client may send before it is read: of one call, and of all calls of a connection. Wide
/// enough that a large tensor does not wait for a round trip.
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;
/// A message that comes in one frame is not copied.
const FRAME_BYTES_MAX: u32 = 1 << 20;
const HEADER_BYTES_MAX: u32 = 16 << 10;
/// A client that is silent for so long is asked whether it is there, and must say so in time.
const PING_INTERVAL: Duration = Duration::from_mins(1);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What every HTTP/2 client sends first: the preface, and the head of its settings.
const OPENING_BYTES: usize = 24 + 9;

/// A connection that was accepted, and its places.
pub(super) struct Accepted {
    pub(super) stream: std::net::TcpStream,
    /// Among those of the port, and of the thread.
    pub(super) places: [Place; 2],
}

/// Serves connections as they come, until no more will and the last has ended.
pub(super) async fn serve_all(
    mut accepted: Receiver<Accepted>,
    shared: Arc<Shared>,
    opening_timeout: Duration,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            next = accepted.recv() => match next {
                Some(next) => {
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        if let Err(error) = serve(next, shared, opening_timeout).await {
                            tracing::debug!(error = %error, "a gRPC connection failed");
                        }
                    });
                }
                None => break,
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Serves one connection until it ends. When the server drains, calls in flight finish and new ones
/// are sent elsewhere.
async fn serve(
    accepted: Accepted,
    shared: Arc<Shared>,
    opening_timeout: Duration,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Accepted { stream, places: _places } = accepted;
    let stream = TcpStream::from_std(stream)?;
    let peer = stream.peer_addr().ok().map(|peer| peer.ip());
    let stream = tls::accept(shared.tls.as_deref(), Alpn::H2, stream, opening_timeout).await?;
    let io = Opening::new(stream, opening_timeout);
    let mut draining = shared.draining.clone();
    let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        if let Some(peer) = peer.filter(|_| shared.state.config.clients.is_some()) {
            request.extensions_mut().insert(peer);
        }
        dispatch(Arc::clone(&shared), request)
    });
    let mut connection = pin!(protocol().serve_connection(TokioIo::new(io), service));
    tokio::select! {
        ended = connection.as_mut() => return Ok(ended?),
        () = draining.begun() => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}

fn protocol() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// A connection whose client must open it in time; until then it cannot be asked whether it is
/// there.
struct Opening<S> {
    stream: S,
    n_read: usize,
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Opening<S> {
    fn new(stream: S, timeout: Duration) -> Self {
        Self { stream, n_read: 0, patience: Some(Box::pin(tokio::time::sleep(timeout))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(patience) = &mut this.patience else {
            return Pin::new(&mut this.stream).poll_read(context, into);
        };
        let n_filled = into.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, into) {
            this.n_read += into.filled().len() - n_filled;
            if this.n_read >= OPENING_BYTES {
                this.patience = None;
            }
            return Poll::Ready(read);
        }
        ready!(patience.as_mut().poll(context));
        let text = "the client did not open the connection in time";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_client_that_opens_slowly_is_given_up() {
        let (mut client, server) = tokio::io::duplex(64);
        client.write_all(b"PRI * HTTP/2.0").await.unwrap();
        let mut opening = Opening::new(server, Duration::from_millis(2));
        let error = opening.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_has_opened_may_be_silent() {
        let (mut client, server) = tokio::io::duplex(64);
        client.write_all(&[0; OPENING_BYTES]).await.unwrap();
        let mut opening = Opening::new(server, Duration::from_mins(1));
        opening.read_exact(&mut [0; OPENING_BYTES]).await.unwrap();
        assert!(opening.patience.is_none());
    }
}
