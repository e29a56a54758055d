//! An API server that answers what a test says, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without its query.
    pub(crate) path: String,
    /// The query, decoded no further than its `+`.
    pub(crate) query: String,
    /// Names in lowercase.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
    /// Whether the connection stays open behind the body, as watches do until their time is over.
    pub(crate) is_open: bool,
    /// Who goes on with the connection, where it becomes another one.
    pub(crate) upgraded: Option<fn(&Request, TcpStream)>,
}

impl Reply {
    /// An object.
    pub(crate) fn json(body: &Value) -> Self {
        Self { kind: "application/json", ..Self::text(&body.to_string()) }
    }

    /// Text, as logs are.
    pub(crate) fn text(body: &str) -> Self {
        Self {
            code: 200,
            kind: "text/plain",
            body: body.to_owned(),
            is_open: false,
            upgraded: None,
        }
    }

    /// A list of objects.
    pub(crate) fn list(items: &[Value]) -> Self {
        let metadata = json!({"resourceVersion": "1"});
        Self::json(
            &json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}),
        )
    }

    /// Events of a watch, which does not end.
    pub(crate) fn watch(events: &[Value]) -> Self {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let body = if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" };
        Self { kind: "application/json", is_open: true, ..Self::text(&body) }
    }

    /// A refusal as API servers word it.
    pub(crate) fn status(code: u16, reason: &str, message: &str, details: Value) -> Self {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": message, "reason": reason, "code": code});
        if !details.is_null() {
            status["details"] = details;
        }
        Self { code, ..Self::json(&status) }
    }

    /// That an object is not there.
    pub(crate) fn missing(kind: &str, name: &str) -> Self {
        let details = json!({"name": name, "kind": kind});
        Self::status(404, "NotFound", &format!("{kind} \"{name}\" not found"), details)
    }

    /// That a path is not there: its kind is not known.
    pub(crate) fn unknown() -> Self {
        Self { code: 404, ..Self::text("404 page not found\n") }
    }
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server on this machine that lives as long as the process.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that answers by this function.
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Self { address, asked: Arc::clone(&asked) };
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &asked, &*answer));
            }
        });
        server
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// A kubeconfig for it, with `extra` as the user's fields.
    pub(crate) fn kubeconfig(&self, extra: &Value) -> String {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "here", "cluster": {"server": self.url()}}],
            "users": [{"name": "me", "user": extra}],
            "contexts": [
                {"name": "test", "context": {"cluster": "here", "user": "me", "namespace": "ml"}},
                {"name": "bare", "context": {"cluster": "here", "user": "me"}},
            ],
        });
        config.to_string()
    }
}

fn serve(stream: TcpStream, asked: &Mutex<Vec<Request>>, answer: &Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        asked.lock().unwrap().push(request.clone());
        let reply = answer(&request);
        if let Some(then) = reply.upgraded {
            return then(&request, writer);
        }
        let length = reply.body.len();
        let framing = if reply.is_open {
            "transfer-encoding: chunked".to_owned()
        } else {
            format!("content-length: {length}")
        };
        let (code, kind) = (reply.code, reply.kind);
        let mut text = format!("HTTP/1.1 {code} X\r\ncontent-type: {kind}\r\n{framing}\r\n\r\n");
        if reply.is_open && length > 0 {
            text = format!("{text}{length:x}\r\n{}\r\n", reply.body);
        } else {
            text.push_str(&reply.body);
        }
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let method = words.next()?.to_owned();
    let target = words.next()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.trim_start_matches('&').replace('+', " "));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, query, headers, body: String::from_utf8(body).unwrap() })
}
