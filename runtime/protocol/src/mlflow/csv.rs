//! Bodies in CSV, as pandas' `read_csv` reads them.
//!
//! A header with the names, then a line for each row: fields apart by commas, in quotes or not. What
//! pandas guesses beyond that is refused: rows with more fields than the header, whose first ones it
//! would take for an index, and names that come twice, which it would change.

use radiant_core::schema::{ColumnType, Schema};
use radiant_core::{Error, Value};

use super::frame::{cells_max, check_unique};
use super::{Data, Frame, Request};
use crate::Limits;

/// What stands for a value that is missing (pandas' defaults).
const MISSING: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan",
];

/// Decodes a body in CSV. The columns that a schema knows are left as texts, which are cast to its
/// types; others are numbers, truth values or texts, each as a whole.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput): the body is not UTF-8, has no header, a
/// quote that does not end, or a row with more fields than the header, or exceeds a limit.
pub fn decode_csv(body: &[u8], schema: Option<&Schema>, limits: &Limits) -> Result<Request, Error> {
    let text = str::from_utf8(body).map_err(|error| {
        super::invalid(format_args!(
            "Ensure that input is a valid UTF-8 encoded string. Error: '{error}'"
        ))
    })?;
    let mut lines = Lines { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let header = lines.next(usize::MAX)?.ok_or_else(|| refused("No columns to parse from file"))?;
    let names: Vec<String> = header.into_iter().enumerate().map(name).collect();
    check_unique(&names)?;
    let mut columns: Vec<Vec<String>> = names.iter().map(|_| Vec::new()).collect();
    let (mut n_rows, mut n_cells) = (0_usize, 0_usize);
    while let Some(row) = lines.next(names.len())? {
        n_rows = n_rows.saturating_add(1);
        n_cells = n_cells.saturating_add(row.len());
        let max = cells_max(n_cells, limits);
        if n_rows.saturating_mul(names.len()) > max {
            return Err(refused(format_args!("expected at most {max} cells, got more")));
        }
        let cells = row.into_iter().chain(std::iter::repeat_with(String::new));
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    let kinds: &[_] = match schema {
        Some(Schema::Columns(columns)) => columns,
        _ => &[],
    };
    let typed = names.iter().zip(columns).map(|(name, texts)| {
        match kinds.iter().find(|column| *column.name == **name) {
            Some(column) => texts.into_iter().map(|text| of_kind(text, &column.kind)).collect(),
            None => inferred(texts),
        }
    });
    let columns = typed.collect();
    Ok(Request { data: Data::Frame(Frame { names: Some(names), columns }), params: None })
}

#[cold]
fn refused(what: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!(
        "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid \
         CSV-formatted Pandas DataFrame produced using the `pandas.DataFrame.to_csv()` method. \
         Error: '{what}'"
    ))
}

fn name((index, name): (usize, String)) -> String {
    if name.is_empty() { format!("Unnamed: {index}") } else { name }
}

struct Lines<'t> {
    rest: &'t str,
    /// The number of the next line, from 1.
    line: usize,
}

impl Lines<'_> {
    /// The fields of the next line that is not empty, of which there are at most so many.
    fn next(&mut self, max: usize) -> Result<Option<Vec<String>>, Error> {
        self.rest = loop {
            match self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r'])) {
                Some(rest) => (self.rest, self.line) = (rest, self.line.saturating_add(1)),
                None => break self.rest,
            }
        };
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut fields = Vec::new();
        loop {
            if fields.len() >= max {
                let line = self.line;
                return Err(refused(format_args!(
                    "Expected {max} fields in line {line}, saw more"
                )));
            }
            fields.push(self.field()?);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
            } else {
                return Ok(Some(fields));
            }
        }
    }

    /// Reads a field, up to the comma or the end of the line behind it.
    fn field(&mut self) -> Result<String, Error> {
        let mut field = String::new();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            loop {
                let Some((part, rest)) = self.rest.split_once('"') else {
                    let line = self.line;
                    return Err(refused(format_args!("EOF inside string starting at line {line}")));
                };
                field.push_str(part);
                self.rest = rest;
                // A quote that comes twice stands for itself.
                match rest.strip_prefix('"') {
                    Some(rest) => {
                        field.push('"');
                        self.rest = rest;
                    }
                    None => break,
                }
            }
        }
        let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
        let (plain, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        field.push_str(plain);
        self.rest = rest;
        Ok(field)
    }
}

fn is_missing(text: &str) -> bool {
    MISSING.contains(&text) || text == "null"
}

fn as_truth(text: &str) -> Option<bool> {
    match text {
        "True" | "TRUE" | "true" => Some(true),
        "False" | "FALSE" | "false" => Some(false),
        _ => None,
    }
}

/// A value of a column whose type is known.
fn of_kind(text: String, kind: &ColumnType) -> Value {
    if is_missing(&text) {
        return Value::Null;
    }
    match (as_truth(&text), kind) {
        // Texts stay as they are, of digits too.
        (_, ColumnType::Text | ColumnType::Binary | ColumnType::Other(_)) => Value::Text(text),
        (Some(truth), _) => Value::Bool(truth),
        (None, ColumnType::Boolean) if text == "1" => Value::Bool(true),
        (None, ColumnType::Boolean) if text == "0" => Value::Bool(false),
        (None, ColumnType::Long | ColumnType::Integer) => match text.trim().parse::<f64>() {
            // An integer may be spelt as a float, `3.0`, which loses nothing.
            Ok(float) if float.fract() == 0.0 && text.contains('.') => Value::Float(float),
            _ => Value::Text(text),
        },
        _ => Value::Text(text),
    }
}

/// The values of a column, of the first type that all have: integers, floats, truth values, texts.
fn inferred(texts: Vec<String>) -> Vec<Value> {
    fn all<T>(texts: &[String], one: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
        let value = |text: &String| match one(text.trim()) {
            Some(value) => Some(Some(value)),
            None => is_missing(text).then_some(None),
        };
        texts.iter().map(value).collect()
    }
    fn values<T>(column: Vec<Option<T>>, value: impl Fn(T) -> Value) -> Vec<Value> {
        column.into_iter().map(|one| one.map_or(Value::Null, &value)).collect()
    }
    if let Some(column) = all(&texts, |text| text.parse().ok()) {
        return values(column, Value::Int);
    }
    if let Some(column) = all(&texts, |text| text.parse().ok()) {
        return values(column, Value::Float);
    }
    if let Some(column) = all(&texts, as_truth) {
        return values(column, Value::Bool);
    }
    let text = |text: String| if is_missing(&text) { Value::Null } else { Value::Text(text) };
    texts.into_iter().map(text).collect()
}
