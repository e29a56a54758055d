//! The names of the server's metrics: the only list of them.

mod bounds;
mod cache;
mod inference;

pub(crate) use self::bounds::TIMER_BOUNDS;
use self::bounds::{EXECUTOR_BOUNDS, REQUEST_BOUNDS};

/// A metric of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Requests answered.
    Requests,
    /// Time from a request's head to its reply.
    RequestSeconds,
    /// Requests that hold a permit.
    RequestsInFlight,
    /// The most requests that can hold a permit.
    RequestsInFlightMax,
    /// Requests of one model that hold a permit.
    ModelRequestsInFlight,
    /// The most requests of one model that can hold a permit.
    ModelRequestsInFlightMax,
    /// Rows of the requests that hold a permit.
    RowsInFlight,
    /// The most rows that requests can have that hold a permit.
    RowsInFlightMax,
    /// Rows of the requests of one model that hold a permit.
    ModelRowsInFlight,
    /// Bytes that requests hold.
    RequestBytes,
    /// The most bytes that requests can hold.
    RequestBytesMax,
    /// Clients that have requests in flight.
    Clients,
    /// The most requests that one client can have in flight.
    ClientRequestsMax,
    /// Requests that were refused because a budget was used up.
    Refusals,
    /// Requests that wait for an engine thread.
    QueueRequests,
    /// Open connections of the HTTP port.
    HttpConnections,
    /// Open connections of the gRPC port.
    GrpcConnections,
    /// The most connections that either port can have.
    ConnectionsMax,
    /// TLS handshakes that are going on.
    TlsHandshakes,
    /// Limits at the ports.
    EdgeMax,
    /// Clients that went beyond a limit at a port.
    EdgeRefusals,
    /// Requests of one model that wait for an engine thread.
    ModelQueueRequests,
    /// Rows of the requests of one model that wait for an engine thread.
    ModelQueueRows,
    /// Time that requests waited for an engine thread.
    QueueSeconds,
    /// Time in the engine.
    EngineSeconds,
    /// Rows of a run of the engine.
    BatchRows,
    /// Inferences, by how they ended.
    Inferences,
    /// Requests that the response cache answered.
    CacheHits,
    /// Requests that it did not.
    CacheMisses,
    /// Answers that made room for others.
    CacheEvictions,
    /// The memory that it takes.
    CacheBytes,
    /// The most that it takes.
    CacheBytesMax,
    /// Panics of engines and components, each contained to one request.
    Panics,
    /// Whether the model answers.
    ModelReady,
    /// Time that loading and warming the model took.
    ModelLoadSeconds,
    /// Attempts to load the model.
    ModelLoads,
    /// How often the model was unloaded to make room.
    ModelEvictions,
    /// The memory that the model takes.
    ModelMemory,
    /// The most memory that models may take together.
    ModelsMemoryMax,
    /// Requests that wait for a model to be loaded again.
    WaitingForModel,
    /// Looks for changes of models.
    RepositoryLooks,
    /// What is running.
    BuildInfo,
    /// Series of components' own metrics that were refused because there are too many.
    SeriesDropped,
    /// The orchestrator's request histogram, so that its dashboards go on working.
    ExecutorRequestSeconds,
    /// Feedback messages with a reward.
    Feedback,
    /// The sum of rewards.
    FeedbackReward,
}

/// How a metric's values combine, and what they count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// A count that only grows.
    Count,
    /// A sum that can hold fractions; exposed as a counter.
    Sum,
    /// A value that goes up and down.
    Level,
    /// Durations in seconds, in buckets.
    Seconds(&'static [f64]),
    /// Numbers of rows, in buckets.
    Rows(&'static [f64]),
}

/// What is known of a metric beside its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Family {
    /// The name on the metrics page.
    pub name: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// How values combine.
    pub unit: Unit,
}

const REQUEST: &[&str] = &["model", "version", "protocol", "transport", "method", "code"];
const MODEL: &[&str] = &["model", "version"];
const MODEL_OUTCOME: &[&str] = &["model", "version", "outcome"];

/// Labels of everything that Seldon's Python microservice exposes (seldon-core 1.18.2).
const COMPONENT: &[&str] = &[
    "deployment_name",
    "image_name",
    "image_version",
    "method",
    "model_image",
    "model_name",
    "model_version",
    "predictor_name",
    "predictor_version",
    "seldon_deployment_name",
    "worker_id",
];

