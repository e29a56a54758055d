//! What the server knows of a model that computes on tensors.

use std::fmt;
use std::ops::Range;
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

    /// Runs the model on `inputs`, which have passed [`Signature::check`] and are in the signature's
    /// order, or as they came where it takes a table ([`Form`]), and leaves the outputs whose indices are in `wanted` in `outputs`, in
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

    /// Whether rows of several requests may share a run. Who does not know says that they may not.
    fn batching(&self) -> Batching {
        Batching::Alone
    }

    /// How often the engine has the model's weights in memory.
    fn weight_copies(&self) -> WeightCopies {
        WeightCopies { held: 1, max: 1 }
    }
}

/// Whether rows of several requests may share a run of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batching {
    /// They may not: a row's answer may depend on the other rows, or on how many there are.
    #[default]
    Alone,
    /// They may: each row of every output is computed from the same row of the inputs alone.
    Rows {
        /// The most rows that one run should have.
        max: usize,
        /// Whether a row's answer has the same bits in whatever company it is computed.
        exact: bool,
    },
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
    /// What [`Engine::run`] takes, in order; of a table what it is made of.
    pub inputs: Vec<TensorSpec>,
    /// In which form requests bring inputs.
    pub form: Form,
    /// What [`Engine::run`] gives, in order.
    pub outputs: Vec<TensorSpec>,
    /// Which outputs are labels and probabilities, if the model is a classifier.
    pub classifier: Option<Classifier>,
    /// What a request gets that asks for no output by name.
    pub answers: Answers,
    /// Whether equal inputs may get unequal answers, because the model draws random numbers.
    pub varies: bool,
}

/// In which form requests bring inputs.
///
/// Of a table the server hands over whatever came: [`Engine::run`] looks at names, types and ranks,
/// and has the last word on columns, widths and types. All that [`Signature::check`] has seen to is
/// that there is a tensor, that each has one axis or two, and that all have as many rows. Types are
/// those that came: of JSON without types those that numpy would find, so that integers are INT64.
/// `null` is a missing value: NaN, with which a column of numbers or truth values is FP64, or a
/// missing text ([`Strings::is_missing`]); a column of nothing else is FP64, unless it came with texts
/// in one array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The tensors that the signature declares, each by its name.
    #[default]
    Tensors,
    /// A table whose columns have no names: [`Signature::inputs`] has one spec, such as FP64 [-1, 4]
    /// or, for texts, BYTES [-1]. A request brings one tensor of any name and type, a vector or a
    /// matrix, or several vectors (or matrices of one column): the columns, in their order.
    Matrix,
    /// A table whose columns have names: [`Signature::inputs`] has a spec for each, with one axis.
    /// A request brings vectors (or matrices of one column) by name, in any order, perhaps with
    /// others, which are the engine's to ignore; or one matrix, whose columns are meant in their
    /// order.
    Frame,
}

