//! Handles of everything that is recorded for a request, resolved once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};
use radiant_core::{Map, MetricKind, Value};
use radiant_schedule::Counts;
use tokio::time::Instant;

use super::endings::Endings;
use super::histogram::Buckets;
use super::metric::{TIMER_BOUNDS, Unit};
use super::registry::{Cell, Labels};
use super::{Metric, Registry};
use crate::config::NodeIdentity;
use crate::endpoint::Endpoint;

/// HTTP status codes that have a slot of their own; any other shares the last.
const HTTP_CODES: [u16; N_CODES] =
    [200, 400, 403, 404, 405, 408, 413, 415, 422, 429, 500, 501, 502, 503, 504, 499, 0];
/// gRPC has as many status codes, from 0 on.
const N_CODES: usize = 17;
/// The names of gRPC's status codes.
const GRPC_CODES: [&str; N_CODES] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The same, as the orchestrator spells them (gRPC for Go, `codes.Code`).
const ORCHESTRATOR_GRPC_CODES: [&str; N_CODES] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// How a request came, and so which codes its replies have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Rest,
    Grpc,
}

impl Transport {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Grpc => "grpc",
        }
    }
}

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
    pub(crate) transport: Transport,
    pub(crate) endpoint: Endpoint,
    /// Whether it came by a path that an orchestrator would have answered.
    pub(crate) external: bool,
    pub(crate) method: &'static str,
    /// The status code of HTTP or gRPC.
    pub(crate) status: u16,
    pub(crate) started: Instant,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    fn code_index(&self) -> usize {
        match self.transport {
            Transport::Rest => HTTP_CODES.iter().position(|&code| code == self.status),
            Transport::Grpc => Some(usize::from(self.status)).filter(|&code| code < N_CODES),
        }
        .unwrap_or(N_CODES - 1)
    }

    /// The value of the label `code`, gRPC's codes having these names.
    fn code(&self, grpc: &[&'static str; N_CODES]) -> Cow<'static, str> {
        match self.transport {
            Transport::Rest => self.status.to_string().into(),
            Transport::Grpc => grpc.get(self.code_index()).copied().unwrap_or_default().into(),
        }
    }

    /// The value of the orchestrator's label `service`, if an orchestrator could have answered.
    fn service(&self) -> Option<&'static str> {
        match self.transport {
            _ if !self.external => None,
            Transport::Rest => Some(self.endpoint.service()),
            Transport::Grpc => self.endpoint.grpc_service(),
        }
    }
}

/// The request counters and histograms of one model.
#[derive(Debug)]
pub(crate) struct RequestMetrics {
    registry: Arc<Registry>,
    node: NodeLabels,
    model: String,
    version: String,
    // By transport, endpoint and code.
    handles: Box<[OnceLock<Handles>]>,
    last_run_ns: AtomicU64,
    started: Instant,
}

#[derive(Debug)]
struct Handles {
    requests: Counter,
    seconds: Histogram,
    buckets: Arc<Buckets>,
    // By method would be exact; an external endpoint has one method in practice.
    executor: OnceLock<Histogram>,
}

