//! How near answers must come.

use super::golden::Golden;
use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::estimator::{Answer, Method};

/// The greatest difference, relative to the greater of one and the value; zero if all values are equal
/// in every bit.
///
/// # Errors
/// They differ by more than the kind of the model allows.
pub(super) fn check(
    golden: &Golden,
    method: Method,
    expected: &[Array<'static>],
    got: &Answer,
) -> Result<f64, String> {
    let dense;
    let got: Vec<&Array<'static>> = match got {
        Answer::List(arrays) => arrays.iter().collect(),
        Answer::Table(table) => {
            dense = self::dense(table);
            vec![&dense]
        }
    };
    if got.len() != expected.len() {
        return Err(format!("{} arrays instead of {}", got.len(), expected.len()));
    }
    let mut greatest = 0.0_f64;
    for (got, expected) in got.into_iter().zip(expected) {
        greatest = greatest.max(check_array(golden, method, expected, got)?);
    }
    Ok(greatest)
}

fn dense(table: &Table<'static>) -> Array<'static> {
    match table {
        Table::Array(array) => array.clone(),
        Table::Sparse(sparse) => Array::matrix(sparse.n_rows(), sparse.n_columns(), sparse.dense()),
        Table::Frame { n_rows, columns } => {
            let row = |row: usize| columns.iter().map(move |column| column.cell(row));
            let cells: Vec<Cell> =
                (0..*n_rows).flat_map(row).map(|cell| cell.expect("columns are as long")).collect();
            Array::matrix(*n_rows, columns.len(), Data::Cells(cells.into()))
        }
    }
}

fn check_array(
    golden: &Golden,
    method: Method,
    expected: &Array<'static>,
    got: &Array<'static>,
) -> Result<f64, String> {
    let shape = |array: &Array<'_>| (array.n_rows, array.n_columns);
    if shape(got) != shape(expected) {
        return Err(format!("shape {:?} instead of {:?}", shape(got), shape(expected)));
    }
    let mut greatest = 0.0_f64;
    match (&expected.data, &got.data) {
        (Data::F64(expected), Data::F64(got)) => {
            for (at, (expected, got)) in expected.iter().zip(got.iter()).enumerate() {
                let difference = check_number(golden, method, *expected, *got, 1.0)
                    .map_err(|what| format!("value {at}: {what}"))?;
                greatest = greatest.max(difference);
            }
        }
        (Data::F32(expected), Data::F32(got)) => {
            for (at, (expected, got)) in expected.iter().zip(got.iter()).enumerate() {
                let (expected, got) = (f64::from(*expected), f64::from(*got));
                // Single precision has 29 bits less.
                let difference = check_number(golden, method, expected, got, 1e5)
                    .map_err(|what| format!("value {at}: {what}"))?;
                // Told in steps of double precision, as all others.
                greatest = greatest.max(difference);
            }
        }
        _ => {
            if std::mem::discriminant(&expected.data) != std::mem::discriminant(&got.data)
                && !matches!((&expected.data, &got.data), (Data::Cells(_), _))
            {
                return Err(format!(
                    "{:?} instead of {:?}",
                    got.data.dtype(),
                    expected.data.dtype()
                ));
            }
            for at in 0..expected.data.len() {
                let (expected, got) = (expected.data.cell(at), got.data.cell(at));
                if !is_same(expected.as_ref(), got.as_ref()) {
                    return Err(format!("value {at}: {got:?} instead of {expected:?}"));
                }
            }
        }
    }
    Ok(greatest)
}

fn is_same(expected: Option<&Cell>, got: Option<&Cell>) -> bool {
    match (expected, got) {
        (Some(Cell::Float(expected)), Some(Cell::Float(got))) if expected.is_nan() => got.is_nan(),
        (expected, got) => expected == got,
    }
}

/// The difference of two numbers, relative to the greater of one and the value; a zero's sign does not
/// count.
fn check_number(
    golden: &Golden,
    method: Method,
    expected: f64,
    got: f64,
    coarser: f64,
) -> Result<f64, String> {
    #[expect(clippy::float_cmp, reason = "equal in every bit is what is asked")]
    let is_equal = expected == got || (expected.is_nan() && got.is_nan());
    if is_equal {
        return Ok(0.0);
    }
    let difference = (expected - got).abs() / expected.abs().max(1.0);
    if difference <= coarser * tolerance(golden, method) {
        return Ok(difference);
    }
    Err(format!("{got:?} instead of {expected:?}"))
}

/// Relative to the greater of one and the value.
fn tolerance(golden: &Golden, method: Method) -> f64 {
    match &*golden.exact {
        // It is the selection that is exact, and not what the estimator makes of it.
        "bits" if golden.class.starts_with("RFE") && method != Method::Transform => 1e-9,
        // Parts of these answers are sums in single precision, whatever the rows are in.
        "dot" if golden.class == "PCA" && golden.is_single => 1e-6,
        // Probabilities of XGBoost are in single precision, and numpy before 2.0 went on in it.
        "bits" | "dot" if golden.family == "boosters" && golden.class.starts_with("Calibrated") => {
            1e-6
        }
        // The estimator that these sums start from works in single precision.
        "dot" if golden.class.starts_with("GradientBoosting") => 1e-6,
        // Labels, thresholds and sums of trees are; probabilities of boosting pass through `exp`.
        "bits"
            if matches!(method, Method::Predict | Method::DecisionFunction | Method::Transform) =>
        {
            0.0
        }
        "bits" => 1e-15,
        "steps" => 1e-6,
        _ => 1e-9,
    }
}
