//! Numbers to the bins that they fall into.

use radiant_core::{DType, Error};

use super::lane::Real;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::{Intake, Lane, Rows};
use crate::sklearn::source::{Read, Source, vector};
use crate::sklearn::sparse::Sparse;

/// How bins are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encode {
    Ordinal,
    OneHot,
    OneHotDense,
}

/// `KBinsDiscretizer`.
#[derive(Debug)]
struct Bins {
    intake: Intake,
    /// The inner edges of each feature, rising.
    edges: Vec<Vec<f64>>,
    /// In which column of one-hot bins the first of each feature stands.
    starts: Vec<usize>,
    n_columns: usize,
    encode: Encode,
    /// The precision of answers, if it is not that of the rows.
    dtype: Option<DType>,
    /// Whether values are moved up a little before they are compared (up to 1.0).
    nudges: bool,
    /// Whether one-hot bins are in double precision always (before 0.24).
    is_always_double: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("bin_edges_")?;
    let (mut edges, mut starts, mut n_columns) = (Vec::new(), Vec::new(), 0_usize);
    for feature in node.items()? {
        let all = vector(feature)?;
        let [_, inner @ .., _] = &all[..] else { return Err(feature.expected("two edges")) };
        starts.push(n_columns);
        n_columns = n_columns.saturating_add(inner.len() + 1);
        edges.push(inner.to_vec());
    }
    let encode = source.attr("encode")?;
    let dtype = source.some("dtype")?.map(super::dtype::read).transpose()?;
    Ok(Box::new(Transformer(Bins {
        intake: Intake::new(source, Some(edges.len())).with_texts(),
        encode: match &*encode.text()? {
            "ordinal" => Encode::Ordinal,
            "onehot" => Encode::OneHot,
            "onehot-dense" => Encode::OneHotDense,
            _ => return Err(encode.expected("`ordinal`, `onehot` or `onehot-dense`")),
        },
        edges,
        starts,
        n_columns,
        dtype,
        nudges: !source.since(1, 1),
        is_always_double: !source.since(0, 24),
    })))
}

impl Bins {
    /// The bin of each value.
    fn bins<T: Real>(&self, rows: &Rows<'_, T>) -> Vec<usize> {
        let n_features = self.edges.len();
        let mut bins = Vec::with_capacity(rows.values.len());
        for row in rows.values.chunks_exact(n_features.max(1)) {
            for (x, edges) in row.iter().zip(&self.edges) {
                let mut x = x.wide();
                if self.nudges {
                    let relative = T::rounded(T::rounded(1e-5).wide() * x.abs()).wide();
                    let nudge = T::rounded(T::rounded(1e-8).wide() + relative).wide();
                    x = T::rounded(x + nudge).wide();
                }
                bins.push(edges.partition_point(|edge| *edge <= x));
            }
        }
        bins
    }

    fn ordinal(bins: &[usize], dtype: DType) -> Data<'static> {
        if dtype == DType::F32 {
            bins.iter().map(|bin| f32::rounded(*bin as f64)).collect::<Vec<_>>().into()
        } else {
            bins.iter().map(|bin| *bin as f64).collect::<Vec<_>>().into()
        }
    }

    fn one_hot(&self, bins: &[usize]) -> Sparse {
        let mut sparse = Sparse::new(self.n_columns);
        for row in bins.chunks_exact(self.edges.len().max(1)) {
            let columns = row.iter().zip(&self.starts).map(|(bin, start)| start + bin);
            let column = |column| (u32::try_from(column).unwrap_or(u32::MAX), 1.0);
            sparse.push_row(columns.map(column));
        }
        sparse
    }
}

impl Transform for Bins {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        let n_columns =
            if self.encode == Encode::Ordinal { self.edges.len() } else { self.n_columns };
        Fact { dtype: self.dtype.unwrap_or(DType::F64), width: Width::Columns(Some(n_columns)) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.edges.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let lane = match self.dtype {
            None => self.intake.lane(x)?,
            Some(DType::F32) => Lane::Single(self.intake.singles(x)?),
            Some(_) => Lane::Double(self.intake.doubles(x)?),
        };
        let (bins, dtype) = match &lane {
            Lane::Double(rows) => (self.bins(rows), DType::F64),
            Lane::Single(rows) => (self.bins(rows), DType::F32),
        };
        if self.encode == Encode::Ordinal {
            let data = Self::ordinal(&bins, dtype);
            return Ok(Table::Array(Array::matrix(x.n_rows(), self.edges.len(), data)));
        }
        let dtype = if self.is_always_double { DType::F64 } else { dtype };
        let sparse = self.one_hot(&bins).with_dtype(dtype);
        Ok(match self.encode {
            Encode::OneHotDense => {
                Table::Array(Array::matrix(x.n_rows(), self.n_columns, sparse.dense()))
            }
            _ => Table::Sparse(sparse),
        })
    }
}
