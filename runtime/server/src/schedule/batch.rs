//! Rows of several requests as one batch, and the answers' rows back to whom they belong.
//!
//! Which requests these are the keys say, and [`joins`] proves: as many inputs, of the same types and
//! row shapes, in the same order, for the same outputs. Ids, parameters and forms of the replies stay
//! where they are: only tensors are joined.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use radiant_core::rows::{append_rows, copy_rows, reserve_rows};
use radiant_core::{Error, Form, Signature, Tensor};

use crate::work::{Timing, Work};

/// Buffers that have grown beyond this many elements are given back to the allocator.
const KEPT_ELEMENTS_MAX: usize = 1 << 18;

thread_local! {
    static BATCH: RefCell<Batch> = RefCell::default();
}

/// The tensors of one run, used again by the next on the same thread.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) outputs: Vec<Tensor>,
    pub(crate) wanted: Vec<usize>,
    /// The rows of each request, in order.
    parts: Vec<usize>,
}

/// What requests have in common that may share a run, as far as a number can tell.
pub(crate) fn key(signature: &Signature, work: &Work) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&work.wanted, work.company).hash(&mut hasher);
    for (index, input) in work.inputs.iter().enumerate() {
        let has_rows = has_rows(signature, index);
        let dims = input.shape.dims();
        (input.dtype(), dims.get(usize::from(has_rows)..)).hash(&mut hasher);
        if signature.form != Form::Tensors {
            input.name.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Whether two requests may share a run.
pub(crate) fn joins(signature: &Signature, first: &Work, other: &Work) -> bool {
    let fits = |(index, (a, b)): (usize, (&Tensor, &Tensor))| {
        if !has_rows(signature, index) {
            // The same for all rows, or it is another run.
            return a == b;
        }
        let named_alike = signature.form == Form::Tensors || a.name == b.name;
        let rows = |tensor: &Tensor| tensor.shape.dims().split_first().map(|(rows, _)| *rows);
        let of_rows = [a, b].iter().all(|tensor| rows(tensor).is_some_and(|rows| rows > 0));
        named_alike
            && of_rows
            && a.dtype() == b.dtype()
            && a.shape.dims().get(1..) == b.shape.dims().get(1..)
    };
    first.company == other.company
        && first.wanted == other.wanted
        && first.inputs.len() == other.inputs.len()
        && first.inputs.iter().zip(&other.inputs).enumerate().all(fits)
}

/// Whether the first axis of an input is the batch: of a table that of all.
fn has_rows(signature: &Signature, input: usize) -> bool {
    signature.form != Form::Tensors
        || signature.inputs.get(input).is_some_and(|spec| spec.dims.first() == Some(&None))
}

/// The rows of a request: of its first input that has any.
pub(crate) fn rows(signature: &Signature, inputs: &[Tensor]) -> usize {
    let batched = (0..inputs.len()).find(|&input| has_rows(signature, input)).unwrap_or(0);
    inputs.get(batched).map_or(1, |tensor| tensor.shape.rows())
}

impl Batch {
    /// Calls `use_it` with the buffers of this thread.
    pub(crate) fn with<T>(use_it: impl FnOnce(&mut Self) -> T) -> T {
        BATCH.with(|batch| {
            // A run that panicked may have left the buffers anyhow: they are written anew.
            let mut kept = batch.take();
            let result = use_it(&mut kept);
            let tensors = kept.inputs.iter().chain(&kept.outputs);
            if tensors.map(|tensor| tensor.data.len()).sum::<usize>() <= KEPT_ELEMENTS_MAX {
                batch.replace(kept);
            }
            result
        })
    }

    /// The number of requests.
    pub(crate) fn n_requests(&self) -> usize {
        self.parts.len()
    }

    /// The rows of all requests.
    pub(crate) fn n_rows(&self) -> usize {
        self.parts.iter().sum()
    }

    /// Puts the inputs of requests that [join](joins) one behind the other.
    ///
    /// # Errors
    /// They do not join.
    pub(crate) fn join(&mut self, signature: &Signature, works: &[&mut Work]) -> Result<(), Error> {
        let Some((first, others)) = works.split_first() else { return Err(odd()) };
        self.wanted.clone_from(&first.wanted);
        self.inputs.resize_with(first.inputs.len(), Tensor::default);
        self.parts.clear();
        self.parts.extend(works.iter().map(|work| rows(signature, &work.inputs)));
        let n_rows = self.n_rows();
        for (index, (input, joined)) in first.inputs.iter().zip(&mut self.inputs).enumerate() {
            if !has_rows(signature, index) {
                joined.clone_from(input);
                continue;
            }
            copy_rows(input, 0..input.shape.rows(), joined).map_err(|_| odd())?;
            reserve_rows(joined, n_rows.saturating_sub(input.shape.rows()));
            for other in others {
                let input = other.inputs.get(index).ok_or_else(odd)?;
                append_rows(joined, input, 0..input.shape.rows()).map_err(|_| odd())?;
            }
            if joined.shape.rows() != n_rows {
                return Err(odd());
            }
        }
        Ok(())
    }

    /// Gives each request the rows of the outputs that are its own, after a run that `took` so long.
    ///
    /// # Errors
    /// An output has not as many rows as the inputs: nobody can tell whose they are.
    pub(crate) fn split(&self, works: &mut [&mut Work], took: Duration) -> Result<(), Error> {
        let n_rows = self.n_rows();
        let has_its_rows =
            |output: &Tensor| output.shape.dims().first().is_some_and(|&rows| rows == n_rows);
        if self.outputs.len() != self.wanted.len() || !self.outputs.iter().all(has_its_rows) {
            return Err(Error::model_failed("an output of a batch has not the rows of its inputs"));
        }
        let mut start = 0;
        for (work, n_own) in works.iter_mut().zip(&self.parts) {
            let rows = start..start + n_own;
            work.outputs.resize_with(self.outputs.len(), Tensor::default);
            for (output, own) in self.outputs.iter().zip(&mut work.outputs) {
                copy_rows(output, rows.clone(), own).map_err(|_| odd())?;
            }
            start = rows.end;
            work.timing = Timing { run: took, rows: n_rows, ..work.timing };
        }
        Ok(())
    }
}

#[cold]
fn odd() -> Error {
    Error::internal("requests that do not fit together were put into one batch")
}

#[cfg(test)]
mod tests {
    use radiant_core::{DType, TensorSpec};

    use super::*;

    fn signature(form: Form) -> Signature {
        let inputs = vec![
            TensorSpec::new("x", DType::F32, vec![None, Some(2)]),
            TensorSpec::new("fixed", DType::I64, vec![Some(1)]),
        ];
        Signature { form, ..Signature::new(inputs, Vec::new()) }
    }

    fn work(first: u8, rows: usize, fixed: i64) -> Box<Work> {
        let mut work = Work::take();
        let values = (0..2 * rows).map(|at| f32::from(first) + at as f32).collect();
        let x = Tensor::new("x", &[rows, 2], values);
        work.inputs = vec![x, Tensor::new("fixed", &[1], vec![fixed])];
        work.wanted = vec![0];
        work.company = 0;
        work
    }

    #[test]
    fn rows_come_back_to_whom_they_belong() {
        let signature = signature(Form::Tensors);
        let mut works = [work(10, 1, 7), work(20, 3, 7), work(30, 2, 7)];
        let mut works: Vec<&mut Work> = works.iter_mut().map(|work| &mut **work).collect();
        assert!(works[1..].iter().all(|other| joins(&signature, works[0], other)));
        let mut batch = Batch::default();
        batch.join(&signature, &works).unwrap();
        assert_eq!((batch.n_requests(), batch.n_rows()), (3, 6));
        assert_eq!(batch.inputs[0].shape.dims(), [6, 2]);
        assert_eq!(batch.inputs[1].shape.dims(), [1]);
        batch.outputs = vec![batch.inputs[0].clone()];
        batch.split(&mut works, Duration::from_secs(1)).unwrap();
        for work in works {
            assert_eq!(work.outputs, work.inputs[..1]);
            assert_eq!((work.timing.rows, work.timing.run.as_secs()), (6, 1));
        }
    }

    #[test]
    fn outputs_without_a_row_for_each_row_are_nobodys() {
        let signature = signature(Form::Tensors);
        let mut works = [work(10, 1, 7), work(20, 3, 7)];
        let mut works: Vec<&mut Work> = works.iter_mut().map(|work| &mut **work).collect();
        let mut batch = Batch::default();
        batch.join(&signature, &works).unwrap();
        for dims in [&[3, 1][..], &[1], &[]] {
            batch.outputs = vec![Tensor::zeros("y", dims, DType::F32)];
            assert!(batch.split(&mut works, Duration::ZERO).is_err(), "{dims:?}");
        }
        batch.outputs.clear();
        assert!(batch.split(&mut works, Duration::ZERO).is_err());
    }

    #[test]
    fn only_what_fits_shares_a_run() {
        let tensors = signature(Form::Tensors);
        let first = work(10, 1, 7);
        let fits = |signature: &Signature, change: &dyn Fn(&mut Work)| {
            let mut other = work(20, 2, 7);
            change(&mut other);
            (joins(signature, &first, &other), key(signature, &first) == key(signature, &other))
        };
        assert_eq!(fits(&tensors, &|_| ()), (true, true));
        assert_eq!(fits(&tensors, &|other| other.wanted = vec![0, 1]), (false, false));
        assert_eq!(fits(&tensors, &|other| other.company = 1), (false, false));
        let wide = Tensor::zeros("x", &[1, 3], DType::F32);
        assert_eq!(fits(&tensors, &|other| other.inputs[0] = wide.clone()), (false, false));
        let double = Tensor::zeros("x", &[1, 2], DType::F64);
        assert_eq!(fits(&tensors, &|other| other.inputs[0] = double.clone()), (false, false));
        // What a number cannot tell the comparison does.
        let fixed = Tensor::new("fixed", &[1], vec![8_i64]);
        assert_eq!(fits(&tensors, &|other| other.inputs[1] = fixed.clone()), (false, true));
        let empty = Tensor::zeros("x", &[0, 2], DType::F32);
        assert_eq!(fits(&tensors, &|other| other.inputs[0] = empty.clone()), (false, true));
        // Names are looked at where columns are found by them.
        let renamed = |other: &mut Work| other.inputs[0].name = "y".into();
        assert!(fits(&tensors, &renamed).0);
        let frame = |other: &mut Work| {
            other.inputs.truncate(1);
            renamed(other);
        };
        assert_eq!(fits(&signature(Form::Frame), &frame), (false, false));
    }
}
