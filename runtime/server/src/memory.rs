//! How much memory this process has in use, and how much it may use.

mod limit;

pub(crate) use limit::limit_bytes;

/// The memory that this process has in use, in bytes, where the system tells it.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    limit::kib_of(&status, "VmRSS:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_how_much_is_in_use() {
        assert!(resident_bytes().is_none_or(|bytes| bytes > 1 << 16));
    }

    #[test]
    fn what_is_in_use_is_less_than_what_may_be() {
        if let (Some(used), Some(limit)) = (resident_bytes(), limit_bytes()) {
            assert!(used < limit, "{used} {limit}");
        }
    }
}
