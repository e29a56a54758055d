//! A batch of numbers in decimal, and their conversion.

use crate::json::decimal;

/// Up to [`MAX`](Self::MAX) numbers: the digits without the point, and where the point stood.
#[derive(Debug)]
pub(in crate::json) struct Decimals {
    /// The integers among them are below 2^53.
    pub(super) significands: [u64; Self::MAX],
    /// How many digits stand behind the point, and [`NEGATIVE`](Self::NEGATIVE).
    pub(super) scales: [u8; Self::MAX],
    pub(super) len: usize,
    /// The bits that any of the significands has.
    pub(super) all_significands: u64,
    /// The bits that any of the scales has.
    pub(super) all_scales: u8,
}

impl Decimals {
    /// Enough that the steps of reading and converting can each run for a while.
    pub(in crate::json) const MAX: usize = 64;

    /// The bit of the scale of a negative number.
    pub(super) const NEGATIVE: u8 = 0x20;

    /// No numbers.
    pub(super) fn new() -> Self {
        let (significands, scales) = ([0; _], [0; _]);
        Self { significands, scales, len: 0, all_significands: 0, all_scales: 0 }
    }

    /// How many there are.
    #[inline]
    pub(in crate::json) fn len(&self) -> usize {
        self.len
    }

    /// Whether there are only integers.
    #[inline]
    pub(in crate::json) fn are_integers(&self) -> bool {
        self.all_scales & !Self::NEGATIVE == 0
    }

    /// The integers, if there are only such.
    #[inline]
    pub(in crate::json) fn integers(&self) -> impl Iterator<Item = i64> {
        let parts = self.significands.iter().zip(&self.scales).take(self.len);
        parts.map(|(significand, scale)| {
            let magnitude = significand.cast_signed();
            if scale & Self::NEGATIVE == 0 { magnitude } else { magnitude.wrapping_neg() }
        })
    }

    /// Converts all of them; what `floats` holds behind them is unspecified.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn convert(&self, floats: &mut [f64; Self::MAX]) {
        if self.convert_alike(floats) {
            return;
        }
        let parts = self.significands.iter().zip(&self.scales);
        let parts = floats.iter_mut().zip(parts).take(self.len);
        if self.all_significands >> 53 == 0 && self.all_scales & 0x10 == 0 {
            // One exact operation on exact numbers each, and several at once.
            for (float, (&significand, &scale)) in parts {
                let power =
                    decimal::POWERS_OF_TEN.get(usize::from(scale & 0x0F)).unwrap_or(&f64::NAN);
                // Signed, which the processor converts in one step; they are below 2^53.
                *float = with_sign(significand.cast_signed() as f64 / power, scale);
            }
        } else {
            for (float, (&significand, &scale)) in parts {
                let exponent = i32::from(scale & 0x1F).wrapping_neg();
                // There always is one, as all exponents are moderate.
                let magnitude = decimal::nearest(significand, exponent).unwrap_or(f64::NAN);
                *float = with_sign(magnitude, scale);
            }
        }
    }
}

impl Decimals {
    /// Converts numbers that have as many digits behind the point, no sign and at most 52 bits, which
    /// most are that a program writes with a format; tells whether they were such.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn convert_alike(&self, floats: &mut [f64; Self::MAX]) -> bool {
        /// 2^52, whose last bit is worth one: a double's bits with a small integer put in.
        const UNIT: f64 = 4_503_599_627_370_496.0;
        let scale = self.all_scales;
        let mut different = 0;
        for other in self.scales.iter().take(self.len) {
            different |= other ^ scale;
        }
        if different != 0 || scale >= 0x10 || self.all_significands >> 52 != 0 {
            return false;
        }
        let power = decimal::POWERS_OF_TEN.get(usize::from(scale)).unwrap_or(&f64::NAN);
        for (float, significand) in floats.iter_mut().zip(&self.significands).take(self.len) {
            // Both operations are exact but for the one rounding of the division.
            *float = (f64::from_bits(UNIT.to_bits() | significand) - UNIT) / power;
        }
        true
    }
}

#[inline]
fn with_sign(magnitude: f64, scale: u8) -> f64 {
    let sign = u64::from(scale & Decimals::NEGATIVE) << 58;
    f64::from_bits(magnitude.to_bits() | sign)
}
