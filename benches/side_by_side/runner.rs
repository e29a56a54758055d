//! An engine with a request, run again and again.

use std::time::Duration;

use anyhow::Result;
use radiant_core::{Cancel, Engine, Tensor};

use crate::Clock;

/// An engine with a request; answers go into the same tensors each time, as in a server.
#[derive(Debug)]
pub struct Runner<'a> {
    engine: &'a dyn Engine,
    inputs: &'a [Tensor],
    wanted: Vec<usize>,
    outputs: Vec<Tensor>,
    clock: Clock,
}

impl<'a> Runner<'a> {
    /// Runs the engine twice for all its outputs: it makes what it needs for this shape, and shows how
    /// long a call takes.
    ///
    /// # Errors
    /// When it cannot run on these inputs.
    pub fn warm(engine: &'a dyn Engine, inputs: &'a [Tensor]) -> Result<Self> {
        let wanted = (0..engine.signature().outputs.len()).collect();
        Self::asking(engine, inputs, wanted)
    }

    /// The same for some of its outputs.
    ///
    /// # Errors
    /// When it cannot run on these inputs.
    pub fn asking(
        engine: &'a dyn Engine,
        inputs: &'a [Tensor],
        wanted: Vec<usize>,
    ) -> Result<Self> {
        let mut outputs = Vec::new();
        let cancel = Cancel::never();
        let clock = Clock::of(|| Ok(engine.run(inputs, &wanted, &mut outputs, &cancel)?))?;
        Ok(Self { engine, inputs, wanted, outputs, clock })
    }

    /// Runs the engine once.
    ///
    /// # Errors
    /// As the engine.
    pub fn run(&mut self) -> Result<()> {
        let Self { engine, inputs, wanted, outputs, .. } = self;
        Ok(engine.run(inputs, wanted, outputs, &Cancel::never())?)
    }

    /// What the last run answered.
    pub fn outputs(&self) -> &[Tensor] {
        &self.outputs
    }

    /// The least time of a run among those of `duration`, in nanoseconds.
    ///
    /// # Errors
    /// As the engine.
    pub fn least_ns(&mut self, duration: Duration) -> Result<f64> {
        self.clock.least_ns(duration, || self.run())
    }
}
