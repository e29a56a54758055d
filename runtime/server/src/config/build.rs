//! Builds a [`Config`]: the defaults, and which places may set each option.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use radiant_contract::annotations::{GRPC_MAX_MESSAGE_SIZE, REST_TIMEOUT};
use radiant_contract::env::{
    CORS_ALLOWED_ORIGINS, GRPC_WORKERS, GUNICORN_ACCESS_LOG, INCLUDE_METRICS_IN_CLIENT_RESPONSE,
    MLSERVER_GRPC_PORT, MLSERVER_HTTP_PORT, MLSERVER_METRICS_ENDPOINT, MLSERVER_METRICS_PORT,
    MODEL_METADATA, PAYLOAD_PASSTHROUGH, PREDICTIVE_UNIT_GRPC_SERVICE_PORT,
    PREDICTIVE_UNIT_HTTP_SERVICE_PORT, PREDICTIVE_UNIT_METRICS_ENDPOINT,
    PREDICTIVE_UNIT_METRICS_SERVICE_PORT, PREDICTIVE_UNIT_PARAMETERS, RADIANT_ACCESS_LOG,
    RADIANT_BIND_EARLY, RADIANT_BODY_BYTES_MAX, RADIANT_BODY_READ_TIMEOUT, RADIANT_CONNECTIONS_MAX,
    RADIANT_CORS_ALLOW_ORIGIN, RADIANT_ENGINE, RADIANT_ENGINE_THREADS,
    RADIANT_GRPC_MESSAGE_BYTES_MAX, RADIANT_GRPC_PORT, RADIANT_HEAD_READ_TIMEOUT, RADIANT_HOST,
    RADIANT_HTTP_PORT, RADIANT_INLINE_COST_MAX_US, RADIANT_JSON_DEPTH_MAX,
    RADIANT_JSON_ELEMENTS_MAX, RADIANT_KEEP_ALIVE, RADIANT_LOG_FORMAT, RADIANT_LOG_LEVEL,
    RADIANT_METRICS_PATH, RADIANT_METRICS_PORT, RADIANT_PORTS_FILE, RADIANT_REQUEST_TIMEOUT,
    RADIANT_RESPONSE_COMPRESS_BYTES_MIN, RADIANT_RUN_THREADS, RADIANT_SHUTDOWN_TIMEOUT,
    RADIANT_TERMINATION_LOG, RADIANT_THREADS, RADIANT_WORKERS, SELDON_EXECUTOR_ENABLED,
    SELDON_LOG_LEVEL,
};
use radiant_contract::{Annotations, EnvSource, Layer, Metadata, Parameters, ports};
use radiant_protocol::Limits;

use super::resolve::{Effective, Resolver, Source};
use super::value::{
    BOOL, CORS, COUNT, DEPTH, DURATION, DURATION_FROM_1S, DURATION_OR_NONE, FILE_OR_NONE,
    GRPC_PROCESSES, HOST, LOG_FORMAT, LOG_LEVEL, MICROSECONDS, PORT, SIZE, SIZE_OR_NONE, TEXT,
    THREADS, URL_PATH,
};
use super::{
    Admission, AnswerOptions, Config, ConfigErrors, Cors, EdgeLimits, Fetching, Flags, Loading,
    LogFormat, LogLevel, Method, NodeIdentity, admission, batching, edge, fetching, loading,
};
use super::{answers, models, node, tls};
use crate::BatchOptions;

/// The idle time up to which Seldon's orchestrator reuses a connection (the default of Go's HTTP
/// client).
const ORCHESTRATOR_IDLE: Duration = Duration::from_secs(90);

