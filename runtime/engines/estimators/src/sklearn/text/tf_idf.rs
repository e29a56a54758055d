//! Counts weighed by how rare their terms are.

use radiant_core::{DType, Error};
use radiant_formats::Node;

use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::{Intake, Lane};
use crate::sklearn::prepare::lane::Real;
use crate::sklearn::prepare::normalise::Norm;
use crate::sklearn::prepare::transformer::{Transform, Transformer};
use crate::sklearn::source::{Read, Source, indices, vector};
use crate::sklearn::sparse::Sparse;

/// `TfidfTransformer`.
#[derive(Debug)]
pub(super) struct TfIdf {
    intake: Intake,
    /// One for each term.
    weights: Option<Vec<f64>>,
    norm: Option<Norm>,
    is_sublinear: bool,
    /// Whether double-precision weights make answers such (before 1.5 they do).
    widens: bool,
}

impl TfIdf {
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let (mut weights, mut is_double) = (None, false);
        if source.flag("use_idf", true)? {
            // A property of that name stands for a diagonal matrix up to 1.4.
            let node = match source.some("idf_")? {
                Some(node) => node,
                None => source.attr("_idf_diag")?,
            };
            let (numbers, is_wide) = match node.array_opt()? {
                Some(array) => (vector(node)?, array.dtype().size == 8),
                None => diagonal(node)?,
            };
            weights = Some(numbers);
            is_double = is_wide;
        }
        let n_features = weights.as_ref().map(Vec::len).or(source.n_features_in()?);
        Ok(Self {
            intake: Intake::new(source, n_features).with_texts(),
            weights,
            norm: Norm::read(source)?,
            is_sublinear: source.flag("sublinear_tf", false)?,
            widens: is_double && !source.since(1, 5),
        })
    }

    pub(super) fn n_terms(&self) -> Option<usize> {
        self.weights.as_ref().map(Vec::len)
    }

    /// Weighs counts in place; they have as many columns as there are terms.
    pub(super) fn weigh(&self, counts: Sparse) -> Sparse {
        let dtype =
            if counts.dtype() == DType::F32 && !self.widens { DType::F32 } else { DType::F64 };
        let round = |number: f64| {
            if dtype == DType::F32 { f32::rounded(number).wide() } else { number }
        };
        let mut rows = counts.with_dtype(dtype);
        for (columns, values) in rows.rows_mut() {
            if self.is_sublinear {
                for x in values.iter_mut() {
                    *x = round(round(x.ln()) + 1.0);
                }
            }
            if let Some(weights) = &self.weights {
                for (x, column) in values.iter_mut().zip(columns) {
                    let weight = weights.get(*column as usize).copied().unwrap_or(0.0);
                    *x = round(*x * weight);
                }
            }
        }
        if let Some(norm) = self.norm {
            norm.divide_sparse(&mut rows);
        }
        rows
    }
}

/// The diagonal of a sparse matrix, and whether it is in double precision.
fn diagonal(node: Node<'_>) -> Read<(Vec<f64>, bool)> {
    let data = node.attr("data")?;
    let is_double = data.array()?.dtype().size == 8;
    let (values, shape) = data.floats()?;
    if shape.len() != 1 {
        return Err(data.expected("numbers with one axis"));
    }
    let places = indices(node.attr("indices")?)?;
    let n_terms = indices(node.attr_any(&["_shape", "shape"])?)?.first().copied();
    let n_terms = n_terms.filter(|n| *n >= values.len() && places.len() == values.len());
    let n_terms = n_terms.ok_or_else(|| node.expected("a diagonal matrix"))?;
    // Zeros are not stored, though there are none.
    if n_terms > values.len().saturating_mul(64).saturating_add(64) {
        return Err(node.expected("a diagonal matrix without zeros"));
    }
    let mut diagonal = vec![0.0; n_terms];
    for (at, value) in places.into_iter().zip(values) {
        *diagonal.get_mut(at).ok_or_else(|| node.expected("a diagonal matrix"))? = value;
    }
    Ok((diagonal, is_double))
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Transformer(TfIdf::read(source)?)))
}

/// Rows without their zeros.
fn thinned<T: Real>(values: &[T], n_columns: usize, dtype: DType) -> Sparse {
    let mut sparse = Sparse::new(n_columns).with_dtype(dtype);
    for row in values.chunks_exact(n_columns.max(1)) {
        let stored = (0_u32..).zip(row).map(|(at, x)| (at, x.wide()));
        sparse.push_row(stored.filter(|(_, x)| *x != 0.0));
    }
    sparse
}

impl Transform for TfIdf {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: DType::F64, width: Width::Columns(self.intake.n_features) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        if let Table::Sparse(counts) = x {
            self.intake.check_width(counts.n_columns())?;
            return Ok(Table::Sparse(self.weigh(counts.clone())));
        }
        // Arrays of single precision became double before 1.0.
        let counts = match self.intake.lane(x)? {
            Lane::Double(rows) => thinned(&rows.values, rows.n_columns, DType::F64),
            Lane::Single(rows) => thinned(&rows.values, rows.n_columns, DType::F32),
        };
        Ok(Table::Sparse(self.weigh(counts)))
    }
}
