//! Requests that a pod has answered, read from the page of its metrics.
//!
//! The page is Prometheus' text format 0.0.4. Only the histogram `radiant_request_seconds` is looked at:
//! its counts by `code` are the answers, its buckets the times.

use std::collections::BTreeMap;

/// The histogram's name.
const HISTOGRAM: &str = "radiant_request_seconds";

/// Statuses of gRPC that blame the server.
const GRPC_ERRORS: [&str; 6] =
    ["UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNIMPLEMENTED"];

/// The bits of a bucket's upper bound, in seconds: positive, so that they are in the bounds' order.
type Bound = u64;

/// Requests answered since a process began, or between two looks at it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Requests {
    /// All of them.
    pub all: f64,
    /// Those with an error of the server's.
    pub errors: f64,
    /// How many took up to so many seconds.
    buckets: BTreeMap<Bound, f64>,
}

/// Reads a page of metrics. Lines that are no samples of the histogram are passed over.
pub fn read(page: &str) -> Requests {
    let mut requests = Requests::default();
    for (name, labels, value) in page.lines().filter_map(sample) {
        match name.strip_prefix(HISTOGRAM) {
            Some("_count") => {
                requests.all += value;
                if label(labels, "code").is_some_and(is_error) {
                    requests.errors += value;
                }
            }
            Some("_bucket") => {
                let bound = label(labels, "le").and_then(|text| text.parse::<f64>().ok());
                if let Some(bound) = bound.filter(|bound| *bound >= 0.0) {
                    *requests.buckets.entry(bound.to_bits()).or_default() += value;
                }
            }
            _ => {}
        }
    }
    requests
}

fn is_error(code: &str) -> bool {
    let is_http = code.len() == 3 && code.starts_with('5');
    is_http || GRPC_ERRORS.contains(&code)
}

/// The name, labels and value of a line.
fn sample(line: &str) -> Option<(&str, &str, f64)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (series, rest) = if let Some((name, rest)) = line.split_once('{') {
        let (labels, rest) = rest.rsplit_once('}')?;
        ((name, labels), rest)
    } else {
        let (name, rest) = line.split_once(' ')?;
        ((name, ""), rest)
    };
    // A time may follow.
    let value = rest.split_whitespace().next()?.parse::<f64>().ok()?;
    value.is_finite().then_some((series.0, series.1, value))
}

/// The value of a label; none that is asked for has an escape in it.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = labels;
    loop {
        let (key, after) = rest.split_once("=\"")?;
        let mut end = None;
        let mut is_escaped = false;
        for (at, byte) in after.bytes().enumerate() {
            match byte {
                b'"' if !is_escaped => {
                    end = Some(at);
                    break;
                }
                b'\\' => is_escaped = !is_escaped,
                _ => is_escaped = false,
            }
        }
        let (value, after) = after.split_at_checked(end?)?;
        if key.trim_start_matches([',', ' ']) == name {
            return Some(value);
        }
        rest = after.strip_prefix('"')?;
    }
}

impl Requests {
    /// Adds those of another pod.
    pub fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.errors += other.errors;
        for (&bound, count) in &other.buckets {
            *self.buckets.entry(bound).or_default() += count;
        }
    }

    /// Those since an earlier look. A process that began anew has counted from nothing.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        if self.all < earlier.all {
            return self.clone();
        }
        let before = |bound| earlier.buckets.get(bound).copied().unwrap_or_default();
        Self {
            all: self.all - earlier.all,
            errors: (self.errors - earlier.errors).max(0.0),
            buckets: self.buckets.iter().map(|(bound, n)| (*bound, n - before(bound))).collect(),
        }
    }

    /// The share of errors, 0 to 1; none without requests.
    pub fn error_rate(&self) -> Option<f64> {
        (self.all > 0.0).then(|| self.errors / self.all)
    }

    /// The time in seconds within which this share of requests was answered, as Prometheus'
    /// `histogram_quantile` estimates it: evenly spread within a bucket; beyond the last bound, that
    /// bound. None without requests.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all = *self.buckets.last_key_value()?.1;
        let rank = share * all;
        let (mut below_s, mut below) = (0.0, 0.0);
        for (&bound, &count) in &self.buckets {
            let bound_s = f64::from_bits(bound);
            if count >= rank && count > below {
                let part = (rank - below) / (count - below);
                return Some(if bound_s.is_finite() {
                    below_s + (bound_s - below_s) * part
                } else {
                    below_s
                });
            }
            (below_s, below) = (bound_s, count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# HELP radiant_request_seconds Time
# TYPE radiant_request_seconds histogram
radiant_request_seconds_bucket{model=\"a\\\"}\",code=\"200\",le=\"0.01\"} 80
radiant_request_seconds_bucket{model=\"a\\\"}\",code=\"200\",le=\"0.1\"} 90
radiant_request_seconds_bucket{model=\"a\\\"}\",code=\"200\",le=\"+Inf\"} 90
radiant_request_seconds_count{model=\"a\\\"}\",code=\"200\"} 90
radiant_request_seconds_sum{model=\"a\\\"}\",code=\"200\"} 1.5
radiant_request_seconds_bucket{model=\"a\",code=\"503\",le=\"0.01\"} 4
radiant_request_seconds_bucket{model=\"a\",code=\"503\",le=\"0.1\"} 4
radiant_request_seconds_bucket{model=\"a\",code=\"503\",le=\"+Inf\"} 4
radiant_request_seconds_count{model=\"a\",code=\"503\"} 4
radiant_request_seconds_count{model=\"a\",code=\"INTERNAL\"} 6 1700000000000
radiant_requests_in_flight 3
nonsense{
";

    #[test]
    fn answers_are_counted_by_their_codes() {
        let requests = read(PAGE);
        assert_eq!((requests.all, requests.errors), (100.0, 10.0));
        assert_eq!(requests.error_rate(), Some(0.1));
        assert_eq!(Requests::default().error_rate(), None);
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        let requests = read(PAGE);
        // 84 of 94 within 0.01 s, 94 within 0.1 s.
        let at = |share| requests.quantile(share).unwrap();
        assert!((at(0.5) - 0.01 * 47.0 / 84.0).abs() < 1e-12);
        assert!((at(0.95) - (0.01 + 0.09 * (0.95 * 94.0 - 84.0) / 10.0)).abs() < 1e-12);
        assert_eq!(Requests::default().quantile(0.95), None);
    }

    #[test]
    fn what_lies_beyond_the_last_bound_is_that_bound() {
        let page = "radiant_request_seconds_bucket{le=\"30\"} 1\nradiant_request_seconds_bucket{le=\"+Inf\"} 9\n";
        assert_eq!(read(page).quantile(0.95), Some(30.0));
    }

    #[test]
    fn two_looks_give_what_was_between_them() {
        let (mut twice, once) = (read(PAGE), read(PAGE));
        twice.add(&once);
        assert_eq!(twice.since(&once), once);
        // Begun anew.
        assert_eq!(once.since(&twice), once);
    }
}
