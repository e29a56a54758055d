//! What a decoder accepts at most, so that no body can take more memory or stack than it is worth.
//!
//! The size of a body in bytes is not here: whoever reads it from the socket counts it.

/// The limits that every decoder is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may be nested in one value. A decoder descends at most
    /// [`DEPTH_CEILING`](Self::DEPTH_CEILING) levels, whatever stands here.
    pub depth_max: usize,
    /// How many axes a tensor may have.
    pub rank_max: usize,
    /// How many elements one tensor, or one value without a schema, may hold.
    pub elements_max: usize,
}

impl Limits {
    /// The depth that fits the stack of any thread.
    pub const DEPTH_CEILING: usize = 512;

    /// The depth to which a decoder descends.
    pub(crate) fn depth(&self) -> usize {
        self.depth_max.min(Self::DEPTH_CEILING)
    }
}

impl Default for Limits {
    /// 128 levels, 32 axes (numpy's limit before 2.0) and 2^24 elements (128 MiB of FP64).
    fn default() -> Self {
        Self { depth_max: 128, rank_max: 32, elements_max: 1 << 24 }
    }
}
