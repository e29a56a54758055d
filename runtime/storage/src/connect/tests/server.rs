//! A server on this machine that answers by a rule and keeps what it was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a rule makes of a request: a status, further lines of the head, a body.
pub(super) type Reply = (u16, &'static str, String);

/// A server that stops when it is dropped.
pub(super) struct Server {
    /// Its address with the scheme.
    pub(super) address: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts one whose rule gets the request, head and body, as text.
    pub(super) async fn start(rule: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (rule, seen) = (Arc::new(rule), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (rule, seen) = (Arc::clone(&rule), Arc::clone(&seen));
                tokio::spawn(async move {
                    answer(stream, rule.as_ref(), &seen).await;
                });
            }
        });
        Self { address, requests, task }
    }

    /// One that knows nothing.
    pub(super) async fn empty() -> Self {
        Self::start(|_| (404, "", String::new())).await
    }

    /// What it was asked so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Its host and port.
    pub(super) fn host(&self) -> String {
        self.address.replace("http://", "")
    }
}

async fn answer(
    mut stream: TcpStream,
    rule: &(dyn Fn(&str) -> Reply + Send + Sync),
    seen: &Mutex<Vec<String>>,
) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let request = loop {
        let n = stream.read(&mut buffer).await.unwrap_or(0);
        if n == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if text.split_once("\r\n\r\n").is_some_and(|(head, body)| body.len() >= length(head)) {
            break text;
        }
    };
    seen.lock().unwrap().push(request.clone());
    let (status, head, body) = rule(&request);
    let length = body.len();
    let reply = format!(
        "HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\nconnection: close\r\n{head}\r\n\
         {body}"
    );
    // A client that has gone is its own affair.
    drop(stream.write_all(reply.as_bytes()).await);
}

fn length(head: &str) -> usize {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    value.unwrap_or(0)
}
