//! The life of the process: load, listen, drain.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Config;
use crate::http::{BodyLimits, Listening, Servers, start, start_metrics};
use crate::model::{LoadError, Model};
use crate::node::Node;
use crate::observe::{Metric, NodeLabels, Registry, RequestMetrics};
use crate::schedule::{Permits, Pool};
use crate::state::{RequestConfig, State};

/// Why the server could not start or go on.
#[derive(Debug)]
pub enum ServeError {
    /// The model cannot be served.
    Load(LoadError),
    /// A port cannot be opened.
    Listen {
        /// What the port is for.
        port: &'static str,
        /// The address that was tried.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system refuses something else that the server needs.
    System {
        /// What was being done.
        doing: String,
        /// What the system says.
        source: io::Error,
    },
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => fmt::Display::fmt(error, f),
            Self::Listen { port, address, .. } => {
                write!(f, "cannot open the {port} port {address}")
            }
            Self::System { doing, .. } => write!(f, "cannot {doing}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::Listen { source, .. } | Self::System { source, .. } => Some(source),
        }
    }
}

/// Tells waiting clients how far loading has come.
#[derive(Debug, Clone)]
pub struct Progress(Arc<State>);

impl Progress {
    /// Says what is being done now.
    pub fn say(&self, doing: &str) {
        tracing::info!(doing, "loading");
        self.0.set_progress(doing);
    }
}

/// What is open when the server is ready.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The address of the HTTP port.
    pub http: SocketAddr,
    /// The address of the metrics port.
    pub metrics: SocketAddr,
    /// A body that `/api/v1.0/predictions` accepts, if a short one exists.
    pub example: Option<String>,
}

/// Loads a model with `load`, serves it until SIGTERM or SIGINT, then drains. Blocks meanwhile.
///
/// Tells `ready` once requests are answered. The main port opens after the model is loaded and warmed, so that a TCP probe tells the truth;
/// with `bind_early` at once, and requests are answered with 503 until then.
///
/// # Errors
/// When the model cannot be loaded, or a port cannot be opened.
pub fn serve<F, R>(config: &Config, load: F, ready: R) -> Result<(), ServeError>
where
    F: FnOnce(&Progress) -> Result<Model, LoadError> + Send + 'static,
    R: FnOnce(&Ready) -> io::Result<()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| system("start the runtime", source))?;
    let local = tokio::task::LocalSet::new();
    let result = local.block_on(&runtime, run(config, load, ready));
    // An engine that outlasts the deadline must not hold the process.
    runtime.shutdown_background();
    result
}

fn system(doing: &str, source: io::Error) -> ServeError {
    ServeError::System { doing: doing.to_owned(), source }
}

async fn run<F, R>(config: &Config, load: F, ready: R) -> Result<(), ServeError>
where
    F: FnOnce(&Progress) -> Result<Model, LoadError> + Send + 'static,
    R: FnOnce(&Ready) -> io::Result<()>,
{
    let mut stop = Stop::listen()?;
    let registry = Arc::new(Registry::new());
    registry.gauge(Metric::BuildInfo, &[env!("CARGO_PKG_VERSION")]).set(1.0);
    let pool = Pool::start(config.engine_threads, &registry)
        .map_err(|source| system("start the engine threads", source))?;
    let state = Arc::new(new_state(config, &registry, Arc::clone(&pool)));
    let servers = servers(config);

    let metrics = open("metrics", address(config, config.metrics_port))?;
    let metrics = start_metrics(metrics, Arc::clone(&registry), &servers)
        .map_err(|source| system("serve the metrics port", source))?;
    tracing::info!(address = %metrics.address, path = servers.metrics_path, "metrics port open");

    let closing = Arc::new(Notify::new());
    let listen = || listen(config, &state, &servers, Arc::clone(&closing));
    let early = if config.bind_early { Some(listen()?) } else { None };
    let loading = load_node(Arc::clone(&state), Arc::clone(&registry), load);
    let node = tokio::select! {
        node = loading => node.map_err(ServeError::Load)?,
        () = stop.asked() => return Ok(()),
    };
    let example = crate::example::request_body(&node);
    state.set_node(node);
    let main = match early {
        Some(main) => main,
        None => listen()?,
    };
    tracing::info!(model = state.model_name, "ready");
    ready(&Ready { http: main.address, metrics: metrics.address, example })
        .map_err(|source| system("tell that the server is ready", source))?;

    stop.asked().await;
    closing.notify_waiters();
    drain(config.shutdown_timeout, &state, main, metrics).await;
    Ok(())
}

