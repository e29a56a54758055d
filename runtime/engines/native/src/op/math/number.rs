//! Element types as operators compute with them: which there are of a kind, and what they can do.
//!
//! Half precision is missing here on purpose: [`super::half`] computes it through single precision.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use radiant_core::Element;
use radiant_kernels::erf::erf;

/// `Some` of an expression with `$T` as the element type, if it is one of those listed.
macro_rules! dispatch {
    ($dtype:expr, [$($kind:ident $t:ty),*], $T:ident => $body:expr) => {
        match $dtype {
            $(radiant_core::DType::$kind => {
                type $T = $t;
                Some($body)
            })*
            _ => None,
        }
    };
}

/// [`dispatch`] over single and double precision.
macro_rules! reals {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::op::math::number::dispatch!($dtype, [F32 f32, F64 f64], $T => $body)
    };
}

/// [`dispatch`] over all integers.
macro_rules! integers {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::op::math::number::dispatch!(
            $dtype,
            [I64 i64, I32 i32, I16 i16, I8 i8, U64 u64, U32 u32, U16 u16, U8 u8],
            $T => $body
        )
    };
}

/// [`dispatch`] over signed integers.
macro_rules! signed {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::op::math::number::dispatch!(
            $dtype, [I64 i64, I32 i32, I16 i16, I8 i8], $T => $body
        )
    };
}

/// [`dispatch`] over unsigned integers.
macro_rules! unsigned {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::op::math::number::dispatch!(
            $dtype, [U64 u64, U32 u32, U16 u16, U8 u8], $T => $body
        )
    };
}

/// [`dispatch`] over all numbers.
macro_rules! numbers {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::op::math::number::dispatch!(
            $dtype,
            [
                F32 f32, F64 f64, I64 i64, I32 i32, I16 i16, I8 i8, U64 u64, U32 u32, U16 u16,
                U8 u8
            ],
            $T => $body
        )
    };
}

pub(super) use {dispatch, integers, numbers, reals, signed, unsigned};

/// A number of any type.
pub(super) trait Number: Element + PartialOrd + Default {
    const ONE: Self;
    /// The least there is: minus infinity, or the most negative integer.
    const LOWEST: Self;
    /// The greatest there is.
    const HIGHEST: Self;

    /// The sum; integers wrap around.
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// The quotient, towards zero; a divisor of integers is not zero.
    fn over(self, other: Self) -> Self;
    /// Whether it is no number.
    fn is_none(self) -> bool;
    /// The nearest double.
    fn to_f64(self) -> f64;
    /// The nearest of this type; integers are rounded towards zero and saturate.
    fn from_f64(value: f64) -> Self;
}

macro_rules! integer {
    ($($t:ty),*) => {$(
        impl Number for $t {
            const ONE: Self = 1;
            const LOWEST: Self = <$t>::MIN;
            const HIGHEST: Self = <$t>::MAX;

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn over(self, other: Self) -> Self {
                self.wrapping_div(other)
            }
            #[inline(always)]
            fn is_none(self) -> bool {
                false
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
        }
    )*};
}

#[expect(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the nearest number is what is asked for"
)]
const _: () = {
    integer!(i64, i32, i16, i8, u64, u32, u16, u8);
};

/// Single or double precision.
pub(super) trait Real:
    Number
    + Add<Output = Self>
    + Div<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + Rem<Output = Self>
    + Sub<Output = Self>
{
    fn abs(self) -> Self;
    fn acos(self) -> Self;
    fn acosh(self) -> Self;
    fn asin(self) -> Self;
    fn asinh(self) -> Self;
    fn atan(self) -> Self;
    fn atanh(self) -> Self;
    fn ceil(self) -> Self;
    fn cos(self) -> Self;
    fn cosh(self) -> Self;
    fn exp(self) -> Self;
    fn floor(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn round_ties_even(self) -> Self;
    fn sin(self) -> Self;
    fn sinh(self) -> Self;
    fn sqrt(self) -> Self;
    fn tan(self) -> Self;
    fn tanh(self) -> Self;

    /// The error function.
    fn erf(self) -> Self {
        Self::from_f64(erf(self.to_f64()))
    }

    /// `1 / (1 + e^-x)`.
    fn logistic(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }

    /// `ln(1 + e^x)`.
    fn softplus(self) -> Self {
        let positive = if self < Self::default() { Self::default() } else { self };
        positive + (-self.abs()).exp().ln_1p()
    }
}

macro_rules! real {
    ($t:ty: $($function:ident)*) => {
        impl Number for $t {
            const ONE: Self = 1.0;
            const LOWEST: Self = <$t>::NEG_INFINITY;
            const HIGHEST: Self = <$t>::INFINITY;

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn over(self, other: Self) -> Self {
                self / other
            }
            #[inline(always)]
            fn is_none(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
        }

        impl Real for $t {
            $(#[inline(always)]
            fn $function(self) -> Self {
                <$t>::$function(self)
            })*
        }
    };
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest number is what is asked for")]
const _: () = {
    real!(f32: abs acos acosh asin asinh atan atanh ceil cos cosh exp floor ln ln_1p
        round_ties_even sin sinh sqrt tan tanh);
    real!(f64: abs acos acosh asin asinh atan atanh ceil cos cosh exp floor ln ln_1p
        round_ties_even sin sinh sqrt tan tanh);
};
