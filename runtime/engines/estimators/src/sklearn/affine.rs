//! Dot products of rows with weights, plus an offset for each output.

mod product;
mod weights;

use radiant_core::Error;

use super::activation::argmax;
use super::data::{Data, Table};
use super::estimator::Answer;
use super::intake::{Intake, Rows};
use super::source::{Matrix, Read, Source, is_single, vector};
use product::Product;
use weights::weights;

/// `x W + b`, in double precision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Affine {
    product: Product,
    // Invariant: one for each output.
    offsets: Vec<f64>,
    /// Whether the weights have one axis.
    is_flat: bool,
    /// Whether weights and offsets are of single precision, and so are answers to such rows.
    is_single: bool,
}

/// What came of rows: so many numbers for each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scores {
    pub(crate) n_rows: usize,
    pub(crate) n_columns: usize,
    // Invariant: as many as rows times columns; rounded where they are of single precision.
    pub(crate) values: Vec<f64>,
    /// Whether the answer is of single precision.
    pub(crate) is_single: bool,
}

impl Affine {
    /// Reads weights of one axis (a single output) or two (`[n_outputs, n_features]`), and offsets
    /// of which there is one for each output or one for all.
    ///
    /// # Errors
    /// They contradict each other.
    pub(crate) fn read(source: &Source<'_>, weights: &str, offsets: &str) -> Read<Self> {
        let mut affine = Self::read_weights(source, weights)?;
        let node = source.attr(offsets)?;
        let mut offsets = vector(node)?;
        if let [offset] = offsets[..] {
            offsets = vec![offset; affine.n_outputs()];
        }
        if offsets.len() != affine.n_outputs() {
            return Err(node.expected(format_args!("{} numbers", affine.n_outputs())));
        }
        affine.offsets = offsets;
        affine.is_single &= is_single(node)?;
        Ok(affine)
    }

    /// Reads weights as [`read`](Self::read); there are no offsets.
    ///
    /// # Errors
    /// They are none.
    pub(crate) fn read_weights(source: &Source<'_>, name: &str) -> Read<Self> {
        let node = source.attr(name)?;
        let (values, shape) = weights(node)?;
        let (n_outputs, n_features) = match shape[..] {
            [n_features] => (1, n_features),
            [n_outputs, n_features] => (n_outputs, n_features),
            _ => return Err(node.expected("weights with one or two axes")),
        };
        if n_outputs == 0 || n_features == 0 {
            return Err(node.expected("weights"));
        }
        let matrix = Matrix { n_rows: n_outputs, n_columns: n_features, values };
        Ok(Self {
            is_flat: shape.len() == 1,
            is_single: is_single(node)?,
            ..Self::of_outputs(&matrix, vec![0.0; n_outputs])
        })
    }

    /// An output for each row of weights, of which there is at least one; as many offsets.
    pub(crate) fn of_outputs(weights: &Matrix, offsets: Vec<f64>) -> Self {
        debug_assert_eq!(weights.n_rows, offsets.len());
        let product = Product::of_outputs(weights);
        Self { product, offsets, is_flat: false, is_single: false }
    }

    /// An output for each column of weights, of which there is at least one; as many offsets.
    pub(crate) fn of_features(weights: &Matrix, offsets: Vec<f64>) -> Self {
        Self::of_outputs(&weights.transposed(), offsets)
    }

    /// Says that answers to rows of single precision are of single precision.
    pub(crate) fn with_precision(self, is_single: bool) -> Self {
        Self { is_single, ..self }
    }

    /// Says that there is one number a row, if there is a single output.
    pub(crate) fn flat(self) -> Self {
        Self { is_flat: self.n_outputs() == 1, ..self }
    }

    pub(crate) fn n_features(&self) -> usize {
        self.product.n_features()
    }

    pub(crate) fn n_outputs(&self) -> usize {
        self.product.n_outputs()
    }

    /// Whether the weights have one axis, so that there is one number a row.
    pub(crate) fn is_flat(&self) -> bool {
        self.is_flat
    }

