//! Rows of named inputs: each row's values are read with their types and put into the columns.

use std::sync::Arc;

use radiant_core::{Element, Error, Shape, Tensor, TensorData, TensorSpec};
use smallvec::SmallVec;

use super::bytes;
use super::request::Reader;
use crate::Limits;
use crate::slots::Names;
use crate::tf::{by_data, by_dtype};

/// Reads `instances`, an array of objects each of which has all inputs, into `inputs`, one for each
/// of `specs`.
///
/// # Errors
/// A row is no object, has other inputs, or has a value of another shape than the row before.
pub(super) fn read(
    reader: &mut Reader<'_>,
    specs: &[TensorSpec],
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    inputs.resize_with(specs.len(), Tensor::default);
    // Rows are the first axis.
    let limits = Limits { rank_max: reader.limits.rank_max.saturating_sub(1), ..*reader.limits };
    let mut columns = Columns {
        specs,
        names: Names::new(specs),
        inputs,
        limits,
        n_rows: 0,
        row_shapes: SmallVec::from_elem(Shape::default(), specs.len()),
        value: (Shape::default(), TensorData::F32(Vec::new())),
    };
    columns.reset();
    reader.start(b'[')?;
    while reader.item(columns.n_rows == 0)? {
        columns
            .row(reader)
            .map_err(|error| error.context(format_args!("`instances`: row {}", columns.n_rows)))?;
        columns.n_rows = columns.n_rows.saturating_add(1);
    }
    columns.finish();
    Ok(())
}

/// The inputs, to which rows are appended.
struct Columns<'c> {
    specs: &'c [TensorSpec],
    /// Which inputs the row has so far.
    names: Names<'c>,
    inputs: &'c mut [Tensor],
    /// For one value.
    limits: Limits,
    n_rows: usize,
    /// The shape of each input's values, as the first row has them.
    row_shapes: SmallVec<[Shape; 4]>,
    /// The value that is being read.
    value: (Shape, TensorData),
}

impl Columns<'_> {
    fn reset(&mut self) {
        for (tensor, spec) in self.inputs.iter_mut().zip(self.specs) {
            tensor.name = Arc::clone(&spec.name);
            by_dtype!(
                spec.dtype,
                T => {
                    tensor.data.reset::<T>();
                },
                bytes => {
                    tensor.data.reset_strings();
                }
            );
        }
    }

    fn row(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        if !reader.is_named() {
            return Err(reader.misfit("an object of inputs"));
        }
        reader.start(b'{')?;
        self.names.restart();
        let mut first = true;
        while let Some(key) = reader.key(&mut first)? {
            let index = self.names.take(&key)?;
            self.value(reader, index)?;
        }
        self.names.check_complete()
    }

    fn value(&mut self, reader: &mut Reader<'_>, index: usize) -> Result<(), Error> {
        let Some(spec) = self.specs.get(index) else { return Ok(()) };
        let what = format_args!("input `{}`", spec.name);
        let (shape, data) = &mut self.value;
        bytes::tensor(&mut reader.cursor, spec.dtype, &self.limits, shape, data)
            .map_err(|error| error.into_error(what, reader.body))?;
        let (Some(tensor), Some(expected)) =
            (self.inputs.get_mut(index), self.row_shapes.get_mut(index))
        else {
            return Ok(());
        };
        if self.n_rows == 0 {
            expected.set(shape.dims());
        } else if expected != shape {
            let message = format!("{what}: expected the shape {expected} of row 0, got {shape}");
            return Err(Error::invalid_input(message));
        }
        let elements_max = reader.limits.elements_max;
        if data.len() > elements_max.saturating_sub(tensor.data.len()) {
            let message = format!("{what}: expected at most {elements_max} elements, got more");
            return Err(Error::invalid_input(message));
        }
        append(&mut tensor.data, data);
        Ok(())
    }

    fn finish(&mut self) {
        for (tensor, row) in self.inputs.iter_mut().zip(&self.row_shapes) {
            tensor.shape.set(&[self.n_rows]);
            row.dims().iter().for_each(|&extent| tensor.shape.push(extent));
        }
    }
}

/// Appends elements of the same type.
fn append(data: &mut TensorData, more: &TensorData) {
    by_data!(
        data,
        values => values.extend_from_slice(Element::slice(more).unwrap_or_default()),
        strings => if let TensorData::Bytes(more) = more {
            for string in more.iter() {
                strings.push(string);
            }
        }
    );
}
