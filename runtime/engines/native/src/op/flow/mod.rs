//! Operators with graphs inside: If, Loop and Scan.

mod body;
mod branch;
mod loops;
mod scan;

use super::Builder;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "If" => branch::branch,
        "Loop" => loops::loops,
        "Scan" => scan::scan,
        _ => return None,
    })
}
