//! Rows of plain numbers with AVX2: the only place of this crate with unsafe code.
//!
//! Nothing here decides what JSON is. [`PlainNumbers`] takes numbers that look plain at first sight
//! and stops before the first that does not; the scalar reader goes on from there, and takes all of
//! them where the processor has no AVX2. Both give the same, which a test checks.
//!
//! What makes it fast: the ends of the numbers are found beforehand ([`Separators`]), so that the
//! processor works on several numbers at once. A number takes the same few instructions whatever its
//! length: the bytes up to its end are loaded as one vector, the point is closed up, and neighbouring
//! digits are joined to pairs, fours and eights. And numbers are read and converted in batches
//! ([`Decimals`]), because the processor looks ahead over a limited number of instructions, which in
//! two short loops are those of more numbers than in a long one.

mod decimals;
mod separators;

use std::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_cmpeq_epi8, _mm_cvtsi128_si64, _mm_extract_epi32,
    _mm_loadu_si128, _mm_madd_epi16, _mm_maddubs_epi16, _mm_max_epu8, _mm_movemask_epi8,
    _mm_packus_epi32, _mm_set1_epi8, _mm_set1_epi16, _mm_set1_epi32, _mm_shuffle_epi8,
    _mm_sub_epi8, _mm256_and_si256, _mm256_blendv_epi8, _mm256_castsi256_si128, _mm256_cmpeq_epi8,
    _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_max_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_packus_epi32, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_sub_epi8,
};

pub(super) use self::decimals::Decimals;
use self::separators::{BLOCK, Separators};
use super::sink::Sink;

/// The bytes of a vector, and of the longest number that is read here.
const WIDE: usize = 32;

/// The bytes of half a vector, for numbers that fit it.
const NARROW: usize = 16;

/// Less text than this is not worth the preparations.
const TEXT_MIN: usize = 256;

/// Zero bytes, then bytes of ones: the mask of the last n bytes of a vector begins at n.
static LAST_BYTES: [u8; 2 * WIDE] = {
    let mut bytes = [0; 2 * WIDE];
    let (_, ones) = bytes.split_at_mut(WIDE);
    ones.copy_from_slice(&[0xFF; WIDE]);
    bytes
};

/// What a point is when it is taken for a digit.
const POINT: i8 = b'.'.cast_signed() - b'0'.cast_signed();

/// How 16 bytes are put anew when the point before the last n is taken out: those before it move up by
/// one place.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses what goes wrong"
)]
static WITHOUT_POINT: [[u8; NARROW]; NARROW] = {
    let mut tables = [[0; NARROW]; NARROW];
    let mut n_fraction = 0;
    while n_fraction < NARROW {
        let (mut place, mut from) = (0, 0_u8);
        while place < NARROW {
            let is_before = place + n_fraction < NARROW;
            // 0x80 is a zero: nothing stands before the first byte.
            tables[n_fraction][place] = if is_before { from.wrapping_sub(1) & 0x8F } else { from };
            from += 1;
            place += 1;
        }
        n_fraction += 1;
    }
    tables
};

/// A byte, the bytes of a number, and the separator behind it. The number ends at the separator, but
/// may begin anywhere; the byte before all others is there for numbers whose point is taken out.
type Window = [u8; WIDE + 2];

/// Reads rows of plain numbers from a text.
///
/// Where there is one, the processor has what the functions here are compiled for.
#[derive(Debug)]
pub(super) struct PlainNumbers<'a> {
    bytes: &'a [u8],
    separators: Separators<'a>,
}

/// Where a row was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Behind the `]` of the row.
    Ended(usize),
    /// Before an item that is no plain number, or behind as many numbers as are allowed.
    Before(usize),
    /// Behind a number that the sink has no place for.
    Refused,
}

