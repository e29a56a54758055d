//! HTTP/1.1 as bytes: a client that sends what it is told, right or wrong.
//!
//! It reads replies with an announced length, in chunks, or up to the end of the connection. It
//! follows no redirect, adds no header but `Host` and `Content-Length`, and reuses its connection.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};

use super::PATIENCE;
use super::json::Json;

/// A request: any method, any path, any headers, a body also on `GET`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    /// A request without body.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// A `GET`.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A `POST` of JSON.
    pub(crate) fn json(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..Self::new("POST", path) }
            .header("Content-Type", "application/json")
    }

    /// The request with one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The bytes on the wire.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }

    /// The bytes up to the body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let first = format!("{} {} HTTP/1.1", self.method, self.path);
        let mut lines = vec![first, "Host: 127.0.0.1".to_owned()];
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        let framed = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if let Some(body) = &self.body
            && !framed("content-length")
            && !framed("transfer-encoding")
        {
            lines.push(format!("Content-Length: {}", body.len()));
        }
        (lines.join("\r\n") + "\r\n\r\n").into_bytes()
    }
}

/// A reply.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of the first header with this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Json {
        Json::parse(self.text()).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// The text at a JSON pointer of the body.
    pub(crate) fn at(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).map(ToString::to_string);
        found.unwrap_or_else(|| panic!("nothing at `{pointer}` in {}", self.text()))
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    // Bytes that came and belong to a reply that was not asked for yet.
    pending: Vec<u8>,
}

impl Client {
    /// A new connection to this port of 127.0.0.1.
    pub(crate) fn connect(port: u16) -> Self {
        Self::try_connect(port).unwrap_or_else(|error| panic!("port {port}: {error}"))
    }

    /// As [`connect`](Self::connect), where a refusal is expected.
    pub(crate) fn try_connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, pending: Vec::new() })
    }

    /// Sends a request and reads its reply.
    pub(crate) fn send(&mut self, request: &Request) -> Reply {
        self.write(&request.encode());
        self.read(&request.method)
    }

    /// Sends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).expect("the server takes the bytes");
    }

    /// As [`write`](Self::write), where the server may have hung up already.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Reads the reply to a request with this method.
    pub(crate) fn read(&mut self, method: &str) -> Reply {
        self.try_read(method).unwrap_or_else(|error| panic!("no reply: {error}"))
    }

    /// As [`read`](Self::read), where the server may hang up instead.
    pub(crate) fn try_read(&mut self, method: &str) -> io::Result<Reply> {
        loop {
            let head = self.take_through(b"\r\n\r\n")?;
            let mut reply = parse_head(&head)?;
            if reply.status == 100 {
                continue;
            }
            if method != "HEAD" && reply.status != 204 && reply.status != 304 {
                reply.body = self.read_body(&reply)?;
            }
            return Ok(reply);
        }
    }

    /// Whether the server closes the connection without sending anything more.
    pub(crate) fn is_closed_by_server(&mut self) -> bool {
        self.pending.is_empty() && matches!(self.fill(), Ok(0) | Err(_))
    }

    fn read_body(&mut self, reply: &Reply) -> io::Result<Vec<u8>> {
        let chunked = reply.header("transfer-encoding").is_some_and(|value| value == "chunked");
        if chunked {
            return self.read_chunks();
        }
        if let Some(length) = reply.header("content-length") {
            let length = length.parse().map_err(|_| malformed("content-length"))?;
            return self.take(length);
        }
        while self.fill()? > 0 {}
        Ok(std::mem::take(&mut self.pending))
    }

    fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.take_through(b"\r\n")?;
            let line = std::str::from_utf8(&line).map_err(|_| malformed("chunk"))?;
            let length = usize::from_str_radix(line.trim(), 16).map_err(|_| malformed("chunk"))?;
            body.extend(self.take(length)?);
            self.take(2)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    fn take_through(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.pending.windows(end.len()).position(|window| window == end) {
                return Ok(self.pending.drain(..at + end.len()).collect());
            }
            self.fill_some()?;
        }
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.pending.len() < length {
            self.fill_some()?;
        }
        Ok(self.pending.drain(..length).collect())
    }

    fn fill_some(&mut self) -> io::Result<()> {
        match self.fill()? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let n_read = self.stream.read(&mut buffer)?;
        self.pending.extend_from_slice(&buffer[..n_read]);
        Ok(n_read)
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn send(port: u16, request: &Request) -> Reply {
    Client::connect(port).send(request)
}

/// The status and the headers of a reply.
///
/// # Errors
/// When it has none.
pub(crate) fn parse_head(head: &[u8]) -> io::Result<Reply> {
    let head = std::str::from_utf8(head).map_err(|_| malformed("head"))?;
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<Vec<_>>>();
    match (status, headers) {
        (Some(status), Some(headers)) => Ok(Reply { status, headers, body: Vec::new() }),
        _ => Err(malformed("head")),
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}"))
}