impl Config {
    /// Builds the configuration from what was typed, the environment, and the text of the pod's
    /// annotations file where there is one.
    ///
    /// # Errors
    /// All problems: for each the option, who set it, what is expected and what is there.
    pub fn build(
        flags: &Flags,
        env: &dyn EnvSource,
        annotations: Option<&str>,
    ) -> Result<Self, ConfigErrors> {
        let mut resolver = Resolver::new(env);
        parameters(&mut resolver);
        let annotations = read_annotations(&mut resolver, annotations);
        let mut config = defaults();
        models::models(&mut config, &mut resolver, flags);
        engine(&mut config, &mut resolver, flags);
        config.batching = batching::batching(&mut resolver, flags);
        config.loading = loading::loading(&mut resolver, flags);
        config.fetching = fetching::fetching(&mut resolver, &flags.fetch);
        network(&mut config, &mut resolver, flags);
        config.answers = answers::answers(&mut resolver, flags);
        config.tls = tls::files(&mut resolver, flags);
        timeouts(&mut config, &mut resolver, flags, &annotations);
        limits(&mut config, &mut resolver, flags, &annotations);
        logging(&mut config, &mut resolver, flags);
        seldon(&mut config, &mut resolver);
        ports_differ(&config, &mut resolver);
        if !resolver.problems.is_empty() {
            return Err(ConfigErrors(resolver.problems));
        }
        config.warnings = resolver.warnings;
        config.effective = resolver.effective;
        Ok(config)
    }
}

/// What holds when nobody says anything.
fn defaults() -> Config {
    let n_cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
    Config {
        model: None,
        model_name: String::new(),
        model_version: "1".to_owned(),
        engine: "auto".to_owned(),
        loading: Loading::default(),
        fetching: Fetching::default(),
        method: Method::Probabilities,
        output: None,
        also: Vec::new(),
        repository: None,
        reload_interval: None,
        models_memory: None,
        engine_threads: n_cpus,
        run_threads: 1,
        inline_cost_max: Duration::from_micros(50),
        batching: BatchOptions::default(),
        host: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        http_port: ports::HTTP,
        grpc_port: ports::GRPC,
        grpc_enabled: true,
        metrics_port: ports::METRICS,
        metrics_path: ports::METRICS_PATH.to_owned(),
        workers: n_cpus,
        bind_early: false,
        ports_file: None,
        cors: Cors::Any,
        compress_bytes_min: Some(1 << 10),
        answers: AnswerOptions::default(),
        tls: None,
        keep_alive: Duration::from_mins(2),
        head_read_timeout: Duration::from_secs(15),
        body_read_timeout: Duration::from_secs(30),
        reply_read_timeout: Duration::from_secs(30),
        request_timeout: None,
        shutdown_timeout: Duration::from_secs(8),
        body_bytes_max: 256 << 20,
        grpc_message_bytes_max: i32::MAX.unsigned_abs() as usize,
        admission: Admission::of_machine(n_cpus),
        client_requests_max: None,
        client_header: None,
        // Ten for each request that may be in flight: clients keep idle ones for later.
        connections_max: 10_000,
        edge: EdgeLimits::default(),
        limits: Limits::default(),
        termination_log: None,
        log_level: LogLevel::Info,
        log_format: LogFormat::Text,
        access_log: false,
        node: NodeIdentity::default(),
        metadata: None,
        include_metrics_in_reply: true,
        payload_passthrough: false,
        executor_enabled: true,
        warnings: Vec::new(),
        effective: Vec::new(),
    }
}

/// Parameters that a served model knows.
const PARAMETERS: [&str; 3] = ["model_uri", "method", "output"];

fn parameters(resolver: &mut Resolver<'_>) {
    let Some(text) = PREDICTIVE_UNIT_PARAMETERS.read(resolver.env) else { return };
    match Parameters::parse(&text) {
        Ok(parameters) => {
            let unknown = parameters.names().filter(|name| !PARAMETERS.contains(name));
            let warnings: Vec<String> = unknown
                .map(|name| format!("parameter `{name}` is not known here and has no effect"))
                .collect();
            resolver.warnings.extend(warnings);
            resolver.parameters = parameters;
        }
        Err(problems) => {
            for problem in problems {
                let source = Source::Env(PREDICTIVE_UNIT_PARAMETERS.name);
                resolver.problem("parameters", source, problem.to_string());
            }
        }
    }
}

fn read_annotations(resolver: &mut Resolver<'_>, text: Option<&str>) -> Annotations {
    let annotations = Annotations::parse(text.unwrap_or_default());
    resolver.warnings.extend(annotations.ignored_lines().iter().map(|line| {
        format!("{} line {line} is no `key=\"value\"` and has no effect", ports::ANNOTATIONS_FILE)
    }));
    annotations
}