impl<'a> PlainNumbers<'a> {
    /// A reader for the text from `at` on; `None` when it is short, or the processor has no AVX2.
    /// The standard library remembers what the processor has.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Option<Self> {
        let is_worth_it = bytes.len().saturating_sub(at) >= TEXT_MIN
            && std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("bmi1")
            && std::arch::is_x86_feature_detected!("bmi2")
            && std::arch::is_x86_feature_detected!("lzcnt")
            && std::arch::is_x86_feature_detected!("popcnt");
        is_worth_it.then(|| Self { bytes, separators: Separators::new(bytes, at) })
    }

    /// Reads up to `room` numbers from `at` on, where an item of an array begins.
    #[expect(unsafe_code, reason = "calls what is compiled for AVX2")]
    pub(super) fn row<S: Sink>(&mut self, at: usize, room: usize, sink: &mut S) -> Stop {
        // SAFETY: `self` was made by `new`, which has detected all features that `row` asks for.
        unsafe { row(self, at, room, sink) }
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn row<S: Sink>(
    PlainNumbers { bytes, separators }: &mut PlainNumbers<'_>,
    mut at: usize,
    mut room: usize,
    sink: &mut S,
) -> Stop {
    let mut batch = Decimals::new();
    let mut floats = [0.0; Decimals::MAX];
    while room > 0 && (separators.seek(at) || separators.fill()) {
        let (places, base) = separators.known();
        let places = places.get(..room.min(Decimals::MAX)).unwrap_or(places);
        read_batch(bytes, at, (places, base), &mut batch);
        batch.convert(&mut floats);
        if !sink.decimals(&batch, floats.get(..batch.len()).unwrap_or_default()) {
            return Stop::Refused;
        }
        let Some(&last) = places.get(batch.len().wrapping_sub(1)) else { break };
        let end = base.wrapping_add(last as usize);
        at = end.wrapping_add(1);
        if bytes.get(end) == Some(&b']') {
            return Stop::Ended(at);
        }
        if batch.len() < places.len() {
            break;
        }
        room = room.wrapping_sub(batch.len());
    }
    Stop::Before(at)
}

/// Reads the numbers before `places`, which are relative to a base, up to the first `]` or the first
/// that is not plain. The first number begins at `at`.
// Not inlined: this is the inner loop, and needs all registers.
#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn read_batch(bytes: &[u8], at: usize, (places, base): (&[u32], usize), batch: &mut Decimals) {
    // Python puts a space behind each comma.
    let behind_first = places.first().map_or(0, |&place| place as usize).wrapping_add(1);
    let is_spaced = bytes.get(base.wrapping_add(behind_first)) == Some(&b' ');
    let mut start = at.wrapping_add(usize::from(bytes.get(at) == Some(&b' ')));
    let mut space_mask = 0;
    let (mut len, mut all_significands, mut all_scales) = (0_usize, 0, 0);
    let slots = batch.significands.iter_mut().zip(&mut batch.scales);
    for (&place, (significand, scale)) in places.iter().zip(slots) {
        let end = base.wrapping_add(place as usize);
        let (Some(head), Some(window)) = (head(bytes, start), window(bytes, end)) else { break };
        if (head ^ u32::from(b' ')) & space_mask != 0 {
            break;
        }
        let Some(number) = number(window, head, end.wrapping_sub(start)) else { break };
        (*significand, *scale) = number;
        all_significands |= number.0;
        all_scales |= number.1;
        len = len.wrapping_add(1);
        if window[WIDE + 1] == b']' {
            break;
        }
        start = end.wrapping_add(1).wrapping_add(usize::from(is_spaced));
        space_mask = if is_spaced { 0xFF } else { 0 };
    }
    batch.len = len;
    batch.all_significands = all_significands;
    batch.all_scales = all_scales;
}

