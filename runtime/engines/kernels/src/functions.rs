//! Exponentials and their relatives of many single-precision numbers at once.
//!
//! Each is a polynomial, fitted with 40 digits at Chebyshev nodes, behind a reduction of its
//! argument without a branch, so that the compiler computes several side by side. Errors are below
//! two units in the last place. What is no number stays.

use crate::Kernel;
use crate::activation::polynomial;

/// A function of every number, in place.
#[derive(Debug)]
pub struct Map<'a, F> {
    /// The numbers.
    pub values: &'a mut [f32],
    /// The function: `#[inline(always)]`, and so is all that it calls.
    pub function: F,
}

impl<F: Fn(f32) -> f32> Kernel for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for x in self.values {
            *x = (self.function)(*x);
        }
    }
}

/// `(e^r - 1 - r) / r²` for `r` of at most half of `ln 2`; the highest power comes first.
const EXP: [f32; 6] =
    [1.990_044_4e-4, 1.393_454_5e-3, 8.333_297e-3, 4.166_645_6e-2, 1.666_666_7e-1, 0.5];
/// `ln 2` in two parts, the first of which times an exponent is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Adding this leaves the nearest integer in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// `e^x`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Beyond, it is zero or infinite; a comparison keeps what is no number.
    let x = if x < -105.0 { -105.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2[1], n.mul_add(-LN_2[0], x));
    let value = (r * r).mul_add(polynomial(&EXP, r), r) + 1.0;
    // In two steps, as the power of two alone may be out of range.
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits()).cast_signed();
    let half = n >> 1;
    value * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// `2^n`, for `n` of an exponent's range.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23).cast_unsigned())
}

/// `(tanh x / x - 1) / x²` in the square of `x` below 0.625.
const TANH: [f32; 5] = [-6.104_948e-3, 2.100_364_1e-2, -5.385_25e-2, 1.333_278_3e-1, -3.333_333e-1];

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let square = x * x;
    let near = (x * square).mul_add(polynomial(&TANH, square), x);
    let far = 1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0);
    if x.abs() < 0.625 { near } else { far.copysign(x) }
}

/// `erf(x) / x` in the square of `x` below 1.
const ERF_NEAR: [f32; 8] = [
    -9.673_591e-6,
    1.126_825_4e-4,
    -8.484_396_4e-4,
    5.221_053_5e-3,
    -2.686_543_8e-2,
    1.128_378_3e-1,
    -3.761_264e-1,
    std::f32::consts::FRAC_2_SQRT_PI,
];
/// `e^(x²) erfc(x)` in `(x - 2.5) / 1.5` from 1 to 4.
const ERF_FAR: [f32; 10] = [
    -2.455_026e-4,
    6.088_8e-4,
    -9.155_638e-4,
    2.215_000_3e-3,
    -5.611_763e-3,
    1.255_935_2e-2,
    -2.699_779e-2,
    5.610_154_6e-2,
    -1.115_214e-1,
    2.108_065_5e-1,
];

/// The error function.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let near = x * polynomial(&ERF_NEAR, x * x);
    // Beyond 4, one is nearest; a comparison keeps what is no number.
    let size = if x.abs() > 4.0 { 4.0 } else { x.abs() };
    let far = 1.0 - exp(-size * size) * polynomial(&ERF_FAR, (size - 2.5) / 1.5);
    if size < 1.0 { near } else { far.copysign(x) }
}

/// `x / 2 (1 + erf(x / √2))`.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// `x / 2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
#[inline(always)]
pub fn gelu_tanh(x: f32) -> f32 {
    let inner = std::f32::consts::FRAC_2_PI.sqrt() * (x + 0.044_715 * x * x * x);
    0.5 * x * (1.0 + tanh(inner))
}

/// A softmax of each row of `n_columns`, in place; there is at least one column.
#[derive(Debug)]
pub struct SoftmaxRows<'a> {
    /// The rows, one after the other.
    pub values: &'a mut [f32],
    /// The length of a row.
    pub n_columns: usize,
    /// Whether its logarithm is asked for.
    pub is_logarithm: bool,
}

/// Numbers that go through one step of a softmax before the next, for a processor's first cache.
const BLOCK: usize = 4096;

/// Numbers that are compared or summed side by side.
const N_LANES: usize = 8;

impl Kernel for SoftmaxRows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n_columns = self.n_columns;
        if self.is_logarithm {
            return self.values.chunks_exact_mut(n_columns).for_each(log_softmax);
        }
        // Exponentials of many rows at once, as rows are often shorter than a register.
        for block in self.values.chunks_mut(n_columns * (BLOCK / n_columns).max(1)) {
            for row in block.chunks_exact_mut(n_columns) {
                let max = greatest(row);
                for x in row {
                    *x -= max;
                }
            }
            for x in &mut *block {
                *x = exp(*x);
            }
            for row in block.chunks_exact_mut(n_columns) {
                let sum = sum_of(row, |x| x);
                for x in row {
                    *x /= sum;
                }
            }
        }
    }
}

