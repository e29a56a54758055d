//! What is looked at after each round, and how far it may grow.

use std::fmt;
use std::time::Duration;

use crate::load::Tally;
use crate::load::process::{memory_kib, open_files};
use crate::support::process::Server;

/// How much larger the memory at the end may be than at the start, and how much more besides, for
/// pages that the allocator happens to keep.
const MEMORY_RATIO_MAX: f64 = 1.2;
const MEMORY_MORE_MAX_MIB: f64 = 16.0;
/// How many more files may be open: a connection that asks for metrics.
const FILES_MORE_MAX: f64 = 4.0;

/// The server between two rounds, and how long its answers took in the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    memory_mib: f64,
    files: f64,
    p50_us: f64,
    p99_us: f64,
    answers_per_s: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_mib, files, p50_us, p99_us, answers_per_s } = self;
        write!(f, "RSS {memory_mib:.1} MiB, {files} open files, ")?;
        write!(f, "p50 {p50_us:.0} us, p99 {p99_us:.0} us, {answers_per_s:.0} answers a second")
    }
}

impl Sample {
    /// Looks at a server that nobody asks right now.
    pub(crate) fn take(server: &Server, mut answers: Tally, round: Duration) -> Self {
        let latencies = &mut answers.latencies;
        latencies.sort_unstable();
        let percentile = |percent: usize| {
            let at = latencies.len() * percent / 100;
            latencies.get(at).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
        };
        Self {
            memory_mib: memory_kib(server, "VmRSS") as f64 / 1024.0,
            files: open_files(server) as f64,
            p50_us: percentile(50),
            p99_us: percentile(99),
            answers_per_s: latencies.len() as f64 / round.as_secs_f64(),
        }
    }

    /// Prints what was at the start and is at the end, and how they compare.
    pub(crate) fn print_beside(&self, start: &Self) {
        println!("{:<24}{:>12}{:>12}{:>10}", "", "start", "end", "end/start");
        for (what, start, end) in [
            ("RSS, MiB", start.memory_mib, self.memory_mib),
            ("open files", start.files, self.files),
            ("p50, us", start.p50_us, self.p50_us),
            ("p99, us", start.p99_us, self.p99_us),
            ("answers a second", start.answers_per_s, self.answers_per_s),
        ] {
            println!("{what:<24}{start:>12.1}{end:>12.1}{:>10.2}", end / start);
        }
    }

    /// What has grown beyond its bound since the start.
    pub(crate) fn grown_since(&self, start: &Self) -> Vec<String> {
        let bounds = [
            ("RSS", self.memory_mib, start.memory_mib * MEMORY_RATIO_MAX + MEMORY_MORE_MAX_MIB),
            ("the number of open files", self.files, start.files + FILES_MORE_MAX),
        ];
        let grown = bounds.iter().filter(|(_, end, max)| end > max);
        grown.map(|(what, end, max)| format!("{what}: at most {max:.1}, got {end:.1}")).collect()
    }
}
