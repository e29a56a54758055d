//! The load over HTTP/1.1: one request at a time on each connection.
//!
//! One thread and one epoll, one read and one write a request, so that it costs less than any
//! server under it. It knows that a server's reply is the same each time, up to headers of fixed
//! length and an id, and holds each reply against the first one: a server that errs ends the run.
//! Requests must fit a socket's buffer. Where a server closes after each reply, each request has a
//! connection of its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mio::{Events, Interest, Poll, Registry, Token};

use super::reply::Reply;
use super::reply::{Expected, OK};
use super::{Counted, PATIENCE};

/// The largest reply, with its head.
const REPLY_MAX: usize = 64 << 10;

/// A POST.
#[derive(Debug)]
pub(crate) struct HttpRequest {
    pub(super) path: &'static str,
    pub(super) body_length: usize,
    bytes: Vec<u8>,
}

impl HttpRequest {
    /// A POST with `headers`, each of which ends its line.
    pub(crate) fn new(path: &'static str, headers: &str, body: &[u8]) -> Self {
        let body_length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {body_length}\r\n\r\n"
        );
        Self { path, body_length, bytes: [head.as_bytes(), body].concat() }
    }
}

/// Open connections to one server, each of which has been answered once.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    address: SocketAddr,
    request: &'a HttpRequest,
    expected: Expected,
    connections: Vec<Connection>,
    poll: Poll,
}

#[derive(Debug)]
struct Connection {
    token: Token,
    /// `None` until the next request where the server closes after each.
    stream: Option<mio::net::TcpStream>,
    reply: Box<[u8]>,
    filled: usize,
}

impl<'a> Load<'a> {
    pub(super) fn connect(
        address: SocketAddr,
        n_connections: usize,
        request: &'a HttpRequest,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        let expected = Expected::like(&fetch(address, request)?);
        let mut connections = Vec::with_capacity(n_connections);
        for token in (0..n_connections).map(Token) {
            let stream = if expected.closes {
                None
            } else {
                Some(open(address, request, &expected, (poll.registry(), token))?)
            };
            let reply = vec![0; REPLY_MAX].into_boxed_slice();
            connections.push(Connection { token, stream, reply, filled: 0 });
        }
        Ok(Self { address, request, expected, connections, poll })
    }

    pub(super) fn run(&mut self, duration: Duration) -> Result<Counted> {
        let Self { address, request, expected, connections, poll } = self;
        let started = Instant::now();
        let (mut replies, mut waiting) = (0, connections.len());
        let mut events = Events::with_capacity(waiting);
        for connection in &mut *connections {
            connection.send(request, *address, poll.registry())?;
        }
        while waiting > 0 {
            poll.poll(&mut events, Some(PATIENCE))?;
            ensure!(!events.is_empty(), "no reply within {} s", PATIENCE.as_secs());
            let on = started.elapsed() < duration;
            for event in &events {
                let Some(connection) = connections.get_mut(event.token().0) else { continue };
                if !connection.receive(expected)? {
                    continue;
                }
                replies += 1;
                if on {
                    connection.send(request, *address, poll.registry())?;
                } else {
                    waiting -= 1;
                }
            }
        }
        Ok(Counted { replies, elapsed: started.elapsed() })
    }
}

impl Connection {
    fn send(
        &mut self,
        request: &HttpRequest,
        address: SocketAddr,
        registry: &Registry,
    ) -> Result<()> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            closed => closed.insert(register(dial(address)?, registry, self.token)?),
        };
        let sent = stream.write(&request.bytes).context("sending a request")?;
        ensure!(sent == request.bytes.len(), "the request does not fit the socket's buffer");
        Ok(())
    }

    /// Reads what has come; whether that completes the reply.
    ///
    /// One read is enough although epoll reports edges: there is one request on its way at a time,
    /// so what comes after a complete reply answers the next request, and is an edge of its own.
    fn receive(&mut self, expected: &Expected) -> Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        let space = self.reply.get_mut(self.filled..).unwrap_or_default();
        match stream.read(space) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(n_bytes) => self.filled += n_bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("reading a reply"),
        }
        let reply = self.reply.get(..self.filled).unwrap_or_default();
        if self.filled < expected.length && OK.starts_with(reply.get(..OK.len()).unwrap_or(reply)) {
            return Ok(false);
        }
        expected.check(reply)?;
        self.filled = 0;
        if expected.closes {
            self.stream = None;
        }
        Ok(true)
    }
}

/// Sends a request on a connection of its own and waits for its reply.
///
/// # Errors
/// When there is none, or its status is not 200, or it is neither JSON nor bytes.
pub(crate) fn fetch(address: SocketAddr, request: &HttpRequest) -> Result<Reply> {
    first_reply(&mut dial(address)?, request)
}

fn dial(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).context("connecting")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection on which a request has been answered.
fn open(
    address: SocketAddr,
    request: &HttpRequest,
    expected: &Expected,
    (registry, token): (&Registry, Token),
) -> Result<mio::net::TcpStream> {
    let mut stream = dial(address)?;
    let reply = first_reply(&mut stream, request)?;
    expected.check(&reply.bytes)?;
    register(stream, registry, token)
}

fn register(stream: TcpStream, registry: &Registry, token: Token) -> Result<mio::net::TcpStream> {
    stream.set_nonblocking(true)?;
    let mut stream = mio::net::TcpStream::from_std(stream);
    registry.register(&mut stream, token, Interest::READABLE)?;
    Ok(stream)
}

fn first_reply(stream: &mut TcpStream, request: &HttpRequest) -> Result<Reply> {
    stream.write_all(&request.bytes).context("sending the first request")?;
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let n_bytes = stream.read(&mut piece).context("waiting for the first reply")?;
        let so_far = String::from_utf8_lossy(&bytes);
        ensure!(n_bytes > 0, "the server closed a connection: {so_far}");
        bytes.extend_from_slice(piece.get(..n_bytes).unwrap_or_default());
        if let Some(reply) = Reply::parse(&bytes)? {
            return Ok(reply);
        }
        ensure!(bytes.len() < REPLY_MAX, "the reply is larger than {REPLY_MAX} bytes");
    }
}
