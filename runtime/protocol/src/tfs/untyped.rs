//! Requests in JSON for components without a signature.

use radiant_core::{Error, Objects, Payload, Tensor, TensorData, Value};

use super::bytes;
use super::request::Reader;
use crate::json::Scan;
use crate::seldon::numpy;
use crate::slots::Slots;

/// Reads `instances`.
///
/// # Errors
/// It is no array, is empty, has rows that differ, or elements without a type.
pub(super) fn rows(reader: &mut Reader<'_>, inputs: &mut Vec<Tensor>) -> Result<(), Error> {
    if !reader.has_named_rows()? {
        return only(reader, inputs);
    }
    let rows = reader.cursor.value(reader.limits).map_err(|error| reader.not_json(error))?;
    let Value::List(rows) = rows else { return Err(reader.misfit("an array")) };
    let mut columns: Vec<(String, Vec<Value>)> = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        join(&mut columns, index, row)
            .map_err(|error| error.context(format_args!("`instances`: row {index}")))?;
    }
    let mut slots = Slots::new(None, inputs);
    for (name, values) in columns {
        let slot = slots.take(&name)?;
        typed(Value::List(values), reader, slots.tensor(slot))
            .map_err(|error| error.context(format_args!("input `{name}`")))?;
    }
    slots.finish()
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
pub(super) fn columns(reader: &mut Reader<'_>, inputs: &mut Vec<Tensor>) -> Result<(), Error> {
    if !reader.is_named() {
        return only(reader, inputs);
    }
    reader.start(b'{')?;
    let (mut slots, mut first) = (Slots::new(None, inputs), true);
    while let Some(name) = reader.key(&mut first)? {
        let slot = slots.take(&name)?;
        read(reader, slots.tensor(slot))
            .map_err(|error| error.context(format_args!("input `{name}`")))?;
    }
    slots.finish()
}

/// Reads what stands here as the only input, which has no name.
fn only(reader: &mut Reader<'_>, inputs: &mut Vec<Tensor>) -> Result<(), Error> {
    let mut slots = Slots::new(None, inputs);
    let slot = slots.take("")?;
    read(reader, slots.tensor(slot))?;
    slots.finish()
}

fn read(reader: &mut Reader<'_>, tensor: &mut Tensor) -> Result<(), Error> {
    reader.cursor.peek();
    let start = reader.cursor.position();
    let Tensor { shape, data, .. } = &mut *tensor;
    let scan = reader.cursor.numbers_exact(reader.limits, shape, data);
    // Whether all integers need to be unsigned is known to the slow way only.
    if scan == Ok(Scan::Numbers) && !matches!(data, TensorData::U64(_)) {
        return Ok(());
    }
    reader.cursor.seek(start);
    let value = reader.cursor.value(reader.limits).map_err(|error| reader.not_json(error))?;
    typed(value, reader, tensor)
}

/// Types a value as numpy does.
fn typed(value: Value, reader: &Reader<'_>, tensor: &mut Tensor) -> Result<(), Error> {
    let Tensor { shape, data, .. } = &mut *tensor;
    if bytes::are_in(&value) {
        return bytes::strings(&value, reader.limits, shape, data.reset_strings())
            .map_err(Error::invalid_input);
    }
    let got = match numpy::array(value, reader.limits)? {
        Payload::Array(array) => {
            (tensor.shape, tensor.data) = (array.shape, array.data);
            return Ok(());
        }
        Payload::Objects(objects) => untyped_element(&objects),
        Payload::Bytes(_) | Payload::Text(_) | Payload::Json(_) => "no array",
    };
    Err(Error::invalid_input(format!("expected numbers, booleans or strings, got {got}")))
}

fn untyped_element(objects: &Objects) -> &'static str {
    let is_odd = |value: &&Value| matches!(value, Value::Null | Value::Map(_));
    objects.values.iter().find(is_odd).map_or("an integer beyond 64 bits", Value::kind)
}
