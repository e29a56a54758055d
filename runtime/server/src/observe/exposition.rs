//! The metrics page: Prometheus text format 0.0.4.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use super::histogram::Snapshot;
use super::metric::Unit;
use super::registry::{Cell, Labels, Registry};

impl Registry {
    /// All series in the Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut page = String::new();
        for (name, series) in &*self.read() {
            let kind = match series.unit {
                Unit::Count | Unit::Sum => "counter",
                Unit::Level => "gauge",
                Unit::Seconds(_) | Unit::Rows(_) => "histogram",
            };
            push(&mut page, format_args!("# HELP {name} {}\n# TYPE {name} {kind}\n", series.help));
            for (labels, cell) in &series.cells {
                push_cell(&mut page, name, labels, cell);
            }
        }
        page
    }
}

fn push_cell(page: &mut String, name: &str, labels: &Labels, cell: &Cell) {
    match cell {
        Cell::Count(count) => {
            push_line(page, name, labels, None, Number(count.load(Ordering::Relaxed) as f64));
        }
        Cell::Live(level) => {
            push_line(page, name, labels, None, Number(level.load(Ordering::Relaxed) as f64));
        }
        Cell::Number(bits) => {
            push_line(
                page,
                name,
                labels,
                None,
                Number(f64::from_bits(bits.load(Ordering::Relaxed))),
            );
        }
        Cell::Buckets(buckets) => push_buckets(page, name, labels, buckets.snapshot()),
        Cell::Runs(statistics, bounds) => {
            push_buckets(page, name, labels, statistics.snapshot().in_buckets(bounds));
        }
    }
}

fn push_buckets(page: &mut String, name: &str, labels: &Labels, snapshot: Snapshot) {
    let bucket = format!("{name}_bucket");
    for (bound, count) in snapshot.cumulative {
        push_line(page, &bucket, labels, Some(Number(bound)), Number(count as f64));
    }
    let all = Number(snapshot.count as f64);
    push_line(page, &bucket, labels, Some(Number(f64::INFINITY)), all);
    push_line(page, &format!("{name}_count"), labels, None, all);
    push_line(page, &format!("{name}_sum"), labels, None, Number(snapshot.sum));
}

fn push_line(page: &mut String, name: &str, labels: &Labels, bound: Option<Number>, value: Number) {
    page.push_str(name);
    let mut separator = '{';
    for (label, text) in labels {
        push(page, format_args!("{separator}{label}=\""));
        push_escaped(page, text);
        page.push('"');
        separator = ',';
    }
    if let Some(bound) = bound {
        push(page, format_args!("{separator}le=\"{bound}\""));
        separator = ',';
    }
    if separator == ',' {
        page.push('}');
    }
    push(page, format_args!(" {value}\n"));
}

fn push_escaped(page: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\\' => page.push_str("\\\\"),
            '"' => page.push_str("\\\""),
            '\n' => page.push_str("\\n"),
            other => page.push(other),
        }
    }
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` fails for no reason but a failing `Display`, and ours do not.
    let written = page.write_fmt(text);
    debug_assert!(written.is_ok(), "a display failed");
}

/// A number as Prometheus clients write it: `4.0`, `+Inf`, `1e-05`.
#[derive(Debug, Clone, Copy)]
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_nan() {
            f.write_str("NaN")
        } else if self.0.is_infinite() {
            f.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" })
        } else {
            write!(f, "{:?}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metric;
    use super::*;

    #[test]
    fn a_histogram_shows_cumulative_buckets_count_and_sum() {
        let registry = Registry::new();
        let histogram = registry.histogram(Metric::EngineSeconds, &["m", "1"]);
        histogram.record(0.000_002);
        histogram.record(60.0);
        let page = registry.render();
        for line in [
            "# TYPE radiant_engine_seconds histogram",
            "radiant_engine_seconds_bucket{model=\"m\",version=\"1\",le=\"2.5e-6\"} 1.0",
            "radiant_engine_seconds_bucket{model=\"m\",version=\"1\",le=\"10.0\"} 1.0",
            "radiant_engine_seconds_bucket{model=\"m\",version=\"1\",le=\"+Inf\"} 2.0",
            "radiant_engine_seconds_count{model=\"m\",version=\"1\"} 2.0",
            "radiant_engine_seconds_sum{model=\"m\",version=\"1\"} 60.000002",
        ] {
            assert!(page.lines().any(|got| got == line), "{line} is missing in\n{page}");
        }
    }

    #[test]
    fn label_values_are_escaped() {
        let registry = Registry::new();
        registry.counter(Metric::Panics, &["a\"b\\c\nd", "1"]).increment(1);
        assert!(registry.render().contains("model=\"a\\\"b\\\\c\\nd\""));
    }
}
