//! One number: its grammar and its value.
//!
//! [`parse`] tries the digits eight at a time first; whatever that does not take, be it unusual or
//! wrong, goes byte by byte through the whole grammar.

use super::{SyntaxError, decimal, digits};

/// Python refuses to read integers with more digits.
const DIGITS_MAX: usize = 4300;

/// The value of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Parsed {
    /// Digits only, and they fit 64 bits.
    Integer { negative: bool, magnitude: u64 },
    /// Digits only, more than fit 64 bits.
    BigInteger,
    /// With a point or an exponent, or one of the names of what is not finite.
    Float(f64),
}

/// Reads the number at `start`; gives the offset behind it.
///
/// # Errors
/// No number stands there.
#[inline]
pub(super) fn parse(bytes: &[u8], start: usize) -> Result<(Parsed, usize), SyntaxError> {
    match parse_common(bytes, start) {
        Some(found) => Ok(found),
        None => parse_any(bytes, start),
    }
}

/// Reads a number as they mostly are: a significand of 64 bits and a moderate exponent.
#[inline(always)]
#[expect(clippy::inline_always, reason = "measured: small arrays feel the calls")]
pub(super) fn parse_common(bytes: &[u8], start: usize) -> Option<(Parsed, usize)> {
    let negative = bytes.get(start) == Some(&b'-');
    let whole_at = start.wrapping_add(usize::from(negative));
    let chunk = digits::load(bytes, whole_at);
    let n_whole = digits::run_length(chunk);
    let has_leading_zero = digits::byte(chunk, 0) == b'0' && n_whole > 1;
    if n_whole == 0 || has_leading_zero {
        return None;
    }
    let mut n_fraction = 0;
    let run = if n_whole == 8 {
        let run;
        (run, n_fraction) = read_long(bytes, whole_at)?;
        run
    } else if digits::byte(chunk, n_whole) == b'.' {
        let run = read_pointed(bytes, whole_at, chunk, n_whole)?;
        // Everything but the digits before the point, and the point.
        n_fraction = run.end.wrapping_sub(whole_at).wrapping_sub(n_whole).wrapping_sub(1);
        if n_fraction == 0 {
            return None;
        }
        run
    } else {
        let significand = digits::leading(chunk, n_whole);
        let end = whole_at.wrapping_add(n_whole);
        digits::Run { significand, end, next: digits::byte(chunk, n_whole) }
    };
    if n_fraction == 0 && run.next | 0x20 != b'e' {
        return Some((Parsed::Integer { negative, magnitude: run.significand }, run.end));
    }
    let (exponent, end) =
        if run.next | 0x20 == b'e' { parse_exponent(bytes, run.end)? } else { (0, run.end) };
    let exponent = exponent.checked_sub_unsigned(u32::try_from(n_fraction).ok()?)?;
    let magnitude = decimal::to_f64(run.significand, exponent)?;
    let sign = u64::from(negative) << 63;
    Some((Parsed::Float(f64::from_bits(magnitude.to_bits() | sign)), end))
}

/// Reads the digits from `at` on, of which `n_whole` stand before a point in the first chunk.
#[inline]
fn read_pointed(bytes: &[u8], at: usize, chunk: u64, n_whole: usize) -> Option<digits::Run> {
    let joined = digits::remove(chunk, n_whole);
    // At most 7, as one byte of the chunk was the point.
    let n_digits = digits::run_length(joined);
    let behind = n_digits.wrapping_add(1);
    let (significand, end) = (digits::leading(joined, n_digits), at.wrapping_add(behind));
    if n_digits == 7 {
        return digits::Run::read(bytes, end, significand);
    }
    Some(digits::Run { significand, end, next: digits::byte(chunk, behind) })
}

/// Reads the digits from `at` on, eight or more of them before the point, if there is one, and tells
/// how many stand behind it.
#[inline(never)]
fn read_long(bytes: &[u8], at: usize) -> Option<(digits::Run, usize)> {
    let whole = digits::Run::read(bytes, at, 0)?;
    if whole.next != b'.' {
        return Some((whole, 0));
    }
    let run = digits::Run::read(bytes, whole.end.wrapping_add(1), whole.significand)?;
    let n_fraction = run.end.wrapping_sub(whole.end).wrapping_sub(1);
    if n_fraction == 0 { None } else { Some((run, n_fraction)) }
}

