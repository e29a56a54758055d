//! What the server knows of a model that computes on tensors.

use std::fmt;
use std::sync::Arc;

use crate::{Cancel, DType, Error, Shape, Strings, Tensor};

/// What inputs for trying a model out may take.
const ZEROS_BYTES_MAX: usize = 256 << 20;

/// A loaded model: tensors in, tensors out.
///
/// One engine serves many requests at once from several threads; nothing of one request may be
/// visible to another.
pub trait Engine: Send + Sync + fmt::Debug {
    /// The engine's name, as in `--engine` and logs.
    fn name(&self) -> &'static str;

    /// Inputs and outputs.
    fn signature(&self) -> &Signature;

    /// Runs the model on `inputs`, which are in the signature's order and have passed
    /// [`Signature::check`], and leaves the outputs whose indices are in `wanted` in `outputs`, in
    /// that order. What `outputs` held before is overwritten; its allocations may be used.
    ///
    /// Blocks the calling thread for as long as the model takes. An engine that cuts a request into
    /// batches or steps asks `cancel` before each.
    ///
    /// # Errors
    /// [`ErrorKind::ModelFailed`](crate::ErrorKind::ModelFailed) when the model cannot run on this
    /// input, [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) when it was
    /// cancelled. A panic is the caller's to contain.
    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error>;

    /// How often the engine has the model's weights in memory.
    fn weight_copies(&self) -> WeightCopies {
        WeightCopies { held: 1, max: 1 }
    }
}

/// How often an engine has a model's weights in memory: one copy for each plan or session that it
/// keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightCopies {
    /// Now.
    pub held: usize,
    /// At most, whatever requests come.
    pub max: usize,
}

/// Inputs and outputs of a model, and what they mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// What [`Engine::run`] takes, in order.
    pub inputs: Vec<TensorSpec>,
    /// What [`Engine::run`] gives, in order.
    pub outputs: Vec<TensorSpec>,
    /// Which outputs are labels and probabilities, if the model is a classifier.
    pub classifier: Option<Classifier>,
}

/// The outputs of a classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    /// Index of the output that holds one label a row.
    pub labels: usize,
    /// Index of the output that holds one probability (or score) a class, `[rows, classes]`.
    pub probabilities: usize,
    /// The classes in column order, as text; empty where the model does not name them.
    pub classes: Strings,
}

/// One input or output.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorSpec {
    /// The name in the model file.
    pub name: Arc<str>,
    /// The element type.
    pub dtype: DType,
    /// The extent of each axis, outermost first; `None` is any. An unknown first axis is the batch.
    pub dims: Vec<Option<usize>>,
}

impl TensorSpec {
    /// Whether a tensor of this shape fits.
    pub fn accepts(&self, shape: &Shape) -> bool {
        self.dims.len() == shape.rank()
            && self.dims.iter().zip(shape.dims()).all(|(want, &got)| want.is_none_or(|w| w == got))
    }

    /// The number of elements that one row has, where all axes but the first are known.
    pub fn row_elements(&self) -> Option<usize> {
        self.dims.iter().skip(1).try_fold(1_usize, |n, dim| n.checked_mul((*dim)?))
    }
}

impl fmt::Display for TensorSpec {
    /// `FP32 [-1, 4]`: the type and the shape, -1 where any extent fits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [", self.dtype)?;
        for (axis, dim) in self.dims.iter().enumerate() {
            let separator = if axis == 0 { "" } else { ", " };
            match dim {
                Some(dim) => write!(f, "{separator}{dim}")?,
                None => write!(f, "{separator}-1")?,
            }
        }
        f.write_str("]")
    }
}

impl Signature {
    /// Checks that `inputs` are what the model takes: as many, of these types and shapes, with the
    /// same number of rows where the first axis is the batch.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) that names the input, what was
    /// expected and what came.
    pub fn check(&self, inputs: &[Tensor]) -> Result<(), Error> {
        if inputs.len() != self.inputs.len() {
            let (expected, got) = (self.inputs.len(), inputs.len());
            return Err(Error::invalid_input(format!("expected {expected} inputs, got {got}")));
        }
        let mut batch = None;
        for (spec, tensor) in self.inputs.iter().zip(inputs) {
            if tensor.dtype() != spec.dtype || !spec.accepts(&tensor.shape) {
                return Err(mismatch(spec, tensor));
            }
            if spec.dims.first() == Some(&None) {
                let rows = tensor.shape.rows();
                if *batch.get_or_insert(rows) != rows {
                    let expected = batch.unwrap_or(rows);
                    return Err(Error::invalid_input(format!(
                        "input `{}`: expected {expected} rows as in the inputs before, got {rows}",
                        spec.name
                    )));
                }
            }
        }
        Ok(())
    }

