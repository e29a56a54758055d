//! Where what is observed comes from: a cluster, or a test's script.

use std::time::Duration;

use super::cause::{LogAt, ProbeAt};
use super::observed::{Observed, Surroundings};
use crate::error::Failure;

/// Where what is observed comes from, and the time that goes by meanwhile.
pub trait Source: Send {
    /// How long it has been watched.
    fn elapsed(&self) -> Duration;

    /// What there is: at once the first time, then whenever something has changed. Nothing when `until`
    /// has come, counted from the beginning. To drop the future loses nothing.
    ///
    /// # Errors
    /// When nothing more can come.
    fn next(
        &mut self,
        until: Duration,
    ) -> impl Future<Output = Result<Option<Observed>, Failure>> + Send;

    /// The last lines of a log; none where they cannot be had soon.
    fn last_lines(&mut self, at: &LogAt) -> impl Future<Output = Vec<String>> + Send;

    /// What a server says about its readiness, where it says anything soon.
    fn answer(&mut self, at: &ProbeAt) -> impl Future<Output = Option<String>> + Send;

    /// Why there is nothing of that name, where more is known than that.
    fn absence(&mut self) -> impl Future<Output = Option<Failure>> + Send;

    /// What decides whether an operator looks at a deployment at all, as far as it may be known.
    fn surroundings(&mut self) -> impl Future<Output = Surroundings> + Send;
}
