//! Scalars to text, as Python's `json.dumps` spells them.

use std::io::Write as _;

use half::{bf16, f16};

/// Appends the shortest digits that read back as `v`, spelt as Python's `repr`: with an exponent of
/// at least two digits and a sign where the decimal exponent is below -4 or above 15, else with a
/// point; `NaN`, `Infinity` and `-Infinity` bare.
pub fn push_f64(out: &mut Vec<u8>, v: f64) {
    if !v.is_finite() {
        return push_not_finite(out, v);
    }
    // The only call, so that it is inlined.
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(v).as_bytes();
    let magnitude = v.abs();
    if (1e-4..1e16).contains(&magnitude) || magnitude == 0.0 {
        out.extend_from_slice(text);
    } else {
        push_scientific(out, text);
    }
}

/// Appends the shortest digits that read back as `v`, be it as an `f32` or as a double that is
/// rounded; with a point or an exponent, or `NaN`, `Infinity` and `-Infinity` bare.
pub fn push_f32(out: &mut Vec<u8>, v: f32) {
    if !v.is_finite() {
        return push_not_finite(out, v.into());
    }
    let mut buffer = zmij::Buffer::new();
    out.extend_from_slice(buffer.format_finite(v).as_bytes());
}

/// Appends the shortest digits that read back as `v`, as [`push_f64`] spells them. Slow: it tries.
pub fn push_f16(out: &mut Vec<u8>, v: f16) {
    push_short(out, v.to_f64(), |double| f16::from_f64(double) == v);
}

/// Appends the shortest digits that read back as `v`, as [`push_f64`] spells them. Slow: it tries.
pub fn push_bf16(out: &mut Vec<u8>, v: bf16) {
    push_short(out, v.to_f64(), |double| bf16::from_f64(double) == v);
}

/// Appends the fewest digits that `is_same` takes for `v`, which has 16 bits.
fn push_short(out: &mut Vec<u8>, v: f64, is_same: impl Fn(f64) -> bool) {
    let start = out.len();
    // Five digits tell any two 16-bit numbers apart.
    for n_decimals in 0..5 {
        // Cannot fail: a vector takes all bytes.
        if write!(out, "{v:.n_decimals$e}").is_err() {
            break;
        }
        let text = out.get(start..).unwrap_or_default();
        let short: Option<f64> = fast_float2::parse(text).ok();
        out.truncate(start);
        if let Some(short) = short.filter(|&short| is_same(short)) {
            return push_f64(out, short);
        }
    }
    push_f64(out, v);
}

#[cold]
fn push_not_finite(out: &mut Vec<u8>, v: f64) {
    let spelling = match v {
        _ if v.is_nan() => "NaN",
        _ if v > 0.0 => "Infinity",
        _ => "-Infinity",
    };
    out.extend_from_slice(spelling.as_bytes());
}

/// Respells a number that has an exponent in Python's eyes.
#[inline(never)]
fn push_scientific(out: &mut Vec<u8>, text: &[u8]) {
    // As it mostly comes, `1.5e-8` or `-1e+22`: Python's differs in the exponent alone.
    let exponent_at = text.iter().rposition(|&byte| byte == b'e').unwrap_or_default();
    if let Some((mantissa, [b'e', exponent @ ..])) = text.split_at_checked(exponent_at) {
        out.extend_from_slice(mantissa);
        let (sign, digits) = match exponent {
            [b'-', digits @ ..] => (b"e-", digits),
            [b'+', digits @ ..] | digits => (b"e+", digits),
        };
        out.extend_from_slice(sign);
        if digits.len() == 1 {
            out.push(b'0');
        }
        out.extend_from_slice(digits);
    } else {
        push_with_exponent(out, text);
    }
}

/// Spells with an exponent what came without one, such as `0.000015` or `-12300000000000000000.0`.
fn push_with_exponent(out: &mut Vec<u8>, text: &[u8]) {
    let (sign, text) =
        text.split_at_checked(usize::from(text.starts_with(b"-"))).unwrap_or_default();
    out.extend_from_slice(sign);
    let n_whole = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    // The digits as `d.ddd` x 10^exponent, without zeros at either end.
    let digits = || text.iter().filter(|&&byte| byte != b'.');
    let n_leading = digits().take_while(|&&digit| digit == b'0').count();
    let start = out.len();
    for (index, &digit) in digits().skip(n_leading).enumerate() {
        if index == 1 {
            out.push(b'.');
        }
        out.push(digit);
    }
    while out.len() > start.wrapping_add(1) && matches!(out.last(), Some(b'0' | b'.')) {
        out.pop();
    }
    // One digit stands before the new point.
    let n_before = n_leading.wrapping_add(1);
    out.extend_from_slice(if n_whole < n_before { b"e-" } else { b"e+" });
    let exponent = n_whole.abs_diff(n_before);
    if exponent < 10 {
        out.push(b'0');
    }
    push_u64(out, exponent as u64);
}

/// Appends an integer.
pub fn push_i64(out: &mut Vec<u8>, v: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes());
}

/// Appends an integer without a sign.
pub fn push_u64(out: &mut Vec<u8>, v: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes());
}

/// Appends `true` or `false`.
pub fn push_bool(out: &mut Vec<u8>, v: bool) {
    out.extend_from_slice(if v { b"true" } else { b"false" });
}

/// Appends a string in quotes, all in ASCII: other characters as `\uXXXX`, those beyond 16 bits as
/// a surrogate pair.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len().wrapping_add(2));
    out.push(b'"');
    let mut rest = text;
    // Most texts are names and ids, in which nothing is special.
    while !all_plain(rest.as_bytes())
        && let Some(at) = rest.bytes().position(|byte| !is_plain(byte))
    {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.extend_from_slice(plain.as_bytes());
        let mut characters = special.chars();
        if let Some(character) = characters.next() {
            push_escape(out, character);
        }
        rest = characters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

/// Whether every byte stands for itself: eight at a time, and the last eight once more where they do
/// not come out even.
pub(super) fn all_plain(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().all(|&byte| is_plain(byte));
    };
    let (chunks, _) = bytes.as_chunks::<8>();
    let specials =
        chunks.iter().fold(special_bits(*last), |bits, &chunk| bits | special_bits(chunk));
    specials == 0
}

/// Bits that are set where any of eight bytes does not stand for itself ("Determine if a word has a
/// byte less than n", Bit Twiddling Hacks; a borrow may set bits of later bytes too, never of none).
fn special_bits(bytes: [u8; 8]) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(bytes);
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES.wrapping_mul(limit)) & !word;
    let quote = word ^ u64::from_ne_bytes([b'"'; 8]);
    let backslash = word ^ u64::from_ne_bytes([b'\\'; 8]);
    (word | below(word, 0x20) | below(quote, 1) | below(backslash, 1)) & HIGH
}

/// Whether a byte of UTF-8 stands for itself.
pub(super) const fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7F) && byte != b'"' && byte != b'\\'
}

fn push_escape(out: &mut Vec<u8>, character: char) {
    let short = match character {
        '"' => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                push_unit(out, *unit);
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn push_unit(out: &mut Vec<u8>, unit: u16) {
    let digit = |shift: u32| {
        let nibble = (unit >> shift & 0xF) as u8;
        if nibble < 10 { b'0' | nibble } else { b'a'.wrapping_add(nibble.wrapping_sub(10)) }
    };
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}
