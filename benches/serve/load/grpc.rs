//! The load over HTTP/2: unary gRPC calls, several at a time on each connection.
//!
//! One thread and one runtime. Each call is one HEADERS and one DATA frame with nothing worked out
//! anew; its status must be zero and its reply as long as the first one.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Counted, PATIENCE, Width};

/// What a server may send before it is told that its bytes were read, on a stream and altogether.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// A flag that says "not compressed" and the length, before each message.
const PREFIX: usize = 5;

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
        let mut body = BytesMut::with_capacity(PREFIX + message.len());
        body.put_u8(0);
        body.put_u32(u32::try_from(message.len())?);
        body.put_slice(message);
        let head = http::Request::builder()
            .method(Method::POST)
            .version(Version::HTTP_2)
            .uri(format!("http://127.0.0.1{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
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
    connections: Vec<SendRequest<Bytes>>,
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
                let mut connection = open(address).await?;
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
        mut connection: SendRequest<Bytes>,
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

async fn open(address: SocketAddr) -> Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let (connection, driver) = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(stream)
        .await
        .context("opening an HTTP/2 connection")?;
    // What ends it ends its calls too, and they tell.
    tokio::spawn(async move { drop(driver.await) });
    Ok(connection)
}

/// Bytes of the reply, with its prefix.
async fn call(connection: &mut SendRequest<Bytes>, request: &GrpcRequest) -> Result<usize> {
    poll_fn(|context| connection.poll_ready(context)).await.context("waiting for a stream")?;
    let (reply, mut stream) =
        connection.send_request(request.call.head.clone(), false).context("sending a request")?;
    stream.send_data(request.call.body.clone(), true).context("sending a message")?;
    let (head, mut body) = reply.await.context("waiting for a reply")?.into_parts();
    ensure!(head.status == StatusCode::OK, "the reply's HTTP status is {}", head.status);
    let n_bytes = read(&mut body).await.context("reading a reply")?;
    match body.trailers().await.context("waiting for the trailers")? {
        Some(trailers) => check_status(&trailers)?,
        None => check_status(&head.headers)?,
    }
    Ok(n_bytes)
}

async fn read(body: &mut RecvStream) -> Result<usize, h2::Error> {
    let mut n_bytes = 0;
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        n_bytes += data.len();
    }
    Ok(n_bytes)
}

fn check_status(headers: &HeaderMap) -> Result<()> {
    match headers.get("grpc-status") {
        Some(status) if status == "0" => Ok(()),
        Some(status) => {
            let message = headers.get("grpc-message").map(HeaderValue::as_bytes);
            let message = String::from_utf8_lossy(message.unwrap_or_default());
            bail!("the reply's gRPC status is {status:?}: {message}")
        }
        None => bail!("the reply has no gRPC status"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_behind_its_length() {
        let request = GrpcRequest::new("/package.Service/Method", b"abc").unwrap();
        assert_eq!(&request.call.body[..], b"\0\0\0\0\x03abc");
        assert_eq!(request.message_length(), 3);
        assert_eq!(request.call.head.uri().path(), "/package.Service/Method");
    }

    #[test]
    fn every_status_but_zero_is_refused() {
        let check = |status: &'static str| {
            check_status(&HeaderMap::from_iter([(
                "grpc-status".parse().unwrap(),
                status.parse().unwrap(),
            )]))
        };
        assert!(check("0").is_ok());
        assert!(check("3").unwrap_err().to_string().contains("gRPC status is \"3\""));
        assert!(check_status(&HeaderMap::new()).is_err());
    }
}
