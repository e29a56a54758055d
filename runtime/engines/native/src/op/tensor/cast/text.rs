//! Conversions between numbers and text.
//!
//! Floats are written as onnxruntime 1.32 writes them: eight significant digits without trailing
//! zeros, C's `%.8g`, for doubles too. Text is read as both onnxruntime and the specification read
//! it; where onnxruntime stops at the first character that is no part of a number and returns what
//! it has, this is an error.

use std::fmt::Write as _;
use std::io::Write as _;
use std::marker::PhantomData;

use half::{bf16, f16};
use radiant_core::{DType, Element, Error, Strings};

use crate::registers::Inputs;

use crate::op::tensor::column;
use crate::op::{Op, Outputs};

/// Significant digits of a float as text.
const DIGITS: usize = 8;

/// An element that has a text.
trait ToText: Element {
    /// Appends the text to a buffer.
    fn write(self, out: &mut Vec<u8>);
}

macro_rules! integers_to_text {
    ($($t:ty)*) => {$(
        impl ToText for $t {
            fn write(self, out: &mut Vec<u8>) {
                // Writing to memory does not fail.
                write!(out, "{self}").unwrap_or_default();
            }
        }
    )*};
}
macro_rules! floats_to_text {
    ($($t:ty)*) => {$(
        impl ToText for $t {
            fn write(self, out: &mut Vec<u8>) {
                write_float(self.into(), out);
            }
        }
    )*};
}
integers_to_text!(u8 u16 u32 u64 i8 i16 i32 i64);
floats_to_text!(f16 bf16 f32 f64);

impl ToText for bool {
    fn write(self, out: &mut Vec<u8>) {
        out.push(if self { b'1' } else { b'0' });
    }
}

/// Appends C's `%.8g` of a number, and `NaN`, `INF` and `-INF`.
fn write_float(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        let name = if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "INF"
        } else {
            "-INF"
        };
        return out.extend_from_slice(name.as_bytes());
    }
    let mut digits = String::with_capacity(32);
    let last = DIGITS - 1;
    // Rounding decides the exponent, so that it is read off the rounded digits.
    write!(digits, "{value:.last$e}").unwrap_or_default();
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| -> usize {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').len()
        } else {
            text.len()
        }
    };
    match usize::try_from(last.cast_signed() - exponent as isize) {
        Ok(places) if exponent >= -4 => {
            let start = out.len();
            write!(out, "{value:.places$}").unwrap_or_default();
            let written = String::from_utf8_lossy(&out[start..]).into_owned();
            out.truncate(start + trimmed(&written));
        }
        _ => {
            out.extend_from_slice(&mantissa.as_bytes()[..trimmed(mantissa)]);
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(out, "e{sign}{:02}", exponent.unsigned_abs()).unwrap_or_default();
        }
    }
}

struct FromNumber<T>(PhantomData<T>);

impl<T: ToText> Op for FromNumber<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset_strings(inputs.view(0)?.shape.dims())?;
        let mut text = Vec::with_capacity(32);
        for &value in inputs.slice::<T>(0)? {
            text.clear();
            value.write(&mut text);
            out.push(&text);
        }
        Ok(())
    }
}

/// The texts of numbers of a type.
pub(super) fn from_number(from: DType) -> Option<Box<dyn Op>> {
    fn of<T: ToText>() -> Box<dyn Op> {
        Box::new(FromNumber::<T>(PhantomData))
    }
    Some(match from {
        DType::Bool => of::<bool>(),
        DType::U8 => of::<u8>(),
        DType::U16 => of::<u16>(),
        DType::U32 => of::<u32>(),
        DType::U64 => of::<u64>(),
        DType::I8 => of::<i8>(),
        DType::I16 => of::<i16>(),
        DType::I32 => of::<i32>(),
        DType::I64 => of::<i64>(),
        DType::F16 => of::<f16>(),
        DType::BF16 => of::<bf16>(),
        DType::F32 => of::<f32>(),
        DType::F64 => of::<f64>(),
        DType::Bytes => return None,
    })
}

/// An element that a text can name.
trait FromText: Element {
    /// The element, unless the text is no number or one that does not fit.
    fn parse(text: &str) -> Option<Self>;
}

/// An integer, or the integer part of a plain decimal number: the specification reads 100 in
/// `100.5`.
fn integer(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    fraction.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    whole.parse().ok()
}

/// A float; one that is too large is no number, as for onnxruntime.
fn float(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let is_named = text.ends_with(['f', 'F', 'y', 'Y']);
    (value.is_finite() || value.is_nan() || is_named).then_some(value)
}

macro_rules! from_text {
    ($($t:ty, |$text:ident| $parse:expr;)*) => {$(
        impl FromText for $t {
            fn parse($text: &str) -> Option<Self> {
                $parse
            }
        }
    )*};
}

