//! Functions that turn scores into probabilities, with the rounding of onnxruntime 1.32.

use crate::Kernel;

/// `1 / (1 + e^-x)` by its definition; negative numbers by symmetry.
#[inline]
pub fn logistic(x: f32) -> f32 {
    let above = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - above } else { above }
}

/// `1 / (1 + e^-x)` of every number in place, by a rational function.
///
/// The approximation is that of onnxruntime's MLAS kernel (`logistic.cpp`, 1.32): absolute error
/// below 2e-7, zero and one beyond 18. It rounds otherwise than [`logistic`], and onnxruntime uses
/// each in its place.
#[derive(Debug)]
pub struct LogisticAll<'a>(pub &'a mut [f32]);

const NUMERATOR: [f32; 5] =
    [4.370_31e-11, 1.156_273_2e-7, 6.085_749e-5, 8.513_771e-3, 2.482_879_5e-1];
const DENOMINATOR: [f32; 6] =
    [6.102_473_7e-13, 5.761_021_4e-9, 6.291_068e-6, 1.701_988_2e-3, 1.168_176_5e-1, 9.931_519e-1];

impl Kernel for LogisticAll<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for x in self.0 {
            // `clamp` keeps what is no number.
            let clamped = x.clamp(-18.0, 18.0);
            let square = clamped * clamped;
            let numerator = polynomial(&NUMERATOR, square) * clamped;
            let value = numerator / polynomial(&DENOMINATOR, square) + 0.5;
            *x = value.clamp(0.0, 1.0);
        }
    }
}

/// Horner's rule; the highest power comes first.
#[inline(always)]
pub(crate) fn polynomial(coefficients: &[f32], x: f32) -> f32 {
    coefficients.iter().fold(0.0_f32, |sum, &coefficient| sum.mul_add(x, coefficient))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;

    #[test]
    fn both_forms_of_the_logistic_function_agree_with_its_definition() {
        let numbers: Vec<f32> = (-2500..=2500_i16).map(|x| f32::from(x) / 100.0).collect();
        let mut all = numbers.clone();
        Isa::detect().run(LogisticAll(&mut all));
        let mut baseline = numbers.clone();
        Isa::baseline().run(LogisticAll(&mut baseline));
        for ((x, value), other) in numbers.iter().zip(&all).zip(&baseline) {
            let exact = 1.0 / (1.0 + (-f64::from(*x)).exp());
            assert!((f64::from(*value) - exact).abs() < 2e-7, "{x}: {value}, not {exact}");
            assert!((f64::from(logistic(*x)) - exact).abs() < 2e-7, "{x}");
            assert_eq!(value.to_bits(), other.to_bits(), "{x}");
        }
        let mut none = [f32::NAN];
        Isa::detect().run(LogisticAll(&mut none));
        assert!(none[0].is_nan() && logistic(f32::NAN).is_nan());
    }
}
