//! Rows times weights plus a bias.
//!
//! Each output is a chain of fused multiply-adds from zero over the features in order, and the bias
//! is added last: for a few hundred features that is the rounding of onnxruntime 1.32's matrix
//! product, bit for bit (its single-row product rounds otherwise). Speed comes from many outputs
//! and rows side by side, never from another order. It is not a product for large matrices: weights
//! are not blocked for caches.

use std::array;

#[cfg(target_arch = "x86_64")]
use super::x86_64::Fma;
use super::{Isa, Kernel};

/// Outputs that are computed side by side.
pub(super) const N_LANES: usize = 8;
/// Rows that are computed side by side, to hide the latency of the chains.
const N_ROWS: usize = 4;

pub(super) type Lanes = [f32; N_LANES];

/// A dense layer: weights `[n_outputs, n_features]` and a bias an output.
#[derive(Debug)]
pub(crate) struct Dense {
    n_features: usize,
    n_outputs: usize,
    // Invariant: `n_features` entries for each block of `N_LANES` outputs, zero beyond the last.
    weights: Vec<Lanes>,
    // Invariant: one entry for each block.
    bias: Vec<Lanes>,
    isa: Isa,
}

impl Dense {
    /// A layer whose weight of an output and a feature is `weight(output, feature)`. A `bias` that
    /// is empty is none.
    ///
    /// # Panics
    /// When a layer has no features, or neither none nor one bias for each output.
    pub(crate) fn new(
        n_outputs: usize,
        n_features: usize,
        weight: impl Fn(usize, usize) -> f32,
        bias: &[f32],
    ) -> Self {
        assert!(n_features > 0, "a layer has features");
        assert!(bias.is_empty() || bias.len() == n_outputs, "one bias for each output");
        let n_blocks = n_outputs.div_ceil(N_LANES);
        let lanes = |block: usize, value: &dyn Fn(usize) -> f32| -> Lanes {
            array::from_fn(|lane| {
                Some(block * N_LANES + lane).filter(|&at| at < n_outputs).map_or(0.0, value)
            })
        };
        let weights = (0..n_blocks).flat_map(|block| {
            let weight = &weight;
            (0..n_features).map(move |feature| lanes(block, &|output| weight(output, feature)))
        });
        // Adding -0 changes no number, not even another -0.
        let bias_of = |output: usize| bias.get(output).copied().unwrap_or(-0.0);
        Self {
            n_features,
            n_outputs,
            weights: weights.collect(),
            bias: (0..n_blocks).map(|block| lanes(block, &bias_of)).collect(),
            isa: Isa::detect(),
        }
    }

    /// The number of columns of what goes in.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// The number of columns of what comes out.
    pub(crate) fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// Appends the outputs of each row to `out`; `rows` is `[n_rows, n_features]`, row-major.
    pub(crate) fn run(&self, rows: &[f32], out: &mut Vec<f32>) {
        let n_rows = rows.len() / self.n_features;
        let start = out.len();
        out.resize(start + n_rows * self.n_outputs, 0.0);
        if self.n_outputs > 0 {
            let out = &mut out[start..];
            #[cfg(target_arch = "x86_64")]
            if let Some(inner) = Fma::new(self.isa) {
                return self.isa.run(Run { layer: self, rows, out, inner });
            }
            self.isa.run(Run { layer: self, rows, out, inner: Portable });
        }
    }
}

/// A form of the inner loop.
pub(super) trait Sums: Copy {
    /// The sums of products of `R` rows with a block's weights: `weights.len()` features each.
    fn sums<const R: usize>(self, weights: &[Lanes], rows: [&[f32]; R]) -> [Lanes; R];
}

/// What every processor can do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Sums for Portable {
    #[inline(always)]
    fn sums<const R: usize>(self, weights: &[Lanes], rows: [&[f32]; R]) -> [Lanes; R] {
        let mut sums = [[0.0_f32; N_LANES]; R];
        for (feature, weights) in weights.iter().enumerate() {
            for (row, sums) in rows.iter().zip(&mut sums) {
                for (weight, sum) in weights.iter().zip(sums) {
                    *sum = row[feature].mul_add(*weight, *sum);
                }
            }
        }
        sums
    }
}