from_text! {
    bool, |text| integer(text).map(|value| value != 0);
    u8, |text| integer(text)?.try_into().ok();
    u16, |text| integer(text)?.try_into().ok();
    u32, |text| integer(text)?.try_into().ok();
    u64, |text| integer(text)?.try_into().ok();
    i8, |text| integer(text)?.try_into().ok();
    i16, |text| integer(text)?.try_into().ok();
    i32, |text| integer(text)?.try_into().ok();
    i64, |text| integer(text)?.try_into().ok();
    f16, |text| f32::parse(text).map(Self::from_f32);
    bf16, |text| f32::parse(text).map(Self::from_f32);
    // Read as a single at once: a double in between would round twice.
    f32, |text| {
        let value: Self = text.parse().ok()?;
        (value.is_finite() || !float(text)?.is_finite()).then_some(value)
    };
    f64, |text| float(text);
}

struct ToNumber<T>(PhantomData<T>);

impl<T: FromText> Op for ToNumber<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let strings = column::elements::<Strings>(inputs, 0)?;
        let out = outputs.first().reset::<T>(inputs.view(0)?.shape.dims())?;
        for string in strings.iter() {
            let text = std::str::from_utf8(string).ok();
            let value = text.and_then(|text| T::parse(text.trim_ascii()));
            out.push(value.ok_or_else(|| no_number(string, T::DTYPE))?);
        }
        Ok(())
    }
}

#[cold]
fn no_number(string: &[u8], to: DType) -> Error {
    let start = string.get(..32).unwrap_or(string);
    let text = String::from_utf8_lossy(start);
    Error::model_failed(format!("expected a number that is an element of {to}, got `{text}`"))
}

/// The numbers that texts name.
pub(super) fn to_number(to: DType) -> Option<Box<dyn Op>> {
    fn of<T: FromText>() -> Box<dyn Op> {
        Box::new(ToNumber::<T>(PhantomData))
    }
    Some(match to {
        DType::Bool => of::<bool>(),
        DType::U8 => of::<u8>(),
        DType::U16 => of::<u16>(),
        DType::U32 => of::<u32>(),
        DType::U64 => of::<u64>(),
        DType::I8 => of::<i8>(),
        DType::I16 => of::<i16>(),
        DType::I32 => of::<i32>(),
        DType::I64 => of::<i64>(),
        DType::F16 => of::<f16>(),
        DType::BF16 => of::<bf16>(),
        DType::F32 => of::<f32>(),
        DType::F64 => of::<f64>(),
        DType::Bytes => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_with_eight_significant_digits() {
        let check = |value: f64, expected: &str| {
            let mut out = Vec::new();
            write_float(value, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{value}");
        };
        // Answers of onnxruntime 1.32 to a Cast of singles and doubles.
        check(f64::from(0.1_f32), "0.1");
        check(1.0 / 3.0, "0.33333333");
        check(f64::from(1.0_f32 / 3.0), "0.33333334");
        check(1e10, "1e+10");
        check(f64::from(1e-5_f32), "9.9999997e-06");
        check(1e-4, "0.0001");
        check(f64::from(1e-4_f32), "9.9999997e-05");
        check(123_456_789.0, "1.2345679e+08");
        check(1e8, "1e+08");
        check(1e7, "10000000");
        check(99_999_999.9, "1e+08");
        check(100.0, "100");
        check(-0.0, "-0");
        check(f64::from(300.7_f32), "300.70001");
        check(1e-45, "1e-45");
        check(1.8e19, "1.8e+19");
        check(1e100, "1e+100");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "-INF");
    }

    #[test]
    fn text_is_a_number_as_a_whole_or_not_at_all() {
        assert_eq!(f32::parse("1e3"), Some(1000.0));
        assert_eq!(f32::parse("-INF"), Some(f32::NEG_INFINITY));
        assert_eq!(f32::parse("infinity"), Some(f32::INFINITY));
        assert!(f32::parse("NaN").unwrap().is_nan());
        assert_eq!(f32::parse("1e400"), None);
        assert_eq!(f32::parse("1e40"), None);
        assert_eq!(f64::parse("1e40"), Some(1e40));
        assert_eq!(f64::parse("1e-400"), Some(0.0));
        assert_eq!(f64::parse("12abc"), None);
        assert_eq!(f64::parse("0x10"), None);
        assert_eq!(f64::parse(""), None);
        assert_eq!(i64::parse("-100.5"), Some(-100));
        assert_eq!(i64::parse("9223372036854775807"), Some(i64::MAX));
        assert_eq!(i64::parse("9223372036854775808"), None);
        assert_eq!(i64::parse("1e3"), None);
        assert_eq!(i64::parse("."), None);
        assert_eq!(u8::parse("+255"), Some(255));
        assert_eq!(u8::parse("-1"), None);
        assert_eq!(bool::parse("0.0"), Some(false));
        assert_eq!(bool::parse("true"), None);
    }
}
