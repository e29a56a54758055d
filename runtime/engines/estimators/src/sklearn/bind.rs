//! From the tensors of a request to the table that an estimator wants.

use std::borrow::Cow;

use radiant_core::{Error, Tensor, TensorData};

use super::data::{Array, Cell, Data, Table};
use super::estimator::{Wanted, Wants};

/// The table that the tensors of a request are.
///
/// One tensor is a matrix by position, or one text or number a row. Several are its columns: by name
/// where they have names and the model knows those, else in the order in which they come.
///
/// # Errors
/// A column that is wanted by its name is missing, or a tensor has too many axes.
pub(crate) fn table<'t>(
    wants: &Wants,
    names: &[String],
    tensors: &'t [Tensor],
) -> Result<Table<'t>, Error> {
    match (tensors, wants) {
        ([], _) => Err(Error::invalid_input("expected an input, got none")),
        ([tensor], Wants::Texts) => Ok(Table::Array(Array::column(data(&tensor.data)))),
        ([tensor], Wants::Frame(wanted))
            if wanted.iter().any(|column| *column.name == *tensor.name) =>
        {
            columns(wants, &[column(tensor)?])
        }
        ([tensor], Wants::Matrix(Some(1))) if tensor.shape.rank() == 1 => {
            let n_rows = tensor.shape.rows();
            let data = data(&tensor.data);
            Ok(Table::Array(Array { n_rows, n_columns: Some(1), data }))
        }
        ([tensor], Wants::Frame(wanted)) if wanted.iter().all(|column| column.at.is_none()) => {
            in_order(wants, &order(wanted, names), tensor)
        }
        ([tensor], _) => matrix(tensor),
        (several, Wants::Frame(_)) => {
            let all = several.iter().map(column).collect::<Result<Vec<_>, _>>()?;
            columns(wants, &all)
        }
        (several, _) => {
            let n_rows = several[0].shape.rows();
            let all = several.iter().map(column).collect::<Result<Vec<_>, _>>()?;
            let has_names = all.iter().any(|(name, _)| !name.is_empty());
            let columns = if names.is_empty() || !has_names {
                all.into_iter().map(|(_, column)| column).collect()
            } else {
                names.iter().map(|name| find(name, &all)).collect::<Result<_, _>>()?
            };
            Ok(Table::Frame { n_rows, columns })
        }
    }
}

/// The columns of a table without names: those of the training, in its order, where they are known and
/// all that is wanted is among them.
pub(crate) fn order<'n>(wanted: &'n [Wanted], names: &'n [String]) -> Vec<&'n str> {
    let is_known = |column: &Wanted| column.at.is_none() && names.contains(&column.name);
    if wanted.iter().all(is_known) {
        names.iter().map(String::as_str).collect()
    } else {
        wanted.iter().map(|column| &*column.name).collect()
    }
}

/// The columns of a matrix, which have these names.
fn in_order<'t>(wants: &Wants, names: &[&str], tensor: &'t Tensor) -> Result<Table<'t>, Error> {
    let whole = matrix(tensor)?;
    let (expected, got) = (names.len(), whole.n_columns());
    if tensor.shape.rank() != 2 || expected != got {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        return Err(Error::invalid_input(format!(
            "expected {expected} columns, {names}, got {got}"
        )));
    }
    let column = |at: usize| whole.column(at).map(Data::into_owned);
    let named = names.iter().enumerate().filter_map(|(at, name)| Some((*name, column(at)?)));
    columns(wants, &named.collect::<Vec<_>>())
}

fn matrix(tensor: &Tensor) -> Result<Table<'_>, Error> {
    let data = data(&tensor.data);
    Ok(Table::Array(match *tensor.shape.dims() {
        [_] => Array::column(data),
        [n_rows, n_columns] => Array { n_rows, n_columns: Some(n_columns), data },
        _ => return Err(misshaped(tensor)),
    }))
}

/// A column of a table: `[n]` or `[n, 1]`.
fn column(tensor: &Tensor) -> Result<(&str, Data<'_>), Error> {
    match tensor.shape.dims() {
        [_] | [_, 1] => Ok((&tensor.name, data(&tensor.data))),
        _ => Err(misshaped(tensor)),
    }
}

#[cold]
fn misshaped(tensor: &Tensor) -> Error {
    let Tensor { name, shape, .. } = tensor;
    Error::invalid_input(format!(
        "input `{name}`: expected rows and columns as one tensor, or a tensor [n] or [n, 1] for each \
         column, got {shape}"
    ))
}

