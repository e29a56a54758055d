//! The rate below which a client is too slow, to send and to read, once its time is used up.

use std::time::Duration;

const BYTES_A_SECOND_MIN: f64 = 65_536.0;

/// The time that bytes which came or went buy: what is large may take long, and what trickles may
/// not.
pub(crate) fn bought(n_bytes: usize) -> Duration {
    Duration::from_secs_f64(n_bytes as f64 / BYTES_A_SECOND_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_bought_with_64_kib() {
        assert_eq!(bought(0), Duration::ZERO);
        assert_eq!(bought(1 << 16), Duration::from_secs(1));
    }
}
