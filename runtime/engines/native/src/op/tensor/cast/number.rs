//! Conversions between numbers and truth values.
//!
//! Integers keep their low bits and floats go to the nearest float, as the specification wants. It
//! leaves open what becomes of a float that no integer of the target's type is near to. Here that is
//! what an x86-64 processor makes of it, which numpy 2 and onnxruntime 1.32 both hand on there: the
//! least integer of 32 or 64 bits, of which narrower types keep the low bits. Saturation would turn
//! what is no number into 0, which an encoder may know as a category.

use half::{bf16, f16};
use radiant_core::{DType, Element};

use crate::op::Op;

use super::{boxed, text};

/// A type that all smaller ones of its kind fit in.
trait Wide: Copy {
    fn narrow<T: Narrow>(self) -> T;
}

/// An element type to cast from.
trait Widen: Element {
    type Wide: Wide;
    fn widen(self) -> Self::Wide;
}

/// An element type to cast to.
trait Narrow: Element {
    fn from_i64(value: i64) -> Self;
    fn from_u64(value: u64) -> Self;
    fn from_f32(value: f32) -> Self;
    fn from_f64(value: f64) -> Self;
}

macro_rules! wide {
    ($($wide:ident $from:ident: $($t:ty)*;)*) => {$(
        impl Wide for $wide {
            #[inline]
            fn narrow<T: Narrow>(self) -> T {
                T::$from(self)
            }
        }
        $(impl Widen for $t {
            type Wide = $wide;
            #[inline]
            fn widen(self) -> $wide {
                self.into()
            }
        })*
    )*};
}

wide! {
    i64 from_i64: bool i8 i16 i32 i64 u8 u16 u32;
    u64 from_u64: u64;
    f32 from_f32: f16 bf16 f32;
    f64 from_f64: f64;
}

/// 2^31 and 2^63, the first integers that do not fit their signed types.
const END_32: f64 = (1_u64 << 31) as f64;
const END_64: f64 = (1_u64 << 63) as f64;

/// A float as an integer of 32 bits, or the least there is.
#[expect(clippy::cast_possible_truncation, reason = "the fraction is cut off")]
fn to_i32(value: f64) -> i32 {
    if value > -END_32 - 1.0 && value < END_32 { value as i32 } else { i32::MIN }
}

/// A float as an integer of 64 bits, or the least there is.
#[expect(clippy::cast_possible_truncation, reason = "the fraction is cut off")]
fn to_i64(value: f64) -> i64 {
    if (-END_64..END_64).contains(&value) { value as i64 } else { i64::MIN }
}

/// The low bits of an integer of 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the low bits are asked for"
)]
fn to_u32(value: f64) -> u32 {
    to_i64(value) as u32
}

/// As processors without unsigned conversions do: the upper half through the lower one.
fn to_u64(value: f64) -> u64 {
    if value >= END_64 {
        to_i64(value - END_64).cast_unsigned() ^ (1 << 63)
    } else {
        to_i64(value).cast_unsigned()
    }
}

macro_rules! integers {
    ($($t:ty, $from_float:ident;)*) => {$(
        impl Narrow for $t {
            #[inline]
            fn from_i64(value: i64) -> Self {
                value as $t
            }
            #[inline]
            fn from_u64(value: u64) -> Self {
                value as $t
            }
            #[inline]
            fn from_f32(value: f32) -> Self {
                $from_float(value.into()) as $t
            }
            #[inline]
            fn from_f64(value: f64) -> Self {
                $from_float(value) as $t
            }
        }
    )*};
}

macro_rules! floats {
    ($($t:ident { $($from:ident $wide:ident, |$value:ident| $function:expr;)* })*) => {$(
        impl Narrow for $t {
            $(#[inline]
            fn $from($value: $wide) -> Self {
                $function
            })*
        }
    )*};
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a cast is what the model asks for"
)]
const _: () = {
    integers! {
        i8, to_i32; i16, to_i32; i32, to_i32; i64, to_i64;
        u8, to_i32; u16, to_i32; u32, to_u32; u64, to_u64;
    }
};

// Half precision is rounded from single, as onnxruntime does.
#[expect(clippy::cast_possible_truncation, reason = "a cast is what the model asks for")]
const _: () = {
    floats! {
        bool {
            from_i64 i64, |value| value != 0;
            from_u64 u64, |value| value != 0;
            from_f32 f32, |value| value != 0.0;
            from_f64 f64, |value| value != 0.0;
        }
        f16 {
            from_i64 i64, |value| Self::from_f32(value as f32);
            from_u64 u64, |value| Self::from_f32(value as f32);
            from_f32 f32, |value| Self::from_f32(value);
            from_f64 f64, |value| Self::from_f32(value as f32);
        }
        bf16 {
            from_i64 i64, |value| Self::from_f32(value as f32);
            from_u64 u64, |value| Self::from_f32(value as f32);
            from_f32 f32, |value| Self::from_f32(value);
            from_f64 f64, |value| Self::from_f32(value as f32);
        }
        f32 {
            from_i64 i64, |value| value as Self;
            from_u64 u64, |value| value as Self;
            from_f32 f32, |value| value;
            from_f64 f64, |value| value as Self;
        }
        f64 {
            from_i64 i64, |value| value as Self;
            from_u64 u64, |value| value as Self;
            from_f32 f32, |value| value.into();
            from_f64 f64, |value| value;
        }
    }
};

