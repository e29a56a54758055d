//! As much of HTTP/1.1 as the servers of these tests need: one request on each connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The longest head of a request or an answer.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

pub(crate) type Connection = BufReader<TcpStream>;

/// The first line and the headers of a message, as they came.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn answer(status: u16) -> Self {
        Self { first: format!("HTTP/1.1 {status} ."), headers: Vec::new() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers have texts and numbers")]
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// A word of the first line: method and target of a request, the status of an answer.
    pub(crate) fn word(&self, idx: usize) -> &str {
        self.first.split(' ').nth(idx).unwrap_or_default()
    }

    pub(crate) fn body_bytes(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Reads a head; `None` when the other side has nothing more to say.
    pub(crate) async fn read(connection: &mut Connection) -> io::Result<Option<Self>> {
        let mut reader = connection.take(HEAD_BYTES_MAX);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut lines = lines.into_iter();
        let first = lines.next().unwrap_or_default();
        let pair = |line: String| line.split_once(':').map(|(a, b)| (a.into(), b.trim().into()));
        Ok(Some(Self { first, headers: lines.filter_map(pair).collect() }))
    }

    pub(crate) async fn write(&self, connection: &mut Connection) -> io::Result<()> {
        let mut text = format!("{}\r\n", self.first);
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str("\r\n");
        connection.write_all(text.as_bytes()).await?;
        connection.flush().await
    }
}

/// A server in this process; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// Serves every connection to a port of the system's with `serve`, which closes it.
pub(crate) async fn listen<F, S>(serve: F) -> Listening
where
    F: Fn(Connection) -> S + Send + 'static,
    S: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    let accepting = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(BufReader::new(stream)));
            // An error is a client that went away.
            while connections.try_join_next().is_some() {}
        }
    });
    Listening { address, accepting }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