/// Reads the last `len` bytes before the separator, which the bytes of `head` but the first begin,
/// and gives the significand and the scale.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn number(window: &Window, head: u32, len: usize) -> Option<(u64, u8)> {
    let is_negative = head & 0xFF00 == u32::from(b'-') << 8;
    let len = len.wrapping_sub(usize::from(is_negative));
    // The second digit may also be one of the six characters behind `9`: no number has those.
    let head = head >> if is_negative { 16 } else { 8 };
    let has_leading_zero = head & 0xF0FF == 0x3030;
    if has_leading_zero {
        return None;
    }
    let is_narrow = len.wrapping_sub(1) < NARROW;
    let (significand, n_fraction) =
        if is_narrow { narrow(window, len) } else { wide(window, len) }?;
    // There is no negative zero among integers.
    let is_negative = is_negative & (significand | u64::from(n_fraction) != 0);
    Some((significand, n_fraction | if is_negative { Decimals::NEGATIVE } else { 0 }))
}

/// The byte before `start` and three from it on, the first one lowest.
#[inline]
fn head(bytes: &[u8], start: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(start.wrapping_sub(1)..)?.first_chunk()?))
}

/// The bytes around the number that ends before `end`.
#[inline]
fn window(bytes: &[u8], end: usize) -> Option<&Window> {
    bytes.get(end.wrapping_sub(WIDE + 1)..)?.first_chunk()
}

/// The significand of the last `len` bytes, and how many digits stand behind the point.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn narrow(window: &Window, len: usize) -> Option<(u64, u8)> {
    const END: usize = WIDE + 1;
    let last = narrow_digits(window[END - NARROW..END].first_chunk()?, len);
    let nine = _mm_set1_epi8(9);
    let are_digits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(last, nine), nine));
    let others = are_digits.cast_unsigned() ^ 0xFFFF;
    if others == 0 {
        return Some((narrow_significand(last, len), 0));
    }
    let points = _mm_movemask_epi8(_mm_cmpeq_epi8(last, _mm_set1_epi8(POINT)));
    let n_fraction = others.leading_zeros().wrapping_sub(16) as usize;
    let is_within = n_fraction.wrapping_sub(1) < len.wrapping_sub(2);
    if others != points.cast_unsigned() || others & others.wrapping_sub(1) != 0 || !is_within {
        return None;
    }
    let closed = _mm_shuffle_epi8(last, narrow_load(WITHOUT_POINT.get(n_fraction)?));
    #[expect(clippy::cast_possible_truncation, reason = "it is less than 16")]
    let n_fraction = n_fraction as u8;
    Some((narrow_significand(closed, len), n_fraction))
}

/// As [`narrow`], for longer numbers, of which some are not plain: those with more than 19 significant
/// digits, and integers from 2^53 on.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn wide(window: &Window, len: usize) -> Option<(u64, u8)> {
    if len.wrapping_sub(1) >= WIDE {
        return None;
    }
    let last = wide_digits(window[1..=WIDE].first_chunk()?, len);
    let nine = _mm256_set1_epi8(9);
    let are_digits = _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(last, nine), nine));
    let others = !are_digits.cast_unsigned();
    if others == 0 {
        let integer = wide_significand(last)?;
        return if integer >> 53 == 0 { Some((integer, 0)) } else { None };
    }
    let n_fraction = n_fraction(window, len, others)?;
    let moved = wide_digits(window[..WIDE].first_chunk()?, len.wrapping_sub(1));
    let behind = wide_last_bytes(usize::from(n_fraction));
    Some((wide_significand(_mm256_blendv_epi8(moved, last, behind))?, n_fraction))
}

/// How many bytes of the number stand behind its point, given the bits of the bytes that are no
/// digits: one of them must be a point, with a digit on both sides, and there must be no other.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn n_fraction(window: &Window, len: usize, others: u32) -> Option<u8> {
    let n_fraction = u8::try_from(others.leading_zeros()).ok()?;
    let point = *window.get(WIDE.wrapping_sub(usize::from(n_fraction)))?;
    let is_within = usize::from(n_fraction).wrapping_sub(1) < len.wrapping_sub(2);
    if others & others.wrapping_sub(1) != 0 || point != b'.' || !is_within {
        return None;
    }
    Some(n_fraction)
}

