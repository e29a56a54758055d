//! `MurmurHash3_x86_32`: <https://github.com/aappleby/smhasher/wiki/MurmurHash3>.

fn scramble(part: u32) -> u32 {
    part.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

/// The hash of bytes with seed zero.
pub(super) fn hash(key: &[u8]) -> u32 {
    let (blocks, tail) = key.as_chunks::<4>();
    let mut hash = blocks.iter().fold(0_u32, |hash, block| {
        let mixed = (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13);
        mixed.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let mut rest = [0; 4];
    rest.iter_mut().zip(tail).for_each(|(rest, byte)| *rest = *byte);
    #[expect(clippy::cast_possible_truncation, reason = "the length counts modulo 2^32")]
    let length = key.len() as u32;
    hash ^= scramble(u32::from_le_bytes(rest)) ^ length;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of `sklearn.utils.murmurhash3_32` 1.9.
    #[test]
    fn hashes_are_those_of_scikit_learn() {
        for (key, expected) in HASHES {
            assert_eq!(hash(key.as_bytes()).cast_signed(), *expected, "{key}");
        }
    }

    const HASHES: &[(&str, i32)] = &[
        ("", 0),
        ("a", 1_009_084_850),
        ("cat", 1_751_422_759),
        ("dogs", 1_432_099_133),
        ("über", -1_610_176_724),
        ("stock market", -2_052_592_835),
    ];
}
