//! The table in a request's payload, for models that take one.

use std::sync::Arc;

use radiant_core::rows::copy_column;
use radiant_core::{Error, Form, Map, Payload, Tensor, Value};

use super::{Request, numpy};
use crate::columns::Columns;
use crate::slots::{listed, quoted};
use crate::{Inputs, Limits};

/// Puts the table that the request's payload is into `inputs`, and something else in its place.
///
/// An array is one tensor, as it is: swapped, so that the buffers of both go on being used. With
/// `null` among its elements it is as [`numpy::table`] has it. The names of its columns are looked at
/// where the model's columns have names: then it is a tensor for each of them. A list in `jsonData` is
/// an array without names, or a row an object; an object there has a list for each column. A number
/// there is a tensor without axes.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the payload is of another kind, has names
/// that are not as many as its columns, or columns by name where the model's have none.
pub fn table(
    request: &mut Request,
    expected: Inputs<'_>,
    limits: &Limits,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    let has_names = matches!(expected, Inputs::Table { form: Form::Frame, .. });
    let names = if has_names { &request.names[..] } else { &[] };
    if let Payload::Array(array) = &mut request.payload {
        return from_array(array, names, inputs);
    }
    match std::mem::replace(&mut request.payload, Payload::Json(Value::Null)) {
        Payload::Json(Value::Map(columns)) => from_columns(columns, expected, limits, inputs),
        Payload::Json(Value::List(rows)) if matches!(rows.first(), Some(Value::Map(_))) => {
            from_records(rows, expected, limits, inputs)
        }
        Payload::Json(list @ Value::List(_)) => {
            let array = numpy::array(list, limits);
            from_payload(array.map_err(in_json)?, &[], expected, inputs)
        }
        other => from_payload(other, names, expected, inputs),
    }
}

fn in_json(error: Error) -> Error {
    error.context("jsonData")
}

fn from_payload(
    payload: Payload,
    names: &[String],
    expected: Inputs<'_>,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    match payload {
        Payload::Array(mut array) => from_array(&mut array, names, inputs),
        Payload::Json(Value::Int(number)) => {
            *inputs = vec![Tensor::new("", &[], vec![number])];
            Ok(())
        }
        Payload::Json(Value::Float(number)) => {
            *inputs = vec![Tensor::new("", &[], vec![number])];
            Ok(())
        }
        Payload::Objects(objects) => {
            *inputs = if names.is_empty() {
                let mut columns = numpy::table(&objects)?;
                expected.name_columns(&mut columns)?;
                columns
            } else {
                let columns = numpy::columns(&objects)?;
                check_names(names, columns.len())?;
                let named = columns.into_iter().zip(names);
                named.map(|(column, name)| Tensor { name: Arc::from(&**name), ..column }).collect()
            };
            Ok(())
        }
        other => Err(no_table(expected, &other)),
    }
}

/// One array: as it is, or cut into columns with these names.
fn from_array(array: &mut Tensor, names: &[String], inputs: &mut Vec<Tensor>) -> Result<(), Error> {
    if names.is_empty() {
        // The buffer may have been a column of an earlier request.
        if !array.name.is_empty() {
            array.name = Arc::from("");
        }
        inputs.resize_with(1, Tensor::default);
        for input in inputs {
            std::mem::swap(input, array);
        }
        return Ok(());
    }
    let width = match *array.shape.dims() {
        [_] => 1,
        [_, width] => width,
        _ => return Err(no_rows(array)),
    };
    check_names(names, width)?;
    inputs.resize_with(width, Tensor::default);
    for (index, (name, input)) in names.iter().zip(inputs).enumerate() {
        copy_column(array, index, input).map_err(|_| no_rows(array))?;
        if *input.name != **name {
            input.name = Arc::from(&**name);
        }
    }
    Ok(())
}

/// Checks that names are those of so many columns.
fn check_names(names: &[String], n_columns: usize) -> Result<(), Error> {
    if names.len() != n_columns {
        let got = names.len();
        return Err(Error::invalid_input(format!(
            "`data.names`: expected a name for each of {n_columns} columns, got {got}"
        )));
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find_map(|pair| pair.first().filter(|name| pair.last() == Some(name))) {
        None => Ok(()),
        Some(name) => {
            let name = quoted(name);
            Err(Error::invalid_input(format!("`data.names`: expected {name} once, got it twice")))
        }
    }
}

fn from_records(
    rows: Vec<Value>,
    expected: Inputs<'_>,
    limits: &Limits,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    let mut columns = Columns::default();
    for (index, row) in rows.into_iter().enumerate() {
        let in_row = |error: Error| error.context(format_args!("jsonData: row {index}"));
        let Value::Map(row) = row else {
            let got = row.kind();
            let message = format!("expected an object as row 0 is, got {got}");
            return Err(in_row(Error::invalid_input(message)));
        };
        columns.push_row(row, limits).map_err(in_row)?;
    }
    *inputs = columns.into_tensors()?;
    expected.check_unordered(inputs.len())
}

fn from_columns(
    columns: Map,
    expected: Inputs<'_>,
    limits: &Limits,
    inputs: &mut Vec<Tensor>,
) -> Result<(), Error> {
    expected.check_unordered(columns.len())?;
    if columns.len() > expected.max() {
        let (max, got) = (expected.max(), columns.len());
        let message = format!("jsonData: expected at most {max} columns, got {got}");
        return Err(Error::invalid_input(message));
    }
    inputs.clear();
    for (name, values) in columns {
        let tensor = column(values, limits)
            .map_err(|error| error.context(format_args!("jsonData: column {}", quoted(&name))))?;
        inputs.push(Tensor { name: name.into(), ..tensor });
    }
    Ok(())
}

/// The values of one column.
fn column(values: Value, limits: &Limits) -> Result<Tensor, Error> {
    let got = match numpy::array(values, limits)? {
        Payload::Array(array) => return Ok(array),
        Payload::Objects(objects) => match (numpy::table(&objects)?.pop(), objects.shape.rank()) {
            (Some(column), 1) => return Ok(column),
            _ => format!("elements of several types in an array of shape {}", objects.shape),
        },
        Payload::Bytes(_) | Payload::Text(_) | Payload::Json(_) => "no array".to_owned(),
    };
    Err(Error::invalid_input(format!("expected a list of plain values, got {got}")))
}

#[cold]
fn no_rows(array: &Tensor) -> Error {
    let shape = &array.shape;
    Error::invalid_input(format!("expected rows of columns, an array of two axes, got {shape}"))
}

#[cold]
fn no_table(expected: Inputs<'_>, payload: &Payload) -> Error {
    let listed = listed(expected.specs().unwrap_or_default());
    let got = match payload {
        Payload::Array(_) | Payload::Objects(_) => "an array",
        Payload::Bytes(_) => "binData",
        Payload::Text(_) => "strData",
        Payload::Json(value) => value.kind(),
    };
    Error::invalid_input(format!("expected a table (data or jsonData) for {listed}; got {got}"))
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