#[inline(always)]
fn log_softmax(row: &mut [f32]) {
    let max = greatest(row);
    let log = sum_of(row, |x| exp(x - max)).ln();
    for x in row {
        *x = *x - max - log;
    }
}

/// The greatest number, the least finite one if there is none.
#[inline(always)]
fn greatest(row: &[f32]) -> f32 {
    let greater = |max: f32, x: f32| if x > max { x } else { max };
    fold_lanes(row, f32::MIN, greater).into_iter().fold(f32::MIN, greater)
}

/// The sum of a function of each number.
#[inline(always)]
fn sum_of(row: &[f32], function: impl Fn(f32) -> f32) -> f32 {
    fold_lanes(row, 0.0, |sum, x| sum + function(x)).into_iter().sum()
}

/// Brings numbers to a few by `function`, side by side.
#[inline(always)]
fn fold_lanes(row: &[f32], init: f32, function: impl Fn(f32, f32) -> f32) -> [f32; N_LANES] {
    let mut lanes = [init; N_LANES];
    let (chunks, rest) = row.as_chunks::<N_LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = function(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = function(*lane, x);
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;

    fn numbers() -> Vec<f32> {
        let mut numbers: Vec<f32> = (-22_000..=22_000_i16).map(|x| f32::from(x) / 200.0).collect();
        numbers.extend((0..120_i16).map(|x| 2.0_f32.powi(i32::from(x) - 100)));
        numbers
    }

    /// Checks a function on both forms of the processor, relative to the greater of the exact
    /// value and the least normal number.
    fn check(function: impl Fn(f32) -> f32 + Copy, exact: impl Fn(f64) -> f64, part: f64) {
        let all = numbers();
        let (mut fast, mut baseline) = (all.clone(), all.clone());
        Isa::detect().run(Map { values: &mut fast, function });
        Isa::baseline().run(Map { values: &mut baseline, function });
        for ((x, got), other) in all.iter().zip(&fast).zip(&baseline) {
            assert_eq!(got.to_bits(), other.to_bits(), "{x}");
            let expected = exact(f64::from(*x));
            let difference = (f64::from(*got) - expected).abs();
            let bound = part * expected.abs().max(f64::from(f32::MIN_POSITIVE));
            let is_beyond = expected > f64::from(f32::MAX) && *got == f32::INFINITY;
            assert!(is_beyond || difference <= bound, "{x}: {got}, not {expected}");
        }
        assert!(function(f32::NAN).is_nan());
    }

    #[test]
    fn functions_are_near_the_exact_ones_on_every_processor() {
        check(exp, f64::exp, 1.5e-7);
        check(tanh, f64::tanh, 2.5e-7);
        check(erf, crate::erf::erf, 2.5e-7);
        let at_infinity = |function: fn(f32) -> f32| {
            [f32::INFINITY, f32::NEG_INFINITY].map(|x| function(x).to_bits())
        };
        assert_eq!(at_infinity(exp), [f32::INFINITY, 0.0].map(f32::to_bits));
        assert_eq!(at_infinity(tanh), [1.0, -1.0].map(f32::to_bits));
        assert_eq!(at_infinity(erf), [1.0, -1.0].map(f32::to_bits));
    }

    fn softmax(values: &mut [f32], n_columns: usize) {
        Isa::detect().run(SoftmaxRows { values, n_columns, is_logarithm: false });
    }

    #[test]
    fn rows_of_any_length_sum_up_to_one() {
        for n_columns in 1..40 {
            let mut values: Vec<f32> = numbers()[21_000..][..3 * n_columns].to_vec();
            let mut exact: Vec<f64> = values.iter().map(|&x| f64::from(x).exp()).collect();
            for row in exact.chunks_exact_mut(n_columns) {
                let sum: f64 = row.iter().sum();
                for x in row {
                    *x /= sum;
                }
            }
            softmax(&mut values, n_columns);
            for (got, expected) in values.iter().zip(exact) {
                assert!((f64::from(*got) - expected).abs() <= 5e-7 * expected, "{n_columns}");
            }
        }
    }

    #[test]
    fn a_softmax_of_infinities_or_of_no_number_is_none() {
        for x in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            let mut values = [x, x];
            softmax(&mut values, 2);
            assert!(values.iter().all(|value| value.is_nan()), "{x}");
        }
        let mut values = [1.0, f32::NEG_INFINITY];
        softmax(&mut values, 2);
        assert_eq!(values.map(f32::to_bits), [1.0_f32, 0.0].map(f32::to_bits));
    }
}
