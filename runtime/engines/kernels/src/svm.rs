//! Similarities of rows and support vectors.
//!
//! They round as onnxruntime 1.32 does, because a score that should be zero is what rounding makes of
//! it, and its sign is a label. Speed comes from many vectors side by side.

use std::array;

use crate::dense::{Lanes, N_LANES};
use crate::{Isa, Kernel};

/// Support vectors, `N_LANES` side by side.
#[derive(Debug)]
pub struct Vectors {
    n_features: usize,
    count: usize,
    // Invariant: `n_features` entries for each block of `N_LANES` vectors, zero beyond the last.
    blocks: Vec<Lanes>,
    isa: Isa,
}

impl Vectors {
    /// Vectors of `n_features` numbers each, one after the other.
    ///
    /// # Panics
    /// When there are no features.
    pub fn new(n_features: usize, vectors: &[f32]) -> Self {
        assert!(n_features > 0, "vectors have features");
        let n_vectors = vectors.len() / n_features;
        let number = |vector: usize, feature: usize| {
            if vector < n_vectors { vectors[vector * n_features + feature] } else { 0.0 }
        };
        let blocks = (0..n_vectors.div_ceil(N_LANES)).flat_map(|block| {
            let lane = move |feature| array::from_fn(|at| number(block * N_LANES + at, feature));
            (0..n_features).map(lane)
        });
        Self { n_features, count: n_vectors, blocks: blocks.collect(), isa: Isa::detect() }
    }

    /// Writes the squared distances of `row` to all vectors into `out`.
    pub fn distances(&self, row: &[f32], out: &mut [f32]) {
        debug_assert_eq!((row.len(), out.len()), (self.n_features, self.count));
        self.isa.run(Distances { vectors: self, row, out });
    }
}

/// The distances of one row: sums over the features in order, of products that are rounded before
/// they are added (`svmclassifier.h`).
struct Distances<'a> {
    vectors: &'a Vectors,
    row: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Distances<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let blocks = self.vectors.blocks.chunks_exact(self.vectors.n_features);
        for (block, out) in blocks.zip(self.out.chunks_mut(N_LANES)) {
            let mut sums: Lanes = [0.0; N_LANES];
            for (x, lanes) in self.row.iter().zip(block) {
                for (sum, lane) in sums.iter_mut().zip(lanes) {
                    let difference = x - lane;
                    *sum += difference * difference;
                }
            }
            out.copy_from_slice(&sums[..out.len()]);
        }
    }
}

/// `factor * x + offset` of every number in place, rounded once, as a matrix product scales its
/// result.
#[derive(Debug)]
pub struct Affine<'a> {
    /// The numbers.
    pub values: &'a mut [f32],
    /// What they are multiplied by.
    pub factor: f32,
    /// What is added.
    pub offset: f32,
}

impl Kernel for Affine<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.values {
            *value = value.mul_add(self.factor, self.offset);
        }
    }
}

/// The hyperbolic tangent of every number in place, by a rational function.
///
/// The approximation is Eigen's, in the form of onnxruntime's MLAS kernel (`tanh.cpp`, 1.32):
/// relative error below 3e-7, one beyond 9.
#[derive(Debug)]
pub struct TanhAll<'a>(pub &'a mut [f32]);

const NUMERATOR: [f32; 7] = [
    -2.760_768_5e-16,
    2.000_188e-13,
    -8.604_672e-11,
    5.122_297e-8,
    1.485_722_4e-5,
    6.372_619e-4,
    4.893_524_6e-3,
];
const DENOMINATOR: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];

impl Kernel for TanhAll<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for x in self.0 {
            // `clamp` keeps what is no number.
            let clamped = x.clamp(-9.0, 9.0);
            let square = clamped * clamped;
            let sum = |sum: f32, coefficient: &f32| sum.mul_add(square, *coefficient);
            let numerator = NUMERATOR.iter().fold(0.0, sum) * clamped;
            *x = numerator / DENOMINATOR.iter().fold(0.0, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(n_features: usize, vectors: &[f32], row: &[f32]) -> Vec<u32> {
        let distance = |vector: &[f32]| {
            let pairs = row.iter().zip(vector);
            pairs.fold(0.0_f32, |sum, (x, v)| sum + (x - v) * (x - v)).to_bits()
        };
        vectors.chunks_exact(n_features).map(distance).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_processor_gives_the_bits_of_the_naive_loop(
            (n_vectors, n_features) in (0..40_usize, 1..20_usize),
            seed in proptest::collection::vec(-8.0_f32..8.0, 1..200),
        ) {
            let mut values = seed.iter().cycle().enumerate().map(|(at, v)| v + at as f32 / 64.0);
            let mut take = |n: usize| values.by_ref().take(n).collect::<Vec<f32>>();
            let (vectors, row) = (take(n_vectors * n_features), take(n_features));
            let expected = naive(n_features, &vectors, &row);
            let kernel = Vectors::new(n_features, &vectors);
            for isa in [Isa::detect(), Isa::baseline()] {
                let mut out = vec![7.0; n_vectors];
                Vectors { isa, ..Vectors::new(n_features, &vectors) }.distances(&row, &mut out);
                let bits: Vec<u32> = out.iter().map(|value| value.to_bits()).collect();
                prop_assert_eq!(&bits, &expected);
            }
            prop_assert_eq!(kernel.count, n_vectors);
        }
    }

    #[test]
    fn the_hyperbolic_tangent_is_near_its_definition_on_every_processor() {
        let numbers: Vec<f32> = (-1200..=1200_i16).map(|x| f32::from(x) / 100.0).collect();
        let (mut all, mut baseline) = (numbers.clone(), numbers.clone());
        Isa::detect().run(TanhAll(&mut all));
        Isa::baseline().run(TanhAll(&mut baseline));
        for ((x, value), other) in numbers.iter().zip(&all).zip(&baseline) {
            let exact = f64::from(*x).tanh();
            assert!((f64::from(*value) - exact).abs() < 3e-7, "{x}: {value}, not {exact}");
            assert_eq!(value.to_bits(), other.to_bits(), "{x}");
        }
        let mut none = [f32::NAN];
        Isa::detect().run(TanhAll(&mut none));
        assert!(none[0].is_nan());
    }
}
