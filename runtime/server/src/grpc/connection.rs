//! One connection, and the thread that serves it with others.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::io::{self, IoSlice};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use radiant_core::{Error, ErrorKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;

use super::frames::{Frame, Walk, calm_down};
use super::reply;
use super::service::{Incoming, Shared, dispatch};
use super::watch::{Call, Looker, Verdict, Watch, Watched};
use crate::config::EdgeLimits;
use crate::edge::{Edge, Refused};
use crate::observe::Transport;
use crate::place::Place;
use crate::tls::Alpn;

/// What a client may send before it is read: of one call, and of all calls of a connection. Wide
/// enough that a large tensor does not wait for a round trip.
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;
/// A message that comes in one frame is not copied.
const FRAME_BYTES_MAX: u32 = 1 << 20;
/// A client that is silent for so long is asked whether it is there, and must say so in time.
const PING_INTERVAL: Duration = Duration::from_mins(1);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection that was accepted, and its places.
pub(super) struct Accepted {
    pub(super) stream: std::net::TcpStream,
    /// Among those of the port, and of the thread.
    pub(super) places: [Place; 2],
}

/// Serves connections as they come, until no more will and the last has ended.
pub(super) async fn serve_all(mut accepted: Receiver<Accepted>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            next = accepted.recv() => match next {
                Some(next) => {
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        if let Err(error) = serve(next, &shared).await {
                            if is_silent(&*error) {
                                shared.edge.refuse(Transport::Grpc, Refused::Ping);
                            }
                            tracing::debug!(error, "a gRPC connection failed");
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

/// Serves one connection until it ends. When the server drains, or the client has called nothing for
/// too long, calls in flight finish and new ones are sent elsewhere.
async fn serve(
    accepted: Accepted,
    shared: &Arc<Shared>,
) -> Result<(), Box<dyn StdError + Send + Sync>> {
    let Accepted { stream, places: _places } = accepted;
    let edge = &shared.edge;
    let stream = TcpStream::from_std(stream)?;
    let peer = stream.peer_addr().ok().map(|peer| peer.ip());
    let stream = edge.accept(shared.tls.as_deref(), Alpn::H2, stream).await?;
    let watch = Arc::new(Watch::default());
    let io = Followed::new(stream, Arc::clone(&watch), Arc::clone(edge));
    let service = service_fn(|mut request: Request<hyper::body::Incoming>| {
        if let Some(peer) = peer.filter(|_| shared.state.config.clients.is_some()) {
            request.extensions_mut().insert(peer);
        }
        call(Arc::clone(shared), Call::begin(&watch), request)
    });
    let protocol = protocol(&edge.limits);
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(io), service));
    let mut looker = Looker::new(edge);
    let mut looks = looker.interval();
    let (mut draining, mut is_draining) = (shared.draining.clone(), false);
    loop {
        tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = draining.begun(), if !is_draining => {
                is_draining = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => match looker.look(&watch) {
                Verdict::Stay => {}
                Verdict::Leave => {
                    edge.refuse(Transport::Grpc, Refused::Idle);
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Close(reason) => {
                    edge.refuse(Transport::Grpc, reason);
                    return Ok(());
                }
            },
        }
    }
}

fn protocol(limits: &EdgeLimits) -> http2::Builder<TokioExecutor> {
    let at_most = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(at_most(limits.grpc_streams_max))
        .max_pending_accept_reset_streams(limits.grpc_resets_max)
        // The codec counts these as long as the connection lives, in which a proxy has many clients that
        // go on sending what was refused; they are counted by the second (`Followed`).
        .max_local_error_reset_streams(None)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_header_list_size(at_most(limits.header_bytes_max))
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// Whether a client did not say that it is there.
fn is_silent(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout)
}

/// Answers one call, unless its headers are too many.
async fn call<B: Incoming>(
    shared: Arc<Shared>,
    call: Call,
    request: Request<B>,
) -> Result<Response<Watched>, Infallible> {
    let n_headers = request.headers().len();
    let response = if n_headers > shared.edge.limits.headers_max {
        too_many_headers(&shared.edge, n_headers)
    } else {
        dispatch(shared, request).await?
    };
    Ok(response.map(|body| Watched::new(body, call)))
}

#[cold]
fn too_many_headers(edge: &Edge, n_headers: usize) -> Response<reply::Body> {
    edge.refuse(Transport::Grpc, Refused::Headers);
    let max = edge.limits.headers_max;
    let text = format!("the call has {n_headers} headers, of at most {max} (--headers-max)");
    reply::failed(&Error::new(ErrorKind::TooLarge, text))
}

/// A connection whose frames are followed both ways: how often its client takes calls back, whether
/// a head is open, and what the codec refuses.
struct Followed<S> {
    stream: S,
    watch: Arc<Watch>,
    edge: Arc<Edge>,
    received: Walk,
    sent: Walk,
    resets: Resets,
    /// Calls that the server ended for what the client did on them, and that of these which was too much.
    faults: Resets,
    too_much: Option<u32>,
    /// The last that the codec sent.
    last_sent: Option<Frame>,
}

/// Calls that were taken back, or had to be ended, within a second.
struct Resets {
    since: Instant,
    n_resets: usize,
}

impl Resets {
    fn none() -> Self {
        Self { since: Instant::now(), n_resets: 0 }
    }

    /// One more; whether that is too many.
    fn add(&mut self, max: usize) -> bool {
        let now = Instant::now();
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self { since: now, n_resets: 0 };
        }
        self.n_resets += 1;
        self.n_resets > max
    }
}

impl<S> Followed<S> {
    fn new(stream: S, watch: Arc<Watch>, edge: Arc<Edge>) -> Self {
        watch.note_head(true);
        Self {
            stream,
            watch,
            edge,
            received: Walk::of_client(),
            sent: Walk::of_server(),
            resets: Resets::none(),
            faults: Resets::none(),
            too_much: None,
            last_sent: None,
        }
    }

    /// Follows what the client sent; the call at which it was too much.
    fn receive(&mut self, bytes: &[u8]) -> ControlFlow<u32> {
        let (resets, max) = (&mut self.resets, self.edge.limits.grpc_resets_max);
        let walked = self.received.go(bytes, |frame| {
            if frame.is_reset() && resets.add(max) {
                ControlFlow::Break(frame.stream)
            } else {
                ControlFlow::Continue(())
            }
        });
        self.watch.note_head(self.received.is_within_head());
        walked
    }

    /// Follows what the codec sent.
    fn send(&mut self, bytes: &[u8]) {
        let Self { edge, last_sent, faults, too_much, .. } = self;
        let see = |frame: Frame| {
            if frame.is_fault() && faults.add(edge.limits.grpc_resets_max) {
                *too_much = Some(frame.stream);
            }
            if let Some(reason) = frame.refused(last_sent.replace(frame)) {
                edge.refuse(Transport::Grpc, reason);
            }
            ControlFlow::<Infallible>::Continue(())
        };
        let ControlFlow::Continue(()) = self.sent.go(bytes, see);
    }
}

impl<S: AsyncWrite + Unpin> Followed<S> {
    /// Ends a connection whose client takes calls back too often.
    fn end(&mut self, context: &mut Context<'_>, last_stream: u32) -> io::Error {
        self.edge.refuse(Transport::Grpc, Refused::Resets);
        if self.sent.is_between() {
            let told = calm_down(last_stream, "too_many_resets");
            // If the socket takes nothing at once, the end says it, too.
            drop(Pin::new(&mut self.stream).poll_write(context, &told));
            drop(Pin::new(&mut self.stream).poll_flush(context));
        }
        io::Error::other("the client takes calls back too often (--grpc-resets-max)")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Followed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(stream) = this.too_much {
            return Poll::Ready(Err(this.end(context, stream)));
        }
        let n_filled = into.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, into))?;
        match this.receive(into.filled().get(n_filled..).unwrap_or_default()) {
            ControlFlow::Continue(()) => Poll::Ready(Ok(())),
            ControlFlow::Break(stream) => Poll::Ready(Err(this.end(context, stream))),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Followed<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let n_written = ready!(Pin::new(&mut this.stream).poll_write(context, bytes))?;
        this.send(bytes.get(..n_written).unwrap_or_default());
        Poll::Ready(Ok(n_written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let n_written = ready!(Pin::new(&mut this.stream).poll_write_vectored(context, slices))?;
        let mut n_left = n_written;
        for slice in slices {
            let n_of_slice = n_left.min(slice.len());
            this.send(slice.get(..n_of_slice).unwrap_or_default());
            n_left -= n_of_slice;
        }
        Poll::Ready(Ok(n_written))
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
    use super::*;

    #[test]
    fn calls_may_be_taken_back_so_often_within_a_second() {
        let mut resets = Resets { since: Instant::now(), n_resets: 0 };
        assert!((0..3).all(|_| !resets.add(3)));
        assert!(resets.add(3));
        resets.since -= Duration::from_secs(1);
        assert!(!resets.add(3));
    }
}
