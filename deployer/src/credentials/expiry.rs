//! Until when credentials are good, by what is written beside them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// A time as clouds write it: RFC 3339, also without seconds or without an offset, or a date.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let plain = text.trim_end_matches(['Z', 'z']);
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(plain, form).ok());
    let date = || NaiveDate::parse_from_str(plain, "%Y-%m-%d").ok();
    let time = time.or_else(|| Some(date()?.and_time(NaiveTime::MIN)))?;
    Some(time.and_utc())
}

/// A member of a signature's query, decoded as far as times and letters need it.
pub(super) fn member(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(value.replace("%3A", ":").replace("%3a", ":").replace("%2B", "+").replace("%2b", "+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_clouds_write_them() {
        for (text, expected) in [
            ("2026-10-01T12:30:00Z", "2026-10-01 12:30:00 UTC"),
            ("2026-10-01T12:30:00+02:00", "2026-10-01 10:30:00 UTC"),
            ("2026-10-01T12:30:00.123456Z", "2026-10-01 12:30:00.123456 UTC"),
            ("2026-10-01T12:30Z", "2026-10-01 12:30:00 UTC"),
            ("2026-10-01", "2026-10-01 00:00:00 UTC"),
        ] {
            assert_eq!(time(text).unwrap().to_string(), expected);
        }
        for text in ["", "soon", "2026-13-01", "1759322100"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn members_of_signatures_are_decoded() {
        let query = "sv=2024&se=2026-10-01T12%3A30%3A00Z&sp=rl&sig=x%3D";
        assert_eq!(member(query, "se").as_deref(), Some("2026-10-01T12:30:00Z"));
        assert_eq!(member(query, "sp").as_deref(), Some("rl"));
        assert_eq!(member(query, "sr"), None);
    }
}
