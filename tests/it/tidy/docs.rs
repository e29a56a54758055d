//! Documents: in step with the tables they are written from, and without dead links.

use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

use radiant_contract::{EnvSource as _, ProcessEnv};
use radiant_server::{Family, Metric, Unit};

use super::edges::packages;
use super::files;
use crate::support::workspace;

const HEAD: &str = "\
# Metrics

Everything that the server exposes on its metrics port (`--metrics-port`, 6000) at its metrics path
(`--metrics-path`, `/metrics`), in the Prometheus text format 0.0.4. A component's own metrics appear
beside these under the names that it gives them, with the labels of
`seldon_api_model_feedback_total`.

`radiant_*` is recorded for every request, gRPC's health and reflection excepted.
`seldon_api_executor_server_requests_seconds` is recorded for what a client of a deployment calls:
`/api/...`, `/seldon/...`, `/v2...`, `/v1/...`, and over gRPC the services `Seldon`,
`GRPCInferenceService` and TensorFlow's. A service orchestrator calls `/predict` and the services of
graph nodes, and counts its clients' requests itself, under the same name.

Labels are bounded: `method` is the endpoint, `transport` is `rest` or `grpc`, `code` is the HTTP
status or gRPC's name of a status, `model` and `version` are those of the model that was asked, empty
where none was. `worker_id` is always the same, as there is one process; it is there because
dashboards group by it.

This page is written by `UPDATE_DOCS=1 cargo test -p radiant-tests metrics`.
";

const WATCH: &str = "
## What to watch

Queries in PromQL, over all replicas of a model; add `namespace` or `pod` where the page is scraped with
these labels.

How long requests wait for an engine thread, and so whether there are enough replicas; time in the queue
grows before anything is refused:

```promql
histogram_quantile(0.99, sum by (model, le) (rate(radiant_queue_seconds_bucket[5m])))
```

The share of inferences that did not end as their client wished. `rejected` is overload, `expired` is
overload or too short a deadline, `abandoned` is clients that lose patience, `failed` is the model:

```promql
sum by (model, outcome) (rate(radiant_inferences_total{outcome!~\"done|retried\"}[5m]))
  / ignoring (outcome) group_left sum by (model) (rate(radiant_inferences_total[5m]))
```

How full a replica is; beyond 1 requests are refused:

```promql
max by (pod) (radiant_requests_in_flight / radiant_requests_in_flight_max)
```

Rows of a run on average. 1 under load means that requests do not share runs: the model does not allow it,
or each runs on the thread that decoded it. And how busy engines are, in threads:

```promql
sum by (model) (rate(radiant_batch_rows_sum[5m])) / sum by (model) (rate(radiant_batch_rows_count[5m]))
sum by (model) (rate(radiant_engine_seconds_sum[5m]))
```

The latter is the whole for models that are too slow to run where they are decoded; of others a sample is
timed, as the table says. The exact number of runs is `radiant_batch_rows_count`.

The share of requests that the response cache answers, where there is one:

```promql
sum by (model) (rate(radiant_response_cache_hits_total[5m]))
  / (sum by (model) (rate(radiant_response_cache_hits_total[5m]))
    + sum by (model) (rate(radiant_response_cache_misses_total[5m])))
```

Worth an alert: the 99th percentile of the queue above half of what clients wait, for five minutes;
any `rejected` for five minutes; `radiant_panics_total` that grows; `radiant_model_ready` of 0. As rules for
Prometheus' operator: [`k8s/prometheusrule.yaml`](../k8s/prometheusrule.yaml).
";

fn metrics_page() -> String {
    let mut page = HEAD.to_owned();
    for (heading, seldon) in [("Radiant's own", false), ("Seldon Core's names", true)] {
        write!(
            page,
            "\n## {heading}\n\n| name | type | labels | what it tells |\n|---|---|---|---|\n"
        )
        .expect("a string takes it");
        for family in Metric::ALL.map(Metric::family) {
            if family.name.starts_with("seldon_") == seldon {
                page.push_str(&row(&family));
            }
        }
    }
    for family in Metric::ALL.map(Metric::family) {
        let (unit, bounds) = match family.unit {
            Unit::Seconds(bounds) => ("seconds", bounds),
            Unit::Rows(bounds) => ("rows", bounds),
            Unit::Count | Unit::Sum | Unit::Level => continue,
        };
        let bounds: Vec<String> = bounds.iter().map(f64::to_string).collect();
        write!(page, "\nBuckets of `{}` in {unit}: {}.\n", family.name, bounds.join(", "))
            .expect("a string takes it");
    }
    page.push_str(WATCH);
    page
}

fn row(family: &Family) -> String {
    let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
    let kind = match family.unit {
        Unit::Count | Unit::Sum => "counter",
        Unit::Level => "gauge",
        Unit::Seconds(_) | Unit::Rows(_) => "histogram",
    };
    format!("| `{}` | {kind} | {} | {} |\n", family.name, labels.join(", "), family.help)
}

#[test]
fn the_page_of_metrics_says_what_the_table_says() {
    let path = workspace().join("docs/metrics.md");
    if ProcessEnv.get("UPDATE_DOCS").is_some() {
        fs::write(&path, metrics_page()).expect("docs/metrics.md can be written");
    }
    let page = fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == metrics_page(),
        "docs/metrics.md differs from the table: UPDATE_DOCS=1 cargo test -p radiant-tests metrics"
    );
}

#[test]
fn links_of_documents_lead_to_files() {
    let mut dead = Vec::new();
    for path in files::all() {
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let text = files::text(&path).expect("a document is UTF-8");
        let folder = path.parent().unwrap_or(Path::new(""));
        for target in links(&text) {
            let file = normal(&folder.join(target.split('#').next().unwrap_or_default()));
            if !workspace().join(&file).exists() {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "links to nothing: {dead:#?}");
}

/// Targets of `[text](target)` that are files, code aside.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            found
                .extend(targets.filter(|target| !target.contains(':') && !target.starts_with('#')));
        }
    }
    found
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[test]
fn the_map_of_the_tree_names_every_crate() {
    let map = fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap_or_default();
    for (name, folder) in packages() {
        assert!(map.contains(&name), "ARCHITECTURE.md does not name `{name}` ({folder})");
    }
}