impl RequestMetrics {
    pub(crate) fn new(
        registry: &Arc<Registry>,
        node: &NodeLabels,
        model: &str,
        version: &str,
    ) -> Self {
        Self {
            registry: Arc::clone(registry),
            node: node.clone(),
            model: model.to_owned(),
            version: version.to_owned(),
            handles: (0..2 * Endpoint::ALL.len() * N_CODES).map(|_| OnceLock::new()).collect(),
            last_run_ns: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    /// Records one answered request: a counter and one or two histograms.
    pub(crate) fn record(&self, outcome: &Outcome) {
        let row = outcome.transport as usize * Endpoint::ALL.len() + outcome.endpoint as usize;
        let slot = row * N_CODES + outcome.code_index();
        let Some(cell) = self.handles.get(slot) else { return };
        let handles = cell.get_or_init(|| self.handles(outcome));
        let seconds = outcome.elapsed.as_secs_f64();
        handles.requests.increment(1);
        handles.seconds.record(seconds);
        if let Some(service) = outcome.service() {
            handles.executor.get_or_init(|| self.executor(outcome, service)).record(seconds);
        }
        if outcome.endpoint.runs_model() {
            let ended = outcome.started.duration_since(self.started) + outcome.elapsed;
            let ns = u64::try_from(ended.as_nanos()).unwrap_or(u64::MAX);
            self.last_run_ns.store(ns, Ordering::Relaxed);
        }
    }

    /// How long ago the model was last asked, if it was.
    pub(crate) fn last_run(&self) -> Option<Duration> {
        let at = Duration::from_nanos(self.last_run_ns.load(Ordering::Relaxed));
        (!at.is_zero()).then(|| self.started.elapsed().saturating_sub(at))
    }

    /// The requests that ran the model, and those that failed: how many, and how long in all.
    pub(crate) fn runs(&self) -> [(u64, Duration); 2] {
        let mut sums = [(0, Duration::ZERO); 2];
        for (slot, cell) in self.handles.iter().enumerate() {
            let (row, code) = (slot / N_CODES, slot % N_CODES);
            let endpoint = Endpoint::ALL.get(row % Endpoint::ALL.len());
            // The first code of both transports is that of success.
            let sum = sums.get_mut(usize::from(code > 0));
            if let (Some(handles), Some(endpoint), Some(sum)) = (cell.get(), endpoint, sum)
                && endpoint.runs_model()
            {
                let snapshot = handles.buckets.snapshot();
                sum.0 += snapshot.count;
                sum.1 += Duration::try_from_secs_f64(snapshot.sum).unwrap_or_default();
            }
        }
        sums
    }

    fn handles(&self, outcome: &Outcome) -> Handles {
        let code = outcome.code(&GRPC_CODES);
        let labels = [
            self.model.as_str(),
            &self.version,
            outcome.endpoint.protocol().name(),
            outcome.transport.name(),
            outcome.endpoint.name(),
            &code,
        ];
        let buckets = self.registry.buckets(Metric::RequestSeconds, &labels);
        Handles {
            requests: self.registry.counter(Metric::Requests, &labels),
            seconds: Histogram::from_arc(Arc::clone(&buckets)),
            buckets,
            executor: OnceLock::new(),
        }
    }

    fn executor(&self, outcome: &Outcome, service: &str) -> Histogram {
        let code = outcome.code(&ORCHESTRATOR_GRPC_CODES);
        let labels = [
            self.node.get("deployment_name"),
            self.node.get("predictor_name"),
            self.node.get("predictor_version"),
            service,
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
            (Some(Cell::Count(_) | Cell::Live(_) | Cell::Runs(..)), _) => {}
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
    pub(crate) queue: Counts,
    pub(crate) queue_seconds: Histogram,
    pub(crate) engine_seconds: Histogram,
    pub(crate) endings: Endings,
    pub(crate) panics: Counter,
    pub(crate) ready: Gauge,
    pub(crate) load_seconds: Gauge,
    pub(crate) loads: Counter,
    pub(crate) failed_loads: Counter,
    pub(crate) evictions: Counter,
    pub(crate) memory_bytes: Gauge,
}

impl ModelMetrics {
    pub(crate) fn new(registry: &Registry, model: &str, version: &str) -> Self {
        let (labels, queue) = ([model, version], Counts::default());
        registry.expose(Metric::ModelQueueRequests, &labels, &queue.jobs);
        registry.expose(Metric::ModelQueueRows, &labels, &queue.rows);
        Self {
            queue,
            queue_seconds: registry.histogram(Metric::QueueSeconds, &labels),
            engine_seconds: registry.histogram(Metric::EngineSeconds, &labels),
            endings: Endings::new(registry, model, version),
            panics: registry.counter(Metric::Panics, &labels),
            ready: registry.gauge(Metric::ModelReady, &labels),
            load_seconds: registry.gauge(Metric::ModelLoadSeconds, &labels),
            loads: registry.counter(Metric::ModelLoads, &[model, version, "ok"]),
            failed_loads: registry.counter(Metric::ModelLoads, &[model, version, "failed"]),
            evictions: registry.counter(Metric::ModelEvictions, &labels),
            memory_bytes: registry.gauge(Metric::ModelMemory, &labels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orchestrators_labels_are_its_own_over_each_transport() {
        let registry = Arc::new(Registry::new());
        let node = NodeLabels::new(&NodeIdentity::default());
        let metrics = RequestMetrics::new(&registry, &node, "iris", "1");
        let outcome = |transport, endpoint, status| Outcome {
            transport,
            endpoint,
            external: true,
            method: if transport == Transport::Rest { "post" } else { "unary" },
            status,
            started: Instant::now(),
            elapsed: Duration::ZERO,
        };
        metrics.record(&outcome(Transport::Rest, Endpoint::Predict, 200));
        metrics.record(&outcome(Transport::Grpc, Endpoint::Predict, 3));
        metrics.record(&outcome(Transport::Grpc, Endpoint::Infer, 0));
        metrics.record(&outcome(Transport::Grpc, Endpoint::V2Unknown, 12));
        let internal = outcome(Transport::Grpc, Endpoint::Feedback, 0);
        metrics.record(&Outcome { external: false, ..internal });
        let page = registry.render();
        let of_orchestrator =
            |line: &&str| line.starts_with("seldon_api_executor_server_requests_seconds_count");
        let lines: Vec<&str> = page.lines().filter(of_orchestrator).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        for labels in [
            [r#"code="200""#, r#"method="post""#, r#"service="predictions""#],
            [
                r#"code="InvalidArgument""#,
                r#"method="unary""#,
                r#"service="/seldon.protos.Seldon/Predict""#,
            ],
            [
                r#"code="OK""#,
                r#"method="unary""#,
                r#"service="/inference.GRPCInferenceService/ModelInfer""#,
            ],
        ] {
            let has_all = |line: &&str| labels.iter().all(|label| line.contains(label));
            assert!(lines.iter().any(has_all), "{labels:?} in {lines:?}");
        }
        assert!(page.contains(r#"code="UNIMPLEMENTED""#), "{page}");
    }
}