    /// Whether answers to rows of single precision are of single precision.
    pub(crate) fn is_single(&self) -> bool {
        self.is_single
    }

    /// `[n_rows, n_outputs]`; rows have as many columns as there are features.
    ///
    /// The order of additions is the same in each row, whatever comes with it; the offset is last.
    pub(crate) fn apply(&self, rows: &Rows<'_, f64>) -> Vec<f64> {
        self.apply_to(&rows.values, rows.n_rows)
    }

    /// As [`apply`](Self::apply), to rows one after the other.
    pub(crate) fn apply_to(&self, rows: &[f64], n_rows: usize) -> Vec<f64> {
        let mut out = vec![0.0; n_rows * self.n_outputs()];
        self.product.run(rows, &mut out);
        self.add_offsets(&mut out);
        out
    }

    /// Checks rows, dense or sparse, and applies the weights to them.
    ///
    /// # Errors
    /// The rows are not what the estimator takes.
    pub(crate) fn scores(&self, intake: &Intake, x: &Table<'_>) -> Result<Scores, Error> {
        let values = if let Table::Sparse(sparse) = x {
            intake.check_sparse(sparse)?;
            intake.check_width_of(sparse.n_columns(), self.n_features())?;
            let mut out = vec![0.0; sparse.n_rows() * self.n_outputs()];
            for ((columns, values), out) in
                sparse.rows().zip(out.chunks_exact_mut(self.n_outputs()))
            {
                self.product.run_sparse(columns, values, out);
            }
            self.add_offsets(&mut out);
            out
        } else {
            let rows = intake.doubles(x)?;
            intake.check_width_of(rows.n_columns, self.n_features())?;
            self.apply(&rows)
        };
        let is_single = self.is_single && x.is_single();
        Ok(Scores::new(x.n_rows(), self.n_outputs(), values, is_single))
    }

    fn add_offsets(&self, out: &mut [f64]) {
        if let [offset] = self.offsets[..] {
            for sum in out {
                *sum += offset;
            }
            return;
        }
        for out in out.chunks_exact_mut(self.n_outputs()) {
            for (sum, offset) in out.iter_mut().zip(&self.offsets) {
                *sum += offset;
            }
        }
    }

    /// The classes that scores stand for: with one score a row the second above zero, else that of
    /// the greatest.
    pub(crate) fn labels(&self, scores: &[f64], classes: &Data<'static>) -> Data<'static> {
        if self.n_outputs() == 1 {
            return classes.pick(scores.iter().map(|score| usize::from(*score > 0.0)));
        }
        classes.pick(scores.chunks_exact(self.n_outputs()).map(argmax))
    }
}

impl Scores {
    /// Numbers that are rounded here if the answer is of single precision.
    #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
    pub(crate) fn new(
        n_rows: usize,
        n_columns: usize,
        mut values: Vec<f64>,
        is_single: bool,
    ) -> Self {
        debug_assert_eq!(values.len(), n_rows * n_columns);
        if is_single {
            for value in &mut values {
                *value = f64::from(*value as f32);
            }
        }
        Self { n_rows, n_columns, values, is_single }
    }

    /// Other numbers for the same rows, in the same precision.
    pub(crate) fn with(&self, n_columns: usize, values: Vec<f64>) -> Self {
        Self::new(self.n_rows, n_columns, values, self.is_single)
    }

    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.n_columns.max(1))
    }

    /// `[n_rows, n_columns]`
    pub(crate) fn into_matrix(self) -> Answer {
        let (n_rows, n_columns) = (self.n_rows, self.n_columns);
        Answer::matrix(n_rows, n_columns, self.into_data())
    }

    /// `[n_rows]`, of scores with one column.
    pub(crate) fn into_column(self) -> Answer {
        debug_assert_eq!(self.n_columns, 1);
        Answer::column(self.into_data())
    }

    #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
    fn into_data(self) -> Data<'static> {
        if self.is_single {
            return self.values.into_iter().map(|value| value as f32).collect::<Vec<_>>().into();
        }
        self.values.into()
    }
}