impl Metric {
    /// All metrics, in the order of the documentation.
    pub const ALL: [Self; 46] = [
        Self::Requests,
        Self::RequestSeconds,
        Self::RequestsInFlight,
        Self::RequestsInFlightMax,
        Self::ModelRequestsInFlight,
        Self::ModelRequestsInFlightMax,
        Self::RowsInFlight,
        Self::RowsInFlightMax,
        Self::ModelRowsInFlight,
        Self::RequestBytes,
        Self::RequestBytesMax,
        Self::Clients,
        Self::ClientRequestsMax,
        Self::Refusals,
        Self::QueueRequests,
        Self::HttpConnections,
        Self::GrpcConnections,
        Self::ConnectionsMax,
        Self::TlsHandshakes,
        Self::EdgeMax,
        Self::EdgeRefusals,
        Self::ModelQueueRequests,
        Self::ModelQueueRows,
        Self::QueueSeconds,
        Self::EngineSeconds,
        Self::BatchRows,
        Self::Inferences,
        Self::CacheHits,
        Self::CacheMisses,
        Self::CacheEvictions,
        Self::CacheBytes,
        Self::CacheBytesMax,
        Self::Panics,
        Self::ModelReady,
        Self::ModelLoadSeconds,
        Self::ModelLoads,
        Self::ModelEvictions,
        Self::ModelMemory,
        Self::ModelsMemoryMax,
        Self::WaitingForModel,
        Self::RepositoryLooks,
        Self::BuildInfo,
        Self::SeriesDropped,
        Self::ExecutorRequestSeconds,
        Self::Feedback,
        Self::FeedbackReward,
    ];

    /// Name, help, labels and unit.
    pub const fn family(self) -> Family {
        match self {
            Self::Requests => family(
                "radiant_requests_total",
                "Requests answered, by the status code of the reply: HTTP's number or gRPC's name",
                REQUEST,
                Unit::Count,
            ),
            Self::RequestSeconds => family(
                "radiant_request_seconds",
                "Time from the head of a request to its reply, body included",
                REQUEST,
                Unit::Seconds(REQUEST_BOUNDS),
            ),
            Self::Panics => family(
                "radiant_panics_total",
                "Panics of engines and components, each contained to one request",
                MODEL,
                Unit::Count,
            ),
            Self::BuildInfo => family(
                "radiant_build_info",
                "Always 1; the label tells the version that runs",
                &["version"],
                Unit::Level,
            ),
            Self::SeriesDropped => family(
                "radiant_series_dropped_total",
                "Values of components' own metrics dropped because there are too many series",
                &[],
                Unit::Count,
            ),
            Self::ModelRequestsInFlight
            | Self::ModelRequestsInFlightMax
            | Self::RowsInFlight
            | Self::RowsInFlightMax
            | Self::ModelRowsInFlight
            | Self::RequestBytes
            | Self::RequestBytesMax
            | Self::Refusals => self.admission_family(),
            Self::RequestsInFlight
            | Self::RequestsInFlightMax
            | Self::Clients
            | Self::ClientRequestsMax
            | Self::QueueRequests
            | Self::HttpConnections
            | Self::GrpcConnections
            | Self::ConnectionsMax
            | Self::TlsHandshakes => self.load_family(),
            Self::EdgeMax | Self::EdgeRefusals => self.edge_family(),
            Self::ModelQueueRequests
            | Self::ModelQueueRows
            | Self::QueueSeconds
            | Self::EngineSeconds
            | Self::BatchRows
            | Self::Inferences => self.inference_family(),
            Self::CacheHits
            | Self::CacheMisses
            | Self::CacheEvictions
            | Self::CacheBytes
            | Self::CacheBytesMax => self.cache_family(),
            Self::ModelReady
            | Self::ModelLoadSeconds
            | Self::ModelLoads
            | Self::ModelEvictions
            | Self::ModelMemory
            | Self::ModelsMemoryMax
            | Self::WaitingForModel
            | Self::RepositoryLooks => self.repository_family(),
            other => other.seldon_family(),
        }
    }

    /// The families of the budgets that requests are admitted by.
    const fn admission_family(self) -> Family {
        match self {
            Self::ModelRequestsInFlight => family(
                "radiant_model_requests_in_flight",
                "Requests of the model that hold a permit",
                MODEL,
                Unit::Level,
            ),
            Self::ModelRequestsInFlightMax => family(
                "radiant_model_requests_in_flight_max",
                "The limit of radiant_model_requests_in_flight while other models hold no permit \
                 (--model-requests-max, --requests-max)",
                &[],
                Unit::Level,
            ),
            Self::RowsInFlight => family(
                "radiant_rows_in_flight",
                "Rows of the requests that hold a permit",
                &[],
                Unit::Level,
            ),
            Self::RowsInFlightMax => family(
                "radiant_rows_in_flight_max",
                "The limit of radiant_rows_in_flight; a request of more rows runs alone (--rows-max)",
                &[],
                Unit::Level,
            ),
            Self::ModelRowsInFlight => family(
                "radiant_model_rows_in_flight",
                "Rows of the requests of the model that hold a permit; bounded by --rows-max",
                MODEL,
                Unit::Level,
            ),
            Self::RequestBytes => family(
                "radiant_request_bytes",
                "Bytes of bodies and messages that are being read or answered, and of what they \
                 unpack to, but for small ones that came at once",
                &[],
                Unit::Level,
            ),
            Self::RequestBytesMax => family(
                "radiant_request_bytes_max",
                "The limit of radiant_request_bytes (--bytes-max)",
                &[],
                Unit::Level,
            ),
            _ => family(
                "radiant_refusals_total",
                "Requests refused because a budget was used up; `budget` is `requests`, \
                 `model_requests`, `rows`, `bytes`, `time` or `client_requests`",
                &["budget"],
                Unit::Count,
            ),
        }
    }

