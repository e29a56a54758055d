//! Strings: their end, their escapes, their UTF-8.

use std::borrow::Cow;

use super::SyntaxError;

/// A one in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// A string that was found and checked, but whose escapes still stand.
#[derive(Debug)]
pub(super) struct RawString<'a> {
    raw: &'a str,
    has_escapes: bool,
    /// The offset behind the closing quote.
    pub(super) end: usize,
}

/// Finds the end of the string whose opening quote stands before `start`, and checks it whole.
#[inline]
pub(super) fn scan(bytes: &[u8], start: usize) -> Result<RawString<'_>, SyntaxError> {
    let mut at = start;
    let mut has_escapes = false;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at) {
            Some(b'"') => break,
            Some(b'\\') => {
                has_escapes = true;
                at = escape_end(bytes, at)?;
            }
            Some(_) => return Err(SyntaxError::new(at, "no control character within a string")),
            None => return Err(SyntaxError::new(at, "a closing `\"`")),
        }
    }
    let raw = bytes.get(start..at).unwrap_or_default();
    let raw = std::str::from_utf8(raw).map_err(|error| {
        SyntaxError::new(start.wrapping_add(error.valid_up_to()), "valid UTF-8")
    })?;
    Ok(RawString { raw, has_escapes, end: at.wrapping_add(1) })
}

/// The offset of the first quote, backslash or control character, or the end.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let found = special_bytes(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at.wrapping_add(found.trailing_zeros() as usize / 8);
        }
        at = at.wrapping_add(8);
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let special = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    at.wrapping_add(special.unwrap_or(rest.len()))
}

/// Marks, by their highest bits, bytes that end a plain run. The lowest mark is right; those above
/// may be carries.
const fn special_bytes(chunk: u64) -> u64 {
    const fn zero_bytes(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let quote = zero_bytes(chunk ^ ONES.wrapping_mul(b'"' as u64));
    let backslash = zero_bytes(chunk ^ ONES.wrapping_mul(b'\\' as u64));
    let control = chunk.wrapping_sub(ONES.wrapping_mul(0x20)) & !chunk;
    (quote | backslash | control) & (ONES << 7)
}

/// The offset behind the escape whose backslash stands at `at`.
fn escape_end(bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    match bytes.get(at.wrapping_add(1)) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at.wrapping_add(2)),
        Some(b'u') => {
            let digits = bytes.get(at.wrapping_add(2)..).and_then(<[u8]>::first_chunk::<4>);
            match digits {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at.wrapping_add(6)),
                _ => Err(SyntaxError::new(at, "four hexadecimal digits after `\\u`")),
            }
        }
        _ => Err(SyntaxError::new(at, "a known escape")),
    }
}

impl<'a> RawString<'a> {
    /// The text with its escapes resolved.
    #[inline]
    pub(super) fn decode(&self) -> Cow<'a, str> {
        if self.has_escapes { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// Resolves escapes that [`scan`] has checked.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut chars = escape.chars();
        match chars.next() {
            Some('u') => {
                let (character, after) = unescape_unicode(chars.as_str());
                text.push(character);
                rest = after;
                continue;
            }
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some(other) => text.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    text
}

/// The character of the hexadecimal digits that `text` begins with, and of the second half of a
/// surrogate pair behind them, and what follows.
fn unescape_unicode(text: &str) -> (char, &str) {
    let (unit, rest) = hex_unit(text);
    if let 0xD800..=0xDBFF = unit
        && let Some(second) = rest.strip_prefix("\\u")
        && let (low @ 0xDC00..=0xDFFF, rest) = hex_unit(second)
    {
        let code = 0x1_0000_u32.wrapping_add((unit & 0x3FF) << 10).wrapping_add(low & 0x3FF);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), rest);
    }
    (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
}

fn hex_unit(text: &str) -> (u32, &str) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or((text, ""));
    (u32::from_str_radix(digits, 16).unwrap_or(0xFFFD), rest)
}
