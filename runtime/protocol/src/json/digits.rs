//! Decimal digits, eight at a time in one 64-bit word ("SIMD within a register").
//!
//! A chunk is eight bytes of text, the first one lowest. Counts of digits are from 0 to 8.

/// Eight times the byte `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The powers of ten by which a run of fewer than eight digits moves what stands before it.
const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The eight bytes from `at` on; behind the end of the text stand zero bytes, which are no digits.
#[inline]
pub(super) fn load(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => load_tail(bytes, at),
    }
}

#[inline(never)]
fn load_tail(bytes: &[u8], at: usize) -> u64 {
    let n_missing = at.saturating_add(8).saturating_sub(bytes.len());
    match bytes.last_chunk::<8>() {
        Some(last) if n_missing < 8 => {
            u64::from_le_bytes(*last) >> (n_missing.wrapping_mul(8) & 63)
        }
        Some(_) => 0,
        None => {
            let rest = bytes.get(at..).unwrap_or_default();
            rest.iter().rev().fold(0, |chunk, &byte| chunk << 8 | u64::from(byte))
        }
    }
}

/// One byte of a chunk.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lowest byte is what is asked for")]
pub(super) fn byte(chunk: u64, index: usize) -> u8 {
    (chunk >> (index.wrapping_mul(8) & 63)) as u8
}

/// How many digits a chunk begins with.
#[inline]
pub(super) fn run_length(chunk: u64) -> usize {
    let values = chunk ^ ZEROS;
    // The highest bit of each byte that is no digit; carries only reach bytes behind the first one.
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    others.trailing_zeros() as usize / 8
}

/// The chunk without one of its bytes; those behind it move up, and a zero byte comes last.
#[inline]
pub(super) fn remove(chunk: u64, index: usize) -> u64 {
    let before = (1_u64 << (index.wrapping_mul(8) & 63)).wrapping_sub(1);
    chunk & before | chunk >> 8 & !before
}

/// The value of the first `count` bytes of a chunk, which are up to seven digits.
#[inline]
pub(super) fn leading(chunk: u64, count: usize) -> u64 {
    // Moves them to the end of a chunk and zeros before them; in two steps, as one cannot shift a
    // word by all of its bits.
    let shift = 56_usize.wrapping_sub(count.wrapping_mul(8)) & 63;
    eight((chunk ^ ZEROS) << 8 << shift)
}

/// The value of eight digits, given as numbers from 0 to 9: neighbours are joined into pairs, pairs
/// into fours, fours into the result.
#[inline]
fn eight(values: u64) -> u64 {
    const FOURS: u64 = 0x0000_00FF_0000_00FF;
    const OUTER: u64 = (1_000_000 << 32) + 100;
    const INNER: u64 = (10_000 << 32) + 1;
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let outer = (pairs & FOURS).wrapping_mul(OUTER);
    let inner = (pairs >> 16 & FOURS).wrapping_mul(INNER);
    outer.wrapping_add(inner) >> 32
}

/// A run of digits that was read, together with those before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// The value of all digits.
    pub(super) significand: u64,
    /// The offset behind the run.
    pub(super) end: usize,
    /// The byte at `end`, or zero at the end of the text.
    pub(super) next: u8,
}

impl Run {
    /// Reads digits from `at` on, to be put behind those of `significand`; `None` when it becomes
    /// larger than 64 bits.
    #[inline]
    pub(super) fn read(bytes: &[u8], mut at: usize, mut significand: u64) -> Option<Self> {
        loop {
            let chunk = load(bytes, at);
            let count = run_length(chunk);
            if let Some(power) = POWERS.get(count) {
                significand =
                    significand.checked_mul(*power)?.checked_add(leading(chunk, count))?;
                let end = at.wrapping_add(count);
                return Some(Self { significand, end, next: byte(chunk, count) });
            }
            significand =
                significand.checked_mul(100_000_000)?.checked_add(eight(chunk ^ ZEROS))?;
            at = at.wrapping_add(8);
        }
    }
}
