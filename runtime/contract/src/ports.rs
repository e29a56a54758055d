//! Ports and paths that both sides assume when nobody says otherwise.
//!
//! Only the defaults stand here; which value holds is the server's configuration.

/// Port of the REST server (Seldon Core v1; an operator sets `PREDICTIVE_UNIT_HTTP_SERVICE_PORT`).
pub const HTTP: u16 = 9000;

/// Port of the gRPC server (an operator sets 9500 and up).
pub const GRPC: u16 = 5000;

/// Port of the metrics server.
pub const METRICS: u16 = 6000;

/// Path of the metrics on their port (an operator sets `/prometheus`).
pub const METRICS_PATH: &str = "/metrics";

/// Folder into which a storage initializer puts the model.
pub const MODEL_DIR: &str = "/mnt/models";

/// Name of the file with a model's metadata in the model's folder.
pub const METADATA_FILE: &str = "metadata.yaml";

/// The pod's annotations as the downward API writes them.
pub const ANNOTATIONS_FILE: &str = "/etc/podinfo/annotations";

/// What Kubernetes shows of a container that has ended is read from this file.
pub const TERMINATION_LOG: &str = "/dev/termination-log";

/// Answers `pong` as soon as the port is open.
pub const PING_PATH: &str = "/health/ping";

/// Answers the model's health status: a readiness probe over HTTP.
pub const STATUS_PATH: &str = "/health/status";

/// Readiness as an orchestrator serves it.
pub const READY_PATH: &str = "/ready";

/// Liveness as an orchestrator serves it.
pub const LIVE_PATH: &str = "/live";
