//! A load that runs beside the test, on a thread of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustls::ClientConfig;
use tokio::task::{JoinSet, LocalSet};

use crate::support::grpc::{Answer, frame};
use crate::support::http::Reply;
use crate::support::process::Server;
use crate::support::{PATIENCE, http};

use super::answer::scramble;
use super::connection::Place;
use super::tally::{Ending, Lost, Tally};
use super::wire::Encoded;
use super::{Question, Truth, Wire, grpc, rest};

/// What is asked, by how many at once.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) http: u16,
    pub(crate) grpc: u16,
    /// How both ports are spoken to, where that is TLS.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) model: String,
    pub(crate) truth: Truth,
    pub(crate) wires: &'static [Wire],
    /// Clients over REST, each with a connection.
    pub(crate) connections: usize,
    /// Clients over gRPC, [`STREAMS`] on each connection.
    pub(crate) streams: usize,
    /// The indices of the first question and the one behind the last.
    pub(crate) first: u64,
    pub(crate) end: u64,
    /// One question in so many is dropped by its client before it is answered; none for zero.
    pub(crate) vanishing: u64,
    /// Bytes of each request that mean nothing, of forms in [`Wire::PADDED`].
    pub(crate) padding: usize,
}

/// Calls at once on one connection.
const STREAMS: usize = 8;

impl Load {
    /// So many questions to a model in every protocol.
    pub(crate) fn new(server: &Server, model: &str, n_questions: u64) -> Self {
        Self {
            http: server.http,
            grpc: server.grpc,
            tls: None,
            model: model.to_owned(),
            truth: Truth::Nonces,
            wires: &Wire::ALL,
            connections: 24,
            streams: 16,
            first: 0,
            end: n_questions,
            vanishing: 0,
            padding: 0,
        }
    }

    /// Starts to ask.
    pub(crate) fn start(self) -> Running {
        let shared = Arc::new(Shared {
            next: AtomicU64::new(self.first),
            ended: AtomicU64::new(0),
            stops: AtomicBool::new(false),
        });
        let ours = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            LocalSet::new().block_on(&runtime.expect("a runtime"), run(Rc::new(self), ours))
        });
        Running { thread, shared }
    }

    /// Asks all there is to ask.
    pub(crate) fn finish(self) -> Tally {
        self.start().finish()
    }
}

/// A load that has been started.
#[derive(Debug)]
pub(crate) struct Running {
    thread: JoinHandle<Tally>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    next: AtomicU64,
    ended: AtomicU64,
    stops: AtomicBool,
}

impl Running {
    /// How many questions have ended by now.
    pub(crate) fn n_ended(&self) -> u64 {
        self.shared.ended.load(Ordering::Relaxed)
    }

    /// Whether all questions have ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Asks nothing new from now on.
    pub(crate) fn stop(&self) {
        self.shared.stops.store(true, Ordering::Relaxed);
    }

