//! The server's configuration: validated, typed, and able to say where each value comes from.
//!
//! [`Config::build`] looks at the flags, then at the `RADIANT_` variables, then at those of Seldon
//! Core and MLServer and the node's parameters, then at the pod's annotations, then at the defaults;
//! what stands first holds, and what it hides is not looked at. All problems are told at once.
//! Nothing else in the server reads the environment, and nothing here does IO but to look at the CPUs
//! and the memory that there are: the environment and the annotations come in.

mod admission;
mod also;
mod answers;
mod batching;
mod build;
mod choice;
mod edge;
mod fetching;
mod flags;
mod loading;
mod models;
mod node;
mod resolve;
#[cfg(test)]
mod tests;
mod tls;
mod value;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use radiant_contract::Layer;
use radiant_protocol::Limits;
use radiant_storage::ModelUri;

use crate::BatchOptions;

pub use admission::Admission;
pub use answers::{AnswerOptions, Telling};
pub use build::termination_log;
pub use choice::{Cors, LogFormat, LogLevel, Method, default_name};
pub use edge::EdgeLimits;
pub use fetching::{FetchFlags, Fetching};
pub use flags::Flags;
pub use loading::{Isolated, Loading};
pub use node::NodeIdentity;
pub use resolve::{ConfigErrors, Effective, Problem, Source};
pub use tls::TlsFiles;
pub use value::parse_duration;

/// Everything that the server needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// The main model; where there is none it is one of the repository.
    pub model: Option<ModelUri>,
    /// The main model's name; empty where it is the first of the repository.
    pub model_name: String,
    /// The version of models that are given without one.
    pub model_version: String,
    /// The engine's name, or `auto`.
    pub engine: String,
    /// How models are put on engines.
    pub loading: Loading,
    /// How models are fetched from elsewhere.
    pub fetching: Fetching,
    /// What an estimator answers.
    pub method: Method,
    /// The output that a model with several answers with, by name.
    pub output: Option<String>,
    /// The models that are served beside it, each with its name; all names differ.
    pub also: Vec<(String, ModelUri)>,
    /// A folder of models, each in a folder of its own.
    pub repository: Option<ModelUri>,
    /// How often it is looked whether models have changed.
    pub reload_interval: Option<Duration>,
    /// The memory that models may take together, in bytes.
    pub models_memory: Option<usize>,
    /// Threads that run models too slow for the HTTP workers.
    pub engine_threads: usize,
    /// Threads that one run on an engine thread may use, itself among them.
    pub run_threads: usize,
    /// The measured cost of a run up to which it happens on the HTTP worker.
    pub inline_cost_max: Duration,
    /// Whether requests share runs.
    pub batching: BatchOptions,

    /// The address to listen on.
    pub host: IpAddr,
    /// The REST port; 0 is one from the system.
    pub http_port: u16,
    /// The gRPC port; 0 is one from the system.
    pub grpc_port: u16,
    /// Whether gRPC is served; without it its port stays closed.
    pub grpc_enabled: bool,
    /// The metrics port; 0 is one from the system.
    pub metrics_port: u16,
    /// The path of the metrics.
    pub metrics_path: String,
    /// Threads that serve HTTP.
    pub workers: usize,
    /// Whether the ports open before the model is loaded.
    pub bind_early: bool,
    /// A file to write the open ports to, once the server is ready.
    pub ports_file: Option<PathBuf>,
    /// Which origins browsers may call from.
    pub cors: Cors,
    /// The size of a reply, in bytes, from which it is compressed for a client that accepts it.
    pub compress_bytes_min: Option<usize>,
    /// What goes along with answers, and which of them are kept.
    pub answers: AnswerOptions,
    /// What the REST and gRPC ports speak TLS with; without it they are plain.
    pub tls: Option<TlsFiles>,

    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// How long a client may take to send the head of a request, and to open a connection.
    pub head_read_timeout: Duration,
    /// How long a client may take to send a body, beyond a second for each 64 KiB.
    pub body_read_timeout: Duration,
    /// How long a client may take to read a reply, beyond a second for each 64 KiB.
    pub reply_read_timeout: Duration,
    /// How long a prediction may take.
    pub request_timeout: Option<Duration>,
    /// How long requests may take to finish after SIGTERM.
    pub shutdown_timeout: Duration,

    /// The largest request body, in bytes.
    pub body_bytes_max: usize,
    /// The largest gRPC message, in bytes.
    pub grpc_message_bytes_max: usize,
    /// How much may be in flight at once.
    pub admission: Admission,
    /// Requests in flight of each client.
    pub client_requests_max: Option<usize>,
    /// The header whose value tells a client; its address does where there is none.
    pub client_header: Option<String>,
    /// Open connections of the HTTP port, and of the gRPC port.
    pub connections_max: usize,
    /// What a client may do at the ports, beside its requests.
    pub edge: EdgeLimits,
    /// What decoders accept.
    pub limits: Limits,

    /// A file that is told why the process ends when it ends badly, if it is there.
    pub termination_log: Option<PathBuf>,
    /// The least important level that is logged.
    pub log_level: LogLevel,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Whether each request is logged.
    pub access_log: bool,

    /// Who this server is in its deployment.
    pub node: NodeIdentity,
    /// Metadata from `MODEL_METADATA`; it has been checked against the defaults.
    pub metadata: Option<Layer>,
    /// Whether replies carry `meta.metrics`.
    pub include_metrics_in_reply: bool,
    /// Whether bodies reach a component, and its answers leave, as raw bytes.
    pub payload_passthrough: bool,
    /// Whether an orchestrator calls this server; without one, no feedback is counted.
    pub executor_enabled: bool,

    /// What works, and is probably not what was meant.
    pub warnings: Vec<String>,
    /// Every option with its value and source, in the order of the documentation.
    pub effective: Vec<Effective>,
}
