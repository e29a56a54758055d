//! Everybody on the same rows, in turns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use radiant_core::{Cancel, Engine, Tensor};

use crate::model::compare;
use crate::peer::Peer;
use crate::spread::Spread;
use crate::who::Who;

/// Calls are timed in blocks of at least so much, so that reading the clock costs nothing.
const BLOCK: Duration = Duration::from_micros(20);

/// An engine with a request.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    engine: &'a dyn Engine,
    inputs: &'a [Tensor],
    wanted: Vec<usize>,
    outputs: Vec<Tensor>,
    calls_in_block: u32,
}

impl<'a> Runner<'a> {
    /// Runs the engine twice: it makes what it needs for this shape, and shows how long a call takes.
    ///
    /// # Errors
    /// When it cannot run on these inputs.
    pub(crate) fn warm(engine: &'a dyn Engine, inputs: &'a [Tensor]) -> Result<Self> {
        let wanted = (0..engine.signature().outputs.len()).collect();
        let mut runner = Self { engine, inputs, wanted, outputs: Vec::new(), calls_in_block: 1 };
        runner.run()?;
        let took = runner.block()?;
        // No more than a million.
        let calls = BLOCK.as_nanos() / took.as_nanos().max(1);
        runner.calls_in_block = u32::try_from(calls).unwrap_or(u32::MAX).clamp(1, 1_000_000);
        Ok(runner)
    }

    /// Runs the engine once.
    ///
    /// # Errors
    /// As the engine.
    pub(crate) fn run(&mut self) -> Result<()> {
        let Self { engine, inputs, wanted, outputs, .. } = self;
        Ok(engine.run(inputs, wanted, outputs, &Cancel::never())?)
    }

    fn block(&mut self) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..self.calls_in_block {
            self.run()?;
        }
        Ok(started.elapsed())
    }

    /// The least time of a call among those of `duration`, in nanoseconds; one block at least.
    fn least_ns(&mut self, duration: Duration) -> Result<f64> {
        let started = Instant::now();
        let mut least = self.block()?;
        while started.elapsed() < duration {
            least = least.min(self.block()?);
        }
        Ok(least.as_nanos() as f64 / f64::from(self.calls_in_block))
    }
}

/// The least time of a call of each, in nanoseconds.
pub(crate) type Round = BTreeMap<Who, f64>;

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
        let expected = reference.map(|(_, runner)| runner.outputs.clone()).unwrap_or_default();
        runners.retain(|(who, runner)| {
            let differs = compare(&expected, &runner.outputs).err();
            wrong.extend(differs.iter().map(|error| (*who, format!("{error:#}"))));
            differs.is_none()
        });
        Self { runners, libraries: libraries.to_vec(), failures, wrong }
    }

    /// One round: everybody has two turns, in the order A B C C B A, so that what else happens on
    /// the machine meanwhile favours nobody.
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
        for index in (0..n).chain((0..n).rev()) {
            if let Some((who, runner)) = self.runners.get_mut(index) {
                keep(*who, runner.least_ns(turn).with_context(|| who.name())?);
                continue;
            }
            let library = self.libraries.get(index - self.runners.len());
            if let (Some((peer, model, n_rows)), Some(&who)) = (asked.as_mut(), library) {
                keep(who, peer.least_ns(who, (model, *n_rows), turn)?);
            }
        }
        Ok(round)
    }
}

/// The best of `ours` in times of the best of `others`, round by round; `None` where either side
/// was never there.
pub(crate) fn ratio(rounds: &[Round], ours: &[Who], others: &[Who]) -> Option<Spread> {
    let best = |round: &Round, side: &[Who]| {
        side.iter().filter_map(|who| round.get(who)).copied().min_by(f64::total_cmp)
    };
    let ratios = rounds.iter().filter_map(|round| Some(best(round, ours)? / best(round, others)?));
    Spread::of(ratios.collect())
}

/// The least time of a call in all rounds, in microseconds.
pub(crate) fn least_us(rounds: &[Round], who: Who) -> Option<f64> {
    let times = rounds.iter().filter_map(|round| round.get(&who)).copied();
    Some(times.min_by(f64::total_cmp)? / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_side_is_compared_round_by_round() {
        let round = |native, tract, ort| {
            Round::from([(Who::Native, native), (Who::Tract, tract), (Who::Ort, ort)])
        };
        let rounds = [round(2.0, 4.0, 8.0), round(9.0, 6.0, 12.0)];
        let spread = ratio(&rounds, &[Who::Native, Who::Tract], &[Who::Ort]).unwrap();
        assert_eq!((spread.min, spread.max), (0.25, 0.5));
        assert_eq!(ratio(&rounds, &[Who::Native], &[Who::Xgboost]), None);
        assert_eq!(least_us(&rounds, Who::Native), Some(0.002));
    }
}
