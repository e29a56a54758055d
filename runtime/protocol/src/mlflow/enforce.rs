//! Data against the schema of a signature: which inputs there are, in which order and of which types.

use std::sync::Arc;

use radiant_core::schema::{Column, ColumnType, Schema};
use radiant_core::{Error, Payload, Shape, Tensor, TensorData, TensorSpec, Value};

use super::cast::{cast, kind_of};
use super::{Data, Frame, invalid, listed, mismatch};
use crate::Limits;
use crate::seldon::numpy;

/// Makes of the data what the schema declares: its columns or tensors, in its order and of its types.
/// Optional columns that did not come are left out, and so is what the schema does not know.
///
/// # Errors
/// An input is missing, or a value or a shape does not fit.
pub(super) fn enforce(schema: &Schema, data: Data, limits: &Limits) -> Result<Vec<Tensor>, Error> {
    match schema {
        Schema::Columns(columns) => Columns { schema, columns }.enforce(data, limits),
        Schema::Tensors(specs) => Tensors { schema, specs, limits }.enforce(data),
    }
}

/// What is told of inputs that are missing.
#[cold]
pub(super) fn missing(schema: &Schema, names: &[&str], extra: &[String]) -> Error {
    let names = listed(names.iter().copied());
    let extra = match extra {
        [] => String::new(),
        extra => format!(" Note that there were extra inputs: [{}].", extra.join(", ")),
    };
    mismatch(schema, format_args!("Model is missing inputs {names}.{extra}"))
}

struct Columns<'s> {
    schema: &'s Schema,
    columns: &'s [Column],
}

impl Columns<'_> {
    fn enforce(&self, data: Data, limits: &Limits) -> Result<Vec<Tensor>, Error> {
        match data {
            Data::Frame(frame) if self.schema.has_names() => self.of_frame(&frame),
            Data::Frame(frame) => self.by_order(&frame),
            Data::ByName(arrays) | Data::Rows(arrays) => self.of_frame(&self.frame(arrays)?),
            Data::Array(value) => self.of_array(value, limits),
        }
    }

    /// The columns of a table by name.
    fn of_frame(&self, frame: &Frame) -> Result<Vec<Tensor>, Error> {
        let mut tensors = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            if let Some(values) = frame.column(&column.name) {
                tensors.push(cast_column(&column.name, &column.kind, values)?);
            }
        }
        let is_absent = |column: &&Column| column.required && frame.column(&column.name).is_none();
        let absent: Vec<&str> = self.columns.iter().filter(is_absent).map(|c| &*c.name).collect();
        if absent.is_empty() {
            return Ok(tensors);
        }
        let is_known = |label: &String| {
            self.columns.iter().any(|column| *label == format!("'{}'", column.name))
        };
        let extra: Vec<String> = frame.labels().into_iter().filter(|l| !is_known(l)).collect();
        Err(missing(self.schema, &absent, &extra))
    }

    /// The first columns of a table, where they have no names in the signature.
    fn by_order(&self, frame: &Frame) -> Result<Vec<Tensor>, Error> {
        let (expected, got) = (self.columns.len(), frame.columns.len());
        if got < expected {
            return Err(mismatch(
                self.schema,
                format_args!(
                    "Model inference is missing inputs. The model signature declares {expected} \
                     inputs  but the provided value only has {got} inputs. Note: the inputs were not \
                     named in the signature so we can only verify their count."
                ),
            ));
        }
        let pairs = self.columns.iter().zip(&frame.columns);
        pairs.map(|(column, values)| cast_column("", &column.kind, values)).collect()
    }

    /// Arrays by name as a table: lists, or plain values, which are one row.
    fn frame(&self, arrays: Vec<(String, Value)>) -> Result<Frame, Error> {
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        let mut n_rows = None;
        for (name, value) in arrays {
            let values = match value {
                _ if !self.columns.iter().any(|column| *column.name == *name) => Vec::new(),
                Value::List(values) => self.plain(&name, values, &mut n_rows)?,
                value => self.plain(&name, vec![value], &mut n_rows)?,
            };
            names.push(name);
            columns.push(values);
        }
        Ok(Frame { names: Some(names), columns })
    }

    /// The values of a column, as many as those of the columns before.
    fn plain(
        &self,
        name: &str,
        values: Vec<Value>,
        n_rows: &mut Option<usize>,
    ) -> Result<Vec<Value>, Error> {
        if values.iter().any(|value| matches!(value, Value::List(_) | Value::Map(_))) {
            let message = format_args!("Incompatible input types for column {name}.");
            return Err(mismatch(self.schema, message));
        }
        if *n_rows.get_or_insert(values.len()) != values.len() {
            return Err(mismatch(
                self.schema,
                "This model contains a column-based signature, which suggests a DataFrame input. \
                 There was an error casting the input data to a DataFrame: All arrays must be of the \
                 same length",
            ));
        }
        Ok(values)
    }

    /// An array: the only column, or columns that are meant by their order.
    fn of_array(&self, value: Value, limits: &Limits) -> Result<Vec<Tensor>, Error> {
        if let ([column], Value::List(_)) = (self.columns, &value)
            && self.schema.has_names()
        {
            return self.of_frame(&self.frame(vec![(column.name.to_string(), value)])?);
        }
        let (columns, is_matrix) = columns_of(&value);
        let kind = self.columns.first().map_or(&ColumnType::Text, |column| &column.kind);
        // Numbers are read in the type of the first column before any name is looked at.
        if let Value::List(_) = value {
            numpy::array(value, limits).map_err(invalid)?;
        }
        for values in &columns {
            cast(values, kind).map_err(invalid)?;
        }
        if self.schema.has_names() || !is_matrix {
            let extra: Vec<String> = (0..columns.len()).map(|index| index.to_string()).collect();
            let names: Vec<&str> =
                self.columns.iter().filter(|c| c.required).map(|c| &*c.name).collect();
            return Err(missing(self.schema, &names, &extra));
        }
        self.by_order(&Frame { names: None, columns })
    }
}