    /// Inputs of zeros, `false` and empty strings, for trying a model out: `rows` rows where the
    /// first axis is the batch, and one where another extent is unknown. `None` where they would
    /// take more than 256 MiB: a model file says what they are, and nobody has asked for them.
    pub fn zeros(&self, rows: usize) -> Option<Vec<Tensor>> {
        let dims = |spec: &TensorSpec| -> Vec<usize> {
            let extent = |(axis, dim): (usize, &Option<usize>)| {
                dim.unwrap_or(if axis == 0 { rows } else { 1 })
            };
            spec.dims.iter().enumerate().map(extent).collect()
        };
        let bytes = |spec: &TensorSpec| {
            // A string of no bytes takes the place of its end.
            let size = spec.dtype.size().unwrap_or(size_of::<usize>());
            dims(spec).iter().try_fold(size, |n, &dim| n.checked_mul(dim))
        };
        let total = self.inputs.iter().try_fold(0_usize, |n, spec| n.checked_add(bytes(spec)?));
        total.filter(|&total| total <= ZEROS_BYTES_MAX)?;
        let tensor = |spec: &TensorSpec| Tensor::zeros(&spec.name, &dims(spec), spec.dtype);
        Some(self.inputs.iter().map(tensor).collect())
    }

    /// The inputs as errors list them: `` `x` FP32 [-1, 4], `y` INT64 [-1] ``.
    pub fn inputs_listed(&self) -> String {
        listed(&self.inputs)
    }

    /// The outputs as errors list them.
    pub fn outputs_listed(&self) -> String {
        listed(&self.outputs)
    }

    /// The index of the output with this name.
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|output| &*output.name == name)
    }
}

#[cold]
fn listed(specs: &[TensorSpec]) -> String {
    let specs: Vec<_> = specs.iter().map(|spec| format!("`{}` {spec}", spec.name)).collect();
    specs.join(", ")
}

#[cold]
fn mismatch(spec: &TensorSpec, tensor: &Tensor) -> Error {
    Error::invalid_input(format!(
        "input `{}`: expected {spec}, got {} {}",
        spec.name,
        tensor.dtype(),
        tensor.shape
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature() -> Signature {
        let spec = |name: &str, dtype, dims: &[Option<usize>]| TensorSpec {
            name: name.into(),
            dtype,
            dims: dims.to_vec(),
        };
        Signature {
            inputs: vec![
                spec("x", DType::F32, &[None, Some(4)]),
                spec("y", DType::I64, &[None, Some(1)]),
            ],
            outputs: Vec::new(),
            classifier: None,
        }
    }

    #[test]
    fn zeros_fit_the_signature() {
        let zeros = signature().zeros(3).unwrap();
        assert!(signature().check(&zeros).is_ok());
        assert_eq!(zeros[0].shape.dims(), [3, 4]);
        assert_eq!(signature().zeros(usize::MAX / 2), None);
        assert_eq!(signature().zeros(1 << 26), None);
    }

    #[test]
    fn a_mismatch_names_the_input_what_was_expected_and_what_came() {
        let check =
            |inputs: &[Tensor]| signature().check(inputs).map_err(|error| error.to_string());
        let x = |rows| Tensor::new("", &[rows, 4], vec![0_f32; rows * 4]);
        let y = |rows| Tensor::new("", &[rows, 1], vec![0_i64; rows]);
        assert_eq!(check(&[x(2), y(2)]), Ok(()));
        assert_eq!(check(&[x(2)]), Err("expected 2 inputs, got 1".into()));
        assert_eq!(
            check(&[Tensor::new("", &[2, 3], vec![0_f64; 6]), y(2)]),
            Err("input `x`: expected FP32 [-1, 4], got FP64 [2, 3]".into())
        );
        assert_eq!(
            check(&[x(2), y(3)]),
            Err("input `y`: expected 2 rows as in the inputs before, got 3".into())
        );
    }
}