fn new_state(config: &Config, registry: &Arc<Registry>, pool: Arc<Pool>) -> State {
    let requests = RequestMetrics::new(
        Arc::clone(registry),
        NodeLabels::new(&config.node),
        &config.model_name,
        &config.model_version,
    );
    let request_config = RequestConfig {
        body: BodyLimits {
            bytes_max: config.body_bytes_max,
            read_timeout: config.body_read_timeout,
            json: config.limits,
        },
        request_timeout: config.request_timeout,
        inline_cost_max: config.inline_cost_max,
        include_metrics: config.include_metrics_in_reply,
        payload_passthrough: config.payload_passthrough,
        cors: config.cors.clone(),
        feedback_counters: config.executor_enabled,
        access_log: config.access_log,
    };
    let permits = Permits::new(config.requests_max, registry);
    State::new(request_config, permits, pool, requests, config.model_name.clone())
}

fn servers(config: &Config) -> Servers {
    Servers {
        workers: config.workers,
        keep_alive: config.keep_alive,
        head_read_timeout: config.head_read_timeout,
        shutdown_timeout: config.shutdown_timeout,
        metrics_path: config.metrics_path.clone(),
    }
}

/// Loads and warms the model off the main thread.
async fn load_node<F>(
    state: Arc<State>,
    registry: Arc<Registry>,
    load: F,
) -> Result<Node, LoadError>
where
    F: FnOnce(&Progress) -> Result<Model, LoadError> + Send + 'static,
{
    let loading = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        let progress = Progress(state);
        let model = load(&progress)?;
        progress.say("warming up");
        let node = Node::new(model, &registry)?;
        let elapsed = started.elapsed();
        node.metrics.load_seconds.set(elapsed.as_secs_f64());
        Ok(node)
    });
    loading.await.unwrap_or_else(|panic| {
        Err(LoadError::new("loading the model panicked; the panic is in the log above")
            .with_source(panic))
    })
}

fn listen(
    config: &Config,
    state: &Arc<State>,
    servers: &Servers,
    closing: Arc<Notify>,
) -> Result<Listening, ServeError> {
    let listener = open("HTTP", address(config, config.http_port))?;
    let main = start(listener, Arc::clone(state), servers, closing)
        .map_err(|source| system("serve the HTTP port", source))?;
    tracing::info!(address = %main.address, workers = servers.workers, "HTTP port open");
    Ok(main)
}

fn address(config: &Config, port: u16) -> SocketAddr {
    SocketAddr::new(config.host, port)
}

fn open(port: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|source| ServeError::Listen { port, address, source })
}

/// Fails readiness, lets requests in flight and queued finish, and closes the ports; at the
/// deadline, whatever is left is given up.
async fn drain(deadline: Duration, state: &Arc<State>, main: Listening, metrics: Listening) {
    let started = Instant::now();
    state.drain();
    let in_flight = state.permits.taken();
    tracing::info!(in_flight, deadline_s = deadline.as_secs_f64(), "draining");
    let finish = async {
        main.handle.stop(true).await;
        let pool = Arc::clone(&state.pool);
        // The pool's threads end when their last job does; nobody else waits for them.
        drop(tokio::task::spawn_blocking(move || pool.close()).await);
    };
    let finished = tokio::time::timeout(deadline, finish).await.is_ok();
    drop(metrics.handle.stop(false));
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if finished {
        tracing::info!(elapsed_ms, "drained");
    } else {
        let left = state.permits.taken();
        tracing::warn!(elapsed_ms, left, "the deadline passed with requests in flight");
    }
}

/// The signals that end the process.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> Result<Self, ServeError> {
        let on = |kind| signal(kind).map_err(|source| system("listen for signals", source));
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    async fn asked(&mut self) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "asked to stop");
    }
}
