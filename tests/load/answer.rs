//! What the probe's engine `nonces` answers to a row: a number that tells every value of the row.

/// The engine `nonces-faulty` panics on nonces that leave this rest when they are divided by
/// [`FAULT_EVERY`], and fails on those of [`ERROR_REST`].
pub(crate) const PANIC_REST: u64 = 13;
/// See [`PANIC_REST`].
pub(crate) const ERROR_REST: u64 = 29;
/// See [`PANIC_REST`].
pub(crate) const FAULT_EVERY: u64 = 256;

/// The answer to a row, below 2^53, so that JSON's numbers hold it.
pub(crate) fn answer(row: impl IntoIterator<Item = u64>) -> u64 {
    let mixed = row.into_iter().fold(0, |mixed, value| scramble(mixed ^ value));
    mixed >> 11
}

/// A permutation of all numbers that leaves no pattern: Steele, Lea and Flood's SplitMix64 (2014).
pub(crate) fn scramble(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
