//! Hyperbolic tangents and logistic functions of many numbers, within three units in the last place.
//!
//! Powers of two bring numbers near zero, and a Taylor polynomial does the rest; each has
//! the same answer whatever stands beside it. Source: the argument reduction of W. J. Cody and
//! W. Waite, Software Manual for the Elementary Functions (1980).
#![expect(
    clippy::inline_always,
    reason = "a loop must become part of the caller it is compiled for"
)]

use radiant_kernels::{Isa, Kernel};

/// The natural logarithm of two, in a part whose products with exponents are exact, and the rest.
const LN_2: (f64, f64) = (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10);
/// Adding it leaves a whole number in the last bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// One over the factorials of 2 to 13.
const TAYLOR: [f64; 12] = [
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// Replaces numbers by their hyperbolic tangents.
pub(crate) fn tanh(values: &mut [f64]) {
    Isa::detect().run(Tanh(values));
}

/// Replaces numbers by the logistic function of them.
pub(crate) fn logistic(values: &mut [f64]) {
    Isa::detect().run(Logistic(values));
}

struct Tanh<'a>(&'a mut [f64]);

impl Kernel for Tanh<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.0 {
            // Beyond, the answer is one. A comparison lets NaN pass.
            let twice = 2.0 * value.abs();
            let twice = if twice > 44.0 { 44.0 } else { twice };
            let (scale, rest) = powers(twice);
            let less_one = scale.mul_add(rest, scale - 1.0);
            *value = (less_one / (less_one + 2.0)).copysign(*value);
        }
    }
}

struct Logistic<'a>(&'a mut [f64]);

impl Kernel for Logistic<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.0 {
            let x = -*value;
            let x = if x > 708.0 { 708.0 } else { x };
            let x = if x < -708.0 { -708.0 } else { x };
            let (scale, rest) = powers(x);
            *value = 1.0 / (1.0 + scale.mul_add(rest, scale));
        }
    }
}

/// A power of two and a number near zero: the exponential is the first times one more than the
/// second. For numbers from -708 to 708.
#[inline(always)]
fn powers(x: f64) -> (f64, f64) {
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUNDER);
    let exponent = shifted - ROUNDER;
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let r = exponent.mul_add(-LN_2.1, exponent.mul_add(-LN_2.0, x));
    let mut sum = 0.0;
    for term in TAYLOR.iter().rev() {
        sum = r.mul_add(sum, *term);
    }
    (scale, (r * r).mul_add(sum, r))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64) -> bool {
        (got - expected).abs() <= 3.0 * f64::EPSILON * expected.abs()
    }

    #[test]
    fn functions_agree_with_those_of_the_platform() {
        let steps = (-4000..=4000).map(|step| f64::from(step) * 0.009_7);
        let tiny = (1..300).map(|exponent| 10.0_f64.powi(-exponent));
        for x in steps.chain(tiny) {
            let (mut tangent, mut probability) = ([x], [x]);
            tanh(&mut tangent);
            logistic(&mut probability);
            assert!(near(tangent[0], x.tanh()), "tanh({x}) is {}", tangent[0]);
            assert!(near(probability[0], 1.0 / (1.0 + (-x).exp())), "{x}: {}", probability[0]);
        }
    }

    #[test]
    fn extremes_have_their_limits() {
        let mut values = [f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, f64::NAN, 0.0, -0.0];
        tanh(&mut values);
        assert_eq!(format!("{values:?}"), "[1.0, -1.0, 1.0, -1.0, NaN, 0.0, -0.0]");
        let mut values = [f64::INFINITY, 1e300, f64::NAN, 0.0];
        logistic(&mut values);
        assert_eq!(format!("{values:?}"), "[1.0, 1.0, NaN, 0.5]");
        let mut values = [f64::NEG_INFINITY, -1e300];
        logistic(&mut values);
        assert!(values.iter().all(|value| (0.0..1e-300).contains(value)));
    }

    #[test]
    fn a_number_has_the_same_answer_beside_others() {
        let numbers: Vec<f64> = (0..37).map(|at| f64::from(at).sin() * 5.0).collect();
        let mut together = numbers.clone();
        tanh(&mut together);
        for (number, together) in numbers.iter().zip(&together) {
            let mut alone = [*number];
            tanh(&mut alone);
            assert_eq!(alone[0].to_bits(), together.to_bits());
        }
    }
}
