//! How much memory a trial may have: what was configured, or what the container has left.

use std::fs;

/// Files that tell the container's limit and use, in bytes: control groups version 2 and 1.
const CGROUPS: [(&str, &str); 2] = [
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
];

/// A program that has mapped its libraries and stacks has taken this much address space.
const PROGRAM: usize = 512 << 20;

/// Bytes of address space: at most `configured`, and no more than the container can still give. A
/// process that takes more than that would have the system end it, or the server beside it.
pub(super) fn allowance(configured: usize) -> usize {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<usize>().ok();
    let left = |(max, used): (&str, &str)| number(max)?.checked_sub(number(used)?);
    match CGROUPS.into_iter().find_map(left) {
        Some(left) => configured.min(left.saturating_add(PROGRAM)),
        None => configured,
    }
}
