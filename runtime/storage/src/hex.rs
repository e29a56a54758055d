//! Bytes as text.

/// Writes bytes as lowercase hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    // Four bits are always a digit.
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