/// A layer that is applied to rows, with a form of the inner loop.
struct Run<'a, S> {
    layer: &'a Dense,
    rows: &'a [f32],
    out: &'a mut [f32],
    inner: S,
}

impl<S: Sums> Kernel for Run<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Dense { n_features, n_outputs, .. } = *self.layer;
        let mut rows = self.rows.chunks_exact(N_ROWS * n_features);
        let mut outs = self.out.chunks_exact_mut(N_ROWS * n_outputs);
        for (rows, out) in rows.by_ref().zip(outs.by_ref()) {
            self.layer.rows::<N_ROWS>(rows, out, self.inner);
        }
        let rows = rows.remainder().chunks_exact(n_features);
        for (row, out) in rows.zip(outs.into_remainder().chunks_exact_mut(n_outputs)) {
            self.layer.rows::<1>(row, out, self.inner);
        }
    }
}

impl Dense {
    /// The outputs of `R` rows.
    #[inline(always)]
    fn rows<const R: usize>(&self, rows: &[f32], out: &mut [f32], inner: impl Sums) {
        let n_features = self.n_features;
        let rows: [&[f32]; R] = array::from_fn(|row| &rows[row * n_features..][..n_features]);
        for (block, bias) in self.bias.iter().enumerate() {
            let weights = &self.weights[block * n_features..][..n_features];
            let first = block * N_LANES;
            let sums = inner.sums(weights, rows);
            for (sums, out) in sums.iter().zip(out.chunks_exact_mut(self.n_outputs)) {
                for ((sum, bias), out) in sums.iter().zip(bias).zip(&mut out[first..]) {
                    *out = sum + bias;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same arithmetic, one output after the other.
    fn naive(weights: &[f32], bias: &[f32], rows: &[f32], n_features: usize) -> Vec<f32> {
        let layer = |row: &[f32]| -> Vec<f32> {
            let outputs = weights.chunks_exact(n_features).enumerate();
            let sums = outputs.map(|(output, weights)| {
                let sum = row.iter().zip(weights).fold(0.0_f32, |sum, (x, w)| x.mul_add(*w, sum));
                bias.get(output).map_or(sum, |bias| sum + bias)
            });
            sums.collect()
        };
        rows.chunks_exact(n_features).flat_map(layer).collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    fn check(layer: &Dense, rows: &[f32], expected: &[f32]) {
        let mut out = vec![7.0];
        layer.run(rows, &mut out);
        assert_eq!(bits(&out[1..]), bits(expected));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_processor_gives_the_bits_of_the_naive_loop(
            (n_outputs, n_features, n_rows) in (1..20_usize, 1..20_usize, 0..10_usize),
            seed in proptest::collection::vec(-8.0_f32..8.0, 1..200),
            with_bias: bool,
        ) {
            let mut values = seed.iter().cycle().enumerate().map(|(at, v)| v + at as f32 / 64.0);
            let mut take = |n: usize| values.by_ref().take(n).collect::<Vec<f32>>();
            let weights = take(n_outputs * n_features);
            let bias = if with_bias { take(n_outputs) } else { Vec::new() };
            let rows = take(n_rows * n_features);
            let expected = naive(&weights, &bias, &rows, n_features);
            let weight = |output, feature| weights[output * n_features + feature];
            let layer = Dense::new(n_outputs, n_features, weight, &bias);
            check(&layer, &rows, &expected);
            check(&Dense { isa: Isa::baseline(), ..layer }, &rows, &expected);
        }
    }

    #[test]
    fn numbers_that_are_none_stay_in_their_row() {
        let layer = Dense::new(2, 2, |_, _| 1.0, &[]);
        let mut out = Vec::new();
        layer.run(&[f32::NAN, 1.0, 1.0, 1.0], &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(bits(&out[2..]), bits(&[2.0, 2.0]));
    }
}