/// The elements of a tensor. Whole numbers beyond 63 bits become floats.
fn data(data: &TensorData) -> Data<'_> {
    fn wide<T: Copy + Into<i64>>(values: &[T]) -> Data<'static> {
        values.iter().map(|value| (*value).into()).collect::<Vec<i64>>().into()
    }
    match data {
        TensorData::F64(values) => Data::F64(Cow::Borrowed(values)),
        TensorData::F32(values) => Data::F32(Cow::Borrowed(values)),
        TensorData::I64(values) => Data::I64(Cow::Borrowed(values)),
        TensorData::Bool(values) => Data::Bool(Cow::Borrowed(values)),
        TensorData::Bytes(values) if values.has_missing() => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into();
            let cell = |at| match values.get(at).filter(|_| !values.is_missing(at)) {
                Some(bytes) => Cell::Text(text(bytes)),
                None => Cell::None,
            };
            Data::Cells((0..values.len()).map(cell).collect())
        }
        TensorData::Bytes(values) => Data::Text(Cow::Borrowed(values)),
        TensorData::U8(values) => wide(values),
        TensorData::U16(values) => wide(values),
        TensorData::U32(values) => wide(values),
        TensorData::I8(values) => wide(values),
        TensorData::I16(values) => wide(values),
        TensorData::I32(values) => wide(values),
        TensorData::U64(values) => {
            let whole: Result<Vec<i64>, _> =
                values.iter().map(|value| (*value).try_into()).collect();
            match whole {
                Ok(whole) => whole.into(),
                Err(_) => values.iter().map(|value| *value as f64).collect::<Vec<f64>>().into(),
            }
        }
        TensorData::F16(values) => values.iter().map(|v| f32::from(*v)).collect::<Vec<_>>().into(),
        TensorData::BF16(values) => values.iter().map(|v| f32::from(*v)).collect::<Vec<_>>().into(),
    }
}

/// A table of named columns, in the order that the estimator wants.
///
/// # Errors
/// A column that is wanted by its name is missing.
pub(crate) fn columns<'t, S: AsRef<str>>(
    wants: &Wants,
    columns: &[(S, Data<'t>)],
) -> Result<Table<'t>, Error> {
    let n_rows = columns.first().map_or(0, |(_, column)| column.len());
    let Wants::Frame(wanted) = wants else {
        let columns = columns.iter().map(|(_, column)| column.clone()).collect();
        return Ok(Table::Frame { n_rows, columns });
    };
    let at = |at: usize| {
        columns.get(at).map(|(_, column)| column.clone()).ok_or_else(|| {
            let n_columns = columns.len();
            Error::invalid_input(format!("column {at} is missing: got {n_columns} columns"))
        })
    };
    let find = |wanted: &Wanted| wanted.at.map_or_else(|| find(&wanted.name, columns), at);
    let columns = wanted.iter().map(find).collect::<Result<_, _>>()?;
    Ok(Table::Frame { n_rows, columns })
}

/// The column with a name.
fn find<'t, S: AsRef<str>>(name: &str, columns: &[(S, Data<'t>)]) -> Result<Data<'t>, Error> {
    let found = columns.iter().find(|(column, _)| column.as_ref() == name);
    found.map(|(_, column)| column.clone()).ok_or_else(|| {
        let names: Vec<_> =
            columns.iter().map(|(name, _)| format!("`{}`", name.as_ref())).collect();
        Error::invalid_input(format!("column `{name}` is missing: got {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use radiant_core::Strings;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn columns_are_taken_by_name_and_else_by_position() {
        let tensors =
            [Tensor::new("b", &[2], vec![3_i64, 4]), Tensor::new("a", &[2, 1], vec![1.0_f64, 2.0])];
        let frame = |wants: &Wants, known: &[&str]| match table(wants, &names(known), &tensors) {
            Ok(Table::Frame { n_rows: 2, columns }) => {
                columns.iter().map(Data::dtype).map(|dtype| dtype.to_string()).collect::<Vec<_>>()
            }
            other => vec![format!("{other:?}")],
        };
        assert_eq!(frame(&Wants::Matrix(None), &["a", "b"]), ["FP64", "INT64"]);
        assert_eq!(frame(&Wants::Matrix(None), &[]), ["INT64", "FP64"]);
        let lacks = table(&Wants::Matrix(None), &names(&["a", "c"]), &tensors).unwrap_err();
        assert_eq!(lacks.message(), "column `c` is missing: got `b`, `a`");
        let unnamed = tensors.clone().map(|tensor| Tensor { name: "".into(), ..tensor });
        assert!(table(&Wants::Matrix(None), &names(&["a", "c"]), &unnamed).is_ok());
        let wanted = |name: &str| Wanted { name: name.to_owned(), dtype: None, at: None };
        assert_eq!(frame(&Wants::Frame(vec![wanted("a")]), &[]), ["FP64"]);
        let missing = table(&Wants::Frame(vec![wanted("c")]), &[], &tensors);
        assert_eq!(missing.unwrap_err().message(), "column `c` is missing: got `b`, `a`");
    }

    #[test]
    fn a_tensor_alone_is_a_matrix_or_a_text_a_row() {
        let texts: Strings = ["x", "y"].into_iter().collect();
        let tensors = [Tensor::strings("any", &[2, 1], texts)];
        let table_of = |wants: &Wants| match table(wants, &[], &tensors) {
            Ok(Table::Array(array)) => (array.n_rows, array.n_columns),
            other => panic!("{other:?}"),
        };
        assert_eq!(table_of(&Wants::Texts), (2, None));
        assert_eq!(table_of(&Wants::Matrix(Some(1))), (2, Some(1)));
        let numbers = [Tensor::new("any", &[2], vec![1.0_f64, 2.0])];
        for (wants, n_columns) in [(Wants::Matrix(Some(1)), Some(1)), (Wants::Matrix(None), None)] {
            match table(&wants, &[], &numbers) {
                Ok(Table::Array(array)) => assert_eq!(array.n_columns, n_columns),
                other => panic!("{other:?}"),
            }
        }
        let cube = [Tensor::new("x", &[1, 1, 1], vec![0.0_f32])];
        let refused = table(&Wants::Matrix(None), &[], &cube).unwrap_err();
        assert!(refused.message().starts_with("input `x`: expected rows and columns"));
    }
}
