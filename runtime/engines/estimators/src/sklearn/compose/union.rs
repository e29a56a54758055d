//! Transformers of the same rows, whose answers stand side by side.

use radiant_core::{DType, Error};

use super::block::Block;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wanted, Wants, Width};
use crate::sklearn::prepare::stack::{sparse, stacked};
use crate::sklearn::prepare::transformer::{Transform, Transformer};
use crate::sklearn::source::{Read, Source};

/// `FeatureUnion`.
#[derive(Debug)]
struct Union {
    blocks: Vec<Block>,
    wants: Wants,
    /// Which of the wanted columns each block wants; `None` for all.
    parts: Vec<Option<Vec<usize>>>,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let weights = source.some("transformer_weights")?;
    let mut blocks = Vec::new();
    for entry in source.attr("transformer_list")?.items()? {
        let [name, node] = entry.tuple()?;
        let weight = match weights {
            Some(weights) => weights.get(&name.text()?)?,
            None => None,
        };
        blocks.extend(Block::read(source, node, weight)?);
    }
    let wants = wants(&blocks);
    let part = |block: &Block| match (block.wants(), &wants) {
        (Some(Wants::Frame(own)), Wants::Frame(all)) => {
            let find = |wanted: &Wanted| all.iter().position(|other| other == wanted);
            own.iter().map(find).collect()
        }
        _ => None,
    };
    let parts = blocks.iter().map(part).collect();
    Ok(Box::new(Transformer(Union { blocks, wants, parts })))
}

/// What all blocks want: the columns of all of them, or what the first wants.
fn wants(blocks: &[Block]) -> Wants {
    let mut columns: Vec<Wanted> = Vec::new();
    let mut first = None;
    for wants in blocks.iter().filter_map(Block::wants) {
        match wants {
            Wants::Frame(wanted) => {
                for column in wanted {
                    if !columns.contains(&column) {
                        columns.push(column);
                    }
                }
            }
            wants => first = first.or(Some(wants)),
        }
    }
    if columns.is_empty() { first.unwrap_or(Wants::Matrix(None)) } else { Wants::Frame(columns) }
}

impl Union {
    fn n_features(&self) -> Option<usize> {
        match &self.wants {
            Wants::Matrix(n_features) => *n_features,
            Wants::Texts => Some(1),
            Wants::Frame(columns) => Some(columns.len()),
        }
    }
}

impl Transform for Union {
    fn class(&self) -> &'static str {
        "FeatureUnion"
    }

    fn fact(&self) -> Fact {
        let widths = self.blocks.iter().map(|block| block.width(self.n_features()));
        let dtypes = self.blocks.iter().map(Block::dtype);
        Fact { dtype: common(dtypes), width: Width::Columns(widths.sum()) }
    }

    fn wants(&self) -> Wants {
        self.wants.clone()
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let mut tables = Vec::with_capacity(self.blocks.len());
        for (block, part) in self.blocks.iter().zip(&self.parts) {
            tables.push(match (x, part) {
                (Table::Frame { n_rows, columns }, Some(part))
                    if self.n_features() == Some(columns.len()) =>
                {
                    let columns = part.iter().filter_map(|at| Some(columns.get(*at)?.view()));
                    block.run(&Table::Frame { n_rows: *n_rows, columns: columns.collect() })?
                }
                _ => block.run(x)?,
            });
        }
        if tables.iter().any(|table| matches!(table, Table::Sparse(_))) {
            return sparse(&tables, x.n_rows()).map(Table::Sparse);
        }
        Ok(stacked(tables, x.n_rows()))
    }
}

/// The type of answers of several types: texts if one is such, else numbers.
pub(super) fn common(dtypes: impl Iterator<Item = DType>) -> DType {
    let either = |one: DType, other: DType| match (one, other) {
        (one, other) if one == other => one,
        (DType::Bytes, _) | (_, DType::Bytes) => DType::Bytes,
        _ => DType::F64,
    };
    dtypes.reduce(either).unwrap_or(DType::F64)
}
