//! What runs really cost, which a policy has to find out.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::random::Random;

/// The time that a run takes: so much for each run, and so much for each row.
#[derive(Debug, Clone, PartialEq)]
pub struct TrueCost {
    /// Of each run, whatever its rows.
    pub run: Duration,
    /// Of each row.
    pub row: Duration,
    /// Whether rows are filled up to the next power of two, as some engines do.
    pub is_padded: bool,
    /// Sizes that are slower than others.
    pub hump: Option<Hump>,
    /// Runs take up to this part of their time more or less, all equally likely.
    pub noise: f64,
}

/// Sizes for which an engine has a worse way than for others.
#[derive(Debug, Clone, PartialEq)]
pub struct Hump {
    /// These numbers of rows
    pub rows: RangeInclusive<usize>,
    /// take so many times what they would.
    pub times: f64,
}

impl TrueCost {
    /// A straight line without noise.
    pub fn line(run: Duration, row: Duration) -> Self {
        Self { run, row, is_padded: false, hump: None, noise: 0.0 }
    }

    /// The time of a run of so many rows, without noise.
    pub fn mean(&self, rows: usize) -> Duration {
        let paid = if self.is_padded { rows.next_power_of_two() } else { rows };
        let plain = self.run + self.row.mul_f64(paid as f64);
        match &self.hump {
            Some(hump) if hump.rows.contains(&rows) => plain.mul_f64(hump.times),
            _ => plain,
        }
    }

    /// The most rows a second of one thread, in runs of up to `rows_max` rows.
    pub fn peak(&self, rows_max: usize) -> f64 {
        let rate = |rows| rows as f64 / self.mean(rows).as_secs_f64();
        (1..=rows_max).map(rate).fold(0.0, f64::max)
    }

    /// The time of one run of so many rows.
    pub(super) fn draw(&self, rows: usize, random: &mut Random) -> Duration {
        let noise = self.noise.clamp(0.0, 0.99) * (2.0 * random.unit() - 1.0);
        self.mean(rows).mul_f64(1.0 + noise).max(Duration::from_nanos(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    #[test]
    fn a_run_costs_its_line_its_padding_and_its_hump() {
        let line = TrueCost::line(100 * MICROSECOND, 10 * MICROSECOND);
        assert_eq!(line.mean(5), 150 * MICROSECOND);
        let padded = TrueCost { is_padded: true, ..line.clone() };
        assert_eq!(padded.mean(5), 180 * MICROSECOND);
        let hump = Some(Hump { rows: 4..=7, times: 2.0 });
        let humped = TrueCost { hump, ..line };
        assert_eq!((humped.mean(5), humped.mean(8)), (300 * MICROSECOND, 180 * MICROSECOND));
        assert!((humped.peak(8) - 8.0 / 180e-6).abs() < 1.0);
    }
}
