//! How much memory this process may use: what its control group allows, else what the machine has.
//!
//! Control groups of both versions are known by their files (Linux, `cgroup-v2.rst`,
//! `cgroup-v1/memory.rst`): a group is bounded by those that it is in, too.

use std::fs::read_to_string;
use std::path::{Component, Path, PathBuf};

const CGROUPS: &str = "/sys/fs/cgroup";

/// The memory that this process may use, in bytes, where the system tells it.
pub(crate) fn limit_bytes() -> Option<u64> {
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    let files = limit_files(&groups).into_iter().filter_map(|file| read_to_string(file).ok());
    let limits = files.filter_map(|text| limit_of(&text));
    let machine = read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| kib_of(&text, "MemTotal:"));
    limits.chain(machine).min()
}

/// The files with the limits of the groups that `/proc/self/cgroup` names and of those around them.
/// In a container the names may be those outside of it, where the files are not; then the topmost
/// ones are the container's.
fn limit_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(group)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let (root, file) = if controllers.is_empty() {
            (PathBuf::from(CGROUPS), "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            (Path::new(CGROUPS).join("memory"), "memory.limit_in_bytes")
        } else {
            continue;
        };
        let group = Path::new(group.trim_start_matches('/'));
        if group.components().all(|part| matches!(part, Component::Normal(_))) {
            files.extend(group.ancestors().map(|group| root.join(group).join(file)));
        } else {
            files.push(root.join(file));
        }
    }
    files
}

/// The limit that such a file tells; none for `max`.
fn limit_of(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The value of a line such as `MemTotal:  24684208 kB`, in bytes.
pub(super) fn kib_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(groups: &str) -> Vec<String> {
        limit_files(groups).iter().map(|file| file.display().to_string()).collect()
    }

    #[test]
    fn the_groups_of_both_versions_and_those_around_them_are_asked() {
        assert_eq!(files("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(
            files("0::/kubepods/pod1\n"),
            [
                "/sys/fs/cgroup/kubepods/pod1/memory.max",
                "/sys/fs/cgroup/kubepods/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
        assert_eq!(
            files("9:name=systemd:/\n4:cpu,memory:/docker/a:b\n1:cpu:/x\n"),
            [
                "/sys/fs/cgroup/memory/docker/a:b/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ]
        );
    }

    #[test]
    fn names_that_lead_elsewhere_are_not_followed() {
        assert_eq!(files("0::/../../etc\n"), ["/sys/fs/cgroup/memory.max"]);
        for nothing in ["", "0", "0:", "x:y", "4:memoryless:/"] {
            assert_eq!(files(nothing), Vec::<String>::new(), "{nothing}");
        }
    }

    #[test]
    fn numbers_are_limits_and_other_words_are_none() {
        assert_eq!(limit_of("536870912\n"), Some(536_870_912));
        assert_eq!(limit_of("9223372036854771712"), Some(9_223_372_036_854_771_712));
        for none in ["max\n", "", "-1", "99999999999999999999"] {
            assert_eq!(limit_of(none), None, "{none}");
        }
        let text = "MemTotal:       24684208 kB\nMemFree: 1 kB\n";
        assert_eq!(kib_of(text, "MemTotal:"), Some(24_684_208 << 10));
        assert_eq!(kib_of(text, "MemFree:"), Some(1024));
        assert_eq!(kib_of("MemTotal: 18446744073709551615 kB", "MemTotal:"), None);
        assert_eq!(kib_of(text, "Swap:"), None);
    }
}
