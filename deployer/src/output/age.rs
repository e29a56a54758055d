//! How long ago something was, as `kubectl` words it.

use k8s_openapi::jiff::Timestamp;

/// The time between two moments in at most two units; `<unknown>` where the first is not known.
pub(crate) fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    let Some(since) = since else { return "<unknown>".to_owned() };
    // A clock that is behind makes nothing younger than now.
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 if seconds % 60 != 0 => format!("{minutes}m{}s", seconds % 60),
        120..10_800 => format!("{minutes}m"),
        10_800..28_800 if minutes % 60 != 0 => format!("{hours}h{}m", minutes % 60),
        10_800..172_800 => format!("{hours}h"),
        172_800..691_200 if hours % 24 != 0 => format!("{days}d{}h", hours % 24),
        172_800..63_072_000 => format!("{days}d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_at_most_two_units() {
        let cases = [
            (-5, "0s"),
            (119, "119s"),
            (125, "2m5s"),
            (120, "2m"),
            (3600, "60m"),
            (11_000, "3h3m"),
            (86_400, "24h"),
            (176_400, "2d1h"),
            (864_000, "10d"),
            (100_000_000, "3y"),
        ];
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        for (seconds, expected) in cases {
            let since = Timestamp::from_second(1_000_000_000 - seconds).unwrap();
            assert_eq!(age(Some(since), now), expected, "{seconds}");
        }
        assert_eq!(age(None, now), "<unknown>");
    }
}
