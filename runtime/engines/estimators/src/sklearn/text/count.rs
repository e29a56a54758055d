//! Texts as counts of the terms of a vocabulary.

use std::collections::HashMap;

use radiant_core::{DType, Error};

use super::analyze::{Analyzer, texts};
use super::tf_idf::TfIdf;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::prepare::dtype;
use crate::sklearn::prepare::transformer::{Transform, Transformer};
use crate::sklearn::source::{Read, Source};
use crate::sklearn::sparse::Sparse;

/// `CountVectorizer` and `TfidfVectorizer`.
#[derive(Debug)]
struct Counter {
    class: Box<str>,
    analyzer: Analyzer,
    // Invariant: columns are below the number of terms.
    vocabulary: HashMap<Box<str>, u32>,
    is_binary: bool,
    dtype: DType,
    weights: Option<TfIdf>,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Transformer(counter(source, DType::I64, None)?)))
}

pub(super) fn read_weighted(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("_tfidf")?;
    let weights = TfIdf::read(&source.part(node)?)?;
    let n_terms = weights.n_terms();
    let counter = counter(source, DType::F64, Some(weights))?;
    if n_terms.is_some_and(|n_terms| n_terms != counter.vocabulary.len()) {
        return Err(node.expected("a weight for each term of the vocabulary"));
    }
    Ok(Box::new(Transformer(counter)))
}

fn counter(source: &Source<'_>, default: DType, weights: Option<TfIdf>) -> Read<Counter> {
    let node = source.attr("vocabulary_")?;
    let mut vocabulary = HashMap::new();
    for (term, column) in node.entries()? {
        let column = u32::try_from(column.index()?).map_err(|_| column.expected("a column"))?;
        vocabulary.insert(Box::<str>::from(term.text()?), column);
    }
    if vocabulary.is_empty() || vocabulary.values().any(|at| *at as usize >= vocabulary.len()) {
        return Err(node.expected("a column from 0 for each term, one term at least"));
    }
    let mut analyzer = Analyzer::read(source)?;
    analyzer.limit(vocabulary.keys().map(|term| &**term));
    Ok(Counter {
        class: source.class().into(),
        analyzer,
        vocabulary,
        is_binary: source.flag("binary", false)?,
        dtype: source.some("dtype")?.map_or(Ok(default), dtype::read)?,
        weights,
    })
}

impl Transform for Counter {
    fn class(&self) -> &str {
        &self.class
    }

    fn fact(&self) -> Fact {
        let dtype = if self.weights.is_some() && self.dtype != DType::F32 {
            DType::F64
        } else {
            self.dtype
        };
        Fact { dtype, width: Width::Columns(Some(self.vocabulary.len())) }
    }

    fn wants(&self) -> Wants {
        Wants::Texts
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let mut counts = Sparse::new(self.vocabulary.len()).with_dtype(self.dtype);
        let mut columns: Vec<u32> = Vec::new();
        texts(&self.class, x, |text| {
            columns.clear();
            self.analyzer.each(text, |term| columns.extend(self.vocabulary.get(term)));
            columns.sort_unstable();
            let runs = columns.chunk_by(u32::eq);
            counts.push_row(
                runs.map(|run| (run[0], if self.is_binary { 1.0 } else { run.len() as f64 })),
            );
        })?;
        Ok(Table::Sparse(match &self.weights {
            Some(weights) => weights.weigh(counts),
            None => counts,
        }))
    }
}