/// The conversion from one type to another; `None` from a type to itself.
pub(in crate::op) fn to(from: DType, to: DType) -> Option<Box<dyn Op>> {
    if from == to {
        return None;
    }
    Some(match from {
        DType::Bool => from_number::<bool>(to)?,
        DType::U8 => from_number::<u8>(to)?,
        DType::U16 => from_number::<u16>(to)?,
        DType::U32 => from_number::<u32>(to)?,
        DType::U64 => from_number::<u64>(to)?,
        DType::I8 => from_number::<i8>(to)?,
        DType::I16 => from_number::<i16>(to)?,
        DType::I32 => from_number::<i32>(to)?,
        DType::I64 => from_number::<i64>(to)?,
        DType::F16 => from_number::<f16>(to)?,
        DType::BF16 => from_number::<bf16>(to)?,
        DType::F32 => from_number::<f32>(to)?,
        DType::F64 => from_number::<f64>(to)?,
        DType::Bytes => text::to_number(to)?,
    })
}

fn from_number<A: Widen>(to: DType) -> Option<Box<dyn Op>> {
    Some(match to {
        DType::Bool => numbers::<A, bool>(),
        DType::U8 => numbers::<A, u8>(),
        DType::U16 => numbers::<A, u16>(),
        DType::U32 => numbers::<A, u32>(),
        DType::U64 => numbers::<A, u64>(),
        DType::I8 => numbers::<A, i8>(),
        DType::I16 => numbers::<A, i16>(),
        DType::I32 => numbers::<A, i32>(),
        DType::I64 => numbers::<A, i64>(),
        DType::F16 => numbers::<A, f16>(),
        DType::BF16 => numbers::<A, bf16>(),
        DType::F32 => numbers::<A, f32>(),
        DType::F64 => numbers::<A, f64>(),
        DType::Bytes => text::from_number(A::DTYPE)?,
    })
}

fn numbers<A: Widen, B: Narrow>() -> Box<dyn Op> {
    boxed(|value: A| value.widen().narrow::<B>())
}

/// An element type whose elements are any bits of a width.
trait Bits: Element {
    fn bits(self) -> u64;
    /// The element of the low bits.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! bits {
    ($($t:ty, $unsigned:ty, |$value:ident| $to:expr, |$bits:ident| $from:expr;)*) => {$(
        impl Bits for $t {
            #[inline]
            fn bits(self) -> u64 {
                let $value = self;
                u64::from($to)
            }
            #[inline]
            fn from_bits(bits: u64) -> Self {
                let $bits = bits as $unsigned;
                $from
            }
        }
    )*};
}

#[expect(clippy::cast_possible_truncation, reason = "the high bits are another element's")]
const _: () = {
    bits! {
        u8, u8, |value| value, |bits| bits;
        u16, u16, |value| value, |bits| bits;
        u32, u32, |value| value, |bits| bits;
        u64, u64, |value| value, |bits| bits;
        i8, u8, |value| value.cast_unsigned(), |bits| bits.cast_signed();
        i16, u16, |value| value.cast_unsigned(), |bits| bits.cast_signed();
        i32, u32, |value| value.cast_unsigned(), |bits| bits.cast_signed();
        i64, u64, |value| value.cast_unsigned(), |bits| bits.cast_signed();
        f16, u16, |value| value.to_bits(), |bits| Self::from_bits(bits);
        bf16, u16, |value| value.to_bits(), |bits| Self::from_bits(bits);
        f32, u32, |value| value.to_bits(), |bits| Self::from_bits(bits);
        f64, u64, |value| value.to_bits(), |bits| Self::from_bits(bits);
    }
};

/// The same bits as another type, where both are of one width. Not every byte is a truth value.
pub(super) fn same_bits(from: DType, to: DType) -> Option<Box<dyn Op>> {
    if from.size() != to.size() {
        return None;
    }
    match from {
        DType::Bool => super::to(from, to),
        DType::U8 => same_bits_from::<u8>(to),
        DType::U16 => same_bits_from::<u16>(to),
        DType::U32 => same_bits_from::<u32>(to),
        DType::U64 => same_bits_from::<u64>(to),
        DType::I8 => same_bits_from::<i8>(to),
        DType::I16 => same_bits_from::<i16>(to),
        DType::I32 => same_bits_from::<i32>(to),
        DType::I64 => same_bits_from::<i64>(to),
        DType::F16 => same_bits_from::<f16>(to),
        DType::BF16 => same_bits_from::<bf16>(to),
        DType::F32 => same_bits_from::<f32>(to),
        DType::F64 => same_bits_from::<f64>(to),
        DType::Bytes => None,
    }
}

fn same_bits_from<A: Bits>(to: DType) -> Option<Box<dyn Op>> {
    fn pair<A: Bits, B: Bits>() -> Box<dyn Op> {
        boxed(|value: A| B::from_bits(value.bits()))
    }
    Some(match to {
        DType::U8 => pair::<A, u8>(),
        DType::U16 => pair::<A, u16>(),
        DType::U32 => pair::<A, u32>(),
        DType::U64 => pair::<A, u64>(),
        DType::I8 => pair::<A, i8>(),
        DType::I16 => pair::<A, i16>(),
        DType::I32 => pair::<A, i32>(),
        DType::I64 => pair::<A, i64>(),
        DType::F16 => pair::<A, f16>(),
        DType::BF16 => pair::<A, bf16>(),
        DType::F32 => pair::<A, f32>(),
        DType::F64 => pair::<A, f64>(),
        DType::Bool | DType::Bytes => return None,
    })
}
