//! What is measured, each over both protocols and for both models.

mod beside;
mod beyond;
mod low;
mod throughput;

use std::path::Path;

use anyhow::{Context as _, Result};
use side_by_side::server::{Cores, Server};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::lane::{Lane, Transport};
use crate::load::{Rate, Span, closed_loop, open_loop};
use crate::model::Model;
use crate::options::Options;
use crate::setting::Setting;
use crate::tally::Tally;

/// A question to be answered by figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Whether adaptive batching answers as much as the best fixed setting.
    Throughput,
    /// Whether it makes anybody wait where there is little to do.
    Low,
    /// What is left of the throughput, and how long it takes, where more comes than can be answered.
    Beyond,
    /// What a model that gets too much does to another one beside it.
    Beside,
}

impl Scenario {
    pub(crate) const ALL: [Self; 4] = [Self::Throughput, Self::Low, Self::Beyond, Self::Beside];

    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Low => "low",
            Self::Beyond => "beyond",
            Self::Beside => "beside",
        }
    }

    /// Measures and prints; whether the aims are met.
    ///
    /// # Errors
    /// When a server does not start, or an answer is another request's.
    pub(crate) fn run(self, bench: &Bench<'_>, model: Model, transport: Transport) -> Result<bool> {
        let case = Case { bench, model, transport };
        match self {
            Self::Throughput => throughput::run(case),
            Self::Low => low::run(case),
            Self::Beyond => beyond::run(case),
            Self::Beside => beside::run(case),
        }
    }
}

/// What all scenarios need.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) options: &'a Options,
    cores: Option<Cores>,
    models: TempDir,
    runtime: Runtime,
}

impl<'a> Bench<'a> {
    /// Writes the models, and makes the load's thread ready.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn new(options: &'a Options, cores: Option<Cores>) -> Result<Self> {
        let models = TempDir::new()?;
        for model in Model::ALL {
            model.write(models.path())?;
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { options, cores, models, runtime })
    }

    fn path(&self, model: Model) -> std::path::PathBuf {
        self.models.path().join(model.name())
    }
}

/// One model over one protocol.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    bench: &'a Bench<'a>,
    model: Model,
    transport: Transport,
}

impl Case<'_> {
    fn title(&self, scenario: Scenario) -> String {
        format!("{}: {} over {}", scenario.name(), self.model.name(), self.transport.name())
    }

    fn options(&self) -> &Options {
        self.bench.options
    }

    /// A server of the model.
    fn start(&self, setting: &Setting, further: &[String]) -> Result<Server> {
        let Options { radiant, server, .. } = self.options();
        let options = [&setting.options[..], server, further].concat();
        let (path, cores): (&Path, _) = (&self.bench.path(self.model), self.bench.cores);
        let server = Server::radiant(radiant, path, &options, cores)
            .with_context(|| format!("starting `{}`", setting.name))?;
        if self.options().sockets_apart {
            server.move_sockets(cores)?;
        }
        Ok(server)
    }

    fn lanes(&self, server: &Server, n_lanes: usize) -> Result<Vec<Lane>> {
        let model = self.model.name();
        self.bench.runtime.block_on(Lane::open(self.transport, server, model, n_lanes))
    }

    /// As many answers as come over so many lanes.
    fn saturate(&self, server: &Server, n_lanes: usize, span: Span) -> Result<Tally> {
        let lanes = self.lanes(server, n_lanes)?;
        self.bench.runtime.block_on(closed_loop(lanes, span))
    }

    /// Requests at their times, over at most so many lanes.
    fn offer(&self, server: &Server, n_lanes: usize, (rate, span): (Rate, Span)) -> Result<Tally> {
        let lanes = self.lanes(server, n_lanes)?;
        self.bench.runtime.block_on(open_loop(lanes, rate, span))
    }

    /// So many requests a second, otherwise than in other rounds.
    fn rate(&self, a_second: f64, round: usize) -> Rate {
        let Options { spacing, seed, .. } = *self.options();
        Rate { spacing, a_second, seed: seed.wrapping_add(round as u64) }
    }
}

/// Tails may exceed those that they are held against by so much, as rounds differ.
const SLACK: f64 = 0.1;
