//! Decimal to binary: `significand` x 10^`exponent` to the nearest double, ties to even.
//!
//! Two ways that are exact within their ranges: one operation on two exact doubles (W. Clinger, "How
//! to read floating point numbers accurately", 1990), and one or two 64-bit products with a 128-bit
//! power of five (D. Lemire, "Number parsing at a gigabyte per second", 2021; that it needs no
//! fallback: N. Mushtak and D. Lemire, "Fast number parsing without fallback", 2022). What is outside
//! both ranges is left to the caller.

/// The largest exponent for the first way. It would do up to 22, but whether 17 digits fit 53 bits is
/// as good as random, and the processor would have to predict it; numbers this short always fit.
const SHORT: u32 = 12;

/// The smallest exponent of [`POWERS_OF_FIVE`]. Within its range no result is subnormal or infinite,
/// and every power of five can be made with 128-bit arithmetic.
const EXPONENT_MIN: i32 = -54;
const N_POWERS: usize = 110;

/// Powers of ten that are exact doubles.
pub(super) const POWERS_OF_TEN: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The 128 most significant bits of 5^q from [`EXPONENT_MIN`] on, the highest bit being set: cut off,
/// but rounded up from -27 to -1, where all quotients of 64-bit numbers come out right with it.
static POWERS_OF_FIVE: [(u64, u64); N_POWERS] = powers_of_five();

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which refuses what goes wrong"
)]
const fn powers_of_five() -> [(u64, u64); N_POWERS] {
    let mut powers = [(0, 0); N_POWERS];
    let mut power = 1_u128;
    let mut q = 0;
    while q <= 55 {
        let bits = power << power.leading_zeros();
        powers[54 + q] = ((bits >> 64) as u64, bits as u64);
        if q >= 1 && q <= 54 {
            let bits = reciprocal(power) + (q <= 27) as u128;
            powers[54 - q] = ((bits >> 64) as u64, bits as u64);
        }
        power = if q < 55 { power * 5 } else { power };
        q += 1;
    }
    powers
}

/// The 128 most significant bits of 1 / `divisor`, which is no power of two, by long division.
#[expect(clippy::arithmetic_side_effects, reason = "evaluated by the compiler")]
const fn reciprocal(divisor: u128) -> u128 {
    let mut remainder = 1_u128 << divisor.ilog2();
    let mut quotient = 0_u128;
    let mut bit = 0;
    while bit < 128 {
        remainder <<= 1;
        quotient <<= 1;
        if remainder >= divisor {
            remainder -= divisor;
            quotient |= 1;
        }
        bit += 1;
    }
    quotient
}

/// The double nearest to `significand` x 10^`exponent`, or `None` outside the ranges.
#[inline]
pub(super) fn to_f64(significand: u64, exponent: i32) -> Option<f64> {
    if significand <= 1 << 53
        && exponent.unsigned_abs() <= SHORT
        && let Some(power) = POWERS_OF_TEN.get(exponent.unsigned_abs() as usize)
    {
        let whole = significand as f64;
        return Some(if exponent < 0 { whole / power } else { whole * power });
    }
    nearest(significand, exponent)
}

/// The second way alone: without a branch on the number of digits.
#[inline]
pub(super) fn nearest(significand: u64, exponent: i32) -> Option<f64> {
    let index = usize::try_from(exponent.wrapping_sub(EXPONENT_MIN)).ok()?;
    let &(power_high, power_low) = POWERS_OF_FIVE.get(index)?;
    if significand == 0 {
        return Some(0.0);
    }
    let zeros = significand.leading_zeros();
    let (high, low) = product(significand << zeros, power_high, power_low);
    // 0 or 1: where the product's highest bit stands.
    let top = high >> 63;
    let shift = top.wrapping_add(9);
    // 54 bits: those of a double, and one to round by.
    let mut mantissa = high >> shift;
    if low <= 1 && mantissa << shift == high && (-4..=23).contains(&exponent) {
        mantissa = tie_to_even(mantissa);
    }
    mantissa = mantissa.wrapping_add(mantissa & 1) >> 1;
    // Floor of log2(10^exponent), for exponents of three digits.
    let binary = exponent.wrapping_mul(217_706) >> 16;
    // One less than the biased exponent: the highest bit of the mantissa adds it, or two if rounding
    // has made the mantissa 2^53.
    let biased = i64::from(binary.wrapping_add(63 + 1022))
        .wrapping_sub(i64::from(zeros))
        .wrapping_add_unsigned(top);
    Some(f64::from_bits((biased.cast_unsigned() << 52).wrapping_add(mantissa)))
}

/// What to round when the product is exact, so that the number may be half way between two doubles:
/// the mantissa without its last bit, if the bit before that is even.
#[cold]
fn tie_to_even(mantissa: u64) -> u64 {
    if mantissa & 3 == 1 { mantissa & !1 } else { mantissa }
}

/// The upper bits of `significand` x 5^q, as exact as they need to be.
#[inline]
fn product(significand: u64, power_high: u64, power_low: u64) -> (u64, u64) {
    let (low, high) = multiply(significand, power_high);
    // 55 bits are used: below them, all ones may hide a carry out of the rest of the power.
    if high & (u64::MAX >> 55) != u64::MAX >> 55 {
        return (high, low);
    }
    let (_, carry) = multiply(significand, power_low);
    let (low, overflow) = low.overflowing_add(carry);
    (high.wrapping_add(u64::from(overflow)), low)
}

/// The low and the high half of a product.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn multiply(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    (product as u64, (product >> 64) as u64)
}
