//! Tokens of JSON.

/// The characters of a number or of a word such as `true` or `NaN`.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// Whether a word is a number as far as a look at its first characters tells.
pub(super) fn is_number(word: &[u8]) -> bool {
    match word {
        b"NaN" | b"Infinity" | b"-Infinity" => true,
        [b'-', rest @ ..] => rest.first().is_some_and(u8::is_ascii_digit),
        _ => word.first().is_some_and(u8::is_ascii_digit),
    }
}

/// The text that JSON's escapes in `bytes` stand for; broken ones stand for themselves.
pub(super) fn unescape(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        if char != '\\' {
            plain.push(char);
            continue;
        }
        match rest.next() {
            Some('b') => plain.push('\u{8}'),
            Some('f') => plain.push('\u{c}'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('u') => plain.push(code_point(&mut rest)),
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain
}

/// The character of a `\u` escape, or of two that are a surrogate pair.
fn code_point(rest: &mut std::str::Chars<'_>) -> char {
    let high = unit(rest);
    if let Some(high @ 0xd800..=0xdbff) = high {
        let mut ahead = rest.clone();
        if ahead.next() == Some('\\')
            && ahead.next() == Some('u')
            && let Some(low @ 0xdc00..=0xdfff) = unit(&mut ahead)
        {
            *rest = ahead;
            // At most 0xfffff: the sum is no greater than the last code point.
            let both = ((high & 0x3ff) << 10) | (low & 0x3ff);
            return char::from_u32(both.saturating_add(0x1_0000))
                .unwrap_or(char::REPLACEMENT_CHARACTER);
        }
    }
    high.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Four hexadecimal digits; nothing is taken where they are not there.
fn unit(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let digits = rest.as_str().get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let unit = u32::from_str_radix(digits, 16).ok()?;
    rest.nth(3);
    Some(unit)
}
