//! How pushes and pulls tell what they do: bars on a terminal, else a line for each state.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use radiant_storage::oci::{Meter, Pushed, Reference, Way};
use radiant_storage::{Progress, Report};
use tracing::info;

use super::report;

/// Is told which blobs are pushed.
pub trait Watch: Send + Sync {
    /// A blob is looked at; what is returned is told of its way.
    fn begin(&self, blob: &Pushed) -> Arc<dyn BlobWatch>;
    /// All of the image is in the repository, and the registry is asked to let a name mean it.
    fn naming(&self, _name: &Reference) {}
    /// The name means the image.
    fn named(&self, _name: &Reference) {}
}

/// Is told of the way of one blob.
pub trait BlobWatch: Send + Sync {
    /// So many of its bytes have gone.
    fn at(&self, bytes: u64);
    /// It is in the registry.
    fn end(&self, way: Way);
}

/// Lets a watch be told by what moves the bytes.
pub(super) struct Metered(pub Arc<dyn BlobWatch>);

impl Meter for Metered {
    fn at(&self, bytes: u64) {
        self.0.at(bytes);
    }
}

/// Bars where standard error is a terminal, lines elsewhere and where only problems are wanted.
pub fn for_people(is_quiet: bool) -> Box<dyn Watch> {
    if stderr().is_terminal() && !is_quiet { Box::new(Bars::default()) } else { Box::new(Lines) }
}

/// The same for a pull: one bar for all blobs.
pub fn for_pulls(is_quiet: bool) -> Box<dyn Progress> {
    let is_shown = stderr().is_terminal() && !is_quiet;
    Box::new(Pull(is_shown.then(|| {
        let bar = ProgressBar::new(0).with_style(style(TEMPLATE));
        bar.set_prefix("base");
        bar
    })))
}

/// A pull, with its bar if it has one.
struct Pull(Option<ProgressBar>);

impl Progress for Pull {
    fn listed(&self, blobs: u64, bytes: u64) {
        if let Some(bar) = &self.0 {
            return bar.set_length(bytes);
        }
        info!(blobs, bytes, "pulling");
    }

    fn received(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }

    fn finished(&self, report: &Report) {
        if let Some(bar) = &self.0 {
            return bar.finish_and_clear();
        }
        info!(blobs = report.files, bytes = report.bytes, "pulled");
    }
}

impl Drop for Pull {
    fn drop(&mut self) {
        // After an error: what is said next begins on a line of its own.
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// A log line for each state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lines;

/// A blob that lines are written of.
struct Line {
    what: String,
    bytes: u64,
}

impl Watch for Lines {
    fn begin(&self, blob: &Pushed) -> Arc<dyn BlobWatch> {
        Arc::new(Line { what: blob.what.clone(), bytes: blob.bytes })
    }
}

impl BlobWatch for Line {
    fn at(&self, bytes: u64) {
        if bytes == 0 {
            info!(part = self.what, bytes = self.bytes, "uploading");
        }
    }

    fn end(&self, way: Way) {
        info!(part = self.what, bytes = self.bytes, state = report::way(way), "pushed");
    }
}

/// Bars on standard error, one below the other.
#[derive(Default)]
pub struct Bars(MultiProgress);

/// What a bar looks like; `bytes` are in binary units.
const TEMPLATE: &str = "{prefix:24!} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {msg}";

/// The same once nothing moves any more.
const ENDED: &str = "{prefix:24!} {msg} {total_bytes}";

impl fmt::Debug for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bars").finish_non_exhaustive()
    }
}

impl Watch for Bars {
    fn begin(&self, blob: &Pushed) -> Arc<dyn BlobWatch> {
        let bar = ProgressBar::new(blob.bytes).with_style(style(TEMPLATE));
        let bar = self.0.add(bar);
        bar.set_prefix(blob.what.clone());
        bar.tick();
        Arc::new(Bar(bar))
    }
}

fn style(template: &str) -> ProgressStyle {
    // The default style is one that always parses.
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

struct Bar(ProgressBar);

impl BlobWatch for Bar {
    fn at(&self, bytes: u64) {
        self.0.set_position(bytes);
    }

    fn end(&self, way: Way) {
        self.0.set_style(style(ENDED));
        self.0.finish_with_message(report::way(way));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        // After an error: what is said next begins on a line of its own.
        if !self.0.is_finished() {
            self.0.abandon_with_message("stopped");
        }
    }
}
