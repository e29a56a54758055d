//! A transformer beside others, with its weight.

use std::borrow::Cow;

use radiant_core::{DType, Error};
use radiant_formats::Node;

use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::estimator::{Estimator, Method, Wants, Width, transform};
use crate::sklearn::source::{Read, Source, cell};

/// A transformer, or none where rows pass as they are, and what its rows are multiplied with.
#[derive(Debug)]
pub(super) struct Block {
    transformer: Option<Box<dyn Estimator>>,
    weight: Option<Weight>,
}

/// A factor; whole numbers stay whole under whole ones.
#[derive(Debug, Clone, Copy)]
enum Weight {
    Whole(i64),
    Broken(f64),
}

impl Block {
    /// Reads a transformer; `None` where it is dropped.
    pub(super) fn read(
        source: &Source<'_>,
        node: Node<'_>,
        weight: Option<Node<'_>>,
    ) -> Read<Option<Self>> {
        let word = node.text_opt();
        let transformer = match word.as_deref() {
            Some("drop") => return Ok(None),
            Some("passthrough") => None,
            _ if node.is_none() => return Ok(None),
            _ => {
                let estimator = source.estimator(node)?;
                if estimator.fact(Method::Transform).is_none() {
                    return Err(node.expected("a transformer"));
                }
                Some(estimator)
            }
        };
        let weight = match weight.filter(|weight| !weight.is_none()) {
            None => None,
            Some(node) => Some(match cell(node)? {
                Cell::Int(weight) => Weight::Whole(weight),
                Cell::Float(weight) => Weight::Broken(weight),
                _ => return Err(node.expected("a number")),
            }),
        };
        Ok(Some(Self { transformer, weight }))
    }

    /// What the transformer is fed with; `None` where rows pass.
    pub(super) fn wants(&self) -> Option<Wants> {
        self.transformer.as_ref().map(|transformer| transformer.wants())
    }

    /// How many columns come of so many.
    pub(super) fn width(&self, n_columns: Option<usize>) -> Option<usize> {
        match &self.transformer {
            None => n_columns,
            Some(transformer) => match transformer.fact(Method::Transform)?.width {
                Width::One => Some(1),
                Width::Columns(width) => width.or(n_columns),
                Width::List(_) => None,
            },
        }
    }

    /// The type of what comes, as far as the model tells.
    pub(super) fn dtype(&self) -> DType {
        let fact = self.transformer.as_ref().and_then(|it| it.fact(Method::Transform));
        fact.map_or(DType::F64, |fact| fact.dtype)
    }

    /// The rows that come of rows.
    pub(super) fn run(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let table = match &self.transformer {
            None => x.clone().into_owned(),
            Some(transformer) => transform(&**transformer, x)?,
        };
        match self.weight {
            None => Ok(table),
            Some(weight) => weight.times(table),
        }
    }
}

impl Weight {
    fn number(self) -> f64 {
        match self {
            Self::Whole(weight) => weight as f64,
            Self::Broken(weight) => weight,
        }
    }

    fn times(self, table: Table<'static>) -> Result<Table<'static>, Error> {
        Ok(match table {
            Table::Array(Array { n_rows, n_columns, data }) => {
                Table::Array(Array { n_rows, n_columns, data: self.times_data(data)? })
            }
            Table::Frame { n_rows, columns } => {
                let columns = columns.into_iter().map(|column| self.times_data(column));
                Table::Frame { n_rows, columns: columns.collect::<Result<_, _>>()? }
            }
            Table::Sparse(mut sparse) => {
                for (_, values) in sparse.rows_mut() {
                    for value in values {
                        *value *= self.number();
                    }
                }
                let is_whole = matches!(sparse.dtype(), DType::I64 | DType::Bool);
                let dtype = match self {
                    Self::Whole(_) if is_whole => DType::I64,
                    Self::Broken(_) if is_whole => DType::F64,
                    _ => sparse.dtype(),
                };
                Table::Sparse(sparse.with_dtype(dtype))
            }
        })
    }

    fn times_data(self, data: Data<'static>) -> Result<Data<'static>, Error> {
        let broken = |values: Cow<'_, [i64]>| -> Data<'static> {
            match self {
                Self::Whole(weight) => {
                    values.iter().map(|x| x.wrapping_mul(weight)).collect::<Vec<_>>().into()
                }
                Self::Broken(weight) => {
                    values.iter().map(|x| *x as f64 * weight).collect::<Vec<_>>().into()
                }
            }
        };
        Ok(match data {
            Data::F64(mut values) => {
                values.to_mut().iter_mut().for_each(|x| *x *= self.number());
                Data::F64(values)
            }
            #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
            Data::F32(mut values) => {
                values.to_mut().iter_mut().for_each(|x| *x *= self.number() as f32);
                Data::F32(values)
            }
            Data::I64(values) => broken(values),
            Data::Bool(values) => broken(values.iter().map(|x| i64::from(*x)).collect()),
            Data::Text(_) | Data::Cells(_) => {
                return Err(Error::invalid_input("expected numbers to be weighed, got texts"));
            }
        })
    }
}