/// Reads the exponent whose letter stands at `at`, if it has up to seven digits.
#[inline]
fn parse_exponent(bytes: &[u8], at: usize) -> Option<(i32, usize)> {
    let sign = bytes.get(at.wrapping_add(1));
    let signed = matches!(sign, Some(b'+' | b'-'));
    let start = at.wrapping_add(1).wrapping_add(usize::from(signed));
    let chunk = digits::load(bytes, start);
    let n_digits = digits::run_length(chunk);
    if !(1..8).contains(&n_digits) {
        return None;
    }
    let magnitude = i32::try_from(digits::leading(chunk, n_digits)).ok()?;
    let exponent = if sign == Some(&b'-') { magnitude.wrapping_neg() } else { magnitude };
    Some((exponent, start.wrapping_add(n_digits)))
}

/// Reads any number, byte by byte.
#[inline(never)]
pub(super) fn parse_any(bytes: &[u8], start: usize) -> Result<(Parsed, usize), SyntaxError> {
    let mut at = start;
    let negative = bytes.get(at) == Some(&b'-');
    if negative {
        at = at.wrapping_add(1);
    }
    let whole = at;
    let (mut magnitude, mut fits) = (0_u64, true);
    while let Some(digit) = digit(bytes, at) {
        at = at.wrapping_add(1);
        let next = magnitude.checked_mul(10).and_then(|m| m.checked_add(u64::from(digit)));
        fits &= next.is_some();
        magnitude = next.unwrap_or(magnitude);
    }
    let n_digits = at.wrapping_sub(whole);
    if n_digits == 0 {
        return not_finite(bytes, whole, negative);
    }
    if n_digits > 1 && bytes.get(whole) == Some(&b'0') {
        return Err(SyntaxError::new(whole.wrapping_add(1), "no digit after a leading zero"));
    }
    let end = exponent_end(bytes, fraction_end(bytes, at)?)?;
    if end == at {
        if n_digits > DIGITS_MAX {
            return Err(SyntaxError::new(whole, "an integer of at most 4300 digits"));
        }
        let integer = Parsed::Integer { negative, magnitude };
        return Ok((if fits { integer } else { Parsed::BigInteger }, end));
    }
    let spelling = bytes.get(start..end).unwrap_or_default();
    // Cannot fail: JSON's grammar is a part of what the parser reads.
    let float = fast_float2::parse(spelling).unwrap_or(f64::NAN);
    Ok((Parsed::Float(float), end))
}

fn digit(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10)
}

fn digits_end(bytes: &[u8], mut at: usize) -> Result<usize, SyntaxError> {
    let start = at;
    while digit(bytes, at).is_some() {
        at = at.wrapping_add(1);
    }
    if at == start { Err(SyntaxError::new(at, "a digit")) } else { Ok(at) }
}

fn fraction_end(bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    if bytes.get(at) == Some(&b'.') { digits_end(bytes, at.wrapping_add(1)) } else { Ok(at) }
}

fn exponent_end(bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    if !matches!(bytes.get(at), Some(b'e' | b'E')) {
        return Ok(at);
    }
    let sign = at.wrapping_add(1);
    let signed = matches!(bytes.get(sign), Some(b'+' | b'-'));
    digits_end(bytes, sign.wrapping_add(usize::from(signed)))
}

/// Reads `NaN` or `Infinity`, the latter with the sign before it.
fn not_finite(bytes: &[u8], at: usize, negative: bool) -> Result<(Parsed, usize), SyntaxError> {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.starts_with(b"Infinity") {
        let infinity = if negative { f64::NEG_INFINITY } else { f64::INFINITY };
        return Ok((Parsed::Float(infinity), at.wrapping_add(8)));
    }
    if !negative && rest.starts_with(b"NaN") {
        return Ok((Parsed::Float(f64::NAN), at.wrapping_add(3)));
    }
    Err(SyntaxError::new(at, if negative { "a digit" } else { "a value" }))
}
