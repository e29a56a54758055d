//! The load over HTTP/2: unary gRPC calls, several at a time on each connection.
//!
//! One thread and one runtime. Each call is one HEADERS and one DATA frame with nothing worked out
//! anew; its status must be zero and its reply as long as the first one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use side_by_side::grpc::{self, Connection, PREFIX};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Counted, PATIENCE, Width};

/// A call of a method.
#[derive(Debug, Clone)]
pub(crate) struct GrpcRequest {
    pub(super) path: &'static str,
    call: Arc<Call>,
}

/// What is sent.
#[derive(Debug)]
struct Call {
    head: http::Request<()>,
    /// The message with its prefix.
    body: Bytes,
}

impl GrpcRequest {
    /// A call of `path` with an encoded message.
    ///
    /// # Errors
    /// When the message is larger than 4 GiB, or the path is none.
    pub(crate) fn new(path: &'static str, message: &[u8]) -> Result<Self> {
        let (head, body) = (grpc::head(path)?, grpc::frame(message)?);
        Ok(Self { path, call: Arc::new(Call { head, body: body.freeze() }) })
    }

    /// Bytes of the message alone.
    pub(super) fn message_length(&self) -> usize {
        self.call.body.len() - PREFIX
    }
}

/// Open connections to one server, each of which has been answered once.
#[derive(Debug)]
pub(crate) struct Load {
    runtime: Runtime,
    caller: Caller,
    connections: Vec<Connection>,
    n_streams: usize,
}

/// What a call is, and what must come back.
#[derive(Debug, Clone)]
struct Caller {
    request: GrpcRequest,
    /// Bytes of a reply with its prefix.
    reply_length: usize,
}

impl Load {
    pub(super) fn connect(
        address: SocketAddr,
        width: Width,
        request: &GrpcRequest,
    ) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut connections = Vec::with_capacity(width.connections);
        let mut reply_length = None;
        for _ in 0..width.connections {
            let first = async {
                let mut connection = grpc::open(address).await?;
                let n_bytes = call(&mut connection, request).await?;
                anyhow::Ok((connection, n_bytes))
            };
            let (connection, n_bytes) = runtime
                .block_on(async { timeout(PATIENCE, first).await })
                .context("waiting for the first reply")??;
            ensure!(
                *reply_length.get_or_insert(n_bytes) == n_bytes,
                "connections are answered differently"
            );
            connections.push(connection);
        }
        let reply_length = reply_length.context("there are no connections")?;
        let caller = Caller { request: request.clone(), reply_length };
        Ok(Self { runtime, caller, connections, n_streams: width.streams })
    }

    pub(super) fn run(&mut self, duration: Duration) -> Result<Counted> {
        let Self { runtime, caller, connections, n_streams } = self;
        runtime.block_on(async {
            let started = Instant::now();
            let mut streams = JoinSet::new();
            for connection in connections {
                for _ in 0..*n_streams {
                    let (caller, connection) = (caller.clone(), connection.clone());
                    streams.spawn(
                        async move { caller.stay_busy(connection, started, duration).await },
                    );
                }
            }
            let mut replies = 0;
            let all = async {
                while let Some(counted) = streams.join_next().await {
                    replies += counted??;
                }
                anyhow::Ok(())
            };
            timeout(duration + PATIENCE, all).await.context("waiting for the last replies")??;
            Ok(Counted { replies, elapsed: started.elapsed() })
        })
    }
}

impl Caller {
    /// One call after the other; how many there were.
    async fn stay_busy(
        self,
        mut connection: Connection,
        started: Instant,
        duration: Duration,
    ) -> Result<u64> {
        let mut replies = 0;
        while started.elapsed() < duration {
            let n_bytes = call(&mut connection, &self.request).await?;
            ensure!(
                n_bytes == self.reply_length,
                "a reply has {n_bytes} bytes, the first one had {}",
                self.reply_length
            );
            replies += 1;
        }
        Ok(replies)
    }
}

/// Bytes of the reply, with its prefix.
async fn call(connection: &mut Connection, request: &GrpcRequest) -> Result<usize> {
    let Call { head, body } = &*request.call;
    let mut n_bytes = 0;
    let sent = (head.clone(), body.clone());
    let status = grpc::call(connection, sent, |piece| n_bytes += piece.len()).await?;
    let grpc::Status { code, message } = status;
    ensure!(code == 0, "the reply's gRPC status is {code}: {message}");
    Ok(n_bytes)
}
