//! Costs of the kinds that models have, to compare policies by.

use std::time::Duration;

use super::cost::{Hump, TrueCost};

const MICROSECOND: Duration = Duration::from_micros(1);

impl TrueCost {
    /// Every kind, by its name.
    pub fn shapes() -> [(&'static str, Self); 4] {
        let line = |run, row| Self::line(run * MICROSECOND, row * MICROSECOND);
        let noisy = |cost| Self { noise: 0.1, ..cost };
        let hump = Some(Hump { rows: 5..=12, times: 3.0 });
        [
            // A large network: what a run costs outweighs its rows for long.
            ("steep", noisy(line(1000, 20))),
            // Trees: each row is walked by itself.
            ("flat", noisy(line(5, 300))),
            // A compiled graph that has plans for powers of two.
            ("padded", Self { is_padded: true, ..noisy(line(300, 40)) }),
            // Kernels that are bad at sizes in between.
            ("humped", Self { hump, ..noisy(line(500, 50)) }),
        ]
    }
}