    /// Waits until all questions have ended.
    pub(crate) fn finish(self) -> Tally {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

async fn run(load: Rc<Load>, shared: Arc<Shared>) -> Tally {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let mut workers = JoinSet::new();
    let place = |port| Place { port, tls: load.tls.clone() };
    let worker = |client| Worker {
        load: Rc::clone(&load),
        shared: Arc::clone(&shared),
        tally: Rc::clone(&tally),
        client,
    };
    if load.wires.iter().any(|wire| !wire.is_grpc()) {
        for _ in 0..load.connections {
            let client = Client::Rest(rest::Client::new(place(load.http)));
            workers.spawn_local(worker(client).work());
        }
    }
    if load.wires.iter().any(|wire| wire.is_grpc()) {
        for at in (0..load.streams).step_by(STREAMS) {
            let client = grpc::Client::new(place(load.grpc));
            for _ in at..load.streams.min(at + STREAMS) {
                workers.spawn_local(worker(Client::Grpc(client.sibling())).work());
            }
        }
    }
    while let Some(worked) = workers.join_next().await {
        worked.expect("no worker panics");
    }
    tally.take()
}

enum Client {
    Rest(rest::Client),
    Grpc(grpc::Client),
}

struct Worker {
    load: Rc<Load>,
    shared: Arc<Shared>,
    tally: Rc<RefCell<Tally>>,
    client: Client,
}

impl Worker {
    /// One question after the other, until there is none, or nobody to ask.
    async fn work(mut self) {
        let is_grpc = matches!(self.client, Client::Grpc(_));
        let wires: Vec<Wire> =
            self.load.wires.iter().copied().filter(|wire| wire.is_grpc() == is_grpc).collect();
        while !self.shared.stops.load(Ordering::Relaxed) {
            let index = self.shared.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.load.end {
                break;
            }
            let question = Question::new(index, self.load.truth);
            let dice = scramble(!index);
            let wire = wires[usize::try_from(dice % wires.len() as u64).expect("few wires")];
            let started = Instant::now();
            let asked = tokio::time::timeout(PATIENCE, self.ask(wire, &question, dice)).await;
            let ending = asked.unwrap_or_else(|_| Ending::Wrong("no answer, ever".to_owned()));
            let is_gone = matches!(ending, Ending::Gone(_));
            let mut tally = self.tally.borrow_mut();
            if ending == Ending::Own {
                tally.latencies.push(started.elapsed());
            }
            tally.record(&question, ending);
            drop(tally);
            self.shared.ended.fetch_add(1, Ordering::Relaxed);
            if is_gone {
                break;
            }
        }
        let finished = match &mut self.client {
            Client::Rest(client) => client.finish().await,
            Client::Grpc(client) => client.finish().await,
        };
        if let Err(Lost::Broken(why)) = finished {
            let nobodys = Question::new(self.load.end, self.load.truth);
            self.tally.borrow_mut().record(&nobodys, Ending::Wrong(why));
        }
    }

    async fn ask(&mut self, wire: Wire, question: &Question, dice: u64) -> Ending {
        let every = self.load.vanishing;
        let vanishes = every > 0 && (dice >> 32).is_multiple_of(every);
        let encoded = wire.encode(question, &self.load.model).padded(self.load.padding);
        let ended = match (encoded, &mut self.client) {
            (Encoded::Rest(request), Client::Rest(client)) if vanishes => {
                let bytes = request.encode();
                let part = part_of(&bytes, dice);
                client.vanish(part, dice.is_multiple_of(2)).await.map(|()| Ending::Vanished)
            }
            (Encoded::Grpc(path, message), Client::Grpc(client)) if vanishes => {
                let bytes = frame(false, &message);
                let part = bytes.slice(..part_of(&bytes, dice).len());
                client.vanish(path, part).await.map(|()| Ending::Vanished)
            }
            (Encoded::Rest(request), Client::Rest(client)) => {
                client.ask(&request).await.map(|reply| rest_ending(wire, question, &reply))
            }
            (Encoded::Grpc(_, message), Client::Grpc(client)) if wire == Wire::GrpcV2Stream => {
                let answered = client.converse(&message).await;
                answered.map(|answer| grpc_ending(wire, question, &answer))
            }
            (Encoded::Grpc(path, message), Client::Grpc(client)) => {
                let answered = client.ask(path, &message).await;
                answered.map(|answer| grpc_ending(wire, question, &answer))
            }
            (Encoded::Rest(_), Client::Grpc(_)) | (Encoded::Grpc(..), Client::Rest(_)) => {
                Ok(Ending::Wrong(format!("{wire:?} was asked of the other transport")))
            }
        };
        ended.unwrap_or_else(Ending::from)
    }
}

/// What is sent of a request whose client vanishes: some of it, or all.
fn part_of(bytes: &[u8], dice: u64) -> &[u8] {
    let length = usize::try_from((dice >> 8) % (2 * bytes.len() as u64)).expect("a short request");
    &bytes[..length.min(bytes.len())]
}

fn rest_ending(wire: Wire, question: &Question, reply: &Reply) -> Ending {
    match reply.status {
        200 if question.has_culprit() => Ending::Wrong(format!("{question:?} was answered")),
        200 => wire.check_rest(question, reply).map_or_else(Ending::Wrong, |()| Ending::Own),
        500 if question.has_culprit() => Ending::Failed,
        503 | 429 if reply.header("retry-after").is_some() => {
            Ending::Refused(reply.status.to_string())
        }
        404 | 413 => Ending::Refused(reply.status.to_string()),
        other => Ending::Wrong(format!("{other}: {}", said(reply))),
    }
}

fn said(reply: &http::Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

fn grpc_ending(wire: Wire, question: &Question, answer: &Answer) -> Ending {
    match (answer.status_name(), &answer.messages[..]) {
        ("OK", [_]) if question.has_culprit() => {
            Ending::Wrong(format!("{question:?} was answered"))
        }
        ("OK", [message]) => {
            wire.check_grpc(question, message).map_or_else(Ending::Wrong, |()| Ending::Own)
        }
        ("INTERNAL", []) if question.has_culprit() => Ending::Failed,
        (status @ ("UNAVAILABLE" | "RESOURCE_EXHAUSTED"), [])
            if answer.metadata("grpc-retry-pushback-ms").is_some() =>
        {
            Ending::Refused(status.to_owned())
        }
        (status @ ("NOT_FOUND" | "RESOURCE_EXHAUSTED"), []) => Ending::Refused(status.to_owned()),
        (status, messages) => {
            Ending::Wrong(format!("{status}: {}, {} messages", answer.message, messages.len()))
        }
    }
}
