//! What a worker may take, so that a bomb is its own end and not the machine's.

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Bytes of address space.
pub(crate) const MEMORY_MAX: u64 = 4 << 30;

/// Limits this process.
///
/// # Errors
/// When the system does not let it.
pub(crate) fn limit() -> Result<()> {
    for (resource, to) in [(Resource::As, MEMORY_MAX), (Resource::Core, 0)] {
        let maximum = getrlimit(resource).maximum;
        let to = maximum.map_or(to, |maximum| maximum.min(to));
        let limit = Rlimit { current: Some(to), maximum: Some(to) };
        setrlimit(resource, limit).context("limiting a worker")?;
    }
    Ok(())
}
