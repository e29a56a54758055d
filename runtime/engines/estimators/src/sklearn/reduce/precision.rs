//! Answers in single precision, where both the rows and what was fitted are.

use radiant_formats::Node;
use radiant_formats::numpy::Kind;

use crate::sklearn::data::Data;
use crate::sklearn::intake::{Lane, Rows};
use crate::sklearn::source::Read;

/// Whether an array holds numbers in single precision.
pub(crate) fn is_single(node: Node<'_>) -> Read<bool> {
    let dtype = node.array_opt()?.map(|array| (array.dtype().kind, array.dtype().size));
    Ok(dtype == Some((Kind::Float, 4)))
}

/// Rows in double precision, and whether they came in single.
pub(crate) fn doubled(lane: Lane<'_>) -> (Rows<'_, f64>, bool) {
    match lane {
        Lane::Double(rows) => (rows, false),
        Lane::Single(Rows { n_rows, n_columns, values }) => {
            let values = values.iter().map(|value| f64::from(*value)).collect();
            (Rows { n_rows, n_columns, values }, true)
        }
    }
}

/// Numbers as they are, or rounded to single precision.
#[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
pub(crate) fn rounded(values: Vec<f64>, to_single: bool) -> Data<'static> {
    if to_single {
        values.iter().map(|value| *value as f32).collect::<Vec<f32>>().into()
    } else {
        values.into()
    }
}
