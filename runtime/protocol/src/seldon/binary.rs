//! Base64 as Python's decoders read it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radiant_core::Error;

/// Decodes as Python 3.11's `base64.b64decode` does: characters outside of the alphabet are passed
/// over, and nothing is read behind a padding that completes a group of four.
///
/// # Errors
/// The last group is not complete.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Error> {
    // What the strict decoder takes, the lenient one reads in the same way, only slower.
    if let Ok(bytes) = STANDARD.decode(text) {
        return Ok(bytes);
    }
    let mut sextets = Sextets::default();
    for byte in text.bytes() {
        if byte == b'=' {
            if sextets.pad() {
                return Ok(sextets.bytes);
            }
        } else if let Some(value) = standard(byte) {
            sextets.push(value);
        }
    }
    if sextets.is_complete() { Ok(sextets.bytes) } else { Err(incomplete(&sextets)) }
}

/// Decodes as protobuf's JSON parsers do: either alphabet, with or without padding.
///
/// # Errors
/// The last group is not complete, or there are other characters.
pub(super) fn decode_proto(text: &str) -> Result<Vec<u8>, Error> {
    if let Ok(bytes) = STANDARD.decode(text) {
        return Ok(bytes);
    }
    let mut sextets = Sextets::default();
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'-' => 62,
            b'_' => 63,
            _ => standard(byte).ok_or_else(|| {
                Error::invalid_input("expected base64, got a character outside of its alphabet")
            })?,
        };
        sextets.push(value);
    }
    if sextets.n_open == 1 { Err(incomplete(&sextets)) } else { Ok(sextets.bytes) }
}

/// Appends bytes as a JSON string of base64.
pub(super) fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    out.push(b'"');
}

/// Bytes, and the sextets that do not fill a byte yet.
#[derive(Default)]
struct Sextets {
    bytes: Vec<u8>,
    /// The lower bits of the last sextet, which the next byte begins with.
    rest: u8,
    /// How many sextets of the current group of four were read.
    n_open: u8,
    n_pads: u8,
    count: usize,
}

impl Sextets {
    fn push(&mut self, value: u8) {
        self.n_pads = 0;
        self.count = self.count.wrapping_add(1);
        let (byte, rest) = match self.n_open {
            0 => (None, value),
            1 => (Some(self.rest << 2 | value >> 4), value & 0x0F),
            2 => (Some(self.rest << 4 | value >> 2), value & 0x03),
            _ => (Some(self.rest << 6 | value), 0),
        };
        self.bytes.extend(byte);
        self.rest = rest;
        self.n_open = self.n_open.wrapping_add(1) % 4;
    }

    /// Takes a `=`; tells whether it completes a group. One that stands too early is passed over.
    fn pad(&mut self) -> bool {
        if self.n_open < 2 {
            return false;
        }
        self.n_pads = self.n_pads.wrapping_add(1);
        self.n_open.wrapping_add(self.n_pads) >= 4
    }

    fn is_complete(&self) -> bool {
        self.n_open == 0
    }
}

#[cold]
fn incomplete(sextets: &Sextets) -> Error {
    let n = sextets.count;
    Error::invalid_input(format!(
        "expected base64 in groups of four characters with padding, got {n} characters of data"
    ))
}

/// The value of a character of the standard alphabet.
const fn standard(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte.wrapping_sub(b'A')),
        b'a'..=b'z' => Some(byte.wrapping_sub(b'a').wrapping_add(26)),
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0').wrapping_add(52)),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_outside_of_the_alphabet_are_passed_over() {
        let check = |text: &str, expected: &[u8]| {
            assert_eq!(decode(text).expect(text), expected, "{text}");
        };
        check("aGVsbG8=", b"hello");
        check("aGV*sbG8=", b"hello");
        check("aG\nVs bG8=", b"hello");
        check("aGVsbG8=ignored", b"hello");
        check("aGVsbG9=", b"hello");
        check("YQ==", b"a");
        check("YQ=*=", b"a");
        check("=YWJj", b"abc");
        check("====", b"");
        check("", b"");
    }

    #[test]
    fn an_incomplete_group_is_an_error() {
        for text in ["aGVsb", "aGVsbG8", "YQ", "YQ=", "YWJjZ", "Y==="] {
            let error = decode(text).expect_err(text);
            assert!(error.message().starts_with("expected base64"), "{error}");
        }
    }

    #[test]
    fn protobuf_takes_both_alphabets_and_needs_no_padding() {
        assert_eq!(decode_proto("-_-_").expect("url-safe"), [0xFB, 0xFF, 0xBF]);
        assert_eq!(decode_proto("YQ").expect("unpadded"), b"a");
        assert_eq!(decode_proto("YQ==").expect("padded"), b"a");
        assert!(decode_proto("Y").is_err());
        assert!(decode_proto("Y*Q=").is_err());
    }
}
