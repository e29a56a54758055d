//! What was typed on the command line, before anybody has looked at it.
//!
//! Values are text, as the environment's are, so that both are checked by the same rules and all
//! problems are told at once. The program's argument parser fills this in; a program that serves a
//! model by itself may as well.

use super::FetchFlags;

/// The options that were given; `None` is left to the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the flag of the same name; the program's help says what it does"
)]
pub struct Flags {
    /// The positional argument.
    pub model: Option<String>,
    pub name: Option<String>,
    pub model_version: Option<String>,
    pub engine: Option<String>,
    pub ort_library: Option<String>,
    pub pickle_allow: Option<String>,
    pub verify: Option<String>,
    pub load_isolated: Option<String>,
    pub load_memory_max: Option<String>,
    pub load_timeout: Option<String>,
    pub fetch: FetchFlags,
    pub threads: Option<String>,
    pub method: Option<String>,
    pub output: Option<String>,
    /// One `NAME=MODEL` for each time that the flag was given; none leaves it to the environment.
    pub also: Vec<String>,
    pub repository: Option<String>,
    pub reload_interval: Option<String>,
    pub models_memory: Option<String>,
    pub engine_threads: Option<String>,
    /// `--run-threads`.
    pub run_threads: Option<String>,
    pub inline_cost_max_us: Option<String>,
    pub batch_rows_max: Option<String>,
    pub batch_wait_max_ms: Option<String>,
    pub deterministic: Option<String>,
    pub host: Option<String>,
    pub http_port: Option<String>,
    pub grpc_port: Option<String>,
    pub metrics_port: Option<String>,
    pub metrics_path: Option<String>,
    pub workers: Option<String>,
    pub bind_early: Option<String>,
    pub ports_file: Option<String>,
    pub cors_allow_origin: Option<String>,
    pub response_compress_bytes_min: Option<String>,
    pub response_cache_bytes: Option<String>,
    pub timing: Option<String>,
    pub tls_cert_file: Option<String>,
    pub tls_key_file: Option<String>,
    pub tls_client_ca_file: Option<String>,
    pub keep_alive: Option<String>,
    pub head_read_timeout: Option<String>,
    pub body_read_timeout: Option<String>,
    pub reply_read_timeout: Option<String>,
    pub request_timeout: Option<String>,
    pub shutdown_timeout: Option<String>,
    pub body_bytes_max: Option<String>,
    pub grpc_message_bytes_max: Option<String>,
    pub requests_max: Option<String>,
    pub model_requests_max: Option<String>,
    pub rows_max: Option<String>,
    pub bytes_max: Option<String>,
    pub client_requests_max: Option<String>,
    pub client_header: Option<String>,
    pub connections_max: Option<String>,
    pub header_bytes_max: Option<String>,
    pub headers_max: Option<String>,
    pub grpc_streams_max: Option<String>,
    pub grpc_resets_max: Option<String>,
    pub tls_handshakes_max: Option<String>,
    pub json_depth_max: Option<String>,
    pub json_elements_max: Option<String>,
    pub termination_log: Option<String>,
    pub log_level: Option<String>,
    pub log_format: Option<String>,
    pub access_log: Option<String>,
    /// Names that `engine` may have beside `auto`: the engines that the program was built with.
    /// With none of them any name is taken, and refused when the model is loaded.
    pub engine_names: &'static [&'static str],
}
