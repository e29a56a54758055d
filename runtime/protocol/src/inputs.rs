//! What is known of the inputs that requests may bring.

use std::sync::Arc;

use radiant_core::{
    Element, Error, Form, Shape, Signature, Strings, Tensor, TensorData, TensorSpec,
};

use crate::slots::listed;
use crate::tf::by_dtype;

/// How many inputs are taken where no signature tells: each takes far more memory than its bytes on
/// the wire.
pub(crate) const UNSIGNED_MAX: usize = 1024;

/// Which inputs a request may bring.
#[derive(Debug, Clone, Copy)]
pub enum Inputs<'s> {
    /// Any, as they come: a component says nothing of its inputs.
    Any,
    /// These, by name and of their types.
    Declared(&'s [TensorSpec]),
    /// A table, in one tensor or in columns, of any types; `null` is a missing value. The engine finds
    /// out which is what.
    Table {
        /// Whether columns have names.
        form: Form,
        /// The signature's inputs.
        specs: &'s [TensorSpec],
    },
}

impl<'s> From<&'s Signature> for Inputs<'s> {
    fn from(signature: &'s Signature) -> Self {
        let Signature { form, inputs, .. } = signature;
        match form {
            Form::Tensors => Self::Declared(inputs),
            Form::Matrix | Form::Frame => Self::Table { form: *form, specs: inputs },
        }
    }
}

impl<'s> From<Option<&'s [TensorSpec]>> for Inputs<'s> {
    fn from(specs: Option<&'s [TensorSpec]>) -> Self {
        specs.map_or(Self::Any, Self::Declared)
    }
}

impl<'s> Inputs<'s> {
    /// What the signature lists, if there is one.
    pub(crate) fn specs(self) -> Option<&'s [TensorSpec]> {
        match self {
            Self::Any => None,
            Self::Declared(specs) | Self::Table { specs, .. } => Some(specs),
        }
    }

    /// Whether it is a table.
    pub(crate) const fn is_table(self) -> bool {
        matches!(self, Self::Table { .. })
    }

    /// How many inputs may come; those of a frame may have others beside them.
    pub(crate) fn max(self) -> usize {
        match self {
            Self::Any => UNSIGNED_MAX,
            Self::Declared(specs) => specs.len(),
            Self::Table { specs, .. } => UNSIGNED_MAX.saturating_add(specs.len()),
        }
    }

    /// Checks that so many inputs, which came without an order, are not meant by their order.
    ///
    /// # Errors
    /// They are several columns of a table whose columns have no names.
    pub fn check_unordered(self, n_inputs: usize) -> Result<(), Error> {
        match self {
            Self::Table { form: Form::Matrix, specs } if n_inputs > 1 => Err(no_order(specs)),
            Self::Any | Self::Declared(_) | Self::Table { .. } => Ok(()),
        }
    }

    /// Names the columns that were cut out of one array, which are meant in their order, as the
    /// signature does. One is the whole array, and stays without a name.
    ///
    /// # Errors
    /// They are not as many as the model's columns, where those have names.
    pub fn name_columns(self, columns: &mut [Tensor]) -> Result<(), Error> {
        let Self::Table { form: Form::Frame, specs } = self else { return Ok(()) };
        if columns.len() <= 1 {
            return Ok(());
        }
        if columns.len() != specs.len() {
            return Err(wrong_width(specs, columns.len()));
        }
        for (column, spec) in columns.iter_mut().zip(specs) {
            column.name = Arc::clone(&spec.name);
        }
        Ok(())
    }
}

/// Vectors of one type and length side by side, as the columns of a matrix.
pub(crate) fn stack(columns: &[Tensor]) -> Option<Tensor> {
    fn interleaved<T: Element>(columns: &[Tensor], rows: usize) -> Option<TensorData> {
        let columns: Vec<&[T]> =
            columns.iter().map(|column| Element::slice(&column.data)).collect::<Option<_>>()?;
        let mut values = Vec::with_capacity(rows.saturating_mul(columns.len()));
        for row in 0..rows {
            values.extend(columns.iter().filter_map(|column| column.get(row)));
        }
        Some(T::wrap(values))
    }
    let first = columns.first()?;
    let rows = first.data.len();
    let is_like = |column: &Tensor| *column.shape.dims() == [rows] && column.data.len() == rows;
    if !columns.iter().all(is_like) {
        return None;
    }
    let data = by_dtype!(
        first.dtype(),
        T => interleaved::<T>(columns, rows)?,
        bytes => {
            let texts: Option<Vec<&Strings>> = columns.iter().map(texts_of).collect();
            let (texts, mut strings) = (texts?, Strings::new());
            for row in 0..rows {
                for column in &texts {
                    strings.push_from(column, row);
                }
            }
            TensorData::Bytes(strings)
        }
    );
    Some(Tensor { shape: Shape::from([rows, columns.len()]), data, ..Tensor::default() })
}

fn texts_of(column: &Tensor) -> Option<&Strings> {
    match &column.data {
        TensorData::Bytes(strings) => Some(strings),
        _ => None,
    }
}

#[cold]
fn no_order(specs: &[TensorSpec]) -> Error {
    let listed = listed(specs);
    Error::invalid_input(format!(
        "expected one table for {listed}, got columns by name: the model's columns have no names, \
         and those of an object have no order"
    ))
}

#[cold]
fn wrong_width(specs: &[TensorSpec], got: usize) -> Error {
    let (expected, listed) = (specs.len(), listed(specs));
    Error::invalid_input(format!("expected {expected} columns, {listed}, got {got}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_type_and_length_make_a_matrix() {
        let numbers =
            [Tensor::new("a", &[2], vec![1_i64, 2]), Tensor::new("b", &[2], vec![3_i64, 4])];
        let matrix = Tensor::new("", &[2, 2], vec![1_i64, 3, 2, 4]);
        assert_eq!(stack(&numbers), Some(matrix));
        let texts =
            |texts: [Option<&str>; 1]| Tensor::strings("", &[1], texts.into_iter().collect());
        let both = Tensor::strings("", &[1, 2], [Some("x"), None].into_iter().collect());
        assert_eq!(stack(&[texts([Some("x")]), texts([None])]), Some(both));
        assert_eq!(stack(&[numbers[0].clone(), Tensor::new("b", &[2], vec![0.5_f64; 2])]), None);
        assert_eq!(stack(&[numbers[0].clone(), Tensor::new("b", &[1], vec![1_i64])]), None);
        assert_eq!(stack(&[]), None);
    }
}
