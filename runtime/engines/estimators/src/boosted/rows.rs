//! What goes in.

use radiant_core::{Error, TensorData};

/// Numbers of either precision.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Values<'_> {
    fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }
}

/// Rows of features: `[n_rows, n_columns]`, row-major.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    values: Values<'a>,
    n_rows: usize,
    n_columns: usize,
}

impl<'a> Input<'a> {
    /// Numbers of values that are rows of the model's features are never more at once.
    const BLOCK_VALUES: usize = 1 << 16;

    /// So many rows and columns.
    ///
    /// # Errors
    /// When there are more or fewer values.
    pub(crate) fn new(values: Values<'a>, n_rows: usize, n_columns: usize) -> Result<Self, Error> {
        if n_rows.checked_mul(n_columns) != Some(values.len()) {
            let got = values.len();
            let what = format!("expected {n_rows} rows of {n_columns} values, got {got} values");
            return Err(Error::invalid_input(what));
        }
        Ok(Self { values, n_rows, n_columns })
    }

    pub(crate) fn n_rows(self) -> usize {
        self.n_rows
    }

    pub(super) fn n_columns(self) -> usize {
        self.n_columns
    }

    /// How many rows are prepared together if prepared ones have so many values.
    fn block_rows(width: usize) -> usize {
        (Self::BLOCK_VALUES / width.max(1)).clamp(1, 1024)
    }

    /// Shows some rows after the other in single precision, each with `width` values: what is not
    /// there is NaN, and `change` gets each column and the values in it, row by row.
    pub(super) fn singles(
        self,
        width: usize,
        buffer: &mut Vec<f32>,
        change: impl Fn(&mut [f32]) -> Result<(), Error>,
        mut show: impl FnMut(&[f32]),
    ) -> Result<(), Error> {
        let n_block = Self::block_rows(width);
        for first in (0..self.n_rows).step_by(n_block) {
            buffer.clear();
            for row in first..self.n_rows.min(first + n_block) {
                let (start, end) = (row * self.n_columns, (row + 1) * self.n_columns);
                match self.values {
                    Values::F32(values) => buffer.extend_from_slice(&values[start..end]),
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the library computes in single precision"
                    )]
                    Values::F64(values) => {
                        buffer.extend(values[start..end].iter().map(|&value| value as f32));
                    }
                }
                let begin = buffer.len() - self.n_columns;
                change(&mut buffer[begin..])?;
                buffer.resize(begin + width, f32::NAN);
            }
            show(buffer);
        }
        Ok(())
    }

    /// Shows some rows after the other in double precision, which are at least one value wide.
    pub(super) fn doubles(self, buffer: &mut Vec<f64>, mut show: impl FnMut(&[f64])) {
        let n_values = Self::block_rows(self.n_columns) * self.n_columns.max(1);
        match self.values {
            Values::F64(values) => values.chunks(n_values).for_each(show),
            Values::F32(values) => {
                for block in values.chunks(n_values) {
                    buffer.clear();
                    buffer.extend(block.iter().map(|&value| f64::from(value)));
                    show(buffer);
                }
            }
        }
    }

    /// Refuses rows that have another number of columns.
    pub(super) fn expect_columns(self, expected: usize) -> Result<(), Error> {
        if self.n_columns != expected {
            let got = self.n_columns;
            return Err(Error::invalid_input(format!(
                "the number of features in data ({got}) is not the same as it was in training data \
                 ({expected})"
            )));
        }
        Ok(())
    }
}

/// Numbers of other types in single precision, each rounded once: XGBoost reads them so, and the Python
/// packages of LightGBM and CatBoost cast them so.
///
/// # Errors
/// They are strings.
pub(super) fn singles(data: &TensorData, out: &mut Vec<f32>) -> Result<(), Error> {
    macro_rules! each {
        ($values:expr, $cast:expr) => {
            out.extend($values.iter().map(|&value| $cast(value)))
        };
    }
    out.clear();
    #[expect(clippy::cast_possible_truncation, reason = "the library computes in single precision")]
    match data {
        TensorData::Bool(values) => each!(values, |value| f32::from(u8::from(value))),
        TensorData::U8(values) => each!(values, f32::from),
        TensorData::U16(values) => each!(values, f32::from),
        TensorData::I8(values) => each!(values, f32::from),
        TensorData::I16(values) => each!(values, f32::from),
        TensorData::U32(values) => each!(values, |value| value as f32),
        TensorData::U64(values) => each!(values, |value| value as f32),
        TensorData::I32(values) => each!(values, |value| value as f32),
        TensorData::I64(values) => each!(values, |value| value as f32),
        TensorData::F16(values) => each!(values, f32::from),
        TensorData::BF16(values) => each!(values, f32::from),
        TensorData::F32(values) => out.extend_from_slice(values),
        TensorData::F64(values) => each!(values, |value| value as f32),
        TensorData::Bytes(_) => return Err(Error::invalid_input("expected numbers, got BYTES")),
    }
    Ok(())
}
