//! Durations and shares as texts: `1h30m`, `1.5%`.

use std::time::Duration;

/// How long anything may take: a year.
const DURATION_MAX: Duration = Duration::from_hours(366 * 24);

/// Reads a duration such as `90s`, `10m`, `1h30m` or `500ms`; `0` needs no unit.
///
/// `None` for anything else, and for more than a year.
pub fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 5] =
        [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut total_ms = 0_u64;
    // Units go from large to small, each once: `30m1h` is a slip.
    let mut before_ms = u64::MAX;
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let (_, unit_ms) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        if unit_ms >= before_ms {
            return None;
        }
        let n: u64 = digits.parse().ok()?;
        total_ms = total_ms.checked_add(n.checked_mul(unit_ms)?)?;
        before_ms = unit_ms;
        rest = after;
    }
    let is_any = !text.is_empty();
    is_any.then(|| Duration::from_millis(total_ms)).filter(|total| *total <= DURATION_MAX)
}

/// Reads a share such as `1%` or `0.5%`, and gives 0.01 or 0.005; it may be more than the whole.
///
/// `None` for anything else.
pub fn share(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let is_one = is_plain(whole) && is_plain(fraction) && number.len() <= 12;
    let percent: f64 = number.parse().ok().filter(|_| is_one)?;
    Some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, expected_ms) in [
            ("90s", 90_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("500ms", 500),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(expected_ms)), "{text}");
        }
        for text in ["", "10", "m", "10 m", "-1s", "1.5h", "30m1h", "1m1m", "5x", "99999999999999h"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn shares_have_a_sign() {
        for (text, expected) in [("1%", 0.01), ("0.5%", 0.005), ("120%", 1.2), ("0%", 0.0)] {
            assert!((share(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        for text in ["", "%", "1", "-1%", "1e3%", "inf%", ".5%", "1.%", "1 %"] {
            assert_eq!(share(text), None, "{text}");
        }
    }
}
