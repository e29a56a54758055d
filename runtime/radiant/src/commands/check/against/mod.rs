//! `radiant check MODEL --against ROWS`: the proof that a model answers as it did where it was made.

mod rows;

use std::path::Path;

use anyhow::{Context, bail};
use radiant_core::{Cancel, Engine, Tensor, TensorData};

/// How far a number may be from what is expected, relative to the greater of one and its size.
pub(crate) const TOLERANCE: f64 = 1e-9;

/// What was found equal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Proof {
    pub(super) n_rows: usize,
    pub(super) outputs: Vec<Agreement>,
}

/// How near one output came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Agreement {
    pub(super) name: String,
    pub(super) n_values: usize,
    /// Those that are equal in every bit.
    pub(super) n_equal: usize,
    /// The greatest difference, relative to the greater of one and the value.
    pub(super) greatest: f64,
}

/// Asks the model and compares.
///
/// # Errors
/// When the file cannot be read, the model fails on the rows, or an answer is another: the message
/// shows the first row that differs.
pub(super) fn prove(engine: &dyn Engine, path: &Path, tolerance: f64) -> anyhow::Result<Proof> {
    let of_file = || format!("rows `{}`", path.display());
    let rows = rows::read(path, engine.signature()).with_context(of_file)?;
    let signature = engine.signature();
    signature.check(&rows.inputs).with_context(of_file)?;
    let index = |expected: &Tensor| signature.output_index(&expected.name);
    let wanted: Vec<usize> = rows.expected.iter().filter_map(index).collect();
    let mut got = Vec::new();
    engine
        .run(&rows.inputs, &wanted, &mut got, &Cancel::never())
        .with_context(|| format!("the model fails on the rows of `{}`", path.display()))?;
    let mut outputs = Vec::new();
    for (got, expected) in got.iter().zip(&rows.expected) {
        outputs.push(compare(got, expected, tolerance, &rows.inputs).with_context(of_file)?);
    }
    let n_rows = rows.inputs.first().map_or(0, |input| input.shape.rows());
    Ok(Proof { n_rows, outputs })
}

fn compare(
    got: &Tensor,
    expected: &Tensor,
    tolerance: f64,
    inputs: &[Tensor],
) -> anyhow::Result<Agreement> {
    let name = expected.name.to_string();
    if flat(got) != flat(expected) {
        bail!("output `{name}`: expected shape {}, got {}", expected.shape, got.shape);
    }
    let n_values = expected.data.len();
    let mut agreement = Agreement { name, n_values, n_equal: 0, greatest: 0.0 };
    let width = n_values.checked_div(expected.shape.rows()).unwrap_or(1).max(1);
    for at in 0..n_values {
        let difference = difference(&got.data, &expected.data, at);
        if difference == 0.0 {
            agreement.n_equal += 1;
        } else if difference <= tolerance {
            agreement.greatest = agreement.greatest.max(difference);
        } else {
            bail!("{}", told(&agreement.name, at / width, got, expected, inputs));
        }
    }
    Ok(agreement)
}

/// The shape without a last axis of one: some libraries give a column, some a vector.
fn flat(tensor: &Tensor) -> &[usize] {
    match tensor.shape.dims() {
        [n_rows @ .., 1] if n_rows.len() == 1 => n_rows,
        dims => dims,
    }
}

/// How far two elements are from each other, relative to the greater of one and the size of what is
/// expected; infinite where one is no number, or texts differ.
#[expect(clippy::float_cmp, reason = "equal in every bit is what is counted")]
fn difference(got: &TensorData, expected: &TensorData, at: usize) -> f64 {
    let is_equal = |is_equal: bool| if is_equal { 0.0 } else { f64::INFINITY };
    match (number(got, at), number(expected, at)) {
        (Some(got), Some(expected)) if got == expected => 0.0,
        (Some(got), Some(expected)) if got.is_nan() && expected.is_nan() => 0.0,
        (Some(got), Some(expected)) => {
            let difference = (got - expected).abs() / expected.abs().max(1.0);
            if difference.is_nan() { f64::INFINITY } else { difference }
        }
        (None, None) => is_equal(shown(got, at) == shown(expected, at)),
        // Classes that are numbers may have been saved as texts, or the other way round.
        _ => is_equal(shown(got, at) == shown(expected, at)),
    }
}

