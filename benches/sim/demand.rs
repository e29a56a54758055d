//! How many requests come, and when.

use side_by_side::Random;

/// The shape of a load over time, in times of its base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Base, and from `at` on so many times as much.
    Step { at: f64, times: f64 },
    /// Up to so many times as much within half a minute, so for five minutes, and back as fast.
    Flash { at: f64, times: f64 },
    /// A day, from a fifth of its mean to nearly twice as much.
    Day,
}

const FLASH_RISE_S: f64 = 30.0;
const FLASH_HOLD_S: f64 = 300.0;
const DAY_S: f64 = 86_400.0;
/// How far a day is from its mean.
const DAY_SWING: f64 = 0.8;

impl Shape {
    /// The load at a time, in times of the base.
    pub(crate) fn at(self, time: f64) -> f64 {
        match self {
            Self::Step { at, times } => {
                if time < at {
                    1.0
                } else {
                    times
                }
            }
            Self::Flash { at, times } => {
                let up = (time - at) / FLASH_RISE_S;
                let down = (at + 2.0 * FLASH_RISE_S + FLASH_HOLD_S - time) / FLASH_RISE_S;
                1.0 + (times - 1.0) * up.min(down).clamp(0.0, 1.0)
            }
            Self::Day => 1.0 - DAY_SWING * (time / DAY_S * std::f64::consts::TAU).cos(),
        }
    }

    /// The most that it ever is.
    pub(crate) fn peak(self) -> f64 {
        match self {
            Self::Step { times, .. } | Self::Flash { times, .. } => times.max(1.0),
            Self::Day => 1.0 + DAY_SWING,
        }
    }

    /// When the load begins to change, if at once.
    pub(crate) fn begins(self) -> Option<f64> {
        match self {
            Self::Step { at, .. } | Self::Flash { at, .. } => Some(at),
            Self::Day => None,
        }
    }

    /// How long it is looked at.
    pub(crate) fn lasts(self) -> f64 {
        match self {
            Self::Step { at, .. } => at + 600.0,
            Self::Flash { at, .. } => at + 1200.0,
            Self::Day => DAY_S,
        }
    }
}

/// The next arrival behind `time` of a Poisson process of this shape, by thinning one at its peak.
///
/// Source: Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning", 1979.
pub(crate) fn next_arrival(shape: Shape, base: f64, mut time: f64, random: &mut Random) -> f64 {
    let peak = shape.peak();
    loop {
        time += random.exponential() / (base * peak);
        if random.unit() * peak < shape.at(time) || time > shape.lasts() {
            return time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_has_its_shape() {
        let flash = Shape::Flash { at: 100.0, times: 9.0 };
        let seen = [0.0, 115.0, 130.0, 430.0, 445.0, 460.0, 900.0].map(|time| flash.at(time));
        let near = |seen: &[f64], expected: &[f64]| {
            seen.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9)
        };
        assert!(near(&seen, &[1.0, 5.0, 9.0, 9.0, 5.0, 1.0, 1.0]), "{seen:?}");
        let step = Shape::Step { at: 10.0, times: 3.0 };
        assert!(near(&[step.at(9.0), step.at(10.0), step.peak()], &[1.0, 3.0, 3.0]));
        assert!((Shape::Day.at(0.0) - 0.2).abs() < 1e-9 && Shape::Day.at(DAY_S / 2.0) > 1.79);
    }

    #[test]
    fn arrivals_are_as_many_as_the_shape_says() {
        let (mut random, mut time, mut n) = (Random::seeded(3), 0.0, [0_u32; 2]);
        let step = Shape::Step { at: 300.0, times: 3.0 };
        while time < 600.0 {
            time = next_arrival(step, 100.0, time, &mut random);
            n[usize::from(time >= 300.0)] += 1;
        }
        assert!(n[0].abs_diff(30_000) < 600 && n[1].abs_diff(90_000) < 1_000, "{n:?}");
    }
}
