//! A registry that keeps its content in memory, and answers as a test's rule says instead.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::Digest;

/// What came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    /// Names are in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// How many requests for this path came before.
    pub n_before: usize,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(super) fn is_blob(&self) -> bool {
        self.path.contains("/blobs/")
    }
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// A length that is not the body's.
    announced: Option<usize>,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self { status, body: body.as_ref().to_owned(), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Announces all of the body and ends before that.
    pub(super) fn cut_at(mut self, length: usize) -> Self {
        self.announced = Some(self.body.len());
        self.body.truncate(length);
        self
    }

    fn encode(&self, is_head: bool) -> Vec<u8> {
        let length = self.announced.unwrap_or(self.body.len());
        let mut head = format!("HTTP/1.1 {} Word\r\nContent-Length: {length}\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head += "Connection: close\r\n\r\n";
        let mut bytes = head.into_bytes();
        if !is_head {
            bytes.extend(&self.body);
        }
        bytes
    }
}

type Rule = dyn Fn(&Request) -> Option<Reply> + Send + Sync;

/// What it holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    manifests: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Content {
    pub(super) fn with_manifest(mut self, tag: &str, manifest: &Value) -> Self {
        let text = manifest.to_string().into_bytes();
        self.manifests.insert(Digest::sha256(&text).to_string(), text.clone());
        self.manifests.insert(tag.to_owned(), text);
        self
    }

    pub(super) fn with_blob(mut self, body: &[u8]) -> Self {
        self.blobs.insert(Digest::sha256(body).to_string(), body.to_owned());
        self
    }

    /// Answers as a registry with ranges does.
    fn answer(&self, request: &Request) -> Reply {
        let found = match request.path.rsplit_once('/') {
            Some((front, name)) if front.ends_with("/manifests") => self.manifests.get(name),
            Some((front, name)) if front.ends_with("/blobs") => self.blobs.get(name),
            _ => None,
        };
        let Some(body) = found else {
            return Reply::new(404, r#"{"errors": [{"code": "UNKNOWN", "message": "not here"}]}"#);
        };
        let range = request.header("range").strip_prefix("bytes=");
        let start = range.and_then(|range| range.trim_end_matches('-').parse::<usize>().ok());
        let digest = Digest::sha256(body);
        match start {
            Some(start) => {
                let range = format!("bytes {start}-{}/{}", body.len() - 1, body.len());
                Reply::new(206, &body[start..]).with("Content-Range", range)
            }
            None => Reply::new(200, body).with("Docker-Content-Digest", digest),
        }
    }
}

/// A running registry; it ends with the test's runtime.
pub(super) struct Registry {
    pub host: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Registry {
    /// Starts one; where the rule says nothing, it answers from its content.
    pub(super) async fn start(
        content: Content,
        rule: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, rule): (_, Arc<Rule>) = (Arc::clone(&requests), Arc::new(rule));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (content, seen, rule) = (content.clone(), Arc::clone(&seen), Arc::clone(&rule));
                tokio::spawn(async move { serve(socket, &content, &seen, &*rule).await });
            }
        });
        Self { host, requests }
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn address(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.host)
    }
}

async fn serve(
    mut socket: TcpStream,
    content: &Content,
    seen: &Mutex<Vec<Request>>,
    rule: &Rule,
) -> Option<()> {
    let mut request = read(&mut socket).await?;
    let reply = {
        let mut seen = seen.lock().unwrap();
        request.n_before = seen.iter().filter(|before| before.path == request.path).count();
        seen.push(request.clone());
        rule(&request).unwrap_or_else(|| content.answer(&request))
    };
    socket.write_all(&reply.encode(request.method == "HEAD")).await.ok()?;
    socket.shutdown().await.ok()
}

/// Reads a request; `None` for what is none, as the beginning of TLS.
async fn read(socket: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 || !bytes[0].is_ascii_uppercase() {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_owned()).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if socket.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(body).unwrap();
    Some(Request { method, path, headers, body, n_before: 0 })
}
