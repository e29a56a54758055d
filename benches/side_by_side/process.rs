//! Processes as Linux's `/proc` shows them.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

/// A process and all that descend from it, itself first.
pub fn family(process: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One that has just ended has no parent.
        if let Some(parent) =
            std::fs::read_to_string(entry.path().join("stat")).ok().as_deref().and_then(parent_in)
        {
            children.entry(parent).or_default().push(child);
        }
    }
    let mut family = vec![process];
    let mut next = 0;
    while let Some(member) = family.get(next) {
        family.extend(children.remove(member).unwrap_or_default());
        next += 1;
    }
    family
}

/// The parent in a line of `/proc/PID/stat`: `PID (NAME) STATE PARENT ...`, and the name may hold
/// brackets and spaces.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Ends a process at once; one that is gone already is fine.
pub fn kill(process: u32) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // There is nothing else to do about one that will not be killed.
        kill_process(process, Signal::KILL).ok();
    }
}

/// The threads of a process, each with its name.
///
/// # Errors
/// When there is no such process.
pub fn threads(process: u32) -> Result<Vec<(Pid, String)>> {
    let folder = std::fs::read_dir(format!("/proc/{process}/task")).context("a server ended")?;
    let thread = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
        // One that has just ended has no name.
        let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
        Some((id, name.trim().to_owned()))
    };
    Ok(folder.flatten().filter_map(thread).collect())
}

/// The processor time that the threads of a process have used, in nanoseconds.
///
/// # Errors
/// When there is no such process, or the kernel keeps no such record.
pub fn cpu_ns(process: u32) -> Result<u64> {
    let mut sum = 0;
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).context("a server ended")?;
    for thread in threads {
        let path = thread?.path().join("schedstat");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        // Fields: time on a processor, time waiting for one, slices.
        let ran = text.split_ascii_whitespace().next().context("schedstat is empty")?;
        sum += ran.parse::<u64>().context("schedstat is not a number")?;
    }
    Ok(sum)
}

/// A process's memory, pages that it shares with others counted in parts, in megabytes (10^6).
///
/// # Errors
/// When there is no such process, or the kernel keeps no such record.
pub fn pss_mb(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map(|kib| kib * 1.024e-3).with_context(|| format!("{path} has no `Pss:`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_stands_behind_the_name() {
        assert_eq!(parent_in("12 (a) b) (c) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12"), None);
    }

    #[test]
    fn a_process_is_of_its_parents_family() {
        let (process, parent) = (std::process::id(), std::os::unix::process::parent_id());
        assert_eq!(family(process).first(), Some(&process));
        assert!(family(parent).contains(&process));
    }
}
