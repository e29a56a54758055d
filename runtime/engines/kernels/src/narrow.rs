//! Dense layers of few outputs, which are shorter than a register: rows go side by side instead.
//!
//! The arithmetic is that of [`Dense`](super::dense::Dense), bit for bit.

use std::array;

use crate::Kernel;
use crate::classes::turned;
use crate::dense::{Lanes, N_LANES};

/// Features that are read at once.
const BLOCK: usize = 4;
/// Outputs that a layer has at most.
pub(crate) const N_NARROW: usize = 4;

/// A layer of one to [`N_NARROW`] outputs that is applied to a multiple of eight rows.
pub(crate) struct Narrow<'a> {
    /// An entry a feature.
    pub(crate) weights: &'a [Lanes],
    pub(crate) bias: &'a Lanes,
    pub(crate) n_outputs: usize,
    pub(crate) rows: &'a [f32],
    pub(crate) out: &'a mut [f32],
}

impl Kernel for Narrow<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        match self.n_outputs {
            1 => self.outputs::<1>(),
            2 => self.outputs::<2>(),
            3 => self.outputs::<3>(),
            _ => self.outputs::<N_NARROW>(),
        }
    }
}

impl Narrow<'_> {
    #[inline(always)]
    fn outputs<const O: usize>(self) {
        let n_features = self.weights.len();
        let groups = self.rows.chunks_exact(n_features * N_LANES);
        for (rows, out) in groups.zip(self.out.as_chunks_mut::<O>().0.as_chunks_mut().0) {
            let row = |at: usize| &rows[at * n_features..][..n_features];
            *out = outputs(self.weights, self.bias, array::from_fn(row));
        }
    }
}

/// The outputs of eight rows.
#[inline(always)]
fn outputs<const O: usize>(
    weights: &[Lanes],
    bias: &Lanes,
    rows: [&[f32]; N_LANES],
) -> [[f32; O]; N_LANES] {
    // The compiler sees here that no index below is out of bounds.
    assert!(rows.iter().all(|row| row.len() == weights.len()), "a weight a feature");
    let mut sums = [[0.0_f32; N_LANES]; O];
    let (blocks, rest) = weights.as_chunks::<BLOCK>();
    for (block, weights) in blocks.iter().enumerate() {
        // Rows are read in pieces and turned, which takes fewer steps than number by number.
        let pieces: [[f32; BLOCK]; N_LANES] = array::from_fn(|row| rows[row].as_chunks().0[block]);
        for (x, weights) in turned(&pieces).iter().zip(weights) {
            add(&mut sums, x, weights);
        }
    }
    let first = blocks.len() * BLOCK;
    for (feature, weights) in rest.iter().enumerate() {
        add(&mut sums, &array::from_fn(|row| rows[row][first + feature]), weights);
    }
    array::from_fn(|row| array::from_fn(|output| sums[output][row] + bias[output]))
}

/// Adds what one feature of eight rows gives to each output.
#[inline(always)]
fn add<const O: usize>(sums: &mut [Lanes; O], x: &Lanes, weights: &Lanes) {
    for (sums, weight) in sums.iter_mut().zip(weights) {
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum = x.mul_add(*weight, *sum);
        }
    }
}
