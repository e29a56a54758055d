//! The texts of protocol 0: numbers in decimal, and strings with escapes.

/// What a text of a number says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Bool(bool),
    Int(i64),
    /// Beyond 64 bits.
    Big,
}

/// Reads the text after `I` or `L`.
pub(super) fn whole(line: &[u8]) -> Option<Number> {
    match line {
        b"00" => return Some(Number::Bool(false)),
        b"01" => return Some(Number::Bool(true)),
        _ => {}
    }
    let text = std::str::from_utf8(line.strip_suffix(b"L").unwrap_or(line)).ok()?.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(Number::Int(number));
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let big = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    big.then_some(Number::Big)
}

/// Reads the text after `F`: what Python's `repr` of a float gives.
pub(super) fn float(line: &[u8]) -> Option<f64> {
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// The part of a line after `S` between its quotes.
pub(super) fn unquote(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end();
    let quote = *line.first()?;
    if !matches!(quote, b'\'' | b'"') {
        return None;
    }
    line.strip_prefix(&[quote])?.strip_suffix(&[quote])
}

/// Undoes the escapes of a quoted string of Python 2; `None` if one of them is not right.
pub(super) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&kind, tail) = rest.split_first()?;
        rest = tail;
        let plain = match kind {
            b'\n' => continue,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'\\' | b'\'' | b'"' => kind,
            b'x' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                u8::try_from(hex(digits)?).ok()?
            }
            b'0'..=b'7' => {
                let more = rest.iter().take(2).take_while(|byte| matches!(byte, b'0'..=b'7'));
                let (digits, tail) = rest.split_at_checked(more.count())?;
                rest = tail;
                let digit = |byte: u8| u32::from(byte.saturating_sub(b'0'));
                let value = digits
                    .iter()
                    .fold(digit(kind), |value, byte| value.wrapping_mul(8) | digit(*byte));
                u8::try_from(value & 0xff).ok()?
            }
            _ => {
                out.push(b'\\');
                kind
            }
        };
        out.push(plain);
    }
    Some(out)
}

fn hex(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Undoes the escapes of the text after `V`: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
///
/// Halves of surrogate pairs become U+FFFD. `None` if an escape is cut short.
pub(super) fn unescape_unicode(text: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let n_digits = match (byte, tail.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                out.push(char::from(byte));
                continue;
            }
        };
        let (digits, tail) = tail.get(1..)?.split_at_checked(n_digits)?;
        rest = tail;
        out.push(char::from_u32(hex(digits)?).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_as_python_writes_them() {
        let cases: [(&[u8], Option<Number>); 9] = [
            (b"00", Some(Number::Bool(false))),
            (b"01", Some(Number::Bool(true))),
            (b"0", Some(Number::Int(0))),
            (b"-7", Some(Number::Int(-7))),
            (b"12L", Some(Number::Int(12))),
            (b"9223372036854775808L", Some(Number::Big)),
            (b"", None),
            (b"-", None),
            (b"1_000", None),
        ];
        for (line, number) in cases {
            assert_eq!(whole(line), number, "{line:?}");
        }
    }

    #[test]
    fn quoted_strings_lose_quotes_and_escapes() {
        assert_eq!(unquote(b"'it\\'s'"), Some(&b"it\\'s"[..]));
        for broken in [&b""[..], b"'", b"'a\"", b"a"] {
            assert_eq!(unquote(broken), None, "{broken:?}");
        }
        assert_eq!(unescape(br"a\x41\101\n\\\'\q\0").unwrap(), b"aAA\n\\'\\q\0");
        for broken in [&b"\\"[..], b"\\x4", b"\\x+4"] {
            assert_eq!(unescape(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn unicode_escapes_and_latin_1_become_text() {
        let text = unescape_unicode(b"\xe9\\u20ac\\U0001f600\\n\\ud800").unwrap();
        assert_eq!(text, "\u{e9}\u{20ac}\u{1f600}\\n\u{fffd}");
        for broken in [&b"\\u12"[..], b"\\u12g4", b"\\U0001"] {
            assert_eq!(unescape_unicode(broken), None, "{broken:?}");
        }
    }
}
