//! The floor under gRPC: tonic that answers each message with its own bytes, whatever the method.
//!
//! Built for speed as far as tonic goes: a runtime of one thread for each worker, connections
//! handed out in turns by the thread that accepts them, no router and no messages, only bytes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result};
use bytes::{Buf as _, BufMut as _, Bytes};
use tokio::runtime;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};

/// Connections that wait for their worker.
const BACKLOG: usize = 64;

/// Serves until the process is ended.
///
/// # Errors
/// When the system refuses a port, a thread or a connection.
pub(crate) fn serve(workers: usize) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let workers = (0..workers).map(|_| start_worker()).collect::<Result<Vec<_>>>()?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    let mut turns = workers.iter().cycle();
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        turns.next().context("there are no workers")?.blocking_send(stream)?;
    }
}

fn start_worker() -> Result<Sender<TcpStream>> {
    let (sender, receiver) = channel(BACKLOG);
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let incoming = ReceiverStream::new(receiver).map(tokio::net::TcpStream::from_std);
    std::thread::Builder::new().spawn(move || {
        runtime.block_on(tonic::transport::Server::builder().serve_with_incoming(Echo, incoming))
    })?;
    Ok(sender)
}

#[derive(Debug, Clone, Copy)]
struct Echo;

impl tower_service::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(BytesCodec).unary(Self, request).await) })
    }
}

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

/// Messages as they came.
#[derive(Debug, Clone, Copy)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.reserve(item.len());
        to.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