    /// The families that tell how much is going on at once, and the bounds on it.
    const fn load_family(self) -> Family {
        let (name, help) = match self {
            Self::RequestsInFlight => (
                "radiant_requests_in_flight",
                "Requests that hold a permit: running, or waiting for an engine thread",
            ),
            Self::RequestsInFlightMax => (
                "radiant_requests_in_flight_max",
                "The limit of radiant_requests_in_flight (--requests-max)",
            ),
            Self::Clients => (
                "radiant_clients",
                "Clients that have requests in flight, where --client-requests-max bounds theirs",
            ),
            Self::ClientRequestsMax => (
                "radiant_client_requests_max",
                "The most requests that one client can have in flight, where that is bounded \
                 (--client-requests-max)",
            ),
            Self::QueueRequests => (
                "radiant_queue_requests",
                "Requests that wait for an engine thread; bounded by --requests-max",
            ),
            Self::HttpConnections => (
                "radiant_http_connections",
                "Open connections of the HTTP port; bounded by --connections-max",
            ),
            Self::GrpcConnections => (
                "radiant_grpc_connections",
                "Open connections of the gRPC port; bounded by --connections-max",
            ),
            Self::TlsHandshakes => (
                "radiant_tls_handshakes",
                "TLS handshakes that are going on, of both ports; bounded by --tls-handshakes-max",
            ),
            _ => (
                "radiant_connections_max",
                "The limit of radiant_http_connections and of radiant_grpc_connections, each \
                 (--connections-max)",
            ),
        };
        family(name, help, &[], Unit::Level)
    }

    /// The families that tell of the limits at the ports.
    const fn edge_family(self) -> Family {
        match self {
            Self::EdgeMax => family(
                "radiant_edge_max",
                "The limits at the ports that docs/limits.md lists; `limit` is `header_bytes`, \
                 `headers`, `grpc_streams_per_connection`, `grpc_resets_per_second` or \
                 `tls_handshakes`",
                &["limit"],
                Unit::Level,
            ),
            _ => family(
                "radiant_edge_refusals_total",
                "Clients that went beyond a limit at a port; `reason` is `connections`, \
                 `handshakes`, `handshake`, `head`, `headers`, `body`, `reply`, `idle`, `streams`, \
                 `resets`, `frames` or `ping`, which docs/limits.md explains",
                &["transport", "reason"],
                Unit::Count,
            ),
        }
    }

    /// The families that tell of the coming and going of models.
    const fn repository_family(self) -> Family {
        match self {
            Self::ModelReady => family(
                "radiant_model_ready",
                "1 while the model is loaded, 0 while it loads, is unloaded or is drained",
                MODEL,
                Unit::Level,
            ),
            Self::ModelLoadSeconds => family(
                "radiant_model_load_seconds",
                "Time that loading and warming the model took",
                MODEL,
                Unit::Level,
            ),
            Self::ModelLoads => family(
                "radiant_model_loads_total",
                "Attempts to load the model; `outcome` is `ok` or `failed`",
                MODEL_OUTCOME,
                Unit::Count,
            ),
            Self::ModelEvictions => family(
                "radiant_model_evictions_total",
                "How often the model was unloaded to make room for another (--models-memory)",
                MODEL,
                Unit::Count,
            ),
            Self::ModelMemory => family(
                "radiant_model_memory_bytes",
                "Memory that the model takes while it is loaded: the size of its files, or what the \
                 process grew by when it was loaded where that is more",
                MODEL,
                Unit::Level,
            ),
            Self::ModelsMemoryMax => family(
                "radiant_models_memory_max_bytes",
                "The limit of the sum of radiant_model_memory_bytes (--models-memory)",
                &[],
                Unit::Level,
            ),
            Self::WaitingForModel => family(
                "radiant_model_waiting_requests",
                "Requests that wait for a model to be loaded again; bounded by --requests-max",
                &[],
                Unit::Level,
            ),
            _ => family(
                "radiant_repository_looks_total",
                "Looks for changes of models (--reload-interval); `outcome` is `ok` or `failed`",
                &["outcome"],
                Unit::Count,
            ),
        }
    }

    /// The families whose names and labels are Seldon Core's.
    const fn seldon_family(self) -> Family {
        match self {
            Self::ExecutorRequestSeconds => family(
                "seldon_api_executor_server_requests_seconds",
                "Time of requests to the external paths, as the orchestrator counts them; over gRPC \
                 `service` is the full method, and `code` has Go's spelling",
                &[
                    "deployment_name",
                    "predictor_name",
                    "predictor_version",
                    "service",
                    "method",
                    "code",
                ],
                Unit::Seconds(EXECUTOR_BOUNDS),
            ),
            Self::Feedback => family(
                "seldon_api_model_feedback_total",
                "Feedback messages with a reward other than zero",
                COMPONENT,
                Unit::Sum,
            ),
            _ => family(
                "seldon_api_model_feedback_reward_total",
                "The sum of rewards; falls when a reward is negative",
                COMPONENT,
                Unit::Sum,
            ),
        }
    }
}

const fn family(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    unit: Unit,
) -> Family {
    Family { name, help, labels, unit }
}
