//! Everybody on the same rows, in turns.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use radiant_core::{Engine, Tensor};
use side_by_side::{Peer, Runner, there_and_back};

use crate::model::compare;
use crate::who::Who;

/// The least time of a call of each, in nanoseconds.
pub(crate) type Round = side_by_side::Round<Who>;

/// Where the libraries are asked: the process, and the model's name and rows.
pub(crate) type Asked<'a> = (&'a mut Peer, &'a str, usize);

/// Everybody who takes part on one model and batch.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub(crate) runners: Vec<(Who, Runner<'a>)>,
    pub(crate) libraries: Vec<Who>,
    /// Why engines that took the model cannot run it on these rows.
    pub(crate) failures: Vec<(Who, String)>,
    /// Whose answers are others than those of the rest, and where; they take no part.
    pub(crate) wrong: Vec<(Who, String)>,
}

impl<'a> Field<'a> {
    /// Runs each engine on the inputs, and holds its answer against that of ONNX Runtime, or of the
    /// first engine where that is missing.
    pub(crate) fn warm(
        engines: &'a [(Who, Arc<dyn Engine>)],
        libraries: &[Who],
        inputs: &'a [Tensor],
    ) -> Self {
        let (mut runners, mut failures, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for (who, engine) in engines {
            match Runner::warm(&**engine, inputs) {
                Ok(runner) => runners.push((*who, runner)),
                Err(error) => failures.push((*who, format!("{error:#}"))),
            }
        }
        let reference = runners.iter().find(|(who, _)| *who == Who::Ort).or(runners.first());
        let expected = reference.map(|(_, runner)| runner.outputs().to_vec()).unwrap_or_default();
        runners.retain(|(who, runner)| {
            let differs = compare(&expected, runner.outputs()).err();
            wrong.extend(differs.iter().map(|error| (*who, format!("{error:#}"))));
            differs.is_none()
        });
        Self { runners, libraries: libraries.to_vec(), failures, wrong }
    }

    /// One round: everybody has two turns.
    ///
    /// # Errors
    /// When one errs.
    pub(crate) fn round(
        &mut self,
        mut asked: Option<Asked<'_>>,
        duration: Duration,
    ) -> Result<Round> {
        let n = self.runners.len() + self.libraries.len();
        let turn = duration.div_f64(2.0 * n.max(1) as f64);
        let mut round = Round::new();
        let mut keep = |who, ns: f64| {
            let least = round.entry(who).or_insert(ns);
            *least = least.min(ns);
        };
        for index in there_and_back(n) {
            if let Some((who, runner)) = self.runners.get_mut(index) {
                keep(*who, runner.least_ns(turn).with_context(|| who.name())?);
                continue;
            }
            let library = self.libraries.get(index - self.runners.len());
            if let (Some((peer, model, n_rows)), Some(&who)) = (asked.as_mut(), library) {
                keep(who, peer.least_ns(who.name(), (model, *n_rows), turn)?);
            }
        }
        Ok(round)
    }
}