fn number(data: &TensorData, at: usize) -> Option<f64> {
    Some(match data {
        TensorData::Bytes(_) => return None,
        TensorData::Bool(values) => f64::from(u8::from(*values.get(at)?)),
        TensorData::U8(values) => (*values.get(at)?).into(),
        TensorData::U16(values) => (*values.get(at)?).into(),
        TensorData::U32(values) => (*values.get(at)?).into(),
        TensorData::U64(values) => *values.get(at)? as f64,
        TensorData::I8(values) => (*values.get(at)?).into(),
        TensorData::I16(values) => (*values.get(at)?).into(),
        TensorData::I32(values) => (*values.get(at)?).into(),
        TensorData::I64(values) => *values.get(at)? as f64,
        TensorData::F16(values) => values.get(at)?.to_f64(),
        TensorData::BF16(values) => values.get(at)?.to_f64(),
        TensorData::F32(values) => (*values.get(at)?).into(),
        TensorData::F64(values) => *values.get(at)?,
    })
}

fn shown(data: &TensorData, at: usize) -> String {
    match data {
        TensorData::Bytes(texts) => {
            texts.get(at).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
        }
        data => number(data, at).map(|number| number.to_string()).unwrap_or_default(),
    }
}

/// `` row 3: `predict_proba`: expected [0.1, 0.9], got [0.2, 0.8] for the input [5.1, 3.5] ``
#[cold]
fn told(name: &str, row: usize, got: &Tensor, expected: &Tensor, inputs: &[Tensor]) -> String {
    let input: Vec<_> = inputs
        .iter()
        .map(|input| match inputs {
            [_] => shown_row(input, row),
            _ => format!("{} {}", input.name, shown_row(input, row)),
        })
        .collect();
    format!(
        "row {row}: `{name}`: expected {}, got {} for the input {}",
        shown_row(expected, row),
        shown_row(got, row),
        input.join(", ")
    )
}

/// Elements of a row, the first ones of a long row.
fn shown_row(tensor: &Tensor, row: usize) -> String {
    const SHOWN_MAX: usize = 16;
    let width = tensor.data.len().checked_div(tensor.shape.rows()).unwrap_or(0);
    let elements = (0..width.min(SHOWN_MAX)).map(|at| shown(&tensor.data, row * width + at));
    let dots = if width > SHOWN_MAX { ", ..." } else { "" };
    format!("[{}{dots}]", elements.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(got: &[f64], expected: &[f64]) -> Result<Agreement, String> {
        let tensor = |values: &[f64]| Tensor::new("p", &[values.len() / 2, 2], values.to_vec());
        let input = Tensor::new("x", &[got.len() / 2, 1], vec![7.0_f64; got.len() / 2]);
        compare(&tensor(got), &tensor(expected), 1e-9, &[input]).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_row_that_differs_is_shown() {
        let differs = compared(&[0.5, 0.5, 0.25, 0.75], &[0.5, 0.5, 0.75, 0.25]).unwrap_err();
        assert_eq!(
            differs,
            "row 1: `p`: expected [0.75, 0.25], got [0.25, 0.75] for the input [7]"
        );
        let nan = compared(&[f64::NAN, 1.0], &[0.0, 1.0]).unwrap_err();
        assert!(nan.contains("got [NaN, 1]"), "{nan}");
    }

    #[test]
    fn what_is_near_enough_is_counted() {
        let near =
            compared(&[1.0, f64::NAN, 2.0, 3.0], &[1.0, f64::NAN, 2.0, 3.0 + 1e-12]).unwrap();
        assert_eq!((near.n_values, near.n_equal), (4, 3));
        assert!(near.greatest > 0.0 && near.greatest < 1e-12);
        let texts = |text: &str| Tensor::strings("p", &[1], [text].into_iter().collect());
        assert!(compare(&texts("a"), &texts("a"), 0.0, &[]).is_ok());
        let one = Tensor::new("p", &[1, 1], vec![1_i64]);
        assert!(compare(&texts("1"), &one, 0.0, &[]).is_ok());
        assert!(compare(&texts("2"), &one, 0.0, &[]).is_err());
    }
}
