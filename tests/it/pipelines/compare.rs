//! When two tensors count as equal.

use radiant_core::{DType, Tensor, TensorData};

/// How far numbers may be apart.
///
/// A number may differ by `relative` of itself, and by `noise` of the largest number in its row or
/// of the tensor's median magnitude: where terms of that size cancel, or a probability is near
/// zero, their last bits show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub(super) relative: f64,
    pub(super) noise: f64,
}

impl Bound {
    /// The bound where nothing else is said; the noise is two units in a single's last place.
    pub(super) const USUAL: Self = Self { relative: 2e-6, noise: 2.4e-7 };
    /// The same bits.
    pub(super) const EXACT: Self = Self { relative: 0.0, noise: 0.0 };
    /// The bound of doubles where nothing else is said.
    const DOUBLE: Self = Self { relative: 1e-10, noise: 1e-13 };

    /// The bound for a tensor: doubles are held to their own precision.
    fn of(self, tensor: &Tensor) -> Self {
        let is_double = tensor.dtype() == DType::F64 && self == Self::USUAL;
        if is_double { Self::DOUBLE } else { self }
    }

    fn allows(self, got: f64, expected: f64, scale: f64) -> bool {
        // Infinities are equal or wrong.
        let equal = got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan());
        equal || (got - expected).abs() <= self.relative * expected.abs() + self.noise * scale
    }
}

/// What differs between a tensor and the expected one; rows in `ties` may have another label.
pub(super) fn differences(
    got: &Tensor,
    expected: &Tensor,
    bound: Bound,
    ties: &[usize],
) -> Vec<String> {
    let name = &expected.name;
    if got.dtype() != expected.dtype() || got.shape != expected.shape {
        let (dtype, shape) = (expected.dtype(), &expected.shape);
        let other = format!("{} {}", got.dtype(), got.shape);
        return vec![format!("`{name}`: expected {dtype} {shape}, got {other}")];
    }
    let width = expected.data.len() / expected.shape.rows().max(1);
    let bound = bound.of(expected);
    let found = match (numbers(got), numbers(expected)) {
        (Some(got), Some(expected)) => far(&got, &expected, width, bound),
        _ => unequal(&got.data, &expected.data, width, ties),
    };
    found.map(|what| format!("`{name}`: {what}")).into_iter().collect()
}

fn numbers(tensor: &Tensor) -> Option<Vec<f64>> {
    match &tensor.data {
        TensorData::F32(values) => Some(values.iter().copied().map(f64::from).collect()),
        TensorData::F64(values) => Some(values.clone()),
        _ => None,
    }
}

/// The median of the magnitudes.
fn usual(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    sizes.retain(|size| size.is_finite());
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

/// How many numbers are further apart than allowed, and the one that is furthest.
fn far(got: &[f64], expected: &[f64], width: usize, bound: Bound) -> Option<String> {
    let rows = got.chunks(width.max(1)).zip(expected.chunks(width.max(1)));
    let usual = usual(expected);
    let (mut n_far, mut worst) = (0_usize, (0.0, String::new()));
    for (row, (got, expected)) in rows.enumerate() {
        let finite = expected.iter().filter(|value| value.is_finite());
        let scale = finite.fold(usual, |largest, value| largest.max(value.abs()));
        for (column, (&got, &expected)) in got.iter().zip(expected).enumerate() {
            if bound.allows(got, expected, scale) {
                continue;
            }
            n_far += 1;
            let apart = (got - expected).abs() / expected.abs().max(scale * 1e-3);
            let apart = if apart.is_nan() { f64::INFINITY } else { apart };
            if apart >= worst.0 {
                let place = format!("row {row}, column {column}");
                let text = format!("{place}: expected {expected:e}, got {got:e} ({apart:.1e})");
                worst = (apart, text);
            }
        }
    }
    (n_far > 0).then(|| format!("{n_far} of {} numbers are apart, {}", got.len(), worst.1))
}

fn unequal(
    got: &TensorData,
    expected: &TensorData,
    width: usize,
    ties: &[usize],
) -> Option<String> {
    let (got, expected) = (texts(got), texts(expected));
    let pairs = got.iter().zip(&expected).enumerate();
    let differ = pairs
        .filter(|(at, (got, expected))| got != expected && !ties.contains(&(at / width.max(1))));
    let differ: Vec<_> = differ.collect();
    let (at, (got_first, expected_first)) = differ.first()?;
    let first = format!("element {at}: expected {expected_first}, got {got_first}");
    Some(format!("{} of {} differ, {first}", differ.len(), got.len()))
}

fn texts(data: &TensorData) -> Vec<String> {
    match data {
        TensorData::Bool(values) => values.iter().map(ToString::to_string).collect(),
        TensorData::I32(values) => values.iter().map(ToString::to_string).collect(),
        TensorData::I64(values) => values.iter().map(ToString::to_string).collect(),
        TensorData::Bytes(values) => {
            values.iter().map(|text| format!("{:?}", String::from_utf8_lossy(text))).collect()
        }
        other => panic!("no pipeline answers {}", other.dtype()),
    }
}
