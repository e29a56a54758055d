//! Arrays with `null`, or with numbers beside texts, as the columns of a table.

use radiant_core::{Error, Objects, Shape, Strings, Tensor, TensorData, Value};

use super::array::{Kinds, float, signed, text, unsigned};

/// How many columns are cut out of one array: each takes more memory than its elements on the wire.
const COLUMNS_MAX: usize = 1 << 16;

/// The array as a table, without names: one tensor if its elements have a common type, and a tensor
/// for each column of a matrix if they have not.
///
/// `null` is a missing value. Numbers with it are F64, and so are truth values: 1, 0 and NaN, which is
/// what numpy's `astype(float)` makes of such an array. Integers beyond 64 bits are F64. Texts with it
/// have a missing element. Within a column, numbers and truth values beside texts become texts as
/// Python's `str` spells them, as they do throughout an array in which nothing is `null`.
///
/// # Errors
/// An element is a list or an object, or there are too many columns.
pub fn table(objects: &Objects) -> Result<Vec<Tensor>, Error> {
    let Objects { shape, values } = objects;
    if shape.rank() == 2 && Kinds::of(values).are_mixed() {
        return columns(objects);
    }
    Ok(vec![Tensor { shape: shape.clone(), data: typed(values.iter())?, ..Tensor::default() }])
}

/// The columns of a matrix, or a vector as the only one, each typed for itself as [`table`] does.
///
/// # Errors
/// It is neither, an element is a list or an object, or there are too many columns.
pub fn columns(objects: &Objects) -> Result<Vec<Tensor>, Error> {
    let Objects { shape, values } = objects;
    let (rows, width) = match *shape.dims() {
        [rows] => (rows, 1),
        [rows, width] if width <= COLUMNS_MAX => (rows, width),
        [_, width] => {
            let message = format!("expected at most {COLUMNS_MAX} columns, got {width}");
            return Err(Error::invalid_input(message));
        }
        _ => {
            return Err(Error::invalid_input(format!(
                "expected rows of columns, an array of two axes, got {shape}"
            )));
        }
    };
    let cut = |index| {
        let cells = values.iter().skip(index).step_by(width);
        let data = typed(cells).map_err(|error| error.context(format_args!("column {index}")))?;
        Ok(Tensor { shape: Shape::from([rows]), data, ..Tensor::default() })
    };
    (0..width).map(cut).collect()
}

/// The values of one column, as [`table`] types them.
///
/// # Errors
/// One is a list or an object.
pub fn column(values: &[Value]) -> Result<Tensor, Error> {
    let (shape, data) = (Shape::from([values.len()]), typed(values.iter())?);
    Ok(Tensor { shape, data, ..Tensor::default() })
}

fn typed<'v>(values: impl Iterator<Item = &'v Value> + Clone) -> Result<TensorData, Error> {
    let kinds = Kinds::of(values.clone());
    if kinds.others {
        let is_other = |value: &&Value| matches!(value, Value::List(_) | Value::Map(_));
        let got = values.clone().find(is_other).map_or("another value", Value::kind);
        return Err(Error::invalid_input(format!(
            "expected numbers, truth values, strings and null, got {got}"
        )));
    }
    Ok(if kinds.texts {
        TensorData::Bytes(texts(values))
    } else if kinds.nulls || kinds.huge || kinds.are_floats() {
        TensorData::F64(values.map(float).collect())
    } else if kinds.large_integers {
        TensorData::U64(values.map(unsigned).collect())
    } else if kinds.integers {
        TensorData::I64(values.map(signed).collect())
    } else if kinds.booleans {
        TensorData::Bool(values.map(|value| *value == Value::Bool(true)).collect())
    } else {
        TensorData::F64(Vec::new())
    })
}

fn texts<'v>(values: impl Iterator<Item = &'v Value>) -> Strings {
    let mut texts = Strings::new();
    for value in values {
        match value {
            Value::Text(text) => texts.push(text.as_bytes()),
            other => match text(other) {
                Some(text) => texts.push(text.as_bytes()),
                None => texts.push_missing(),
            },
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::json::Cursor;
    use crate::seldon::numpy::array;

    /// The parts of a table in JSON, each with its shape and elements.
    fn parts(text: &str) -> Result<Vec<String>, String> {
        let value = Cursor::new(text.as_bytes()).value(&Limits::default()).expect("is JSON");
        let array = array(value, &Limits::default()).expect("is rectangular");
        let radiant_core::Payload::Objects(objects) = array else { panic!("{array:?}") };
        let parts = table(&objects).map_err(|error| error.to_string())?;
        Ok(parts.iter().map(|part| format!("{} {:?}", part.shape, part.data)).collect())
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(parts(text).expect(text), expected, "{text}");
    }

    #[test]
    fn null_is_a_missing_value_among_its_like() {
        check("[[1, null], [2.5, 3]]", &["[2, 2] F64([1.0, NaN, 2.5, 3.0])"]);
        check("[true, null, false]", &["[3] F64([1.0, NaN, 0.0])"]);
        check("[null, null]", &["[2] F64([NaN, NaN])"]);
        check(r#"[["a", null], ["", "b"]]"#, &[r#"[2, 2] Bytes(["a", None, "", "b"])"#]);
        check("[1, 36893488147419103232]", &["[2] F64([1.0, 3.6893488147419103e19])"]);
    }

    #[test]
    fn columns_of_numbers_and_of_texts_are_kept_apart() {
        check(
            r#"[[1, "a", true, 0.5, null], [2, null, false, 1, null]]"#,
            &[
                "[2] I64([1, 2])",
                r#"[2] Bytes(["a", None])"#,
                "[2] Bool([true, false])",
                "[2] F64([0.5, 1.0])",
                "[2] F64([NaN, NaN])",
            ],
        );
        check(
            r#"[["a", 1, null, true, 0.1]]"#,
            &[
                r#"[1] Bytes(["a"])"#,
                "[1] I64([1])",
                "[1] F64([NaN])",
                "[1] Bool([true])",
                "[1] F64([0.1])",
            ],
        );
    }

    #[test]
    fn a_column_of_numbers_and_texts_has_texts_as_python_spells_them() {
        check(
            r#"["a", 1, null, true, 0.1, 1e16]"#,
            &[r#"[6] Bytes(["a", "1", None, "True", "0.1", "1e+16"])"#],
        );
    }

    #[test]
    fn what_is_no_value_of_a_table_is_refused() {
        let message = "expected numbers, truth values, strings and null, got an object";
        assert_eq!(parts("[1, {}]"), Err(message.to_owned()));
        assert_eq!(parts(r#"[["a", 1, {}]]"#), Err(format!("column 2: {message}")));
    }
}
