//! The inner loop of dense layers with eight lanes and fused multiply-add: the compiler does not
//! find it in the portable form when several rows are computed side by side.

use std::arch::x86_64::{
    __m256, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::Isa;
use super::dense::{Lanes, N_LANES, Sums};

/// A processor with AVX2 and FMA; having one is the proof.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fma(());

impl Fma {
    /// The proof, if the processor was seen to have both.
    pub(super) fn new(isa: Isa) -> Option<Self> {
        isa.has_fma.then_some(Self(()))
    }
}

impl Sums for Fma {
    #[inline(always)]
    fn sums<const R: usize>(self, weights: &[Lanes], rows: [&[f32]; R]) -> [Lanes; R] {
        #[expect(unsafe_code, reason = "the processor's features are known only at run time")]
        // SAFETY: a `Fma` is made only where `Isa::detect` saw both features.
        unsafe {
            sums(weights, rows)
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn sums<const R: usize>(weights: &[Lanes], rows: [&[f32]; R]) -> [Lanes; R] {
    let mut sums = [_mm256_setzero_ps(); R];
    for (feature, weights) in weights.iter().enumerate() {
        let weights = load(weights);
        for (row, sum) in rows.iter().zip(&mut sums) {
            *sum = _mm256_fmadd_ps(_mm256_set1_ps(row[feature]), weights, *sum);
        }
    }
    sums.map(|sum| store(sum))
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
fn store(vector: __m256) -> Lanes {
    let mut lanes = [0.0; N_LANES];
    #[expect(unsafe_code, reason = "there is no safe store")]
    // SAFETY: `lanes` is valid for writes of the eight floats that are stored, and the store asks
    // for no alignment.
    unsafe {
        _mm256_storeu_ps(lanes.as_mut_ptr(), vector);
    }
    lanes
}
