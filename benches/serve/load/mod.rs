//! The load: connections that each send the next request when a reply has come, and that hold
//! each reply against the first one.

mod grpc;
mod http;
mod reply;

use std::time::Duration;

use anyhow::Result;
use side_by_side::server::Server;

pub(crate) use self::grpc::GrpcRequest;
pub(crate) use self::http::{HttpRequest, fetch};

/// How long a server may leave a request without an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is sent, over and over.
#[derive(Debug)]
pub(crate) enum Request {
    Http(HttpRequest),
    Grpc(GrpcRequest),
}

impl Request {
    /// What is asked, and how large the question is.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Http(request) => {
                format!("POST {} with {} bytes", request.path, request.body_length)
            }
            Self::Grpc(request) => {
                format!("{} with {} bytes", request.path, request.message_length())
            }
        }
    }
}

/// How much is on its way at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Width {
    pub(crate) connections: usize,
    /// Requests at a time on each connection; always one over HTTP/1.1.
    pub(crate) streams: usize,
}

/// What a run did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// Requests that were answered.
    pub(crate) replies: u64,
    /// From the first request to the last reply.
    pub(crate) elapsed: Duration,
}

/// Open connections to one server, each of which has been answered once.
#[derive(Debug)]
pub(crate) enum Load<'a> {
    Http(http::Load<'a>),
    Grpc(Box<grpc::Load>),
}

impl<'a> Load<'a> {
    /// Opens the connections and has one request answered on each.
    ///
    /// # Errors
    /// When a connection fails, a reply is not a good one, or one is not like the others.
    pub(crate) fn connect(server: &Server, width: Width, request: &'a Request) -> Result<Self> {
        match request {
            Request::Http(request) => {
                http::Load::connect(server.http, width.connections, request).map(Self::Http)
            }
            Request::Grpc(request) => grpc::Load::connect(server.grpc, width, request)
                .map(|load| Self::Grpc(Box::new(load))),
        }
    }

    /// Keeps every connection busy for `duration`, then waits for the last replies.
    ///
    /// # Errors
    /// When a connection fails, a reply is not what it was before, or none comes.
    pub(crate) fn run(&mut self, duration: Duration) -> Result<Counted> {
        match self {
            Self::Http(load) => load.run(duration),
            Self::Grpc(load) => load.run(duration),
        }
    }
}
