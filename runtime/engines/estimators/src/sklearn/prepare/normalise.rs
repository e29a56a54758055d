//! Rows divided by their length.

use radiant_core::{DType, Error};

use super::lane::{Change, Real, changed};
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};
use crate::sklearn::sparse::Sparse;

/// A length of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    L1,
    L2,
    Max,
    /// With its sign: so it was before 0.23.
    SignedMax,
}

impl Norm {
    /// Reads the attribute `norm`; `None` where rows are left as they are.
    pub(crate) fn read(source: &Source<'_>) -> Read<Option<Self>> {
        let Some(node) = source.some("norm")? else { return Ok(None) };
        Ok(Some(match &*node.text()? {
            "l1" => Self::L1,
            "l2" => Self::L2,
            "max" if source.since(0, 23) => Self::Max,
            "max" => Self::SignedMax,
            _ => return Err(node.expected("`l1`, `l2` or `max`")),
        }))
    }

    /// Divides a row by its length, unless that is zero or, without a sign, below `tiny`.
    fn divide<T: Real>(self, row: &mut [T], tiny: f64) {
        let values = row.iter().map(|x| x.wide());
        let norm = match self {
            Self::L1 => values.map(f64::abs).sum(),
            Self::L2 => values.map(|x| x * x).sum::<f64>().sqrt(),
            Self::Max => values.map(f64::abs).fold(0.0, f64::max),
            Self::SignedMax => values.fold(f64::NEG_INFINITY, f64::max),
        };
        let norm = T::rounded(norm).wide();
        if norm == 0.0 || (norm < tiny && self != Self::SignedMax) {
            return;
        }
        for x in row {
            *x = T::rounded(x.wide() / norm);
        }
    }

    /// Divides each row by the length of what is stored of it.
    pub(crate) fn divide_sparse(self, rows: &mut Sparse) {
        let is_single = rows.dtype() == DType::F32;
        for (_, row) in rows.rows_mut() {
            self.divide(row, 0.0);
            if is_single {
                for x in row {
                    *x = f32::rounded(*x).wide();
                }
            }
        }
    }
}

/// `Normalizer`.
#[derive(Debug)]
struct Normalizer {
    intake: Intake,
    norm: Norm,
    treats_tiny_as_zero: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let norm = Norm::read(source)?.ok_or_else(|| source.node.expected("a norm"))?;
    Ok(Box::new(Transformer(Normalizer {
        intake: Intake::new(source, source.n_features_in()?).with_texts(),
        norm,
        treats_tiny_as_zero: source.since(1, 0),
    })))
}

impl Change for Normalizer {
    fn change<T: Real>(&self, n_columns: usize, values: &mut [T]) -> Result<(), Error> {
        let tiny = if self.treats_tiny_as_zero { 10.0 * T::EPSILON } else { 0.0 };
        values.chunks_exact_mut(n_columns.max(1)).for_each(|row| self.norm.divide(row, tiny));
        Ok(())
    }
}

impl Transform for Normalizer {
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
        if let Table::Sparse(sparse) = x {
            self.intake.check_width(sparse.n_columns())?;
            let mut sparse = sparse.clone();
            self.norm.divide_sparse(&mut sparse);
            return Ok(Table::Sparse(sparse));
        }
        changed(&self.intake, x, self)
    }
}