/// The columns of an array as pandas makes a table of it, and whether it had rows.
fn columns_of(value: &Value) -> (Vec<Vec<Value>>, bool) {
    let Value::List(rows) = value else { return (vec![vec![value.clone()]], false) };
    let width = rows.iter().map(|row| row.as_list().map_or(1, <[Value]>::len)).max().unwrap_or(0);
    let cell = |row: &Value, index: usize| match row {
        Value::List(cells) => cells.get(index).cloned(),
        cell => Some(cell.clone()).filter(|_| index == 0),
    };
    let column = |index| rows.iter().filter_map(|row| cell(row, index)).collect();
    ((0..width).map(column).collect(), true)
}

fn cast_column(name: &str, kind: &ColumnType, values: &[Value]) -> Result<Tensor, Error> {
    let data = cast(values, kind).map_err(|reason| {
        let numpy = kind.numpy_name();
        invalid(format_args!(
            "Data is not compatible with model signature. Failed to convert column {name} to type \
             '{numpy}'. Error: '{reason}'"
        ))
    })?;
    Ok(Tensor { name: name.into(), shape: Shape::from([values.len()]), data })
}

struct Tensors<'s> {
    schema: &'s Schema,
    specs: &'s [TensorSpec],
    limits: &'s Limits,
}

