//! Listening: connections are accepted in one place and spread over threads, each with a runtime of
//! its own, so that a call never leaves its thread unless the engine is slow.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;

use super::connection::{Accepted, serve_all};
use super::service::Shared;
use crate::edge::{Edge, Refused};
use crate::observe::Transport;
use crate::place::Places;
use crate::state::State;
use crate::tls::Tls;

/// Connections that wait for a busy thread; then new ones wait in the system's queue.
const WAITING_MAX: usize = 64;

/// How long it is waited when the system refuses a connection, for want of file descriptors mostly.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// How the port behaves.
#[derive(Clone)]
pub(crate) struct GrpcOptions {
    /// Threads that serve connections; at least one.
    pub(crate) workers: usize,
    /// For connections; one beyond them is closed at once, so that its client looks elsewhere.
    pub(crate) places: Places,
    /// What clients may do.
    pub(crate) edge: Arc<Edge>,
    /// What the port is secured by, if it is.
    pub(crate) tls: Option<Arc<Tls>>,
}

/// A port that is being served.
#[derive(Debug)]
pub(crate) struct GrpcListening {
    pub(crate) address: SocketAddr,
    close: watch::Sender<bool>,
    drain: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
    threads: Vec<JoinHandle<()>>,
}

/// Tells when the server begins to end.
#[derive(Debug, Clone)]
pub(super) struct Draining(pub(super) watch::Receiver<bool>);

impl Draining {
    /// Waits until the server begins to end.
    pub(super) async fn begun(&mut self) {
        // Without a sender there is no server any more.
        drop(self.0.wait_for(|begun| *begun).await);
    }
}

/// A thread that serves connections.
struct Worker {
    accepted: Sender<Accepted>,
    /// For its own connections. Their number is bounded by the port's alone.
    places: Places,
}

/// Serves calls on `listener` until [`GrpcListening::close`]. To be called within a runtime, which
/// accepts the connections.
///
/// # Errors
/// When the system refuses the socket, a thread or a runtime.
pub(crate) fn start(
    listener: TcpListener,
    state: Arc<State>,
    options: &GrpcOptions,
) -> io::Result<GrpcListening> {
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (close, closed) = watch::channel(false);
    let (drain, begun) = watch::channel(false);
    let draining = Draining(begun);
    let shared = Arc::new(Shared::new(state, options, draining)?);
    let (mut workers, mut threads) = (Vec::new(), Vec::new());
    for index in 0..options.workers.max(1) {
        let (sender, accepted) = mpsc::channel(WAITING_MAX);
        threads.push(start_thread(index, accepted, Arc::clone(&shared))?);
        workers.push(Worker { accepted: sender, places: Places::new(usize::MAX) });
    }
    let accepting = tokio::spawn(accept_all(listener, options.clone(), workers, Draining(closed)));
    Ok(GrpcListening { address, close, drain, accepting, threads })
}

fn start_thread(
    index: usize,
    accepted: Receiver<Accepted>,
    shared: Arc<Shared>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new()
        .name(format!("grpc-{index}"))
        .spawn(move || runtime.block_on(serve_all(accepted, shared)))
}

/// Accepts connections until the port is closed, and gives each to the thread with the fewest: they
/// live long, so that the threads' luck in accepting would decide who works.
async fn accept_all(
    listener: tokio::net::TcpListener,
    options: GrpcOptions,
    workers: Vec<Worker>,
    mut closed: Draining,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closed.begun() => return,
        };
        let handed_over = match accepted {
            Ok((stream, _peer)) => hand_over(stream, &options, &workers).await,
            Err(error) => Err(error),
        };
        if let Err(error) = handed_over
            && !is_of_one_connection(&error)
        {
            tracing::warn!(error = %error, "the gRPC port cannot accept a connection");
            tokio::time::sleep(REFUSED_PAUSE).await;
        }
    }
}

async fn hand_over(
    stream: tokio::net::TcpStream,
    options: &GrpcOptions,
    workers: &[Worker],
) -> io::Result<()> {
    let Some(place) = options.places.try_take() else {
        options.edge.refuse(Transport::Grpc, Refused::Connections);
        return Ok(());
    };
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    if let Some(worker) = workers.iter().min_by_key(|worker| worker.places.taken()) {
        let places = [place, worker.places.take()];
        // A thread ends only after this task does.
        drop(worker.accepted.send(Accepted { stream, places }).await);
    }
    Ok(())
}

/// Whether only this connection failed, and not the port.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NotConnected
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Interrupted
    )
}

impl GrpcListening {
    /// Closes the port. Who is connected goes on.
    pub(crate) async fn close(&mut self) {
        self.close.send_replace(true);
        // What it accepted last is with the threads when it ends.
        drop((&mut self.accepting).await);
    }

    /// Asks the clients of a closed port to go, and waits until the calls in flight are answered.
    /// Streams end after the request that they are at.
    pub(crate) async fn finish(self) {
        self.drain.send_replace(true);
        let join = move || {
            for thread in self.threads {
                // A thread that died has nothing left to say: its panic is in the log.
                drop(thread.join());
            }
        };
        drop(tokio::task::spawn_blocking(join).await);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpStream;

    use super::*;
    use crate::edge::fixture;
    use crate::observe::Registry;

    #[tokio::test]
    async fn a_connection_beyond_the_bound_is_closed_until_another_ends() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, mut accepted) = mpsc::channel(4);
        let workers = [Worker { accepted: sender, places: Places::new(usize::MAX) }];
        let places = Places::new(1);
        let edge = fixture::edge(&Registry::new());
        let options = GrpcOptions { workers: 1, places: places.clone(), edge, tls: None };
        let connect = async || {
            let client = TcpStream::connect(address).await.unwrap();
            let (stream, _peer) = listener.accept().await.unwrap();
            hand_over(stream, &options, &workers).await.unwrap();
            client
        };
        let _first = connect().await;
        assert_eq!((places.taken(), workers[0].places.taken()), (1, 1));
        let mut second = connect().await;
        assert_eq!(second.read(&mut [0]).await.unwrap(), 0);
        assert_eq!((places.taken(), workers[0].places.taken()), (1, 1));
        drop(accepted.recv().await);
        assert_eq!((places.taken(), workers[0].places.taken()), (0, 0));
        let _third = connect().await;
        assert!(accepted.recv().await.is_some());
    }
}
