//! Unary gRPC calls by hand: one HEADERS and one DATA frame each, with nothing worked out anew.

use std::future::poll_fn;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use tokio::net::TcpStream;

/// What a server may send before it is told that its bytes were read, on a stream and altogether.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// A flag that says "not compressed" and the length, before each message.
pub const PREFIX: usize = 5;

/// An open connection, on which calls may go at once.
pub type Connection = SendRequest<Bytes>;

/// How a call ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    /// The number; 0 is good.
    pub code: u16,
    /// What was said with it.
    pub message: String,
}

/// A message with its prefix.
///
/// # Errors
/// When it is larger than 4 GiB.
pub fn frame(message: &[u8]) -> Result<BytesMut> {
    let mut body = BytesMut::with_capacity(PREFIX + message.len());
    body.put_u8(0);
    body.put_u32(u32::try_from(message.len())?);
    body.put_slice(message);
    Ok(body)
}

/// The head of a call of `path`.
///
/// # Errors
/// When the path is none.
pub fn head(path: &str) -> Result<http::Request<()>> {
    Ok(http::Request::builder()
        .method(Method::POST)
        .version(Version::HTTP_2)
        .uri(format!("http://127.0.0.1{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())?)
}

/// Opens a connection; it ends with the runtime, or when nobody can call on it any more.
///
/// # Errors
/// When the server refuses it.
pub async fn open(address: SocketAddr) -> Result<Connection> {
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

/// Sends a message with its prefix, and hands over the reply's pieces, prefix and all.
///
/// # Errors
/// When the connection fails, or what comes is no gRPC.
pub async fn call(
    connection: &mut Connection,
    (head, body): (http::Request<()>, Bytes),
    piece: impl FnMut(Bytes),
) -> Result<Status> {
    poll_fn(|context| connection.poll_ready(context)).await.context("waiting for a stream")?;
    let (reply, mut stream) = connection.send_request(head, false).context("sending a request")?;
    stream.send_data(body, true).context("sending a message")?;
    let (head, mut body) = reply.await.context("waiting for a reply")?.into_parts();
    ensure!(head.status == StatusCode::OK, "the reply's HTTP status is {}", head.status);
    read(&mut body, piece).await.context("reading a reply")?;
    match body.trailers().await.context("waiting for the trailers")? {
        Some(trailers) => status(&trailers),
        None => status(&head.headers),
    }
}

async fn read(body: &mut RecvStream, mut piece: impl FnMut(Bytes)) -> Result<(), h2::Error> {
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        piece(data);
    }
    Ok(())
}

fn status(headers: &HeaderMap) -> Result<Status> {
    let code = headers.get("grpc-status").context("the reply has no gRPC status")?;
    let code = code.to_str().ok().and_then(|code| code.parse().ok());
    let message = headers.get("grpc-message").map(HeaderValue::as_bytes).unwrap_or_default();
    Ok(Status {
        code: code.context("the reply's gRPC status is no number")?,
        message: String::from_utf8_lossy(message).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_behind_its_length() {
        assert_eq!(&frame(b"abc").unwrap()[..], b"\0\0\0\0\x03abc");
        assert_eq!(
            head("/package.Service/Method").unwrap().uri().path(),
            "/package.Service/Method"
        );
    }

    #[test]
    fn a_status_is_a_number_in_the_headers() {
        let said = |code: &'static str| {
            let code = ("grpc-status".parse().unwrap(), code.parse().unwrap());
            status(&HeaderMap::from_iter([code]))
        };
        assert_eq!(said("0").unwrap().code, 0);
        assert_eq!(said("14").unwrap(), Status { code: 14, message: String::new() });
        assert!(said("x").is_err());
        assert!(status(&HeaderMap::new()).is_err());
    }
}
