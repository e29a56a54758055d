//! Bodies in JSON: one of four fields, and parameters.

use radiant_core::{Error, Map, Value};

use super::frame::check_unique;
use super::{Data, Frame, invalid};
use crate::Limits;
use crate::columns::{Columns, RowError};
use crate::json::{Cursor, SyntaxError};
use crate::seldon::numpy;

/// What every error about the fields of a body begins with.
const FORMAT: &str = "The input must be a JSON dictionary with exactly one of the input fields \
                      {'instances', 'dataframe_records', 'inputs', 'dataframe_split'}";

/// A decoded request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What the model is asked about.
    pub data: Data,
    /// `params`, if they came.
    pub params: Option<Value>,
}

/// Decodes a body in JSON. Keys that are not known are passed over, and the last of two equal ones
/// counts.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the body is not JSON, no object, has none
/// or several of the fields, or one is not of its form, or exceeds a limit.
pub fn decode_json(body: &[u8], limits: &Limits) -> Result<Request, Error> {
    let mut reader = Reader { cursor: Cursor::new(body), body, limits };
    reader.check_object()?;
    reader.cursor.object_start().map_err(|error| reader.not_json(error))?;
    let (mut fields, mut params, mut first) = (Vec::new(), None, true);
    while let Some(key) = reader.key(&mut first)? {
        match &*key {
            "params" => params = Some(reader.value()?).filter(|params| *params != Value::Null),
            "instances" | "inputs" | "dataframe_split" | "dataframe_records" => {
                let key = key.into_owned();
                reader.cursor.peek();
                fields.retain(|(have, _)| *have != key);
                fields.push((key, reader.cursor.position()));
                reader.skip()?;
            }
            _ => reader.skip()?,
        }
    }
    reader.cursor.finish().map_err(|error| reader.not_json(error))?;
    let [(field, at)] = &fields[..] else {
        let names = super::listed(fields.iter().map(|(name, _)| &**name));
        return Err(Error::invalid_input(format!(
            "{FORMAT}. Received dictionary with input fields: {names}."
        )));
    };
    reader.cursor.seek(*at);
    let data = match &**field {
        "instances" => instances(reader.value()?)?,
        "inputs" => inputs(reader.value()?),
        "dataframe_split" => Data::Frame(split(reader.value()?, limits)?),
        _ => Data::Frame(reader.records()?),
    };
    Ok(Request { data, params })
}

struct Reader<'b> {
    cursor: Cursor<'b>,
    body: &'b [u8],
    limits: &'b Limits,
}

impl<'b> Reader<'b> {
    /// Checks that an object stands here, and tells what else does as MLflow does.
    fn check_object(&mut self) -> Result<(), Error> {
        let got = match self.cursor.peek() {
            Some(b'{') => return Ok(()),
            Some(b'[') => "Received a list.".to_owned(),
            other => {
                let class = match other {
                    Some(b'"') => "str",
                    Some(b't' | b'f') => "bool",
                    Some(b'n') => "NoneType",
                    _ => "number",
                };
                format!("Received unexpected input type '<class '{class}'>.")
            }
        };
        // What is not JSON at all is told as that.
        self.skip()?;
        self.cursor.finish().map_err(|error| self.not_json(error))?;
        Err(invalid(format_args!("{FORMAT}. {got}")))
    }

    fn key(&mut self, first: &mut bool) -> Result<Option<std::borrow::Cow<'b, str>>, Error> {
        let key = self.cursor.next_key(std::mem::take(first));
        key.map_err(|error| self.not_json(error))
    }

    fn skip(&mut self) -> Result<(), Error> {
        let skipped = self.cursor.skip_value(self.limits).map(|_| ());
        skipped.map_err(|error| self.not_json(error))
    }

    fn value(&mut self) -> Result<Value, Error> {
        self.cursor.value(self.limits).map_err(|error| self.not_json(error))
    }

    /// `dataframe_records`: the order of their names is that of the columns.
    fn records(&mut self) -> Result<Frame, Error> {
        if self.cursor.peek() != Some(b'[') {
            let got = match self.value()? {
                Value::Map(_) => "dictionary".to_owned(),
                other => format!("type {}", other.kind()),
            };
            return Err(invalid(format_args!(
                "Dataframe records format must be a list of records. Got {got}."
            )));
        }
        let start = self.cursor.position();
        self.cursor.array_start().map_err(|error| self.not_json(error))?;
        let mut columns = Columns::default();
        loop {
            let more = self.cursor.next_item(columns.n_rows() == 0);
            if !more.map_err(|error| self.not_json(error))? {
                break;
            }
            if self.cursor.peek() != Some(b'{') {
                self.cursor.seek(start);
                return rows_of(self.value()?, None, self.limits);
            }
            let read = columns.read_row(&mut self.cursor, self.limits);
            read.map_err(|error| match error {
                RowError::Syntax(error) => self.not_json(error),
                RowError::Refused(error) => invalid(error),
            })?;
        }
        let (names, columns) = columns.into_values().unzip();
        Ok(Frame { names: Some(names), columns })
    }

    #[cold]
    fn not_json(&self, error: SyntaxError) -> Error {
        let error = error.describe(self.body);
        invalid(format_args!(
            "Ensure that input is a valid JSON formatted string. Error: '{error}'"
        ))
    }
}

