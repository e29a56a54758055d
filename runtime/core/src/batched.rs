//! An engine that gets batches of the sizes that suit it.
//!
//! Engines run whatever batch they are given. Whether a batch may be cut or padded is a property of
//! the model: only if each row of every output is computed from the same row of the inputs alone is
//! the answer the same. Who wraps an engine has to know that.

use std::sync::Arc;

use crate::rows::{
    Padding, append_rows, copy_rows, last_row_bytes, pad_rows, reserve_rows, truncate_rows,
};
use crate::{Batching, Cancel, Engine, Error, Form, Signature, Tensor, TensorSpec, WeightCopies};

/// Bytes of the inputs and outputs of a run under [`BatchRule::Fixed`], and of what padding adds to
/// the inputs: as much as a REST body may have by default. A row of a few bytes can ask for it.
const FIXED_BYTES_MAX: u64 = 256 << 20;

/// How a request becomes runs of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchRule {
    /// One run, whatever its size.
    AsItComes,
    /// Runs of at most so many rows.
    CutAt {
        /// The largest run, in rows.
        max_rows: usize,
    },
    /// Runs of exactly so many rows, as the model fixes them; the last is padded.
    Fixed {
        /// The rows of every run.
        rows: usize,
    },
}

impl BatchRule {
    /// The rule for a model.
    ///
    /// - `CutAt` where the first axis of an input and that of every output are unknown, and rows are
    ///   independent.
    /// - `Fixed` where the first axes of all inputs and outputs have the same known extent, and rows
    ///   are independent: requests may then have any number of rows. Where some input or output
    ///   has another first extent, that axis is no batch, so that the model takes what it declares
    ///   only. So it does where all inputs and outputs, as far as their extents are known, have more
    ///   than 256 MiB together.
    /// - `AsItComes` for all others: nothing is known of what other company would do to a row.
    pub fn for_signature(
        signature: &Signature,
        rows_are_independent: bool,
        max_rows: usize,
    ) -> Self {
        if !rows_are_independent {
            return Self::AsItComes;
        }
        let cut = Self::CutAt { max_rows: max_rows.max(1) };
        if cut.fits(signature) {
            return cut;
        }
        let first = signature.inputs.first().and_then(|spec| spec.dims.first());
        match first {
            Some(Some(rows)) if Self::Fixed { rows: *rows }.fits(signature) => {
                Self::Fixed { rows: *rows }
            }
            _ => Self::AsItComes,
        }
    }

    /// Whether the signature has the axes that the rule needs.
    fn fits(self, signature: &Signature) -> bool {
        let Signature { inputs, outputs, .. } = signature;
        let is = |spec: &TensorSpec, first: Option<usize>| spec.dims.first() == Some(&first);
        match self {
            Self::AsItComes => true,
            Self::CutAt { .. } => {
                inputs.iter().any(|spec| is(spec, None))
                    && outputs.iter().all(|spec| is(spec, None))
            }
            Self::Fixed { rows } => {
                let mut all = inputs.iter().chain(outputs);
                let bytes = all.clone().map(bytes_at_least).fold(0, u64::saturating_add);
                let is_small = bytes <= FIXED_BYTES_MAX;
                rows > 0 && !inputs.is_empty() && is_small && all.all(|spec| is(spec, Some(rows)))
            }
        }
    }
}

/// The bytes of an input or output, each extent and each string that is not known being 1.
fn bytes_at_least(spec: &TensorSpec) -> u64 {
    let size = spec.dtype.size().unwrap_or(1) as u64;
    spec.dims.iter().fold(size, |n, dim| n.saturating_mul(dim.unwrap_or(1) as u64))
}

/// An engine of which requests are cut, and padded, by a [`BatchRule`].
#[derive(Debug)]
pub struct Batched {
    engine: Arc<dyn Engine>,
    rule: BatchRule,
    signature: Signature,
    is_exact: bool,
}

impl Batched {
    /// Wraps an engine whose model allows the rule. Under [`BatchRule::Fixed`], the first axes of
    /// the signature become unknown ones.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when the engine's signature lacks the
    /// axes that the rule needs.
    pub fn new(engine: Arc<dyn Engine>, rule: BatchRule) -> Result<Self, Error> {
        let mut signature = engine.signature().clone();
        if !rule.fits(&signature) {
            let (inputs, outputs) = (signature.inputs_listed(), signature.outputs_listed());
            return Err(Error::internal(format!(
                "batches of {inputs} and {outputs} cannot be run as {rule:?}"
            )));
        }
        if matches!(rule, BatchRule::Fixed { .. }) {
            let specs = signature.inputs.iter_mut().chain(&mut signature.outputs);
            specs.filter_map(|spec| spec.dims.first_mut()).for_each(|first| *first = None);
        }
        Ok(Self { engine, rule, signature, is_exact: false })
    }

    /// The same, where a row's answer has the same bits in whatever company it is computed.
    #[must_use]
    pub fn exact(self) -> Self {
        Self { is_exact: true, ..self }
    }

    /// The rule.
    pub fn rule(&self) -> BatchRule {
        self.rule
    }

    /// The wrapped engine.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// Whether the first axis of an input is the batch: of a table that of all. Others are the same in
    /// every run.
    fn is_batched(&self, input: usize) -> bool {
        self.signature.form != Form::Tensors
            || self.signature.inputs.get(input).is_some_and(|spec| spec.dims.first() == Some(&None))
    }

    /// The number of rows of a request.
    fn rows(&self, inputs: &[Tensor]) -> Option<usize> {
        let batched = (0..inputs.len()).find(|&input| self.is_batched(input))?;
        inputs.get(batched).map(|tensor| tensor.shape.rows())
    }

