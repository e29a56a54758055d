//! The types of numbers that forests compare and add.

use std::fmt::Debug;
use std::ops::{AddAssign, Div, Sub};

/// Keeps the traits to the types of this file: loops without checks rely on how these compare.
mod sealed {
    /// A type of numbers that forests know.
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

use sealed::Sealed;

/// A type of features: single or double precision.
pub trait Feature: Sealed + Copy + Debug + PartialOrd + Into<f64> + Send + Sync + 'static {
    /// What is no number, which no comparison holds for.
    const NAN: Self;

    /// The greatest number of the type that is at most `limit`, which is a number: for all numbers
    /// of the type, `x <= limit` is `x <= at_most(limit)`.
    fn at_most(limit: f64) -> Self;

    /// The least number of the type that is at least `limit`, which is a number.
    fn at_least(limit: f64) -> Self;

    /// The next number below.
    #[must_use]
    fn before(self) -> Self;

    /// The next number above.
    #[must_use]
    fn after(self) -> Self;

    /// Whether it is no number.
    fn is_nan(self) -> bool;

    /// The least number of the type above it; what is no number where there is none.
    #[must_use]
    #[inline]
    fn above(self) -> Self {
        if self.into() == f64::INFINITY { Self::NAN } else { self.after() }
    }
}

impl Feature for f32 {
    const NAN: Self = Self::NAN;

    #[inline]
    fn at_most(limit: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "rounding up is made good below")]
        let nearest = limit as Self;
        if f64::from(nearest) > limit { nearest.next_down() } else { nearest }
    }

    #[inline]
    fn at_least(limit: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "rounding down is made good below")]
        let nearest = limit as Self;
        if f64::from(nearest) < limit { nearest.next_up() } else { nearest }
    }

    #[inline]
    fn before(self) -> Self {
        self.next_down()
    }

    #[inline]
    fn after(self) -> Self {
        self.next_up()
    }

    #[inline]
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

impl Feature for f64 {
    const NAN: Self = Self::NAN;

    #[inline]
    fn at_most(limit: f64) -> Self {
        limit
    }

    #[inline]
    fn at_least(limit: f64) -> Self {
        limit
    }

    #[inline]
    fn before(self) -> Self {
        self.next_down()
    }

    #[inline]
    fn after(self) -> Self {
        self.next_up()
    }

    #[inline]
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

/// A type of votes and their sums: single or double precision.
pub trait Score:
    Sealed
    + Copy
    + Debug
    + Default
    + PartialOrd
    + AddAssign
    + Sub<Output = Self>
    + Div<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// An output for which no tree voted, by its bits.
    ///
    /// It is no number, and one that arithmetic never gives: [`Score::vote`] makes no such vote.
    const UNSEEN: Self;

    /// Whether this is [`Score::UNSEEN`].
    fn is_unseen(self) -> bool;

    /// The weight of a vote, or a base value.
    fn vote(weight: f64) -> Self;

    /// A number of trees.
    fn count(n: usize) -> Self;

    /// The nearest number in single precision.
    fn to_single(self) -> f32;
}

impl Score for f32 {
    const UNSEEN: Self = Self::from_bits(0x7fe5_eed5);

    #[inline]
    fn is_unseen(self) -> bool {
        self.to_bits() == Self::UNSEEN.to_bits()
    }

    #[inline]
    fn vote(weight: f64) -> Self {
        if weight.is_nan() {
            return Self::NAN;
        }
        #[expect(clippy::cast_possible_truncation, reason = "single precision was asked for")]
        let weight = weight as Self;
        weight
    }

    #[inline]
    fn count(n: usize) -> Self {
        n as Self
    }

    #[inline]
    fn to_single(self) -> f32 {
        self
    }
}

impl Score for f64 {
    const UNSEEN: Self = Self::from_bits(0x7ffe_5eed_5eed_5eed);

    #[inline]
    fn is_unseen(self) -> bool {
        self.to_bits() == Self::UNSEEN.to_bits()
    }

    #[inline]
    fn vote(weight: f64) -> Self {
        if weight.is_nan() { Self::NAN } else { weight }
    }

    #[inline]
    fn count(n: usize) -> Self {
        n as Self
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "single precision is asked for")]
    fn to_single(self) -> f32 {
        self as f32
    }
}