fn engine(config: &mut Config, resolver: &mut Resolver<'_>, flags: &Flags) {
    config.engine = resolver
        .option("engine")
        .flag(flags.engine.as_ref())
        .env(&[&RADIANT_ENGINE])
        .or(&TEXT, config.engine.clone());
    let names = flags.engine_names;
    if config.engine != "auto" && !names.is_empty() && !names.contains(&config.engine.as_str()) {
        let message = format!("expected auto or {}, got `{}`", names.join(", "), config.engine);
        resolver.problem("engine", resolver.source_of("engine"), message);
    }
    let threads = resolver
        .option("threads")
        .flag(flags.threads.as_ref())
        .env(&[&RADIANT_THREADS])
        .or(&THREADS, config.engine_threads);
    (config.engine_threads, config.workers) = (threads, threads);
    config.engine_threads = resolver
        .option("engine_threads")
        .flag(flags.engine_threads.as_ref())
        .env(&[&RADIANT_ENGINE_THREADS])
        .or(&THREADS, config.engine_threads);
    config.run_threads = resolver
        .option("run_threads")
        .flag(flags.run_threads.as_ref())
        .env(&[&RADIANT_RUN_THREADS])
        .or(&THREADS, config.run_threads);
    config.inline_cost_max = resolver
        .option("inline_cost_max_us")
        .flag(flags.inline_cost_max_us.as_ref())
        .env(&[&RADIANT_INLINE_COST_MAX_US])
        .or(&MICROSECONDS, config.inline_cost_max);
}

fn network(config: &mut Config, resolver: &mut Resolver<'_>, flags: &Flags) {
    config.host = resolver
        .option("host")
        .flag(flags.host.as_ref())
        .env(&[&RADIANT_HOST])
        .or(&HOST, config.host);
    config.http_port = resolver
        .option("http_port")
        .flag(flags.http_port.as_ref())
        .env(&[&RADIANT_HTTP_PORT, &PREDICTIVE_UNIT_HTTP_SERVICE_PORT, &MLSERVER_HTTP_PORT])
        .or(&PORT, config.http_port);
    config.grpc_port = resolver
        .option("grpc_port")
        .flag(flags.grpc_port.as_ref())
        .env(&[&RADIANT_GRPC_PORT, &PREDICTIVE_UNIT_GRPC_SERVICE_PORT, &MLSERVER_GRPC_PORT])
        .or(&PORT, config.grpc_port);
    config.metrics_port = resolver
        .option("metrics_port")
        .flag(flags.metrics_port.as_ref())
        .env(&[
            &RADIANT_METRICS_PORT,
            &PREDICTIVE_UNIT_METRICS_SERVICE_PORT,
            &MLSERVER_METRICS_PORT,
        ])
        .or(&PORT, config.metrics_port);
    config.metrics_path = resolver
        .option("metrics_path")
        .flag(flags.metrics_path.as_ref())
        .env(&[
            &RADIANT_METRICS_PATH,
            &PREDICTIVE_UNIT_METRICS_ENDPOINT,
            &MLSERVER_METRICS_ENDPOINT,
        ])
        .or(&URL_PATH, config.metrics_path.clone());
    config.workers = resolver
        .option("workers")
        .flag(flags.workers.as_ref())
        .env(&[&RADIANT_WORKERS])
        .or(&THREADS, config.workers);
    config.bind_early = resolver
        .option("bind_early")
        .flag(flags.bind_early.as_ref())
        .env(&[&RADIANT_BIND_EARLY])
        .or(&BOOL, config.bind_early);
    config.ports_file = resolver
        .option("ports_file")
        .flag(flags.ports_file.as_ref())
        .env(&[&RADIANT_PORTS_FILE])
        .optional(&TEXT)
        .map(PathBuf::from);
    config.cors = resolver
        .option("cors_allow_origin")
        .flag(flags.cors_allow_origin.as_ref())
        .env(&[&RADIANT_CORS_ALLOW_ORIGIN, &CORS_ALLOWED_ORIGINS])
        .or(&CORS, config.cors.clone());
    config.compress_bytes_min = resolver
        .option("response_compress_bytes_min")
        .flag(flags.response_compress_bytes_min.as_ref())
        .env(&[&RADIANT_RESPONSE_COMPRESS_BYTES_MIN])
        .or(&SIZE_OR_NONE, config.compress_bytes_min);
}

