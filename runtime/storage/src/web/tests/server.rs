//! A web server that does what a test tells it, also what servers should not do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request, and how many came before it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) number: usize,
    pub(super) path: String,
    headers: BTreeMap<String, String>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn range(&self) -> Option<Range<usize>> {
        let (start, end) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some(start.parse().unwrap()..end.parse::<usize>().unwrap() + 1)
    }
}

/// What is sent, and what of its body is kept back when the connection ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) kept_back: usize,
    pub(super) is_chunked: bool,
}

impl Reply {
    pub(super) fn of(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn body(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), ..Self::default() }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn keep_back(self, kept_back: usize) -> Self {
        Self { kept_back, ..self }
    }

    pub(super) fn chunked(self) -> Self {
        Self { is_chunked: true, ..self }
    }

    /// Cuts out what a request asks for, as a server with ranges does.
    pub(super) fn ranged(mut self, request: &Request) -> Self {
        let Some(range) = request.range() else { return self };
        let total = self.body.len();
        if range.start >= total {
            return Self::of(416).header("content-range", format!("bytes */{total}"));
        }
        let end = range.end.min(total);
        self.body = self.body[range.start..end].to_vec();
        self.status = 206;
        self.header("content-range", format!("bytes {}-{}/{total}", range.start, end - 1))
    }

    fn bytes(&self) -> Vec<u8> {
        let line = |name: &str, value: &str| format!("{name}: {value}\r\n");
        let mut lines = vec![format!("HTTP/1.1 {} Status\r\n", self.status)];
        lines.extend(self.headers.iter().map(|(name, value)| line(name, value)));
        lines.push(if self.is_chunked {
            line("Transfer-Encoding", "chunked")
        } else {
            line("Content-Length", &self.body.len().to_string())
        });
        lines.push("Connection: close\r\n\r\n".to_owned());
        let head = lines.concat();
        let sent = &self.body[..self.body.len() - self.kept_back];
        if !self.is_chunked {
            return [head.as_bytes(), sent].concat();
        }
        let mut bytes = head.into_bytes();
        for chunk in sent.chunks(1000) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend([chunk, b"\r\n"].concat());
        }
        if self.kept_back == 0 {
            bytes.extend(b"0\r\n\r\n");
        }
        bytes
    }
}

type Answers = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server; it ends when it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(answers: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answers, seen): (Arc<Answers>, _) = (Arc::new(answers), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&seen)));
            }
        });
        Self { address, requests, task }
    }

    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Answers>, seen: Arc<Mutex<Vec<Request>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let request = {
        let mut seen = seen.lock().unwrap();
        let request = Request { number: seen.len(), path, headers: headers.collect() };
        seen.push(request.clone());
        request
    };
    // Whoever asks may have gone; that is what some tests are about.
    drop(stream.write_all(&answers(&request).bytes()).await);
    drop(stream.shutdown().await);
}