/// The values of the digits in the last `len` bytes; zeros before them.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow_digits(bytes: &[u8; NARROW], len: usize) -> __m128i {
    let values = _mm_sub_epi8(narrow_load(bytes), _mm_set1_epi8(b'0'.cast_signed()));
    _mm_and_si128(values, narrow_last_bytes(len))
}

#[inline]
#[target_feature(enable = "avx2")]
fn wide_digits(bytes: &[u8; WIDE], len: usize) -> __m256i {
    let values = _mm256_sub_epi8(wide_load(bytes), _mm256_set1_epi8(b'0'.cast_signed()));
    _mm256_and_si256(values, wide_last_bytes(len))
}

/// The number that 16 digits make, of which only the last `len` are not zero.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow_significand(digits: __m128i, len: usize) -> u64 {
    let pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A)); // x 10, x 1
    let fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x0001_0064)); // x 100, x 1
    if len <= 4 {
        return u64::from(_mm_extract_epi32::<3>(fours).cast_unsigned());
    }
    let packed = _mm_packus_epi32(fours, fours);
    let eights = _mm_madd_epi16(packed, _mm_set1_epi32(0x0001_2710)); // x 10000, x 1
    join(_mm_cvtsi128_si64(eights).cast_unsigned())
}

/// The number that 32 digits make, if at most 19 of them are significant.
#[inline]
#[target_feature(enable = "avx2")]
fn wide_significand(digits: __m256i) -> Option<u64> {
    let pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
    let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x0001_0064));
    let packed = _mm256_packus_epi32(fours, fours);
    let eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x0001_2710));
    let first = _mm_cvtsi128_si64(_mm256_castsi256_si128(eights)).cast_unsigned();
    let last = _mm_cvtsi128_si64(_mm256_extracti128_si256::<1>(eights)).cast_unsigned();
    // The first eight of all digits are the lower half of the word, and must be zeros.
    let first = first.rotate_left(32);
    if first >= 1000 {
        return None;
    }
    Some(first.wrapping_mul(10_000_000_000_000_000).wrapping_add(join(last)))
}

/// Joins two times eight digits, of which the lower half of a word has the first.
#[inline]
fn join(eights: u64) -> u64 {
    (eights & 0xFFFF_FFFF).wrapping_mul(100_000_000).wrapping_add(eights >> 32)
}

/// The bits of a block's bytes that are `,` or `]`, the first byte lowest.
#[inline]
#[target_feature(enable = "avx2")]
fn separators(block: &[u8; BLOCK]) -> u32 {
    let bytes = wide_load(block);
    let commas = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b','.cast_signed()));
    let brackets = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b']'.cast_signed()));
    _mm256_movemask_epi8(_mm256_or_si256(commas, brackets)).cast_unsigned()
}

/// A mask of the last `count` bytes, up to 16.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow_last_bytes(count: usize) -> __m128i {
    let mask = LAST_BYTES.get(NARROW.wrapping_add(count)..);
    let Some(mask) = mask else { return narrow_load(&[0; NARROW]) };
    let Some(mask) = mask.first_chunk() else { return narrow_load(&[0; NARROW]) };
    narrow_load(mask)
}

/// A mask of the last `count` bytes, up to 32.
#[inline]
#[target_feature(enable = "avx2")]
fn wide_last_bytes(count: usize) -> __m256i {
    let Some(mask) = LAST_BYTES.get(count..) else { return wide_load(&[0; WIDE]) };
    let Some(mask) = mask.first_chunk() else { return wide_load(&[0; WIDE]) };
    wide_load(mask)
}

#[inline]
#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "a vector is loaded through a pointer")]
fn narrow_load(bytes: &[u8; NARROW]) -> __m128i {
    // SAFETY: the 16 bytes behind the reference are readable, and the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "a vector is loaded through a pointer")]
fn wide_load(bytes: &[u8; WIDE]) -> __m256i {
    // SAFETY: the 32 bytes behind the reference are readable, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}
