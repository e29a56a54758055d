//! Rows times weights plus a bias.
//!
//! Each output is a chain of fused multiply-adds from zero over the features in order, and the bias
//! is added last: for a few hundred features that is the rounding of onnxruntime 1.32's matrix
//! product, bit for bit (its single-row product rounds otherwise). Speed comes from many outputs
//! and rows side by side, whose chains hide each other's latency, never from another order.

use std::array;
use std::ops::Range;

use crate::narrow::{N_NARROW, Narrow};
#[cfg(target_arch = "x86_64")]
use crate::x86_64::Fma;
use crate::{Isa, Kernel};

/// Outputs that are computed side by side.
pub(crate) const N_LANES: usize = 8;
/// Bytes of weights that all rows go through before the next, for a processor's second cache.
const CACHED_BYTES: usize = 256 << 10;

pub(crate) type Lanes = [f32; N_LANES];

/// A dense layer: weights `[n_outputs, n_features]` and a bias an output.
#[derive(Debug)]
pub struct Dense {
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
    pub fn new(
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

    /// A layer without bias whose weights are `matrix`: `[n_features, n_outputs]`, row-major. They
    /// are written into `weights`, whose allocation is kept.
    ///
    /// # Panics
    /// When a layer has no features or no outputs.
    pub(crate) fn of_matrix(
        matrix: &[f32],
        n_features: usize,
        n_outputs: usize,
        mut weights: Vec<Lanes>,
    ) -> Self {
        assert!(n_features > 0 && n_outputs > 0, "a layer has features and outputs");
        let n_blocks = n_outputs.div_ceil(N_LANES);
        weights.clear();
        weights.resize(n_blocks * n_features, [0.0; N_LANES]);
        for (feature, row) in matrix.chunks_exact(n_outputs).enumerate() {
            let (whole, rest) = row.as_chunks::<N_LANES>();
            for (block, lanes) in whole.iter().enumerate() {
                weights[block * n_features + feature] = *lanes;
            }
            if !rest.is_empty() {
                weights[whole.len() * n_features + feature][..rest.len()].copy_from_slice(rest);
            }
        }
        let bias = vec![[-0.0; N_LANES]; n_blocks];
        Self { n_features, n_outputs, weights, bias, isa: Isa::detect() }
    }

    /// The allocation of the weights.
    pub(crate) fn into_weights(self) -> Vec<Lanes> {
        self.weights
    }

    /// The number of columns of what goes in.
    #[inline]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The number of columns of what comes out.
    #[inline]
    pub fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// Appends the outputs of each row to `out`; `rows` is `[n_rows, n_features]`, row-major.
    pub fn run(&self, rows: &[f32], out: &mut Vec<f32>) {
        let n_rows = rows.len() / self.n_features;
        let start = out.len();
        out.resize(start + n_rows * self.n_outputs, 0.0);
        let (mut rows, mut out) = (rows, &mut out[start..]);
        if let (true, [bias]) = (self.n_outputs <= N_NARROW, &*self.bias) {
            let n_together = n_rows - n_rows % N_LANES;
            let (groups, rest) = rows.split_at(n_together * self.n_features);
            let (group_outs, rest_out) = out.split_at_mut(n_together * self.n_outputs);
            let (weights, n_outputs) = (&*self.weights, self.n_outputs);
            self.isa.run(Narrow { weights, bias, n_outputs, rows: groups, out: group_outs });
            (rows, out) = (rest, rest_out);
        }
        if !out.is_empty() {
            #[cfg(target_arch = "x86_64")]
            if let Some(inner) = Fma::new(self.isa) {
                return self.isa.run(Run { layer: self, rows, out, inner });
            }
            self.isa.run(Run { layer: self, rows, out, inner: Portable });
        }
    }
}

/// A form of the inner loop.
pub(crate) trait Sums: Copy {
    /// The sums of products of each of `R` rows with the weights of each of `B` blocks; all are of
    /// as many features.
    fn sums<const R: usize, const B: usize>(
        self,
        weights: [&[Lanes]; B],
        rows: [&[f32]; R],
    ) -> [[Lanes; B]; R];
}

/// What every processor can do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl Sums for Portable {
    #[inline(always)]
    fn sums<const R: usize, const B: usize>(
        self,
        weights: [&[Lanes]; B],
        rows: [&[f32]; R],
    ) -> [[Lanes; B]; R] {
        let mut sums = [[[0.0_f32; N_LANES]; B]; R];
        for feature in 0..rows.first().map_or(0, |row| row.len()) {
            for (row, sums) in rows.iter().zip(&mut sums) {
                for (weights, sums) in weights.iter().zip(sums) {
                    for (weight, sum) in weights[feature].iter().zip(sums) {
                        *sum = row[feature].mul_add(*weight, *sum);
                    }
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

/// Blocks of outputs.
type Blocks = Range<usize>;

impl<S: Sums> Kernel for Run<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let n_blocks = self.layer.bias.len();
        let block_bytes = self.layer.n_features * size_of::<Lanes>();
        let n_together = (CACHED_BYTES / block_bytes).clamp(8, n_blocks.max(8));
        let n_rows = self.rows.len() / self.layer.n_features;
        for first in (0..n_blocks).step_by(n_together) {
            let blocks = first..n_blocks.min(first + n_together);
            let mut row = 0;
            while row + 6 <= n_rows {
                self.sweep::<6, 2>(row, blocks.clone());
                row += 6;
            }
            if row + 4 <= n_rows {
                self.sweep::<4, 2>(row, blocks.clone());
                row += 4;
            }
            if row + 2 <= n_rows {
                self.sweep::<2, 4>(row, blocks.clone());
                row += 2;
            }
            if row < n_rows {
                self.sweep::<1, 4>(row, blocks);
            }
        }
    }
}

impl<S: Sums> Run<'_, S> {
    /// The outputs of `R` rows in some blocks, `B` blocks at a time and the last one by one.
    #[inline(always)]
    fn sweep<const R: usize, const B: usize>(&mut self, row: usize, blocks: Blocks) {
        let mut block = blocks.start;
        while block + B <= blocks.end {
            self.tile::<R, B>(row, block);
            block += B;
        }
        while block < blocks.end {
            self.tile::<R, 1>(row, block);
            block += 1;
        }
    }

    /// The outputs of `R` rows in `B` blocks.
    #[inline(always)]
    fn tile<const R: usize, const B: usize>(&mut self, row: usize, block: usize) {
        let Dense { n_features, n_outputs, weights, bias, .. } = self.layer;
        let (n_features, n_outputs) = (*n_features, *n_outputs);
        let rows: [&[f32]; R] =
            array::from_fn(|at| &self.rows[(row + at) * n_features..][..n_features]);
        let weights: [&[Lanes]; B] =
            array::from_fn(|at| &weights[(block + at) * n_features..][..n_features]);
        let sums = self.inner.sums(weights, rows);
        let outs = self.out[row * n_outputs..].chunks_exact_mut(n_outputs);
        for (sums, out) in sums.iter().zip(outs) {
            let out = out[block * N_LANES..].chunks_mut(N_LANES);
            for ((sums, bias), out) in sums.iter().zip(&bias[block..]).zip(out) {
                for ((sum, bias), out) in sums.iter().zip(bias).zip(out) {
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
            (n_outputs, n_features, n_rows) in (prop_oneof![1..6_usize, 1..80_usize], 1..20_usize, 0..20_usize),
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
