//! The load: keep-alive connections that each send the next request when the reply has come.
//!
//! One thread and one epoll, one read and one write a request, so that it costs less than any
//! server under it. It knows that a server's reply is the same each time, up to headers of fixed
//! length, and holds each reply against the first one: a server that errs ends the run. Requests
//! must fit a socket's buffer.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token};

/// How long a server may leave a request without an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest reply, with its head.
const REPLY_MAX: usize = 64 << 10;
const OK: &[u8] = b"HTTP/1.1 200 ";

/// What is sent, over and over.
#[derive(Debug)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// A POST of a JSON body.
    pub(crate) fn post(path: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        Self([head.as_bytes(), body.as_bytes()].concat())
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// Requests that were answered.
    pub(crate) replies: u64,
    /// From the first request to the last reply.
    pub(crate) elapsed: Duration,
}

/// Open connections to one server, each of which has been answered once.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    request: &'a Request,
    expected: Expected,
    connections: Vec<Connection>,
    poll: Poll,
}

/// What every reply must be.
#[derive(Debug, PartialEq)]
struct Expected {
    /// Bytes of head and body.
    length: usize,
    body: Vec<u8>,
}

#[derive(Debug)]
struct Connection {
    stream: mio::net::TcpStream,
    reply: Box<[u8]>,
    filled: usize,
}

impl<'a> Load<'a> {
    /// Opens `n_connections` and has one request answered on each.
    ///
    /// # Errors
    /// When a connection fails, or its reply is not a JSON text with status 200, or another one
    /// than the first connection's.
    pub(crate) fn connect(
        address: SocketAddr,
        n_connections: usize,
        request: &'a Request,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        let mut expected = None;
        let mut connections = Vec::with_capacity(n_connections);
        for token in 0..n_connections {
            let mut stream = TcpStream::connect(address).context("connecting")?;
            let reply = first_reply(&mut stream, request)?;
            let expected = expected
                .get_or_insert_with(|| Expected { length: reply.length, body: reply.body.clone() });
            ensure!(
                *expected == reply,
                "connections are answered differently: {}",
                text(&reply.body)
            );
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(token), Interest::READABLE)?;
            let reply = vec![0; REPLY_MAX].into_boxed_slice();
            connections.push(Connection { stream, reply, filled: 0 });
        }
        let expected = expected.context("there are no connections")?;
        Ok(Self { request, expected, connections, poll })
    }

    /// Keeps every connection busy for `duration`, then waits for the last replies.
    ///
    /// # Errors
    /// When a connection fails, a reply is not what it was before, or none comes.
    pub(crate) fn run(&mut self, duration: Duration) -> Result<Counted> {
        let started = Instant::now();
        let (mut replies, mut waiting) = (0, self.connections.len());
        let mut events = Events::with_capacity(waiting);
        for connection in &mut self.connections {
            connection.send(self.request)?;
        }
        while waiting > 0 {
            self.poll.poll(&mut events, Some(PATIENCE))?;
            ensure!(!events.is_empty(), "no reply within {} s", PATIENCE.as_secs());
            let on = started.elapsed() < duration;
            for event in &events {
                let Some(connection) = self.connections.get_mut(event.token().0) else { continue };
                if !connection.receive(&self.expected)? {
                    continue;
                }
                replies += 1;
                if on {
                    connection.send(self.request)?;
                } else {
                    waiting -= 1;
                }
            }
        }
        Ok(Counted { replies, elapsed: started.elapsed() })
    }
}

impl Connection {
    fn send(&mut self, request: &Request) -> Result<()> {
        let sent = self.stream.write(&request.0).context("sending a request")?;
        ensure!(sent == request.0.len(), "the request does not fit the socket's buffer");
        Ok(())
    }

    /// Reads what has come; whether that completes the reply.
    ///
    /// One read is enough although epoll reports edges: there is one request on its way at a time,
    /// so what comes after a complete reply answers the next request, and is an edge of its own.
    fn receive(&mut self, expected: &Expected) -> Result<bool> {
        let space = self.reply.get_mut(self.filled..).unwrap_or_default();
        match self.stream.read(space) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(n_bytes) => self.filled += n_bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("reading a reply"),
        }
        let reply = self.reply.get(..self.filled).unwrap_or_default();
        if self.filled < expected.length && OK.starts_with(reply.get(..OK.len()).unwrap_or(reply)) {
            return Ok(false);
        }
        ensure!(
            self.filled == expected.length
                && reply.starts_with(OK)
                && reply.ends_with(&expected.body),
            "a reply is not like the first one: {}",
            text(reply)
        );
        self.filled = 0;
        Ok(true)
    }
}

/// Sends a request and waits for its reply, which must be a JSON text with status 200.
fn first_reply(stream: &mut TcpStream, request: &Request) -> Result<Expected> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    stream.write_all(&request.0).context("sending the first request")?;
    let mut reply = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let n_bytes = stream.read(&mut piece).context("waiting for the first reply")?;
        ensure!(n_bytes > 0, "the server closed a connection: {}", text(&reply));
        reply.extend_from_slice(piece.get(..n_bytes).unwrap_or_default());
        if let Some(body) = body_of(&reply)? {
            return Ok(Expected { length: reply.len(), body: body.to_vec() });
        }
        ensure!(reply.len() < REPLY_MAX, "the reply is larger than {REPLY_MAX} bytes");
    }
}

/// The body, once the reply is complete.
fn body_of(reply: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = memchr::memmem::find(reply, b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = reply.split_at(end + 4);
    ensure!(head.starts_with(OK), "the reply's status is not 200: {}", text(reply));
    let head = text(head).to_ascii_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length: usize = header("content-length:").context("no content length")?.trim().parse()?;
    if body.len() < length {
        return Ok(None);
    }
    ensure!(body.len() == length, "more than one reply to one request");
    let content_type = header("content-type:").unwrap_or_default().trim();
    ensure!(content_type.starts_with("application/json"), "the reply's type is `{content_type}`");
    serde_json::from_slice::<serde_json::Value>(body).context("the reply is not JSON")?;
    Ok(Some(body))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_complete_with_its_last_byte() {
        let whole =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        for end in 0..whole.len() {
            assert_eq!(body_of(&whole[..end]).unwrap(), None, "{end}");
        }
        assert_eq!(body_of(whole).unwrap(), Some(&b"{}"[..]));
    }

    #[test]
    fn a_wrong_reply_is_refused() {
        let check = |reply: &str| body_of(reply.as_bytes()).unwrap_err().to_string();
        let head = "content-type: application/json\r\ncontent-length: 2\r\n\r\n";
        assert!(check(&format!("HTTP/1.1 503 No\r\n{head}{{}}")).contains("status is not 200"));
        assert!(check(&format!("HTTP/1.1 200 OK\r\n{head}{{}}x")).contains("more than one reply"));
        assert!(check(&format!("HTTP/1.1 200 OK\r\n{head}{{]")).contains("not JSON"));
        assert!(check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").contains("type is ``"));
    }
}
