//! The engine: borrows a session, hands tensors over, takes the answers.

use std::fmt;
use std::sync::Arc;

use radiant_core::{Cancel, Engine, Error, Signature, Tensor, TensorSpec, WeightCopies};

use crate::error::run_error;
use crate::pool::Pool;
use crate::{Library, LoadError, convert, deny, empty, load};

/// How much of the machine the engine takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Threads that one run may use. Above one, each session starts that many less one.
    pub threads: usize,
    /// Runs at the same time. Each session holds its own copy of the weights and its own scratch
    /// memory; further requests wait for one of them.
    pub sessions: usize,
}

impl Default for Options {
    /// One session of one thread.
    fn default() -> Self {
        Self { threads: 1, sessions: 1 }
    }
}

/// An ONNX graph, run by ONNX Runtime.
pub struct OrtEngine {
    signature: Signature,
    /// The outputs' names in the graph.
    names: Vec<Arc<str>>,
    /// The operator that must not see an empty input.
    unsafe_operator: Option<&'static str>,
    pool: Pool,
    library: Library,
}

impl OrtEngine {
    /// Gives ONNX Runtime a model that has passed `radiant-onnx`'s checks.
    ///
    /// All sessions are made here, so no request waits for one to be made, and none keeps the
    /// model's bytes.
    ///
    /// Cost: blocks for the optimisation of the graph once a session, from milliseconds to seconds;
    /// copies the weights once, and once more a session.
    ///
    /// # Errors
    /// [`LoadError`] has ONNX Runtime's words, and the operator that they speak of.
    pub fn load(
        library: &Library,
        model: &radiant_onnx::Model,
        options: &Options,
    ) -> Result<Self, LoadError> {
        let mut signature = model.signature()?;
        deny::check(model, &signature)?;
        let sessions = load::sessions(library, model, &signature, options)?;
        if let Some(session) = sessions.first() {
            load::reconcile(&mut signature, session, &model.graph)?;
        }
        Ok(Self {
            signature,
            names: load::output_names(&model.graph),
            unsafe_operator: empty::unsafe_operator(&model.graph),
            pool: Pool::new(sessions),
            library: library.clone(),
        })
    }

    /// The ONNX Runtime that runs the graph.
    pub fn library(&self) -> &Library {
        &self.library
    }

    fn run_whole(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut [Tensor],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let feed = |(spec, tensor)| convert::feed(spec, tensor);
        let inputs = self.signature.inputs.iter().zip(inputs).map(feed);
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        self.pool.with(|worker| {
            // It may have been long until there was a session.
            cancel.check()?;
            let answers = worker.run(&inputs, wanted, &self.names);
            let answers = answers.map_err(|error| run_error(&error))?;
            for (slot, (output, spec)) in outputs.iter_mut().zip(self.wanted(wanted)).enumerate() {
                convert::take(&answers[slot], spec.dtype, output)
                    .map_err(|error| run_error(&error))?;
            }
            Ok(())
        })
    }

    /// Answers a batch of no rows, which ONNX Runtime must not see.
    fn run_empty(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut [Tensor],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let mut row = vec![Tensor::default(); wanted.len()];
        let inputs = empty::one_row(&self.signature, inputs);
        // A model that cannot take zeros has its declared shapes instead.
        let has_run = self.run_whole(&inputs, wanted, &mut row, cancel).is_ok();
        cancel.check()?;
        for (index, (output, spec)) in outputs.iter_mut().zip(self.wanted(wanted)).enumerate() {
            empty::output(spec, row.get(index).filter(|_| has_run), output)?;
        }
        Ok(())
    }

    fn wanted<'a>(&'a self, wanted: &'a [usize]) -> impl Iterator<Item = &'a TensorSpec> + 'a {
        wanted.iter().filter_map(|&index| self.signature.outputs.get(index))
    }
}

impl Engine for OrtEngine {
    fn name(&self) -> &'static str {
        "ort"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// One for each session.
    fn weight_copies(&self) -> WeightCopies {
        WeightCopies { held: self.pool.len(), max: self.pool.len() }
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        if let Some(&index) = wanted.iter().find(|&&index| index >= self.signature.outputs.len()) {
            return Err(Error::internal(format!("the model has no output {index}")));
        }
        cancel.check()?;
        outputs.resize_with(wanted.len(), Tensor::default);
        for (output, spec) in outputs.iter_mut().zip(self.wanted(wanted)) {
            output.name = Arc::clone(&spec.name);
        }
        if wanted.is_empty() {
            return Ok(());
        }
        if let Some(operator) = self.unsafe_operator {
            empty::refuse(operator, &self.signature, inputs)?;
        }
        // What has no rows in its answer either is for the graph to say, if it is one that may run.
        let is_batched = self.wanted(wanted).all(empty::is_batched);
        let must_not_run = is_batched || self.unsafe_operator.is_some();
        if must_not_run && empty::rows(&self.signature, inputs) == Some(0) {
            return self.run_empty(inputs, wanted, outputs, cancel);
        }
        self.run_whole(inputs, wanted, outputs, cancel)
    }
}

impl fmt::Debug for OrtEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrtEngine")
            .field("signature", &self.signature)
            .field("sessions", &self.pool.len())
            .field("library", &self.library)
            .finish_non_exhaustive()
    }
}
