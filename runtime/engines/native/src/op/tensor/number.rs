//! Numbers of any type as the operators here compare and combine them.

use std::cmp::Ordering;

use half::{bf16, f16};
use radiant_core::Element;

/// An integer or a float.
pub(super) trait Number: Element + PartialOrd + Default {
    const ONE: Self;

    /// Whether it is no number.
    fn is_nan(self) -> bool;
    /// The sum; integers wrap around, half precision is rounded from single.
    fn plus(self, other: Self) -> Self;
    /// The product, likewise.
    fn times(self, other: Self) -> Self;

    /// The order in which what is no number is greater than all numbers, as numpy sorts.
    #[inline]
    fn order(self, other: Self) -> Ordering {
        self.partial_cmp(&other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
    }
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Number for $t {
            const ONE: Self = 1;

            #[inline]
            fn is_nan(self) -> bool {
                false
            }
            #[inline]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
        }
    )*};
}

macro_rules! floats {
    ($($t:ty, $one:expr;)*) => {$(
        impl Number for $t {
            const ONE: Self = $one;

            #[inline]
            fn is_nan(self) -> bool {
                self != self
            }
            #[inline]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline]
            fn times(self, other: Self) -> Self {
                self * other
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 i8 i16 i32 i64);
floats! {
    f16, Self::ONE;
    bf16, Self::ONE;
    f32, 1.0;
    f64, 1.0;
}

/// An expression with `$T` as the element type, if it is a number's.
macro_rules! numbers {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::op::tensor::number::numbers!(
            $dtype, $T => $body, U8 u8, U16 u16, U32 u32, U64 u64, I8 i8, I16 i16, I32 i32, I64 i64,
            F16 half::f16, BF16 half::bf16, F32 f32, F64 f64
        )
    };
    ($dtype:expr, $T:ident => $body:expr, $($kind:ident $t:ty),*) => {
        match $dtype {
            $(radiant_core::DType::$kind => {
                type $T = $t;
                Some($body)
            })*
            radiant_core::DType::Bool | radiant_core::DType::Bytes => None,
        }
    };
}

pub(super) use numbers;
