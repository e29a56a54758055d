//! Pages in the Prometheus text format, as sets of series.

use std::collections::{BTreeMap, BTreeSet};

/// One page: `# TYPE` lines and values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Page {
    types: BTreeSet<String>,
    // Name with sorted labels -> value as it was spelt.
    series: BTreeMap<String, String>,
}

impl Page {
    /// Parses a page. `worker_id` is masked: it differs from process to process.
    pub(crate) fn parse(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if line.starts_with("# TYPE ") {
                page.types.insert(line.to_owned());
            } else if !line.starts_with('#') {
                let (series, value) =
                    line.rsplit_once(' ').expect("a line is a series and a value");
                let twice = page.series.insert(normalise(series), value.to_owned());
                assert_eq!(twice, None, "the series stands twice: {series}");
            }
        }
        page
    }

    /// What of this page another lacks, line by line.
    pub(crate) fn missing_in(&self, other: &Self) -> Vec<String> {
        let types = self.types.difference(&other.types).cloned();
        let series = self.series.iter().filter_map(|(name, value)| match other.series.get(name) {
            Some(got) if got == value => None,
            Some(got) => Some(format!("{name}: expected {value}, got {got}")),
            None => Some(format!("{name}: expected {value}, got nothing")),
        });
        types.chain(series).collect()
    }

    /// The sum of all series with this name and these labels among theirs.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
        let chosen = self.series.iter().filter(|(series, _)| {
            let (found, rest) = series.split_once('{').unwrap_or((series, ""));
            let have: Vec<&str> = rest.trim_end_matches('}').split(',').collect();
            found == name && wanted.iter().all(|label| have.contains(&label.as_str()))
        });
        chosen.map(|(_, value)| value.parse::<f64>().expect("a value is a number")).sum()
    }
}

/// The name and the labels in order. Values of labels in these tests hold no comma.
fn normalise(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else { return series.to_owned() };
    let labels = labels
        .trim_end_matches('}')
        .split(',')
        .map(|label| if label.starts_with("worker_id=") { "worker_id=\"PID\"" } else { label });
    let mut labels: Vec<&str> = labels.collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

#[test]
fn pages_compare_irrespective_of_order_and_worker() {
    let recorded = "# TYPE a counter\na{x=\"1\",worker_id=\"PID\"} 4.0\n";
    let ours = "# HELP a what\n# TYPE a counter\na{worker_id=\"7\",x=\"1\"} 4.0\nb 1.0\n";
    assert_eq!(Page::parse(recorded).missing_in(&Page::parse(ours)), Vec::<String>::new());
    let other = Page::parse(&ours.replace("4.0", "5.0").replace("# TYPE a", "# TYPE c"));
    assert_eq!(Page::parse(recorded).missing_in(&other).len(), 2);
    assert!((Page::parse(ours).sum("a", &[("x", "1")]) - 4.0).abs() < f64::EPSILON);
}