fn timeouts(
    config: &mut Config,
    resolver: &mut Resolver<'_>,
    flags: &Flags,
    annotations: &Annotations,
) {
    config.keep_alive = resolver
        .option("keep_alive")
        .flag(flags.keep_alive.as_ref())
        .env(&[&RADIANT_KEEP_ALIVE])
        .or(&DURATION, config.keep_alive);
    if config.keep_alive <= ORCHESTRATOR_IDLE {
        resolver.warnings.push(format!(
            "keep_alive of {} s: Seldon's orchestrator reuses connections that were idle for up to \
             90 s, and will meet closed ones",
            config.keep_alive.as_secs()
        ));
    }
    config.head_read_timeout = resolver
        .option("head_read_timeout")
        .flag(flags.head_read_timeout.as_ref())
        .env(&[&RADIANT_HEAD_READ_TIMEOUT])
        .or(&DURATION_FROM_1S, config.head_read_timeout);
    config.body_read_timeout = resolver
        .option("body_read_timeout")
        .flag(flags.body_read_timeout.as_ref())
        .env(&[&RADIANT_BODY_READ_TIMEOUT])
        .or(&DURATION, config.body_read_timeout);
    config.reply_read_timeout =
        edge::reply_read_timeout(resolver, flags, config.reply_read_timeout);
    let timeout_ms = |timeout: Duration| format!("{}ms", timeout.as_millis());
    config.request_timeout = resolver
        .option("request_timeout")
        .flag(flags.request_timeout.as_ref())
        .env(&[&RADIANT_REQUEST_TIMEOUT])
        .annotation(REST_TIMEOUT, annotations.rest_timeout().map(|timeout| timeout.map(timeout_ms)))
        .or(&DURATION_OR_NONE, config.request_timeout);
    config.shutdown_timeout = resolver
        .option("shutdown_timeout")
        .flag(flags.shutdown_timeout.as_ref())
        .env(&[&RADIANT_SHUTDOWN_TIMEOUT])
        .or(&DURATION, config.shutdown_timeout);
}

fn limits(
    config: &mut Config,
    resolver: &mut Resolver<'_>,
    flags: &Flags,
    annotations: &Annotations,
) {
    config.body_bytes_max = resolver
        .option("body_bytes_max")
        .flag(flags.body_bytes_max.as_ref())
        .env(&[&RADIANT_BODY_BYTES_MAX])
        .or(&SIZE, config.body_bytes_max);
    let message_bytes_max = annotations.grpc_message_bytes_max();
    config.grpc_message_bytes_max = resolver
        .option("grpc_message_bytes_max")
        .flag(flags.grpc_message_bytes_max.as_ref())
        .env(&[&RADIANT_GRPC_MESSAGE_BYTES_MAX])
        .annotation(
            GRPC_MAX_MESSAGE_SIZE,
            message_bytes_max.map(|max| max.map(|max| max.to_string())),
        )
        .or(&SIZE, config.grpc_message_bytes_max);
    admission::admission(config, resolver, flags);
    config.connections_max = resolver
        .option("connections_max")
        .flag(flags.connections_max.as_ref())
        .env(&[&RADIANT_CONNECTIONS_MAX])
        .or(&COUNT, config.connections_max);
    edge::limits(config, resolver, flags);
    config.limits.depth_max = resolver
        .option("json_depth_max")
        .flag(flags.json_depth_max.as_ref())
        .env(&[&RADIANT_JSON_DEPTH_MAX])
        .or(&DEPTH, config.limits.depth_max);
    config.limits.elements_max = resolver
        .option("json_elements_max")
        .flag(flags.json_elements_max.as_ref())
        .env(&[&RADIANT_JSON_ELEMENTS_MAX])
        .or(&COUNT, config.limits.elements_max);
}

/// The file for last words, for whoever has them before there is a configuration.
pub fn termination_log(flag: Option<&String>, env: &dyn EnvSource) -> Option<PathBuf> {
    last_words(&mut Resolver::new(env), flag)
}

