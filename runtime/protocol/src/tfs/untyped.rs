//! Requests in JSON for components, which say nothing of their inputs, and for models that take tables.

use radiant_core::{Error, Objects, Payload, Tensor, TensorData, Value};

use super::bytes;
use super::request::Reader;
use crate::Inputs;
use crate::columns::{Columns, RowError};
use crate::json::Scan;
use crate::seldon::numpy;
use crate::slots::Slots;

/// Reads `instances`.
///
/// # Errors
/// It is no array, is empty, has rows that differ, or elements without a type.
pub(super) fn rows(
    reader: &mut Reader<'_>,
    expected: Inputs<'_>,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    if !reader.has_named_rows()? {
        return only(reader, expected, inputs);
    }
    if expected.is_table() {
        *inputs = table(reader)?;
        return Ok(());
    }
    let rows = reader.cursor.value(reader.limits).map_err(|error| reader.not_json(error))?;
    let Value::List(rows) = rows else { return Err(reader.misfit("an array")) };
    let mut columns: Vec<(String, Vec<Value>)> = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        join(&mut columns, index, row)
            .map_err(|error| error.context(format_args!("`instances`: row {index}")))?;
    }
    let mut slots = Slots::new(expected, inputs);
    for (name, values) in columns {
        let slot = slots.take(&name)?;
        let read = typed(Value::List(values), reader, slots.tensor(slot));
        let read = read.and_then(|odd| odd.map_or(Ok(()), |objects| Err(no_type(&objects))));
        read.map_err(|error| error.context(format_args!("input `{name}`")))?;
    }
    slots.finish()
}

/// Reads rows of plain values.
fn table(reader: &mut Reader<'_>) -> Result<Vec<Tensor>, Error> {
    let mut columns = Columns::default();
    reader.start(b'[')?;
    while reader.item(columns.n_rows() == 0)? {
        let place = columns.n_rows();
        let named = |error: Error| error.context(format_args!("`instances`: row {place}"));
        if !reader.is_named() {
            return Err(named(reader.misfit("an object as row 0 is")));
        }
        columns.read_row(&mut reader.cursor, reader.limits).map_err(|error| match error {
            RowError::Syntax(error) => reader.not_json(error),
            RowError::Refused(error) => named(error),
        })?;
    }
    columns.into_tensors()
}

/// Puts the values of a row into the columns; the first row tells which there are.
fn join(columns: &mut Vec<(String, Vec<Value>)>, index: usize, row: Value) -> Result<(), Error> {
    let Value::Map(mut row) = row else {
        let got = row.kind();
        let message = format!("expected an object of inputs as row 0 is, got {got}");
        return Err(Error::invalid_input(message));
    };
    if index == 0 {
        columns.extend(row.into_iter().map(|(name, value)| (name, vec![value])));
        return Ok(());
    }
    for (name, values) in columns {
        let missing = || format!("expected the inputs of row 0, got no `{name}`");
        values.push(row.remove(name).ok_or_else(|| Error::invalid_input(missing()))?);
    }
    match row.first_key_value() {
        None => Ok(()),
        Some((name, _)) => {
            Err(Error::invalid_input(format!("expected the inputs of row 0, got `{name}`")))
        }
    }
}

/// Reads `inputs`.
///
/// # Errors
/// An input comes twice, is no rectangle, or has elements without a type.
pub(super) fn columns(
    reader: &mut Reader<'_>,
    expected: Inputs<'_>,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    if !reader.is_named() {
        return only(reader, expected, inputs);
    }
    reader.start(b'{')?;
    let (mut slots, mut first) = (Slots::new(expected, inputs), true);
    while let Some(name) = reader.key(&mut first)? {
        let named = |error: Error| error.context(format_args!("input `{name}`"));
        let slot = slots.take(&name)?;
        let tensor = slots.tensor(slot);
        if let Some(objects) = read(reader, tensor).map_err(named)? {
            let mut parts = parts(&objects, expected).map_err(named)?;
            match (parts.pop(), parts.len()) {
                (Some(whole), 0) => (tensor.shape, tensor.data) = (whole.shape, whole.data),
                (_, others) => return Err(named(one_type(others.saturating_add(1)))),
            }
        }
    }
    slots.finish()
}

/// Reads what stands here as the only input, which has no name.
fn only(
    reader: &mut Reader<'_>,
    expected: Inputs<'_>,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    let mut slots = Slots::new(expected, inputs);
    let slot = slots.take("")?;
    let Some(objects) = read(reader, slots.tensor(slot))? else { return slots.finish() };
    *inputs = parts(&objects, expected)?;
    expected.name_columns(inputs)
}

/// Reads an array into a tensor; gives it where its elements have no common type.
fn read(reader: &mut Reader<'_>, tensor: &mut Tensor) -> Result<Option<Objects>, Error> {
    reader.cursor.peek();
    let start = reader.cursor.position();
    let Tensor { shape, data, .. } = &mut *tensor;
    let scan = reader.cursor.numbers_exact(reader.limits, shape, data);
    // Whether all integers need to be unsigned is known to the slow way only.
    if scan == Ok(Scan::Numbers) && !matches!(data, TensorData::U64(_)) {
        return Ok(None);
    }
    reader.cursor.seek(start);
    let value = reader.cursor.value(reader.limits).map_err(|error| reader.not_json(error))?;
    typed(value, reader, tensor)
}

/// Types a value as numpy does; gives the array where its elements have no common type.
fn typed(value: Value, reader: &Reader<'_>, tensor: &mut Tensor) -> Result<Option<Objects>, Error> {
    let Tensor { shape, data, .. } = &mut *tensor;
    if bytes::are_in(&value) {
        return bytes::strings(&value, reader.limits, shape, data.reset_strings())
            .map(|()| None)
            .map_err(Error::invalid_input);
    }
    match numpy::array(value, reader.limits)? {
        Payload::Array(array) => {
            (tensor.shape, tensor.data) = (array.shape, array.data);
            Ok(None)
        }
        Payload::Objects(objects) => Ok(Some(objects)),
        Payload::Bytes(_) | Payload::Text(_) | Payload::Json(_) => {
            Err(Error::invalid_input("expected numbers, booleans or strings, got no array"))
        }
    }
}

/// An array whose elements have no common type, as parts of a table.
///
/// # Errors
/// No table is expected, or an element cannot be in one.
fn parts(objects: &Objects, expected: Inputs<'_>) -> Result<Vec<Tensor>, Error> {
    if expected.is_table() { numpy::table(objects) } else { Err(no_type(objects)) }
}

#[cold]
fn no_type(objects: &Objects) -> Error {
    let got = untyped_element(objects);
    Error::invalid_input(format!("expected numbers, booleans or strings, got {got}"))
}

#[cold]
fn one_type(n_columns: usize) -> Error {
    Error::invalid_input(format!(
        "expected elements of one type, got {n_columns} columns of numbers and strings"
    ))
}

fn untyped_element(objects: &Objects) -> &'static str {
    let is_odd = |value: &&Value| matches!(value, Value::Null | Value::Map(_));
    objects.values.iter().find(is_odd).map_or("an integer beyond 64 bits", Value::kind)
}
