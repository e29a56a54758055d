//! Numbers that look random and are the same each time.

/// A generator that begins with a seed: Vigna's SplitMix64.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers that belong to a seed.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, any of all.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number from 0 to 1, which it never is.
    pub fn unit(&mut self) -> f64 {
        // As many bits as a double holds exactly.
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The next number below `n`, or 0 where there is none.
    #[expect(clippy::cast_possible_truncation, reason = "the upper half is less than `n`")]
    pub fn below(&mut self, n: usize) -> usize {
        // Lemire's product; what it favours is less than one in 2^64 / n.
        ((u128::from(self.number()) * n as u128) >> 64) as usize
    }

    /// The next time between two arrivals of a Poisson process, whose mean is 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_numbers() {
        let mut random = Random::seeded(1_234_567);
        let first = [random.number(), random.number(), random.number()];
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn numbers_keep_to_their_ranges_and_means() {
        let mut random = Random::seeded(7);
        let (mut units, mut times, mut sevens) = (0.0, 0.0, [0_u32; 7]);
        for _ in 0..70_000 {
            let unit = random.unit();
            assert!((0.0..1.0).contains(&unit));
            units += unit / 70_000.0;
            times += random.exponential() / 70_000.0;
            sevens[random.below(7)] += 1;
        }
        assert!((units - 0.5).abs() < 0.01 && (times - 1.0).abs() < 0.02, "{units} {times}");
        assert!(sevens.iter().all(|&n| (9_500..10_500).contains(&n)), "{sevens:?}");
        assert_eq!(random.below(0), 0);
    }
}
