//! Two servers under the same load, in turns, and what their ratio is worth.

use std::time::Duration;

use anyhow::Result;
use side_by_side::process::cpu_ns;
use side_by_side::server::Server;

use crate::load::{Load, Request, Width};

/// What one server did in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Turn {
    replies: u64,
    elapsed: Duration,
    server_ns: u64,
    load_ns: u64,
}

impl Turn {
    /// Processor time of the server for one request, in microseconds.
    pub(crate) fn server_us(self) -> f64 {
        self.server_ns as f64 / 1e3 / self.replies as f64
    }

    /// Processor time of the load generator for one request, in microseconds.
    pub(crate) fn load_us(self) -> f64 {
        self.load_ns as f64 / 1e3 / self.replies as f64
    }

    /// Requests answered in a second.
    pub(crate) fn rate(self) -> f64 {
        self.replies as f64 / self.elapsed.as_secs_f64()
    }

    fn add(&mut self, other: Self) {
        self.replies += other.replies;
        self.elapsed += other.elapsed;
        self.server_ns += other.server_ns;
        self.load_ns += other.load_ns;
    }
}

/// Runs one load for `duration` on new connections.
///
/// # Errors
/// When the server errs.
pub(crate) fn turn(
    server: &Server,
    width: Width,
    request: &Request,
    duration: Duration,
) -> Result<Turn> {
    let mut load = Load::connect(server, width, request)?;
    let (server_before, load_before) = (server.cpu_ns()?, cpu_ns(std::process::id())?);
    let counted = load.run(duration)?;
    // The load's first: looking for the server's processes is no part of it.
    let load_ns = cpu_ns(std::process::id())? - load_before;
    let server_ns = server.cpu_ns()? - server_before;
    Ok(Turn { replies: counted.replies, elapsed: counted.elapsed, server_ns, load_ns })
}

/// How long a server runs at most before the other one has its turn.
const SLICE_MAX: Duration = Duration::from_millis(250);

/// One round: both servers for `duration` each, in slices and in the order A B B A, so that what
/// else happens on the machine meanwhile favours neither.
///
/// # Errors
/// When a server errs.
pub(crate) fn round(
    [other, ours]: [&Server; 2],
    width: Width,
    request: &Request,
    duration: Duration,
) -> Result<[Turn; 2]> {
    let n_pairs = duration.div_duration_f64(2 * SLICE_MAX).ceil().max(1.0);
    let slice = duration.div_f64(2.0 * n_pairs);
    let run = |server| turn(server, width, request, slice);
    let (mut other_turn, mut our_turn) = (Turn::default(), Turn::default());
    while other_turn.elapsed < duration {
        other_turn.add(run(other)?);
        our_turn.add(run(ours)?);
        our_turn.add(run(ours)?);
        other_turn.add(run(other)?);
    }
    Ok([other_turn, our_turn])
}
