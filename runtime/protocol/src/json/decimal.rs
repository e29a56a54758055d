//! Decimal to binary: `significand` x 10^`exponent` to the nearest double, ties to even.
//!
//! Two ways that are exact within their ranges, both without branches that depend on the digits:
//! one operation on two exact doubles (W. Clinger, "How to read floating point numbers accurately",
//! 1990), and one or two 64-bit products with a 128-bit power of five (D. Lemire, "Number parsing at
//! a gigabyte per second", 2021; that no fallback is needed: N. Mushtak and D. Lemire, "Fast number
//! parsing without fallback", 2022). What is outside both ranges is left to the caller.

/// The powers of ten that are exact doubles.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The smallest exponent of [`POWERS_OF_FIVE`]. Within its range no result is subnormal or infinite,
/// and every power of five can be made with 128-bit arithmetic.
const EXPONENT_MIN: i32 = -54;
const EXPONENT_MAX: i32 = 55;
const N_POWERS: usize = 110;

/// The 128 most significant bits of 5^q from [`EXPONENT_MIN`] on, the highest bit being set: cut off,
/// but rounded up from -27 to -1, where this makes all quotients of 64-bit numbers come out right.
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
    let mut remainder = 1_u128 << (127 - divisor.leading_zeros());
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

/// The double nearest to `significand` x 10^`exponent`, or `None` outside the ranges of the fast
/// ways.
#[inline]
pub(super) fn to_f64(significand: u64, exponent: i32) -> Option<f64> {
    let power = POWERS_OF_TEN.get(exponent.unsigned_abs() as usize);
    if let (Some(power), 0..=0x20_0000_0000_0000) = (power, significand) {
        let whole = significand as f64;
        return Some(if exponent < 0 { whole / power } else { whole * power });
    }
    if !(EXPONENT_MIN..=EXPONENT_MAX).contains(&exponent) {
        return None;
    }
    nearest(significand, exponent)
}

/// Lemire's algorithm, for an exponent of the table.
#[inline]
fn nearest(significand: u64, exponent: i32) -> Option<f64> {
    if significand == 0 {
        return Some(0.0);
    }
    let index = usize::try_from(exponent.wrapping_sub(EXPONENT_MIN)).ok()?;
    let &(power_high, power_low) = POWERS_OF_FIVE.get(index)?;
    let zeros = significand.leading_zeros();
    let (high, low) = product(significand << zeros, power_high, power_low);
    // 0 or 1: where the product's highest bit stands.
    let top = high >> 63;
    let shift = top.wrapping_add(9);
    let mut mantissa = high >> shift;
    // Floor of log2(10^exponent), for exponents of three digits.
    let binary = exponent.wrapping_mul(217_706) >> 16;
    let mut biased = i64::from(binary)
        .wrapping_add_unsigned(top)
        .wrapping_add(63 + 1023)
        .wrapping_sub(i64::from(zeros));
    // Exactly half way between two doubles, where only these exponents can lead: to even.
    let is_tie = low <= 1 && mantissa & 3 == 1 && mantissa << shift == high;
    if is_tie && (-4..=23).contains(&exponent) {
        mantissa &= !1;
    }
    mantissa = mantissa.wrapping_add(mantissa & 1) >> 1;
    if mantissa == 1 << 53 {
        mantissa = 1 << 52;
        biased = biased.wrapping_add(1);
    }
    let fraction = mantissa & !(1 << 52);
    Some(f64::from_bits(fraction | biased.cast_unsigned() << 52))
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

/// The low and the high half of the product.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn multiply(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    (product as u64, (product >> 64) as u64)
}