/// `dataframe_split`.
fn split(value: Value, limits: &Limits) -> Result<Frame, Error> {
    let mut fields = match value {
        Value::Map(fields) => fields,
        other => {
            let got = match other {
                Value::List(_) => "list".to_owned(),
                other => format!("type {}", other.kind()),
            };
            return Err(invalid(format_args!(
                "Dataframe split format must be a dictionary. Got {got}."
            )));
        }
    };
    let known = ["columns", "data", "index"];
    let is_known = fields.keys().all(|key| known.contains(&key.as_str()));
    let Some(data) = fields.remove("data").filter(|_| is_known) else {
        let keys = super::listed(fields.keys().map(String::as_str));
        return Err(invalid(format_args!(
            "Dataframe split format must have 'data' field and optionally 'columns' and 'index' \
             fields. Got {keys} beside 'data'."
        )));
    };
    let names = match fields.remove("columns") {
        None | Some(Value::Null) => None,
        Some(Value::List(names)) => {
            let name =
                |name: &Value| numpy::text(name).ok_or_else(|| no_frame("a column has no name"));
            Some(names.iter().map(name).collect::<Result<Vec<String>, Error>>()?)
        }
        Some(other) => return Err(no_frame(format_args!("columns are {}", other.kind()))),
    };
    let frame = rows_of(data, names, limits)?;
    match fields.remove("index") {
        Some(Value::List(index)) if index.len() != frame.n_rows() && !frame.columns.is_empty() => {
            let (rows, index) = (frame.n_rows(), index.len());
            Err(no_frame(format_args!("{rows} rows, and an index of {index}")))
        }
        _ => Ok(frame),
    }
}

#[cold]
fn no_frame(what: impl std::fmt::Display) -> Error {
    invalid(format_args!(
        "Provided dataframe_split field is not a valid dataframe representation in 'split' format. \
         Error: '{what}'"
    ))
}

/// A list of rows; a row that is no list is one of one value.
fn rows_of(data: Value, names: Option<Vec<String>>, limits: &Limits) -> Result<Frame, Error> {
    let Value::List(rows) = data else {
        return Err(no_frame(format_args!("data are {}", data.kind())));
    };
    let row = |row| match row {
        Value::List(cells) => cells,
        cell => vec![cell],
    };
    Frame::of_rows(names, rows.into_iter().map(row).collect(), limits)
}

/// `inputs`: an array, or arrays by name.
fn inputs(value: Value) -> Data {
    match value {
        Value::Map(by_name) => Data::ByName(by_name.into_iter().collect()),
        array => Data::Array(array),
    }
}

/// `instances`: an array, or a row an object of what has as many rows.
fn instances(value: Value) -> Result<Data, Error> {
    let rows = match value {
        Value::List(rows) if matches!(rows.first(), Some(Value::Map(_))) => rows,
        other => return Ok(inputs(other)),
    };
    let n_rows = rows.len();
    let mut by_name: Vec<(String, Vec<Value>)> = Vec::new();
    for row in rows {
        let Value::Map(mut row) = row else {
            return Err(invalid(format_args!(
                "expected an object for each row, got {}",
                row.kind()
            )));
        };
        if by_name.is_empty() {
            by_name = row.into_iter().map(|(name, value)| (name, vec![value])).collect();
            continue;
        }
        put(&mut by_name, &mut row)?;
    }
    let names: Vec<String> = by_name.iter().map(|(name, _)| name.clone()).collect();
    check_unique(&names)?;
    if by_name.iter().any(|(_, values)| values.len() != n_rows) {
        return Err(lengths());
    }
    let arrays = by_name.into_iter().map(|(name, values)| (name, Value::List(values)));
    Ok(Data::Rows(arrays.collect()))
}

/// Adds a row, which has what the first one has.
fn put(by_name: &mut [(String, Vec<Value>)], row: &mut Map) -> Result<(), Error> {
    for (name, values) in by_name {
        values.push(row.remove(name).ok_or_else(lengths)?);
    }
    if row.is_empty() { Ok(()) } else { Err(lengths()) }
}

#[cold]
fn lengths() -> Error {
    invalid("The length of values for each input/column name are not the same")
}
