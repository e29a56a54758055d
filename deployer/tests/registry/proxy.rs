//! A proxy that stands before a registry, notes what passes and breaks some of it.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::http::{Connection, Head, Listening, listen};

/// What happens to a request instead of what should.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This status with this code, and the registry is not asked.
    Status(u16, &'static str),
    /// The connection is reset after so many bytes of the request's body.
    Reset { after: u64 },
    /// The registry gets all of it, and its answer is lost.
    Unanswered,
    /// The answer has this header.
    Header(&'static str, String),
}

/// Which requests meet a fault.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    method: &'static str,
    part: &'static str,
    nth: Range<usize>,
    fault: Fault,
    n_seen: usize,
}

impl Rule {
    /// Requests of a method for what has `part` in its target; of those, the `nth`, from 0.
    pub(crate) fn new(
        method: &'static str,
        part: &'static str,
        nth: Range<usize>,
        fault: Fault,
    ) -> Self {
        Self { method, part, nth, fault, n_seen: 0 }
    }

    fn meet(&mut self, request: &Head) -> Option<Fault> {
        if request.word(0) != self.method || !request.word(1).contains(self.part) {
            return None;
        }
        let idx = self.n_seen;
        self.n_seen += 1;
        self.nth.contains(&idx).then(|| self.fault.clone())
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) method: String,
    pub(crate) target: String,
    /// How much of its body the registry got.
    pub(crate) body_bytes: u64,
}

/// The proxy, while it runs.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    _listening: Listening,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    passed: Vec<Passed>,
}

impl Proxy {
    /// A proxy before a registry that breaks nothing yet.
    pub(crate) async fn start(registry: SocketAddr) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let listening = listen(move |client| pass(client, registry, Arc::clone(&shared))).await;
        Self { address: listening.address, state, _listening: listening }
    }

    /// Breaks requests by these rules, the first that applies, and forgets what has passed.
    pub(crate) fn set(&self, rules: impl IntoIterator<Item = Rule>) {
        let rules = rules.into_iter().collect();
        *lock(&self.state) = State { rules, passed: Vec::new() };
    }

    /// Whether every rule has broken something.
    pub(crate) fn has_met(&self) -> bool {
        lock(&self.state).rules.iter().all(|rule| rule.n_seen > rule.nth.start)
    }

    /// What has passed since the rules were set.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        lock(&self.state).passed.clone()
    }

    /// How many bytes of contents the registry got.
    pub(crate) fn sent(&self) -> u64 {
        let passed = self.passed();
        passed.iter().filter(|it| it.target.contains("/blobs/")).map(|it| it.body_bytes).sum()
    }
}

/// One request and its answer.
async fn pass(
    mut client: Connection,
    registry: SocketAddr,
    state: Arc<Mutex<State>>,
) -> io::Result<()> {
    let Some(request) = Head::read(&mut client).await? else { return Ok(()) };
    let fault = {
        let mut state = lock(&state);
        state.rules.iter_mut().find_map(|rule| rule.meet(&request))
    };
    let length = request.body_bytes().unwrap_or(0);
    let passes = match &fault {
        Some(Fault::Status(..)) => 0,
        Some(Fault::Reset { after }) => length.min(*after),
        Some(Fault::Unanswered | Fault::Header(..)) | None => length,
    };
    let (method, target) = (request.word(0).to_owned(), request.word(1).to_owned());
    lock(&state).passed.push(Passed { method, target, body_bytes: passes });
    if let Some(Fault::Status(status, code)) = fault {
        let said = format!(r#"{{"errors": [{{"code": "{code}"}}]}}"#);
        tokio::io::copy(&mut (&mut client).take(length), &mut tokio::io::sink()).await?;
        let answer = Head::answer(status).with("content-length", said.len());
        answer.with("connection", "close").write(&mut client).await?;
        client.write_all(said.as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut upstream = BufReader::new(TcpStream::connect(registry).await?);
    request.clone().with("connection", "close").write(&mut upstream).await?;
    tokio::io::copy(&mut (&mut client).take(passes), &mut upstream).await?;
    upstream.flush().await?;
    if let Some(Fault::Reset { .. }) = fault {
        upstream.shutdown().await?;
        return client.get_ref().set_zero_linger();
    }
    let Some(answer) = Head::read(&mut upstream).await? else { return Ok(()) };
    if let Some(Fault::Unanswered) = fault {
        return client.get_ref().set_zero_linger();
    }
    let mut told = answer.with("connection", "close");
    if let Some(Fault::Header(name, value)) = &fault {
        told = told.with(name, value);
    }
    told.write(&mut client).await?;
    if request.word(0) != "HEAD" {
        tokio::io::copy(&mut upstream, &mut client).await?;
    }
    client.shutdown().await
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("no thread panicked while it held the lock")
}
