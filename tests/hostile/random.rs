//! Numbers that are the same in every run: SplitMix64 (Steele, Lea, Flood: Fast Splittable
//! Pseudorandom Number Generators, 2014).

/// A source of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The source for one of the mutations of a seed.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut random = Self(seed);
        let key = random.next();
        Self(key ^ index.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`; 0 where there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let low = u32::try_from(self.next() >> 32).unwrap_or(0);
        usize::try_from(low).unwrap_or(0).checked_rem(bound).unwrap_or(0)
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Any of these.
    pub(crate) fn of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let at = self.below(items.len());
        items.get(at).copied()
    }

    /// Any of these, to change.
    pub(crate) fn of_mut<'a, T>(&mut self, items: &'a mut [T]) -> Option<&'a mut T> {
        let at = self.below(items.len());
        items.get_mut(at)
    }

    /// An integer at which programs go wrong.
    pub(crate) fn int(&mut self) -> i64 {
        const ODD: [i64; 26] = [
            0,
            1,
            -1,
            2,
            -2,
            3,
            7,
            8,
            16,
            17,
            63,
            64,
            65,
            127,
            128,
            255,
            256,
            65_535,
            65_536,
            1 << 28,
            (1 << 31) - 1,
            1 << 31,
            1 << 32,
            1 << 62,
            i64::MAX,
            i64::MIN,
        ];
        if self.one_in(8) {
            return self.next().cast_signed();
        }
        self.of(&ODD).unwrap_or(0)
    }

    /// A number at which programs go wrong.
    pub(crate) fn float(&mut self) -> f32 {
        const ODD: [f32; 12] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            1e-45,
            1e30,
            3e38,
            -3e38,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ];
        self.of(&ODD).unwrap_or(0.0)
    }
}
