//! What the system says of a server's process, and what it may have.

use rustix::process::{Resource, Rlimit, prlimit};

use crate::support::process::Server;
use crate::support::prometheus::Page;

/// How many files and sockets a server has open.
pub(crate) fn open_files(server: &Server) -> usize {
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid()));
    open.expect("the process lives").count()
}

/// What `/proc/PID/status` says of a server's memory, in KiB: `VmRSS`, for example.
pub(crate) fn memory_kib(server: &Server, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kib.unwrap_or_else(|| panic!("no `{field}` in:\n{status}"))
}

/// Lets a server have so many bytes of memory more than it has now; beyond them the system refuses,
/// which ends it.
pub(crate) fn limit_memory(server: &Server, bytes: u64) {
    let max = Some((memory_kib(server, "VmData") << 10) + bytes);
    let limit = Rlimit { current: max, maximum: max };
    prlimit(Some(server.pid()), Resource::Data, limit).expect("it is ours");
}

/// Waits until no request and no connection is left.
pub(crate) fn wait_for_quiet(server: &mut Server) {
    const LEFT: [&str; 3] =
        ["radiant_requests_in_flight", "radiant_http_connections", "radiant_grpc_connections"];
    let quiet = server.until(|server| {
        let page = Page::parse(&server.metrics_page());
        let left: f64 = LEFT.iter().map(|name| page.sum(name, &[])).sum();
        (left < 0.5).then_some(())
    });
    assert!(quiet.is_some(), "{}", server.metrics_page());
}
