//! How far FP32 results are from the expected ones, in steps that a reader can hold.

/// The steps: equal, then units in the last place, then parts of the tensor's largest value.
const STEPS: [&str; 12] = [
    "exact", "1 ulp", "2 ulp", "4 ulp", "8 ulp", "16 ulp", "64 ulp", "1e-6", "1e-5", "1e-4",
    "1e-3", "1e-2",
];

/// The limits of the steps that are counted in units in the last place.
const ULPS: [u32; 7] = [0, 1, 2, 4, 8, 16, 64];

/// The limits of the steps that are parts of the largest value.
const PARTS: [f64; 5] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/// The step that holds a tensor's largest difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exactness(usize);

impl Exactness {
    /// The step of `got` beside `expected`, which are as long. NaN is as good as NaN.
    pub(crate) fn of(expected: &[f32], got: &[f32]) -> Self {
        let pairs = || expected.iter().zip(got).filter(|(e, g)| !(e.is_nan() && g.is_nan()));
        let n_ulps = pairs().map(|(&e, &g)| ulps(e, g)).max().unwrap_or(0);
        if let Some(step) = ULPS.iter().position(|&limit| n_ulps <= limit) {
            return Self(step);
        }
        let finite = |value: &f32| value.is_finite().then_some(f64::from(value.abs()));
        let largest = expected.iter().filter_map(finite).fold(0.0, f64::max);
        // Equal infinities are 0 apart, and their difference is NaN, which `max` drops.
        let off = |(&e, &g): (&f32, &f32)| (f64::from(e) - f64::from(g)).abs();
        let off = pairs().map(off).fold(0.0, f64::max);
        let part = off / largest;
        let step = PARTS.iter().position(|&limit| part <= limit).unwrap_or(PARTS.len() - 1);
        Self(ULPS.len() + step)
    }

    /// Whether all values are equal.
    pub(crate) fn is_exact(self) -> bool {
        self.0 == 0
    }

    /// The name in files and reports.
    pub(crate) fn name(self) -> &'static str {
        STEPS[self.0]
    }

    /// The step of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        STEPS.iter().position(|step| *step == name).map(Self)
    }

    /// Whether this is so much further off than `expected` that another processor's instructions
    /// cannot be the reason.
    pub(crate) fn is_worse_than(self, expected: Self) -> bool {
        self.0 > expected.0 + 3
    }
}

/// The number of FP32 values from one to the other; both zeros are one value.
fn ulps(a: f32, b: f32) -> u32 {
    let place = |value: f32| {
        let magnitude = i64::from(value.abs().to_bits());
        if value.is_sign_negative() { -magnitude } else { magnitude }
    };
    u32::try_from((place(a) - place(b)).abs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &[f32], got: &[f32], name: &str) {
        assert_eq!(Exactness::of(expected, got).name(), name);
    }

    #[test]
    fn differences_fall_into_the_least_step_that_holds_them() {
        let next = |value: f32, n: u32| f32::from_bits(value.to_bits() + n);
        check(&[1.0, f32::NAN, 0.0], &[1.0, f32::NAN, -0.0], "exact");
        check(&[1.0, 1.0], &[1.0, next(1.0, 3)], "4 ulp");
        check(&[1.0], &[next(1.0, 65)], "1e-5");
        // Near zero units in the last place say nothing.
        check(&[1.0, 1e-9], &[1.0, -1e-9], "1e-6");
        check(&[f32::INFINITY, 1.0, 1e-9], &[f32::INFINITY, 1.0, 0.0], "1e-6");
        check(&[], &[], "exact");
    }

    #[test]
    fn names_lead_back_to_their_steps() {
        for (at, name) in STEPS.iter().enumerate() {
            assert_eq!(Exactness::named(name), Some(Exactness(at)));
        }
        assert_eq!(STEPS.len(), ULPS.len() + PARTS.len());
    }
}
