//! Rows of tensors, and whether two tensors are the same.

use std::sync::Arc;

use half::{bf16, f16};
use radiant_core::{Element, Strings, Tensor, TensorData, TensorSpec};

/// How far numbers may be apart that are not to be equal: `|a - b| <= absolute + relative * |b|`.
/// Correct programs add in different orders.
const RELATIVE: f64 = 1e-5;
const ABSOLUTE: f64 = 1e-6;

/// Runs `$body` with `$values` being the elements, or `$of_strings` with `$strings` the column.
macro_rules! each_type {
    ($data:expr, $values:ident => $body:expr, $strings:ident => $of_strings:expr) => {
        match $data {
            TensorData::Bool($values) => $body,
            TensorData::U8($values) => $body,
            TensorData::U16($values) => $body,
            TensorData::U32($values) => $body,
            TensorData::U64($values) => $body,
            TensorData::I8($values) => $body,
            TensorData::I16($values) => $body,
            TensorData::I32($values) => $body,
            TensorData::I64($values) => $body,
            TensorData::F16($values) => $body,
            TensorData::BF16($values) => $body,
            TensorData::F32($values) => $body,
            TensorData::F64($values) => $body,
            TensorData::Bytes($strings) => $of_strings,
        }
    };
}

/// A tensor of these rows of another.
pub(super) fn rows(tensor: &Tensor, indices: &[usize]) -> Tensor {
    let width: usize = tensor.shape.dims().iter().skip(1).product();
    let mut dims = tensor.shape.dims().to_vec();
    dims[0] = indices.len();
    fn of<T: Element>(values: &[T], indices: &[usize], width: usize) -> TensorData {
        let rows = indices.iter().flat_map(|row| &values[row * width..(row + 1) * width]);
        T::wrap(rows.copied().collect())
    }
    let data = each_type!(&tensor.data, values => of(values, indices, width), strings => {
        let mut column = Strings::new();
        for at in indices.iter().flat_map(|row| row * width..(row + 1) * width) {
            column.push(strings.get(at).expect("a row of the tensor"));
        }
        TensorData::Bytes(column)
    });
    Tensor { name: Arc::clone(&tensor.name), shape: (&*dims).into(), data }
}

/// Whether an answer is the expected one.
///
/// # Errors
/// The first difference.
pub(super) fn same(got: &Tensor, expected: &Tensor, is_exact: bool) -> Result<(), String> {
    let name = &expected.name;
    if (&got.name, got.dtype(), &got.shape) != (name, expected.dtype(), &expected.shape) {
        return Err(format!(
            "expected `{name}` {} {}, got `{}` {} {}",
            expected.dtype(),
            expected.shape,
            got.name,
            got.dtype(),
            got.shape
        ));
    }
    let n_elements = expected.data.len();
    if got.data.len() != n_elements {
        return Err(format!("`{name}`: expected {n_elements} elements, got {}", got.data.len()));
    }
    let allowed = |expected: f64| if is_exact { 0.0 } else { ABSOLUTE + RELATIVE * expected.abs() };
    let differs = match (floats(got), floats(expected)) {
        (Some(got), Some(expected)) => (0..n_elements).find(|&at| {
            let (got, expected) = (got[at], expected[at]);
            let is_same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
            // Not `>`, which is false for NaN.
            let is_near = !is_exact && (got - expected).abs() <= allowed(expected);
            !is_same && !is_near
        }),
        _ => (0..n_elements).find(|&at| element(got, at) != element(expected, at)),
    };
    match differs {
        Some(at) => {
            let (got, expected) = (element(got, at), element(expected, at));
            Err(format!("`{name}`[{at}]: expected {expected}, got {got}"))
        }
        None => Ok(()),
    }
}

/// The elements of floating point in double precision, which holds each of them.
fn floats(tensor: &Tensor) -> Option<Vec<f64>> {
    match &tensor.data {
        TensorData::F16(values) => Some(values.iter().copied().map(f16::to_f64).collect()),
        TensorData::BF16(values) => Some(values.iter().copied().map(bf16::to_f64).collect()),
        TensorData::F32(values) => Some(values.iter().copied().map(f64::from).collect()),
        TensorData::F64(values) => Some(values.clone()),
        _ => None,
    }
}

fn element(tensor: &Tensor, at: usize) -> String {
    each_type!(&tensor.data, values => format!("{:?}", values[at]), strings => {
        format!("{:?}", String::from_utf8_lossy(strings.get(at).expect("an element")))
    })
}

/// Whether an answer is one to no rows: of the type and extents that the signature tells.
///
/// # Errors
/// What it is instead.
pub(super) fn is_empty(
    got: &Tensor,
    spec: &TensorSpec,
    expected_rank: usize,
) -> Result<(), String> {
    let dims = got.shape.dims();
    // Extents that a signature leaves open may be any where there is no row to have them.
    let fits = dims.len() == expected_rank
        && dims.first() == Some(&0)
        && (spec.dims.len() != expected_rank || spec.accepts(&got.shape));
    let is_empty = got.name == spec.name && got.dtype() == spec.dtype && got.data.is_empty();
    if fits && is_empty {
        return Ok(());
    }
    Err(format!(
        "expected `{}` {spec} without rows, got `{}` {} {} of {} elements",
        spec.name,
        got.name,
        got.dtype(),
        got.shape,
        got.data.len()
    ))
}