/// What a request gets that asks for no output by name, in protocols whose requests can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// All outputs: those of a graph.
    #[default]
    All,
    /// The first output, as servers of estimators answer. Where replies have shapes beside names (the
    /// Open Inference Protocol), one value a row is a column then: `[rows, 1]`.
    First,
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
    /// An input or output that is what it declares.
    pub fn new(name: impl Into<Arc<str>>, dtype: DType, dims: Vec<Option<usize>>) -> Self {
        Self { name: name.into(), dtype, dims }
    }

    /// Whether a tensor goes into it, by type and shape.
    fn fits(&self, tensor: &Tensor) -> bool {
        tensor.dtype() == self.dtype && self.accepts(&tensor.shape)
    }

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
    /// The signature of a graph that is no classifier, and gives equal inputs equal answers.
    pub fn new(inputs: Vec<TensorSpec>, outputs: Vec<TensorSpec>) -> Self {
        let (form, answers) = (Form::Tensors, Answers::All);
        Self { inputs, form, outputs, classifier: None, answers, varies: false }
    }

    /// The outputs that a request gets which asks for none by name.
    pub fn answered(&self) -> Range<usize> {
        match self.answers {
            Answers::All => 0..self.outputs.len(),
            Answers::First => 0..self.outputs.len().min(1),
        }
    }

    /// Checks that `inputs` are what the model takes: as many, of these types and shapes, with the
    /// same number of rows where the first axis is the batch. Of a table, that each has two axes at
    /// most, and as many rows as the others.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) that names the input, what was
    /// expected and what came.
    pub fn check(&self, inputs: &[Tensor]) -> Result<(), Error> {
        if self.form != Form::Tensors {
            return self.check_table(inputs);
        }
        if inputs.len() != self.inputs.len() {
            let (expected, got) = (self.inputs.len(), inputs.len());
            return Err(Error::invalid_input(format!("expected {expected} inputs, got {got}")));
        }
        let mut batch = None;
        for (spec, tensor) in self.inputs.iter().zip(inputs) {
            if !spec.fits(tensor) {
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

    fn check_table(&self, inputs: &[Tensor]) -> Result<(), Error> {
        let expected = inputs.first().map(|tensor| tensor.shape.rows());
        let Some(expected) = expected else {
            let listed = self.inputs_listed();
            return Err(Error::invalid_input(format!("expected {listed}, got no input")));
        };
        let fits = |tensor: &&Tensor| tensor.shape.rank() <= 2 && tensor.shape.rows() == expected;
        match inputs.iter().find(|tensor| !fits(tensor)) {
            None => Ok(()),
            Some(odd) => Err(no_part(odd, expected)),
        }
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

#[cold]
fn no_part(tensor: &Tensor, expected: usize) -> Error {
    let Tensor { name, shape, .. } = tensor;
    let named = if name.is_empty() { "the input".to_owned() } else { format!("input `{name}`") };
    Error::invalid_input(if matches!(shape.rank(), 1 | 2) {
        let got = shape.rows();
        format!("{named}: expected {expected} rows as in the inputs before, got {got}")
    } else {
        format!("{named}: expected rows, a table of one axis or two, got shape {shape}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature() -> Signature {
        let inputs = vec![
            TensorSpec::new("x", DType::F32, vec![None, Some(4)]),
            TensorSpec::new("y", DType::I64, vec![None, Some(1)]),
        ];
        Signature::new(inputs, Vec::new())
    }

    #[test]
    fn a_request_that_asks_for_no_output_gets_all_or_the_first() {
        let output = |name: &str| TensorSpec::new(name, DType::F32, vec![None]);
        let mut signature = Signature::new(Vec::new(), vec![output("a"), output("b")]);
        assert_eq!(signature.answered(), 0..2);
        signature.answers = Answers::First;
        assert_eq!(signature.answered(), 0..1);
        signature.outputs.clear();
        assert_eq!(signature.answered(), 0..0);
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

    #[test]
    fn a_table_is_checked_for_rows_and_left_to_the_engine() {
        for form in [Form::Matrix, Form::Frame] {
            let signature = Signature { form, ..signature() };
            let check =
                |inputs: &[Tensor]| signature.check(inputs).map_err(|error| error.to_string());
            let zeros = |name: &str, dims: &[usize], dtype| Tensor::zeros(name, dims, dtype);
            assert_eq!(check(&[zeros("", &[2, 9], DType::I8)]), Ok(()));
            assert_eq!(check(&[zeros("", &[0], DType::Bytes)]), Ok(()));
            let columns = [zeros("a", &[2], DType::F64), zeros("", &[2, 1], DType::Bytes)];
            assert_eq!(check(&columns), Ok(()));
            let uneven = [zeros("a", &[2], DType::F64), zeros("b", &[3], DType::F64)];
            let message = "input `b`: expected 2 rows as in the inputs before, got 3";
            assert_eq!(check(&uneven), Err(message.into()));
            assert_eq!(check(&[zeros("", &[], DType::F64)]), Ok(()));
            let message =
                "input `x`: expected rows, a table of one axis or two, got shape [1, 1, 1]";
            assert_eq!(check(&[zeros("x", &[1, 1, 1], DType::F64)]), Err(message.into()));
            let message = "expected `x` FP32 [-1, 4], `y` INT64 [-1, 1], got no input";
            assert_eq!(check(&[]), Err(message.into()));
            assert!(signature.check(&signature.zeros(2).unwrap()).is_ok());
        }
    }
}
