//! As much of HTTP/1.1 as the API server and probes speak with a node: one request a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The longest head of a message that is read.
const HEAD_MAX: usize = 64 * 1024;
/// The longest body that is read.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// A connection of somebody who asks.
pub(crate) type Stream = TlsStream<TcpStream>;

/// What came.
#[derive(Debug)]
pub(crate) struct Request {
    head: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A field of the head, named in lowercase.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Vec<u8>),
    /// Pieces that are sent as they come.
    Pieces(mpsc::Receiver<Vec<u8>>),
    /// These fields of the head, after which somebody else speaks another protocol.
    Upgraded(Vec<String>, oneshot::Sender<Stream>),
}

impl Reply {
    /// An answer in JSON.
    pub(crate) fn json(body: &serde_json::Value) -> Self {
        let body = Body::Whole(body.to_string().into_bytes());
        Self { status: 200, content_type: "application/json", body }
    }

    /// A refusal in plain words.
    pub(crate) fn refusal(status: u16, words: &str) -> Self {
        Self { status, content_type: "text/plain", body: Body::Whole(words.into()) }
    }
}

/// Answers requests until the process ends.
pub(crate) async fn serve<H, F>(listener: TcpListener, acceptor: TlsAcceptor, handler: H)
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send,
{
    let handler = Arc::new(handler);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (acceptor, handler) = (acceptor.clone(), Arc::clone(&handler));
        tokio::spawn(async move {
            // Whoever hangs up has nobody else to tell.
            drop(answer(stream, acceptor, &*handler).await);
        });
    }
}

async fn answer<H, F>(stream: TcpStream, acceptor: TlsAcceptor, handler: &H) -> Result<()>
where
    H: Fn(Request) -> F,
    F: Future<Output = Reply>,
{
    let mut stream = acceptor.accept(stream).await?;
    let (head, body) = read_message(&mut stream).await?;
    let target = head.split_whitespace().nth(1).context("no path")?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
    let path = path.to_owned();
    let reply = handler(Request { head, path, query, body }).await;
    let Reply { status, content_type, body } = reply;
    let head = format!("HTTP/1.1 {status} -\r\nContent-Type: {content_type}\r\n");
    match body {
        Body::Upgraded(fields, give) => {
            let head = format!("HTTP/1.1 {status} -\r\n{}\r\n\r\n", fields.join("\r\n"));
            stream.write_all(head.as_bytes()).await?;
            stream.flush().await?;
            // Whoever wanted it is gone, and the connection goes with it.
            drop(give.send(stream));
            return Ok(());
        }
        Body::Whole(bytes) => {
            let length = bytes.len();
            let head = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&bytes).await?;
        }
        Body::Pieces(mut pieces) => {
            let head = head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            stream.flush().await?;
            while let Some(piece) = pieces.recv().await {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
                stream.write_all(&piece).await?;
                stream.write_all(b"\r\n").await?;
                stream.flush().await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        }
    }
    stream.shutdown().await?;
    Ok(())
}

/// Sends one request and reads its answer.
///
/// # Errors
/// In the words of Go's client, which those who read a kubelet's events know.
pub(crate) async fn send(
    address: SocketAddr,
    head: &str,
    body: &[u8],
    time_max: Duration,
) -> Result<(u16, Vec<u8>)> {
    let exchange = async {
        let mut stream = dial(address).await?;
        stream.write_all(head.as_bytes()).await?;
        let length = format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(length.as_bytes()).await?;
        stream.write_all(body).await?;
        let (head, body) = read_message(&mut stream).await?;
        let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
        Ok((status.context("malformed HTTP response")?, body))
    };
    match tokio::time::timeout(time_max, exchange).await {
        Ok(outcome) => outcome,
        Err(_) => {
            bail!("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
        }
    }
}

/// Opens a connection, or says why not as Go does.
pub(crate) async fn dial(address: SocketAddr) -> Result<TcpStream> {
    TcpStream::connect(address).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
            std::io::ErrorKind::HostUnreachable => "connect: no route to host".to_owned(),
            _ => error.to_string(),
        };
        anyhow::anyhow!("dial tcp {address}: {why}")
    })
}

/// Reads a head and the body that it announces; one without a length ends with the connection.
async fn read_message<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > HEAD_MAX || stream.read_buf(&mut bytes).await? == 0 {
            bail!("EOF");
        }
    };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let mut body = bytes.split_off(end + 4);
    let is_request = !head.starts_with("HTTP/");
    let length = header(&head, "content-length").and_then(|value| value.parse::<usize>().ok());
    let length = length.or(is_request.then_some(0)).unwrap_or(BODY_MAX).min(BODY_MAX);
    while body.len() < length && stream.read_buf(&mut body).await? > 0 {}
    Ok((head, body))
}

/// The value of a header.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// A text of a query without its escapes.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                decoded.extend(u8::from_str_radix(digits, 16).ok());
            }
            byte => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
