//! Where one request at a time is on its way: a connection over HTTP/1.1, or a stream over HTTP/2.
//!
//! Each request has a number of its own in its row, and only an answer with this number is good.

mod grpc;
mod http;

use anyhow::{Context as _, Result, ensure};
use side_by_side::server::Server;

/// The numbers of requests: all have as many digits, and single precision holds them exactly.
pub(crate) const NONCE_MIN: u32 = 1_000_000;
pub(crate) const NONCE_MAX: u32 = 9_999_999;

/// The number behind this one.
pub(crate) const fn after(nonce: u32) -> u32 {
    if nonce < NONCE_MAX { nonce + 1 } else { NONCE_MIN }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With its own answer.
    Own,
    /// With a status that says no, and what was said.
    Refused(u16, String),
    /// Without an answer: what came instead.
    Failed(String),
    /// With the answer of another request.
    OfAnother(String),
}

/// The protocols that requests go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Rest,
    Grpc,
}

impl Transport {
    pub(crate) const ALL: [Self; 2] = [Self::Rest, Self::Grpc];

    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Grpc => "grpc",
        }
    }
}

/// Streams of one connection over HTTP/2.
const STREAMS: usize = 16;

/// Room for one request.
#[derive(Debug)]
pub(crate) enum Lane {
    Http(http::Lane),
    Grpc(grpc::Lane),
}

impl Lane {
    /// So many lanes to a model of a server, the first of which has answered once. Connections over
    /// HTTP/1.1 are opened when they are needed.
    ///
    /// # Errors
    /// When the server refuses a connection, or does not answer.
    pub(crate) async fn open(
        transport: Transport,
        server: &Server,
        model: &str,
        n_lanes: usize,
    ) -> Result<Vec<Self>> {
        let mut lanes: Vec<Self> = match transport {
            Transport::Rest => {
                let lane = |_| Self::Http(http::Lane::to(server.http, model));
                (0..n_lanes).map(lane).collect()
            }
            Transport::Grpc => {
                let lanes = grpc::Lane::to(server.grpc, model, (n_lanes, STREAMS)).await?;
                lanes.into_iter().map(Self::Grpc).collect()
            }
        };
        let first = lanes.first_mut().context("there are no lanes")?;
        let ending = first.ask(NONCE_MIN).await;
        ensure!(ending == Ending::Own, "the first request to `{model}`: {ending:?}");
        Ok(lanes)
    }

    /// Sends a request with this number, and reads what comes.
    pub(crate) async fn ask(&mut self, nonce: u32) -> Ending {
        let ending = match self {
            Self::Http(lane) => lane.ask(nonce).await,
            Self::Grpc(lane) => lane.ask(nonce).await,
        };
        ending.unwrap_or_else(|error| Ending::Failed(format!("{error:#}")))
    }
}

/// Whether an answer belongs to a request.
fn owned(nonce: u32, answer: f64) -> Ending {
    if answer.to_bits() == f64::from(nonce).to_bits() {
        return Ending::Own;
    }
    Ending::OfAnother(format!("asked with {nonce}, answered with {answer}"))
}