fn last_words(resolver: &mut Resolver<'_>, flag: Option<&String>) -> Option<PathBuf> {
    resolver
        .option("termination_log")
        .flag(flag)
        .env(&[&RADIANT_TERMINATION_LOG])
        .or(&FILE_OR_NONE, Some(ports::TERMINATION_LOG.into()))
}

fn logging(config: &mut Config, resolver: &mut Resolver<'_>, flags: &Flags) {
    config.termination_log = last_words(resolver, flags.termination_log.as_ref());
    config.log_level = resolver
        .option("log_level")
        .flag(flags.log_level.as_ref())
        .env(&[&RADIANT_LOG_LEVEL, &SELDON_LOG_LEVEL])
        .or(&LOG_LEVEL, config.log_level);
    config.log_format = resolver
        .option("log_format")
        .flag(flags.log_format.as_ref())
        .env(&[&RADIANT_LOG_FORMAT])
        .or(&LOG_FORMAT, config.log_format);
    config.access_log = resolver
        .option("access_log")
        .flag(flags.access_log.as_ref())
        .env(&[&RADIANT_ACCESS_LOG, &GUNICORN_ACCESS_LOG])
        .or(&BOOL, config.access_log);
}

/// What only Seldon Core's variables set.
fn seldon(config: &mut Config, resolver: &mut Resolver<'_>) {
    config.node = node::identity(resolver);
    config.include_metrics_in_reply = resolver
        .option("include_metrics_in_reply")
        .env(&[&INCLUDE_METRICS_IN_CLIENT_RESPONSE])
        .or(&BOOL, config.include_metrics_in_reply);
    config.payload_passthrough = resolver
        .option("payload_passthrough")
        .env(&[&PAYLOAD_PASSTHROUGH])
        .or(&BOOL, config.payload_passthrough);
    config.executor_enabled = resolver
        .option("executor_enabled")
        .env(&[&SELDON_EXECUTOR_ENABLED])
        .or(&BOOL, config.executor_enabled);
    config.grpc_enabled = resolver
        .option("grpc_enabled")
        .env(&[&GRPC_WORKERS])
        .or(&GRPC_PROCESSES, config.grpc_enabled);
    metadata(config, resolver);
}

/// Parses `MODEL_METADATA`, and checks it over the defaults: what the model's folder adds later can
/// only hide its keys.
fn metadata(config: &mut Config, resolver: &mut Resolver<'_>) {
    let source = Source::Env(MODEL_METADATA.name);
    let Some(text) = MODEL_METADATA.read(resolver.env) else { return };
    let checked = Layer::parse(MODEL_METADATA.name, &text)
        .map_err(|error| vec![error])
        .and_then(|layer| Metadata::merge(None, std::slice::from_ref(&layer)).map(|_| layer));
    match checked {
        Ok(layer) => {
            let keys: Vec<&str> = layer.entries.keys().map(String::as_str).collect();
            let value = keys.join(",");
            resolver.effective.push(Effective { name: "metadata", value, source });
            config.metadata = Some(layer);
        }
        Err(problems) => {
            for problem in problems {
                let message = problem.to_string();
                let prefix = format!("{}: ", MODEL_METADATA.name);
                let message = message.strip_prefix(&prefix).unwrap_or(&message).to_owned();
                resolver.problem("metadata", source.clone(), message);
            }
        }
    }
}

/// Two servers cannot listen on one port; 0 is a different one for each, and a server that is off
/// needs none.
fn ports_differ(config: &Config, resolver: &mut Resolver<'_>) {
    let ports = [
        ("http_port", config.http_port),
        ("grpc_port", if config.grpc_enabled { config.grpc_port } else { 0 }),
        ("metrics_port", config.metrics_port),
    ];
    for (index, (option, port)) in ports.iter().enumerate() {
        let earlier = ports.iter().take(index).find(|(_, other)| other == port && *port != 0);
        if let Some((other, _)) = earlier {
            let source = resolver.source_of(other);
            let message =
                format!("expected a port of its own, got {port}, which is `{other}` from {source}");
            resolver.problem(option, resolver.source_of(option), message);
        }
    }
}