impl Tensors<'_> {
    fn enforce(&self, data: Data) -> Result<Vec<Tensor>, Error> {
        if self.schema.has_names() {
            return self.named(data);
        }
        let Some(spec) = self.specs.first() else { return Ok(Vec::new()) };
        let tensor = match data {
            Data::Frame(frame) => self.of_frame(spec, &frame)?,
            Data::Array(Value::Null) => return Err(no_names("NoneType")),
            Data::Array(value) => self.of_value(spec, value)?,
            Data::ByName(_) => return Err(no_names("dict")),
            Data::Rows(_) => {
                return Err(mismatch(
                    self.schema,
                    "This model contains a tensor-based model signature with no input names, which \
                     suggests a numpy array input or a pandas dataframe input with proper column \
                     values, but an input of type dict was found.",
                ));
            }
        };
        Ok(vec![tensor])
    }

    fn named(&self, data: Data) -> Result<Vec<Tensor>, Error> {
        let arrays = match (data, self.specs) {
            (Data::Frame(frame), _) => return self.of_named_columns(&frame),
            (Data::Array(value), [only]) => vec![(only.name.to_string(), value)],
            (Data::Array(_), _) => Vec::new(),
            (Data::ByName(arrays) | Data::Rows(arrays), _) => arrays,
        };
        let has = |spec: &TensorSpec| arrays.iter().any(|(name, _)| **name == *spec.name);
        self.check_present(has, || {
            arrays.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
        })?;
        let mut tensors = Vec::with_capacity(self.specs.len());
        for spec in self.specs {
            let value = arrays.iter().find(|(name, _)| **name == *spec.name);
            if let Some((_, value)) = value {
                tensors.push(self.of_value(spec, value.clone())?);
            }
        }
        Ok(tensors)
    }

    /// Checks that every input is there; `got` are those that came.
    fn check_present(
        &self,
        has: impl Fn(&TensorSpec) -> bool,
        got: impl Fn() -> Vec<String>,
    ) -> Result<(), Error> {
        let absent: Vec<&str> =
            self.specs.iter().filter(|spec| !has(spec)).map(|spec| &*spec.name).collect();
        if absent.is_empty() {
            return Ok(());
        }
        let is_extra = |name: &String| !self.specs.iter().any(|spec| *spec.name == **name);
        let extra: Vec<String> =
            got().into_iter().filter(is_extra).map(|name| format!("'{name}'")).collect();
        Err(missing(self.schema, &absent, &extra))
    }

    /// An array of the declared type and shape.
    fn of_value(&self, spec: &TensorSpec, value: Value) -> Result<Tensor, Error> {
        let array = numpy::array(value, self.limits).map_err(invalid)?;
        let tensor = match (array, kind_of(spec.dtype)) {
            // Texts of numbers are numbers, as in tables.
            (Payload::Array(Tensor { shape, data: TensorData::Bytes(texts), .. }), Some(kind)) => {
                let text = |text: &[u8]| Value::Text(String::from_utf8_lossy(text).into_owned());
                let values: Vec<Value> = texts.iter().map(text).collect();
                let data = cast(&values, &kind).map_err(invalid)?;
                Tensor { shape, data, ..Tensor::default() }
            }
            (array, _) => numpy::cast(array, spec.dtype, &spec.name).map_err(invalid)?,
        };
        self.check_shape(spec, tensor)
    }

    fn check_shape(&self, spec: &TensorSpec, tensor: Tensor) -> Result<Tensor, Error> {
        if spec.accepts(&tensor.shape) {
            return Ok(Tensor { name: Arc::clone(&spec.name), ..tensor });
        }
        let got = tuple(tensor.shape.dims().iter().map(ToString::to_string));
        let dim = |dim: &Option<usize>| dim.map_or("-1".to_owned(), |dim| dim.to_string());
        let expected = tuple(spec.dims.iter().map(dim));
        Err(mismatch(
            self.schema,
            format_args!("Shape of input {got} does not match expected shape {expected}."),
        ))
    }

    /// The whole of a table as the one tensor, which has no name.
    fn of_frame(&self, spec: &TensorSpec, frame: &Frame) -> Result<Tensor, Error> {
        let labels = frame.labels();
        let kind = self.kind(spec)?;
        let mut cast = Vec::new();
        for (label, values) in labels.iter().zip(&frame.columns) {
            if !matches!(values.first(), Some(Value::List(_))) {
                cast.push(cast_column(label.trim_matches('\''), &kind, values)?);
            }
        }
        match (&frame.columns[..], &spec.dims[..]) {
            ([], _) => Err(mismatch(self.schema, "Input DataFrame is empty.")),
            (columns, _) if columns.iter().all(Vec::is_empty) => {
                Err(invalid("Data is not compatible with model signature. The table has no rows"))
            }
            ([column], _) => self.of_column(spec, column),
            (columns, [None, Some(width)]) if columns.len() == *width => {
                let uneven = || mismatch(self.schema, "expected plain values in each column");
                let matrix = crate::inputs::stack(&cast).ok_or_else(uneven)?;
                self.check_shape(spec, matrix)
            }
            (columns, _) => {
                let n = columns.len();
                Err(mismatch(
                    self.schema,
                    format_args!(
                        "This model contains a model signature with an unnamed input. Since the \
                         input data is a pandas DataFrame containing multiple columns, the input \
                         shape must be of the structure (-1, number_of_dataframe_columns). Instead, \
                         the input DataFrame passed had {n} columns"
                    ),
                ))
            }
        }
    }

    /// Columns by name, each a tensor.
    fn of_named_columns(&self, frame: &Frame) -> Result<Vec<Tensor>, Error> {
        let names = || frame.names.clone().unwrap_or_default();
        self.check_present(|spec| frame.column(&spec.name).is_some(), names)?;
        let column =
            |spec: &TensorSpec| self.of_column(spec, frame.column(&spec.name).unwrap_or_default());
        self.specs.iter().map(column).collect()
    }

    /// A column of plain values, or of lists, as a tensor.
    fn of_column(&self, spec: &TensorSpec, values: &[Value]) -> Result<Tensor, Error> {
        if !matches!(values.first(), Some(Value::List(_))) {
            let tensor = cast_column(&spec.name, &self.kind(spec)?, values)?;
            return match spec.dims[..] {
                [None] => self.check_shape(spec, tensor),
                [None, Some(1)] => {
                    let shape = Shape::from([values.len(), 1]);
                    self.check_shape(spec, Tensor { shape, ..tensor })
                }
                _ => Err(mismatch(
                    self.schema,
                    format_args!(
                        "The input pandas dataframe column '{}' contains scalar values, which \
                         requires the shape to be (-1,) or (-1, 1)",
                        spec.name
                    ),
                )),
            };
        }
        let array = numpy::array(Value::List(values.to_vec()), self.limits).map_err(invalid)?;
        let Payload::Array(tensor) = array else {
            return Err(invalid("a column of lists has values of several types"));
        };
        // Lists in a table are flat, whatever the shape of their tensor.
        let dims = std::iter::once(values.len());
        let dims: Vec<usize> =
            dims.chain(spec.dims.iter().skip(1).map(|dim| dim.unwrap_or(1))).collect();
        let shape = Shape::new(&dims);
        let fits = shape.n_elements() == Ok(tensor.data.len());
        let tensor = if fits { Tensor { shape, ..tensor } } else { tensor };
        let tensor = numpy::cast(Payload::Array(tensor), spec.dtype, &spec.name);
        self.check_shape(spec, tensor.map_err(invalid)?)
    }

    fn kind(&self, spec: &TensorSpec) -> Result<ColumnType, Error> {
        kind_of(spec.dtype).ok_or_else(|| {
            mismatch(self.schema, format_args!("a table cannot hold {}", spec.dtype))
        })
    }
}

#[cold]
fn no_names(got: &str) -> Error {
    invalid(format_args!(
        "Failed to parse input data. This model contains an un-named  model signature which expects \
         a single n-dimensional array or a single value as input, however, an input of type \
         <class '{got}'> was found."
    ))
}

/// Numbers as Python writes a tuple of them.
fn tuple(numbers: impl Iterator<Item = String>) -> String {
    let numbers: Vec<String> = numbers.collect();
    match &numbers[..] {
        [one] => format!("({one},)"),
        numbers => format!("({})", numbers.join(", ")),
    }
}
