//! The short way through a small matrix, `[[5.1,3.5],[4.9,3.0]]`: most requests to small models hold
//! one, and keeping books on nesting would cost more than its numbers.
//!
//! What is not written just so, with at most one space behind a comma, is left to the scan of any
//! array.

use super::number::{self, Parsed};
use super::sink::Sink;

/// Longer texts are left to the scan of any array, which is faster there.
const TEXT_MAX: usize = 256;

/// Reads the matrix that begins at `start`; gives the offset behind it and its extents. On `None`
/// the sink has taken some numbers.
pub(super) fn matrix(
    bytes: &[u8],
    start: usize,
    sink: &mut impl Sink,
) -> Option<(usize, [usize; 2])> {
    let text_len = bytes.len().wrapping_sub(start);
    if text_len > TEXT_MAX || bytes.get(start) != Some(&b'[') {
        return None;
    }
    let mut at = start.wrapping_add(1);
    let (mut n_rows, mut n_columns) = (0_usize, 0);
    loop {
        let before = sink.len();
        at = row(bytes, at, sink)?;
        let columns = sink.len().wrapping_sub(before);
        if n_rows > 0 && columns != n_columns {
            return None;
        }
        n_columns = columns;
        n_rows = n_rows.wrapping_add(1);
        match bytes.get(at)? {
            b',' => at = behind_comma(bytes, at),
            b']' => return Some((at.wrapping_add(1), [n_rows, n_columns])),
            _ => return None,
        }
    }
}

/// Reads one row; gives the offset behind its `]`.
fn row(bytes: &[u8], start: usize, sink: &mut impl Sink) -> Option<usize> {
    if bytes.get(start) != Some(&b'[') {
        return None;
    }
    let mut at = start.wrapping_add(1);
    loop {
        let (parsed, end) = number::parse_common(bytes, at)?;
        let taken = match parsed {
            Parsed::Float(float) => {
                sink.float(float);
                true
            }
            Parsed::Integer { negative, magnitude } => sink.integer(negative, magnitude),
            Parsed::BigInteger => false,
        };
        match bytes.get(end)? {
            b',' if taken => at = behind_comma(bytes, end),
            b']' if taken => return Some(end.wrapping_add(1)),
            _ => return None,
        }
    }
}

fn behind_comma(bytes: &[u8], comma: usize) -> usize {
    let at = comma.wrapping_add(1);
    at.wrapping_add(usize::from(bytes.get(at) == Some(&b' ')))
}
