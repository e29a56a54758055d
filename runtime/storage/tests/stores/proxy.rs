//! A proxy that stands before a store, counts what passes and breaks some of it.
//!
//! Requests go on as they came, the `Host` header with them, so that signatures hold.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::http::{Connection, Head, Listening, listen};

/// How much of a body goes on at once.
const PIECE_BYTES: usize = 64 * 1024;

/// What happens to a request instead of what should.
#[derive(Clone)]
pub(crate) enum Fault {
    /// This status, and the store is not asked.
    Status(u16),
    /// The connection is reset after so many bytes of the body.
    Reset { after: u64 },
    /// The connection is closed as if all were well after so many bytes of the body.
    Truncate { after: u64 },
    /// The body comes in pieces of so many bytes.
    Drip { bytes: usize },
    /// So many bytes of the body come, and then nothing.
    Stall { after: u64 },
    /// The length that is told is wrong by so many bytes; the body is what it is.
    WrongLength(i64),
    /// Something happens in the store before it is asked.
    Meanwhile(Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>),
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To learn what is there: `HEAD`, or `GET` of the first byte.
    Look,
    /// To have it.
    Read,
}

impl Purpose {
    fn of(request: &Head) -> Option<Self> {
        match (request.word(0), request.header("range")) {
            ("HEAD", _) | ("GET", Some("bytes=0-0")) => Some(Self::Look),
            ("GET", _) => Some(Self::Read),
            _ => None,
        }
    }
}

/// Which requests meet a fault.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    purpose: Purpose,
    part: String,
    nth: Range<usize>,
    fault: Fault,
    n_seen: usize,
}

/// A request that came, and what was answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passed {
    pub(crate) purpose: Option<Purpose>,
    pub(crate) target: String,
    /// Whether it showed credentials.
    pub(crate) is_authorized: bool,
    pub(crate) status: u16,
    /// How much of the body was sent to the client.
    pub(crate) body_bytes: u64,
}

/// The proxy, while it runs.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Shared<State>,
    _listening: Listening,
}

type Shared<T> = Arc<Mutex<T>>;

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    passed: Vec<Shared<Passed>>,
}

impl State {
    /// Notes a request and finds what happens to it. Every rule counts it, the first decides.
    fn meet(&mut self, request: &Head) -> (Shared<Passed>, Option<Fault>) {
        let passed = Arc::new(Mutex::new(Passed {
            purpose: Purpose::of(request),
            target: target(request),
            is_authorized: request.header("authorization").is_some(),
            ..Passed::default()
        }));
        self.passed.push(Arc::clone(&passed));
        let faults = self.rules.iter_mut().filter_map(|rule| rule.meet(request));
        (passed, faults.rev().last())
    }
}

impl Rule {
    /// Requests that look at what has `part` in its target; of those, the `nth`, from 0.
    pub(crate) fn look(part: &str, nth: Range<usize>, fault: Fault) -> Self {
        Self { purpose: Purpose::Look, part: part.to_owned(), nth, fault, n_seen: 0 }
    }

    /// Requests that read it.
    pub(crate) fn read(part: &str, nth: Range<usize>, fault: Fault) -> Self {
        Self { purpose: Purpose::Read, ..Self::look(part, nth, fault) }
    }

    fn meet(&mut self, request: &Head) -> Option<Fault> {
        if Purpose::of(request) != Some(self.purpose) || !target(request).contains(&self.part) {
            return None;
        }
        let idx = self.n_seen;
        self.n_seen += 1;
        self.nth.contains(&idx).then(|| self.fault.clone())
    }
}

/// The target of a request; some clients escape nearly every character.
fn target(request: &Head) -> String {
    percent_decode_str(request.word(1)).decode_utf8_lossy().into_owned()
}

impl Proxy {
    /// A proxy before `store` that breaks nothing yet.
    pub(crate) async fn start(store: SocketAddr) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let listening = listen(move |client| pass(client, store, Arc::clone(&shared))).await;
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

