//! How a download tells what it does: a bar on a terminal, else a log line for each state.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tracing::info;

use crate::Report;

/// Is told what a download does.
pub trait Progress: Send + Sync {
    /// So much is to be downloaded.
    fn listed(&self, files: u64, bytes: u64);
    /// So many further bytes came.
    fn received(&self, bytes: u64);
    /// All files are in their places.
    fn finished(&self, report: &Report);
}

/// Tells nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn listed(&self, _files: u64, _bytes: u64) {}
    fn received(&self, _bytes: u64) {}
    fn finished(&self, _report: &Report) {}
}

/// A bar where standard error is a terminal, log lines elsewhere.
pub fn for_people() -> Box<dyn Progress> {
    if stderr().is_terminal() { Box::new(Bar::default()) } else { Box::new(Lines::default()) }
}

/// A log line for each state.
#[derive(Debug, Default)]
pub struct Lines {
    clock: Clock,
}

impl Progress for Lines {
    fn listed(&self, files: u64, bytes: u64) {
        self.clock.start();
        info!(files, bytes, "model listed");
    }

    fn received(&self, _bytes: u64) {}

    fn finished(&self, report: &Report) {
        let seconds = self.clock.elapsed().as_secs_f64();
        let megabytes_per_s = megabytes_per_s(report.bytes, seconds);
        let seconds = rounded(seconds);
        let Report { files, bytes } = *report;
        info!(files, bytes, seconds, megabytes_per_s, "model fetched");
    }
}

/// A bar on standard error.
pub struct Bar {
    bar: ProgressBar,
    clock: Clock,
}

/// What the bar looks like; `bytes` are in binary units.
const TEMPLATE: &str =
    "fetching [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} left, {msg}";

impl Default for Bar {
    fn default() -> Self {
        // The default style is one that always parses.
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        Self { bar: ProgressBar::new(0).with_style(style), clock: Clock::default() }
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").field("position", &self.bar.position()).finish_non_exhaustive()
    }
}

impl Progress for Bar {
    fn listed(&self, files: u64, bytes: u64) {
        self.clock.start();
        self.bar.set_length(bytes);
        self.bar.set_message(format!("{files} files"));
    }

    fn received(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn finished(&self, report: &Report) {
        self.bar.finish_and_clear();
        self.bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        let seconds = self.clock.elapsed().as_secs_f64();
        let megabytes_per_s = megabytes_per_s(report.bytes, seconds);
        let seconds = rounded(seconds);
        let Report { files, bytes } = *report;
        info!(files, bytes, seconds, megabytes_per_s, "model fetched");
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        // After an error: what is said next begins on a line of its own.
        self.bar.finish_and_clear();
    }
}

/// When something began.
#[derive(Debug, Default)]
struct Clock(Mutex<Option<Instant>>);

impl Clock {
    fn start(&self) {
        if let Ok(mut began) = self.0.lock() {
            *began = Some(Instant::now());
        }
    }

    fn elapsed(&self) -> Duration {
        let began = self.0.lock().ok().and_then(|began| *began);
        began.map_or(Duration::ZERO, |began| began.elapsed())
    }
}

/// To three digits behind the point, for people.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

fn megabytes_per_s(bytes: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { rounded(bytes as f64 / 1e6 / seconds) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_a_style_that_parses() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn rates_are_finite() {
        assert!((megabytes_per_s(3_000_000, 2.0) - 1.5).abs() < 1e-9);
        assert!(megabytes_per_s(3_000_000, 0.0).abs() < 1e-9);
    }

    #[test]
    fn a_bar_counts_what_came() {
        let bar = Bar::default();
        bar.bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        bar.listed(2, 100);
        bar.received(30);
        bar.received(70);
        assert_eq!((bar.bar.position(), bar.bar.length()), (100, Some(100)));
        bar.finished(&Report { files: 2, bytes: 100 });
        assert!(bar.bar.is_finished());
    }
}
