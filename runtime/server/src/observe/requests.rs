//! Handles of everything that is recorded for a request, resolved once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};
use radiant_core::{Map, MetricKind, Value};

use super::metric::{TIMER_BOUNDS, Unit};
use super::registry::{Cell, Labels};
use super::{Metric, Registry};
use crate::config::NodeIdentity;
use crate::http::Endpoint;

/// Status codes that have a slot of their own; any other shares the last.
const CODES: [u16; 16] =
    [200, 400, 403, 404, 405, 408, 413, 415, 422, 429, 500, 501, 502, 503, 504, 0];

/// Who this node is, as labels of Seldon's own metrics.
#[derive(Debug, Clone)]
pub(crate) struct NodeLabels(Vec<(&'static str, String)>);

impl NodeLabels {
    pub(crate) fn new(node: &NodeIdentity) -> Self {
        let mut labels: Vec<_> =
            node.seldon_labels().into_iter().map(|(name, value)| (name, value.into())).collect();
        labels.push(("worker_id", std::process::id().to_string()));
        Self(labels)
    }

    fn get(&self, name: &str) -> &str {
        let label = self.0.iter().find(|(label, _)| *label == name);
        label.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The labels of a component's series, sorted by name.
    fn component(&self, method: &str, tags: Option<&Map>) -> Labels {
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in tags.into_iter().flatten() {
            labels.insert(label_name(name), label_value(value));
        }
        // The server's own labels win over a tag of the same name.
        labels.insert("method".to_owned(), method.to_owned());
        labels.extend(self.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        labels.into_iter().collect()
    }
}

/// A name with every character that Prometheus does not allow replaced.
fn label_name(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = name.chars().map(allowed).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn label_value(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => {
            let mut json = Vec::new();
            radiant_protocol::json::encode(other, &mut json);
            String::from_utf8_lossy(&json).into_owned()
        }
    }
}

/// What a request came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) endpoint: Endpoint,
    /// Whether it came by a path that an orchestrator would have answered.
    pub(crate) external: bool,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
    pub(crate) elapsed: Duration,
}

/// The request counters and histograms of one model.
#[derive(Debug)]
pub(crate) struct RequestMetrics {
    registry: Arc<Registry>,
    node: NodeLabels,
    model: String,
    version: String,
    handles: Box<[[OnceLock<Handles>; CODES.len()]; Endpoint::ALL.len()]>,
}

#[derive(Debug)]
struct Handles {
    requests: Counter,
    seconds: Histogram,
    // By method would be exact; an external endpoint has one method in practice.
    executor: OnceLock<Histogram>,
}

impl RequestMetrics {
    pub(crate) fn new(
        registry: Arc<Registry>,
        node: NodeLabels,
        model: &str,
        version: &str,
    ) -> Self {
        Self {
            registry,
            node,
            model: model.to_owned(),
            version: version.to_owned(),
            handles: Box::default(),
        }
    }

    /// Records one answered request: a counter and one or two histograms.
    pub(crate) fn record(&self, outcome: &Outcome) {
        let code = CODES.iter().position(|&code| code == outcome.status);
        let slot = code.unwrap_or(CODES.len() - 1);
        let Some(cell) = self.handles.get(outcome.endpoint as usize).and_then(|row| row.get(slot))
        else {
            return;
        };
        let handles = cell.get_or_init(|| self.handles(outcome));
        let seconds = outcome.elapsed.as_secs_f64();
        handles.requests.increment(1);
        handles.seconds.record(seconds);
        if outcome.external {
            handles.executor.get_or_init(|| self.executor(outcome)).record(seconds);
        }
    }

    fn handles(&self, outcome: &Outcome) -> Handles {
        let code = outcome.status.to_string();
        let labels =
            [self.model.as_str(), &self.version, "seldon", outcome.endpoint.name(), code.as_str()];
        Handles {
            requests: self.registry.counter(Metric::Requests, &labels),
            seconds: self.registry.histogram(Metric::RequestSeconds, &labels),
            executor: OnceLock::new(),
        }
    }

    fn executor(&self, outcome: &Outcome) -> Histogram {
        let code = outcome.status.to_string();
        let labels = [
            self.node.get("deployment_name"),
            self.node.get("predictor_name"),
            self.node.get("predictor_version"),
            outcome.endpoint.service(),
            outcome.method,
            &code,
        ];
        self.registry.histogram(Metric::ExecutorRequestSeconds, &labels)
    }

    /// Counts a feedback message with its reward.
    pub(crate) fn feedback(&self, reward: f32) {
        let labels = self.node.component("feedback", None);
        for (metric, value) in
            [(Metric::Feedback, 1.0), (Metric::FeedbackReward, f64::from(reward))]
        {
            let name = metric.family().name;
            self.add(name, Unit::Sum, &labels, value);
        }
    }

    /// Records a component's own metric; `method` is Seldon's name of the graph method.
    pub(crate) fn component(&self, metric: &radiant_core::Metric, method: &str) {
        let Some(value) = number(&metric.value) else { return };
        let labels = self.node.component(method, metric.tags.as_ref());
        let key = label_name(&metric.key);
        match metric.kind {
            MetricKind::Counter => self.add(&format!("{key}_total"), Unit::Sum, &labels, value),
            MetricKind::Gauge => self.add(&key, Unit::Level, &labels, value),
            MetricKind::Timer => self.add(&key, Unit::Seconds(&TIMER_BOUNDS), &labels, value),
        }
    }

    fn add(&self, name: &str, unit: Unit, labels: &Labels, value: f64) {
        match (self.registry.component_cell(name, unit, labels), unit) {
            (Some(Cell::Number(cell)), Unit::Level) => metrics::GaugeFn::set(&*cell, value),
            (Some(Cell::Number(cell)), _) => metrics::GaugeFn::increment(&*cell, value),
            (Some(Cell::Buckets(cell)), _) => metrics::HistogramFn::record(&*cell, value / 1000.0),
            // No unit of a component's metric is kept in another cell.
            (Some(Cell::Count(_) | Cell::Live(_)), _) => {}
            (None, _) => self.registry.counter(Metric::SeriesDropped, &[]).increment(1),
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::BigInt(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// The handles of one model's engine.
#[derive(Debug)]
pub(crate) struct ModelMetrics {
    pub(crate) engine_seconds: Histogram,
    pub(crate) panics: Counter,
    pub(crate) ready: Gauge,
    pub(crate) load_seconds: Gauge,
}

impl ModelMetrics {
    pub(crate) fn new(registry: &Registry, model: &str, version: &str) -> Self {
        let labels = [model, version];
        Self {
            engine_seconds: registry.histogram(Metric::EngineSeconds, &labels),
            panics: registry.counter(Metric::Panics, &labels),
            ready: registry.gauge(Metric::ModelReady, &labels),
            load_seconds: registry.gauge(Metric::ModelLoadSeconds, &labels),
        }
    }
}