    /// How many bytes passed that were read from what has `part` in its target.
    pub(crate) fn sent(&self, part: &str) -> u64 {
        let passed = self.passed();
        let is_read = |passed: &&Passed| passed.purpose == Some(Purpose::Read);
        let read = passed.iter().filter(is_read).filter(|passed| passed.target.contains(part));
        read.map(|passed| passed.body_bytes).sum()
    }

    /// What has passed since the rules were set.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        lock(&self.state).passed.iter().map(|passed| lock(passed).clone()).collect()
    }
}

/// One request and its answer.
async fn pass(mut client: Connection, store: SocketAddr, state: Shared<State>) -> io::Result<()> {
    let Some(request) = Head::read(&mut client).await? else { return Ok(()) };
    let (passed, fault) = lock(&state).meet(&request);
    if let Some(Fault::Status(status)) = fault {
        lock(&passed).status = status;
        let answer = Head::answer(status).with("content-length", 0).with("connection", "close");
        return answer.write(&mut client).await;
    }
    if let Some(Fault::Meanwhile(happens)) = &fault {
        happens().await;
    }
    let mut upstream = ask(&mut client, store, &request).await?;
    let Some(answer) = Head::read(&mut upstream).await? else { return Ok(()) };
    lock(&passed).status = answer.word(1).parse().unwrap_or(0);
    let mut told = answer.with("connection", "close");
    if let (Some(Fault::WrongLength(by)), Some(bytes)) = (&fault, told.body_bytes()) {
        told = told.with("content-length", bytes.saturating_add_signed(*by));
    }
    told.write(&mut client).await?;
    if request.word(0) == "HEAD" {
        return client.shutdown().await;
    }
    send_body(&mut client, &mut upstream, fault.as_ref(), &passed).await
}

/// Sends a request on, with its body.
async fn ask(client: &mut Connection, store: SocketAddr, head: &Head) -> io::Result<Connection> {
    let mut upstream = BufReader::new(TcpStream::connect(store).await?);
    head.clone().with("connection", "close").write(&mut upstream).await?;
    let mut body = client.take(head.body_bytes().unwrap_or(0));
    tokio::io::copy(&mut body, &mut upstream).await?;
    upstream.flush().await?;
    Ok(upstream)
}

/// Sends the body of an answer on, as far as the fault lets it.
async fn send_body(
    client: &mut Connection,
    upstream: &mut Connection,
    fault: Option<&Fault>,
    passed: &Mutex<Passed>,
) -> io::Result<()> {
    let (limit, piece) = match fault {
        Some(Fault::Reset { after } | Fault::Truncate { after } | Fault::Stall { after }) => {
            (*after, PIECE_BYTES)
        }
        Some(Fault::Drip { bytes }) => (u64::MAX, *bytes),
        _ => (u64::MAX, PIECE_BYTES),
    };
    let mut buffer = Vec::with_capacity(piece);
    let mut left = limit;
    while left > 0 {
        buffer.clear();
        let n_bytes = upstream.take(left.min(piece as u64)).read_buf(&mut buffer).await? as u64;
        if n_bytes == 0 {
            break;
        }
        left -= n_bytes;
        // Before the client can have them, so that who sees the end sees the whole count.
        lock(passed).body_bytes += n_bytes;
        client.write_all(&buffer).await?;
        client.flush().await?;
    }
    match fault {
        Some(Fault::Reset { .. }) => client.get_ref().set_zero_linger(),
        Some(Fault::Stall { .. }) => std::future::pending().await,
        _ => client.shutdown().await,
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("no thread panicked while it held the lock")
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Reset { after } => write!(f, "reset after {after} bytes"),
            Self::Truncate { after } => write!(f, "end after {after} bytes"),
            Self::Drip { bytes } => write!(f, "pieces of {bytes} bytes"),
            Self::Stall { after } => write!(f, "nothing after {after} bytes"),
            Self::WrongLength(by) => write!(f, "length wrong by {by}"),
            Self::Meanwhile(_) => f.write_str("a change meanwhile"),
        }
    }
}
