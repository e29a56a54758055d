//! The inner loop of dense layers with eight lanes and fused multiply-add: the compiler does not
//! find it in the portable form when several rows are computed side by side.

use std::arch::x86_64::{
    __m256, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use crate::Isa;
use crate::dense::{Lanes, N_LANES, Sums};

/// A processor with AVX2 and FMA; having one is the proof.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fma(());

impl Fma {
    /// The proof, if the processor was seen to have both.
    pub(crate) fn new(isa: Isa) -> Option<Self> {
        isa.has_fma().then_some(Self(()))
    }
}

impl Sums for Fma {
    #[inline(always)]
    fn sums<const R: usize, const B: usize>(
        self,
        weights: [&[Lanes]; B],
        rows: [&[f32]; R],
    ) -> [[Lanes; B]; R] {
        #[expect(unsafe_code, reason = "the processor's features are known only at run time")]
        // SAFETY: a `Fma` is made only where `Isa::detect` saw both features.
        unsafe {
            sums(weights, rows)
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn sums<const R: usize, const B: usize>(
    weights: [&[Lanes]; B],
    rows: [&[f32]; R],
) -> [[Lanes; B]; R] {
    // The compiler sees here that no index below is out of bounds.
    let n_features = rows.first().map_or(0, |row| row.len());
    assert!(rows.iter().all(|row| row.len() == n_features), "rows are of one length");
    assert!(weights.iter().all(|block| block.len() == n_features), "a weight a feature");
    let mut sums = [[_mm256_setzero_ps(); B]; R];
    for feature in 0..n_features {
        let weights: [__m256; B] = std::array::from_fn(|block| load(&weights[block][feature]));
        for (row, sums) in rows.iter().zip(&mut sums) {
            let x = _mm256_set1_ps(row[feature]);
            for (weights, sum) in weights.iter().zip(sums) {
                *sum = _mm256_fmadd_ps(x, *weights, *sum);
            }
        }
    }
    // A closure would have this function's features, and `array::map`, which has not, would call it
    // for each of the sums.
    let mut out = [[[0.0; N_LANES]; B]; R];
    for (sum, out) in sums.as_flattened().iter().zip(out.as_flattened_mut()) {
        store(*sum, out);
    }
    out
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(lanes: &Lanes) -> __m256 {
    #[expect(unsafe_code, reason = "there is no safe load")]
    // SAFETY: `lanes` is valid for reads of the eight floats that are loaded, and the load asks for
    // no alignment.
    unsafe {
        _mm256_loadu_ps(lanes.as_ptr())
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store(vector: __m256, lanes: &mut Lanes) {
    #[expect(unsafe_code, reason = "there is no safe store")]
    // SAFETY: `lanes` is valid for writes of the eight floats that are stored, and the store asks
    // for no alignment.
    unsafe {
        _mm256_storeu_ps(lanes.as_mut_ptr(), vector);
    }
}
