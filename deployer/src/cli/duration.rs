//! Durations in arguments: `90s`, `10m`, `1h30m`.

use std::time::Duration;

use crate::config::units;

/// Reads a duration; `0` needs no unit.
///
/// # Errors
/// What was expected.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a duration such as `90s`, `10m` or `1h30m`".to_owned();
    units::duration(text).ok_or_else(expected)
}
