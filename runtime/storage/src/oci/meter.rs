//! Who is told how far contents are on their way.

/// Is told how far the contents of a blob are on their way.
pub trait Meter: Send + Sync {
    /// So many of its bytes have gone; fewer than before where some must go again.
    fn at(&self, bytes: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMeter;

impl Meter for NoMeter {
    fn at(&self, _bytes: u64) {}
}
