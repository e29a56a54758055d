//! Texts as counts of the hashes of their terms.

use radiant_core::{DType, Error};

use super::analyze::{Analyzer, texts};
use super::murmur::hash;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::prepare::dtype;
use crate::sklearn::prepare::normalise::Norm;
use crate::sklearn::prepare::transformer::{Transform, Transformer};
use crate::sklearn::source::{Read, Source};
use crate::sklearn::sparse::Sparse;

/// `HashingVectorizer`.
#[derive(Debug)]
struct Hashing {
    class: Box<str>,
    analyzer: Analyzer,
    // Invariant: from 1 to 2^31 - 1.
    n_columns: u32,
    /// Whether the sign of a hash is that of what it adds.
    has_signs: bool,
    is_binary: bool,
    norm: Option<Norm>,
    dtype: DType,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("n_features")?;
    let n_columns = u32::try_from(node.index()?).ok().filter(|n| (1..=u32::MAX / 2).contains(n));
    let n_columns = n_columns.ok_or_else(|| node.expected("a number from 1 to 2147483647"))?;
    if source.flag("non_negative", false)? {
        return Err(source.unsupported("`non_negative`", "use alternate_sign=False"));
    }
    Ok(Box::new(Transformer(Hashing {
        class: source.class().into(),
        analyzer: Analyzer::read(source)?,
        n_columns,
        has_signs: source.flag("alternate_sign", true)?,
        is_binary: source.flag("binary", false)?,
        norm: Norm::read(source)?,
        dtype: source.some("dtype")?.map_or(Ok(DType::F64), dtype::read)?,
    })))
}

impl Hashing {
    /// The column of a term, and what it adds.
    fn place(&self, term: &str) -> (u32, f64) {
        let hash = hash(term.as_bytes()).cast_signed();
        let column = match hash {
            // It has no absolute value among such numbers: this is what its rest would be.
            i32::MIN => (i32::MAX.cast_unsigned() - (self.n_columns - 1)) % self.n_columns,
            hash => hash.unsigned_abs() % self.n_columns,
        };
        (column, if self.has_signs && hash < 0 { -1.0 } else { 1.0 })
    }
}

impl Transform for Hashing {
    fn class(&self) -> &str {
        &self.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: self.dtype, width: Width::Columns(Some(self.n_columns as usize)) }
    }

    fn wants(&self) -> Wants {
        Wants::Texts
    }

    /// Sums that are zero stay: they are there, and binary ones become one.
    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let mut sums = Sparse::new(self.n_columns as usize).with_dtype(self.dtype);
        let mut places: Vec<(u32, f64)> = Vec::new();
        texts(&self.class, x, |text| {
            places.clear();
            self.analyzer.each(text, |term| places.push(self.place(term)));
            places.sort_unstable_by_key(|(column, _)| *column);
            let runs = places.chunk_by(|one, other| one.0 == other.0);
            sums.push_row(runs.map(|run| {
                let sum = run.iter().map(|(_, sign)| sign).sum::<f64>();
                (run[0].0, if self.is_binary { 1.0 } else { sum })
            }));
        })?;
        if let Some(norm) = self.norm {
            norm.divide_sparse(&mut sums);
        }
        Ok(Table::Sparse(sums))
    }
}
