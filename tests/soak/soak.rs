//! The rounds.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::load::process::wait_for_quiet;
use crate::load::{Load, Running, Tally, Truth, Wire, versions};
use crate::sample::Sample;
use crate::support::http::Request;
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;

const MINUTES: f64 = 30.0;
/// The first warms the server up; the second is the start, the last the end.
const ROUNDS: u32 = 15;
/// How often a model is swapped within a round.
const SWAP_EVERY: Duration = Duration::from_millis(500);
/// Each load's questions are numbered from a multiple of it.
const APART: u64 = 1 << 40;

/// Runs all rounds, for as many minutes as the first argument says.
pub(crate) fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    let minutes = args.next().map_or(Ok(MINUTES), |minutes| minutes.parse());
    let minutes = match minutes {
        Ok(minutes) if (0.1..10_000.0).contains(&minutes) => minutes,
        _ => {
            eprintln!("expected a number of minutes, 0.1 or more");
            return ExitCode::from(2);
        }
    };
    let round = Duration::from_secs_f64(minutes * 60.0) / ROUNDS;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = start(folder.path());
    let mut samples = Vec::new();
    for number in 0..ROUNDS {
        let answers = Round { number, server: &mut server, repository: folder.path() }.run(round);
        let sample = Sample::take(&server, answers, round);
        println!("round {} of {ROUNDS}: {sample}", number + 1);
        samples.push(sample);
    }
    server.terminate();
    let (status, log) = server.wait();
    assert!(status.success(), "{status}: {log}");
    let (start, end) = (samples[1], samples[samples.len() - 1]);
    end.print_beside(&start);
    let grown = end.grown_since(&start);
    for what in &grown {
        eprintln!("FAILED: {what}");
    }
    if grown.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn start(repository: &Path) -> Server {
    versions::put(repository, "swapped", 1);
    Start::serve("builtin:nonces")
        .args(["--also", "slow=builtin:nonces-slow", "--also", "faulty=builtin:nonces-faulty"])
        // Clients vanish faster than one connection may take calls back otherwise.
        .args(["--grpc-resets-max", "1000000"])
        .args(["--repository", repository.to_str().expect("temporary paths are UTF-8")])
        .start()
}

struct Round<'a> {
    number: u32,
    server: &'a mut Server,
    repository: &'a Path,
}

impl Round<'_> {
    /// Asks everything at once until the time is over; the answers of the first model.
    fn run(self, round: Duration) -> Tally {
        let n_cut_off_before = self.n_cut_off();
        let loads = self.loads().map(Load::start);
        let started = Instant::now();
        let mut version = 1;
        while started.elapsed() < round {
            version = 3 - version;
            versions::put(self.repository, "swapped", version);
            let load = Request::json("/v2/repository/models/swapped/load", "");
            assert_eq!(self.server.send(&load).status, 200);
            std::thread::park_timeout(SWAP_EVERY);
        }
        loads.iter().for_each(Running::stop);
        let [answers, vanishing, slow, faulty, swapped] = loads.map(Running::finish);
        for (tally, endings) in [
            (&answers, &["own"][..]),
            (&vanishing, &["own", "vanished", "gone", "unanswered"]),
            (&slow, &["own"]),
            (&faulty, &["own", "failed"]),
            (&swapped, &["own"]),
        ] {
            tally.assert_only(endings);
            assert!(tally.n_questions() > 0, "nothing was asked");
        }
        wait_for_quiet(self.server);
        assert_cut_off_by_a_limit(&vanishing, self.n_cut_off() - n_cut_off_before);
        answers
    }

    /// How many connections the server has cut off by the limit `frames`, and none by another.
    fn n_cut_off(&self) -> f64 {
        let page = Page::parse(&self.server.metrics_page());
        let refused = |labels: &[_]| page.sum("radiant_edge_refusals_total", labels);
        let by_frames = refused(&[("transport", "grpc"), ("reason", "frames")]);
        let all = refused(&[("transport", "grpc")]);
        assert!((all - by_frames).abs() < 0.5, "for other reasons: {page:?}");
        by_frames
    }

    fn loads(&self) -> [Load; 5] {
        let load = |at: u64, model: &str| Load {
            wires: &Wire::NAMING,
            connections: 4,
            streams: 4,
            first: at * APART + u64::from(self.number) * (APART >> 8),
            ..Load::new(self.server, model, u64::MAX)
        };
        [
            Load { wires: &Wire::ALL, ..load(0, "nonces") },
            Load { wires: &Wire::ALL, vanishing: 3, ..load(1, "nonces") },
            load(2, "slow"),
            Load { truth: Truth::Faulty, ..load(3, "faulty") },
            Load { truth: Truth::Versions(1, 2), ..load(4, "swapped") },
        ]
    }
}

/// A connection ends with its calls when tens of thousands have vanished from it in mid-message: what
/// nobody read of these counts against it (docs/limits.md, `frames`). For nothing else it may.
fn assert_cut_off_by_a_limit(vanishing: &Tally, n_cut_off: f64) {
    let n_ended = vanishing.count("gone") + vanishing.count("unanswered");
    println!("  {}; {n_cut_off} connections cut off", vanishing.summary());
    assert!(n_ended == 0 || n_cut_off > 0.5, "for no reason: {}", vanishing.summary());
    assert!(n_ended <= vanishing.count("vanished") / 1_000, "{}", vanishing.summary());
}
