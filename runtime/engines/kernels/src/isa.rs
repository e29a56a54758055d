//! What the processor offers, and kernels compiled for it.

/// What the processor offers; making one is the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa {
    // Invariant: true only where AVX2 and FMA were detected.
    has_fma: bool,
}

/// A loop that gains from being compiled for the processor at hand.
pub trait Kernel {
    /// What the loop gives.
    type Output;

    /// Runs it. Implementations are `#[inline(always)]`, and so is all they call in a loop, to be
    /// compiled together with their caller.
    fn call(self) -> Self::Output;
}

impl Isa {
    /// Asks the processor.
    #[inline]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let has_fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        // Elsewhere the compiler's baseline is all there is; AArch64 has fused multiply-add in it.
        #[cfg(not(target_arch = "x86_64"))]
        let has_fma = false;
        Self { has_fma }
    }

    /// Whether AVX2 and FMA were detected.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn has_fma(self) -> bool {
        self.has_fma
    }

    /// Runs a kernel in the best form that the processor can execute.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        if self.has_fma {
            #[expect(unsafe_code, reason = "the processor's features are known only at run time")]
            // SAFETY: `has_fma` is true only where `detect` saw both features that the function
            // is compiled for.
            return unsafe { run_with_fma(kernel) };
        }
        kernel.call()
    }

    /// What every processor can do.
    #[cfg(test)]
    pub(crate) fn baseline() -> Self {
        Self { has_fma: false }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_with_fma<K: Kernel>(kernel: K) -> K::Output {
    kernel.call()
}