    /// Answers a batch of no rows. Extents that the signature does not tell are 0.
    fn run_empty(&self, wanted: &[usize], outputs: &mut Vec<Tensor>) -> Result<(), Error> {
        outputs.clear();
        for &index in wanted {
            let spec = self.signature.outputs.get(index).ok_or_else(|| no_output(index))?;
            let mut dims: Vec<usize> = spec.dims.iter().map(|dim| dim.unwrap_or(0)).collect();
            if let Some(rows) = dims.first_mut() {
                *rows = 0;
            }
            outputs.push(Tensor::zeros(&spec.name, &dims, spec.dtype));
        }
        Ok(())
    }

    /// Refuses a request whose last row, in the place of all that lack, would take too much: extents
    /// and strings are as large as the request has them.
    fn check_padding(&self, inputs: &[Tensor], rows: usize, size: usize) -> Result<(), Error> {
        let n_missing = (size - rows % size) % size;
        let batched = inputs.iter().enumerate().filter(|(index, _)| self.is_batched(*index));
        let row = batched.map(|(_, input)| last_row_bytes(input)).fold(0, u64::saturating_add);
        let bytes = row.saturating_mul(n_missing as u64);
        if bytes <= FIXED_BYTES_MAX {
            return Ok(());
        }
        Err(Error::invalid_input(format!(
            "expected a multiple of {size} rows, as the model fixes them, or smaller ones, got \
             {rows}: the rows that lack would take {bytes} bytes, more than {FIXED_BYTES_MAX}"
        )))
    }

    /// Runs parts of `size` rows, the last padded to `size` where `pads`.
    fn run_parts(
        &self,
        inputs: &[Tensor],
        (rows, size, pads): (usize, usize, bool),
        (wanted, outputs): (&[usize], &mut Vec<Tensor>),
        cancel: &Cancel,
    ) -> Result<(), Error> {
        if pads {
            self.check_padding(inputs, rows, size)?;
        }
        let mut part = inputs.to_vec();
        let mut answers = Vec::new();
        for start in (0..rows).step_by(size) {
            cancel.check()?;
            let n_rows = size.min(rows - start);
            for (index, (from, to)) in inputs.iter().zip(&mut part).enumerate() {
                if self.is_batched(index) {
                    copy_rows(from, start..start + n_rows, to).map_err(|_| uneven(from))?;
                    if pads {
                        pad_rows(to, size, Padding::LastRow).map_err(|_| uneven(from))?;
                    }
                }
            }
            let n_run = if pads { size } else { n_rows };
            // What the first part gives is where the others are appended.
            let given = if start == 0 { &mut *outputs } else { &mut answers };
            self.engine.run(&part, wanted, given, cancel)?;
            check_rows(given, n_run)?;
            if start == 0 {
                for output in &mut *outputs {
                    truncate_rows(output, n_rows);
                    reserve_rows(output, rows - n_rows);
                }
                continue;
            }
            for (output, answer) in outputs.iter_mut().zip(&answers) {
                append_rows(output, answer, 0..n_rows).map_err(|_| differs(output, answer))?;
            }
        }
        Ok(())
    }
}

impl Engine for Batched {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn batching(&self) -> Batching {
        let rows = |max| Batching::Rows { max, exact: self.is_exact };
        match self.rule {
            BatchRule::AsItComes => self.engine.batching(),
            BatchRule::CutAt { max_rows: rows_max } | BatchRule::Fixed { rows: rows_max } => {
                rows(rows_max.max(1))
            }
        }
    }

    fn weight_copies(&self) -> WeightCopies {
        self.engine.weight_copies()
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let (size, pads) = match self.rule {
            BatchRule::AsItComes => return self.engine.run(inputs, wanted, outputs, cancel),
            BatchRule::CutAt { max_rows } => (max_rows.max(1), false),
            BatchRule::Fixed { rows } => (rows.max(1), true),
        };
        let rows = self.rows(inputs).ok_or_else(|| Error::internal("no input has rows"))?;
        // What is wrong with the columns of a table is the engine's to tell, even without rows.
        if rows == 0 && self.signature.form == Form::Tensors {
            return self.run_empty(wanted, outputs);
        }
        if rows == size || (rows < size && !pads) {
            self.engine.run(inputs, wanted, outputs, cancel)?;
            return check_rows(outputs, rows);
        }
        self.run_parts(inputs, (rows, size, pads), (wanted, outputs), cancel)
    }
}

/// An output that has other rows than the inputs would be given to the wrong ones.
fn check_rows(outputs: &[Tensor], rows: usize) -> Result<(), Error> {
    let odd = outputs.iter().find(|output| output.shape.dims().first() != Some(&rows));
    odd.map_or(Ok(()), |output| {
        let (name, shape) = (&output.name, &output.shape);
        Err(Error::model_failed(format!("output `{name}`: expected {rows} rows, got {shape}")))
    })
}

#[cold]
fn uneven(input: &Tensor) -> Error {
    let (name, shape) = (&input.name, &input.shape);
    Error::invalid_input(format!("input `{name}`: expected rows as in other inputs, got {shape}"))
}

#[cold]
fn differs(before: &Tensor, after: &Tensor) -> Error {
    Error::model_failed(format!(
        "output `{}`: expected rows of {} {} as in the part before, got {} {}",
        before.name,
        before.dtype(),
        before.shape,
        after.dtype(),
        after.shape
    ))
}

#[cold]
fn no_output(index: usize) -> Error {
    Error::internal(format!("the model has no output {index}"))
}

#[cfg(test)]
mod tests;
