//! The life of the process: load, listen, drain.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::Config;
use crate::edge::{Edge, Patience};
use crate::grpc::{self, GrpcListening, GrpcOptions};
use crate::http::{BodyLimits, Listening, Servers, start, start_metrics};
use crate::listen;
use crate::model::LoadError;
use crate::observe::{Metric, NodeLabels, Registry, RequestMetrics};
use crate::place::Places;
use crate::repository::{self, Plan, Repository, Source};
use crate::schedule::{Clients, EngineThread, Permits, Pool};
use crate::state::{RequestConfig, State};
use crate::tls::Tls;

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

/// What is open when the server is ready.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The address of the HTTP port.
    pub http: SocketAddr,
    /// The address of the gRPC port, unless it is switched off.
    pub grpc: Option<SocketAddr>,
    /// The address of the metrics port.
    pub metrics: SocketAddr,
    /// A body that `/api/v1.0/predictions` accepts, if a short one exists.
    pub example: Option<String>,
}

/// What the server needs of the program that it is in.
pub struct Host {
    /// Where models come from.
    pub source: Arc<dyn Source>,
    /// Where the loops of engine threads run.
    pub engine_thread: EngineThread,
    /// Told once SIGTERM and SIGINT are the server's own matter.
    pub listening: Box<dyn FnOnce()>,
}

/// How a server ended that was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All that was asked was answered.
    Drained,
    /// The deadline passed with requests that were not answered.
    GaveUp {
        /// How many.
        requests: usize,
        /// What they were given.
        deadline: Duration,
    },
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

/// Loads the models of `config` as `host` does, serves them until SIGTERM or SIGINT, then drains. Blocks
/// meanwhile.
///
/// Tells `ready` once requests are answered. The ports open after all models are loaded and warmed,
/// so that a TCP probe tells the truth; with `bind_early` at once, and requests are answered with 503
/// until then.
///
/// # Errors
/// When the model cannot be loaded, or a port cannot be opened.
pub fn serve<R>(config: &Config, host: Host, ready: R) -> Result<Stopped, ServeError>
where
    R: FnOnce(&Ready) -> io::Result<()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| system("start the runtime", source))?;
    let local = tokio::task::LocalSet::new();
    let result = local.block_on(&runtime, run(config, host, ready));
    // An engine that outlasts the deadline must not hold the process.
    runtime.shutdown_background();
    result
}

fn system(doing: &str, source: io::Error) -> ServeError {
    ServeError::System { doing: doing.to_owned(), source }
}

async fn run<R>(config: &Config, host: Host, ready: R) -> Result<Stopped, ServeError>
where
    R: FnOnce(&Ready) -> io::Result<()>,
{
    let mut stop = Stop::listen()?;
    (host.listening)();
    let registry = Arc::new(Registry::new());
    registry.gauge(Metric::BuildInfo, &[env!("CARGO_PKG_VERSION")]).set(1.0);
    let (place, run_threads) = (host.engine_thread, config.run_threads);
    let place = move |work| place(run_threads, work);
    let pool = Pool::start(config.engine_threads, place, config.batching, &registry)
        .map_err(|source| system("start the engine threads", source))?;
    let state = Arc::new(new_state(config, &registry, Arc::new(pool), host.source));
    let watching = Arc::clone(&state);
    drop(tokio::task::spawn_local(async move { watching.permits.refusals.watch().await }));
    let tls = load_tls(config)?;
    let servers = servers(config, tls.clone(), &registry);

    let metrics = open("metrics", address(config, config.metrics_port))?;
    let metrics = start_metrics(metrics, &registry, &state, &servers)
        .map_err(|source| system("serve the metrics port", source))?;
    tracing::info!(address = %metrics.address, path = servers.metrics_path, "metrics port open");

    let listen = || Ports::open(config, &state, &servers, &registry);
    let early = if config.bind_early { Some(listen()?) } else { None };
    tokio::select! {
        loaded = load_models(Arc::clone(&state)) => loaded.map_err(ServeError::Load)?,
        () = stop.asked() => return Ok(Stopped::Drained),
    };
    let ports = match early {
        Some(ports) => ports,
        None => listen()?,
    };
    tracing::info!(models = state.repository.table().models().len(), "ready");
    if let Some(interval) = config.reload_interval {
        let watching = repository::watch(Arc::clone(&state.repository), interval);
        drop(tokio::task::spawn_local(watching));
    }
    let main = state.repository.main().ok();
    let node = main.as_ref().and_then(|main| main.node().ok());
    let example = node.and_then(|node| crate::example::request_body(node));
    drop(main);
    let http = ports.http.address;
    ready(&Ready { http, grpc: ports.grpc_address(), metrics: metrics.address, example })
        .map_err(|source| system("tell that the server is ready", source))?;

    stop.asked().await;
    Ok(drain(config.shutdown_timeout, &state, ports, metrics).await)
}

fn new_state(
    config: &Config,
    registry: &Arc<Registry>,
    pool: Arc<Pool>,
    source: Arc<dyn Source>,
) -> State {
    let labels = NodeLabels::new(&config.node);
    let unrouted = RequestMetrics::new(registry, &labels, "", "");
    let required = config.given().map(|(name, _)| (name.to_owned(), config.model_version.clone()));
    let permits = Permits::new(config.admission, registry);
    let plan = Plan {
        permits: Arc::clone(&permits),
        required: required.collect(),
        bytes_max: config.models_memory.map(|bytes| bytes as u64),
        response_cache_bytes: config.answers.cache_bytes,
    };
    let repository = Repository::new(&plan, source, &pool, registry, labels);
    let clients = config
        .client_requests_max
        .map(|max| Clients::new(max, config.client_header.clone(), registry));
    let request_config = RequestConfig {
        body: BodyLimits {
            bytes_max: config.body_bytes_max,
            read_timeout: config.body_read_timeout,
            json: config.limits,
        },
        message_bytes_max: config.grpc_message_bytes_max,
        compress_bytes_min: config.compress_bytes_min,
        request_timeout: config.request_timeout,
        inline_cost_max: config.inline_cost_max,
        timing: config.answers.timing,
        include_metrics: config.include_metrics_in_reply,
        payload_passthrough: config.payload_passthrough,
        cors: config.cors.clone(),
        feedback_counters: config.executor_enabled,
        access_log: config.access_log,
        clients,
        log_level: config.log_level,
    };
    State::new(request_config, permits, pool, repository, unrouted)
}

/// How long REST connections stay open at the end for a request that is on its way.
const LINGER: Duration = Duration::from_millis(500);

/// How often the files of certificates are looked at.
const TLS_LOOK_EVERY: Duration = Duration::from_secs(10);

/// Loads certificates and keys, and looks for new ones from now on.
fn load_tls(config: &Config) -> Result<Option<Arc<Tls>>, ServeError> {
    let Some(files) = &config.tls else { return Ok(None) };
    let tls = Tls::load(files.clone())
        .map_err(|error| ServeError::Load(LoadError::new("cannot serve TLS").with_source(error)))?;
    drop(tokio::task::spawn_local(Arc::clone(&tls).watch(TLS_LOOK_EVERY)));
    Ok(Some(tls))
}

fn servers(config: &Config, tls: Option<Arc<Tls>>, registry: &Registry) -> Servers {
    let places = Places::exposed(config.connections_max, Metric::HttpConnections, registry);
    registry.gauge(Metric::ConnectionsMax, &[]).set(places.max() as f64);
    let timeouts = Patience {
        keep_alive: config.keep_alive,
        head_read: config.head_read_timeout,
        reply_read: config.reply_read_timeout,
    };
    Servers {
        workers: config.workers,
        places,
        edge: Arc::new(Edge::new(config.edge, timeouts, registry)),
        shutdown_timeout: config.shutdown_timeout,
        linger: LINGER.min(config.shutdown_timeout / 4),
        metrics_path: config.metrics_path.clone(),
        tls,
    }
}

/// Loads and warms all models off the main thread, one after the other.
async fn load_models(state: Arc<State>) -> Result<(), LoadError> {
    let loading = tokio::task::spawn_blocking(move || state.repository.start());
    loading.await.unwrap_or_else(|panic| {
        Err(LoadError::new("loading the model panicked; the panic is in the log above")
            .with_source(panic))
    })
}

/// The ports that requests come to.
struct Ports {
    http: Listening,
    closing: watch::Sender<bool>,
    grpc: Option<GrpcListening>,
}

impl Ports {
    fn open(
        config: &Config,
        state: &Arc<State>,
        servers: &Servers,
        registry: &Registry,
    ) -> Result<Self, ServeError> {
        let (closing, is_closing) = watch::channel(false);
        let listener = open("HTTP", address(config, config.http_port))?;
        let http = start(listener, Arc::clone(state), servers, is_closing)
            .map_err(|source| system("serve the HTTP port", source))?;
        tracing::info!(address = %http.address, workers = servers.workers, "HTTP port open");
        let grpc = config.grpc_enabled.then(|| Self::open_grpc(config, state, servers, registry));
        Ok(Self { http, closing, grpc: grpc.transpose()? })
    }

    fn open_grpc(
        config: &Config,
        state: &Arc<State>,
        servers: &Servers,
        registry: &Registry,
    ) -> Result<GrpcListening, ServeError> {
        let listener = open("gRPC", address(config, config.grpc_port))?;
        let options = GrpcOptions {
            workers: config.workers,
            places: Places::exposed(config.connections_max, Metric::GrpcConnections, registry),
            edge: Arc::clone(&servers.edge),
            tls: servers.tls.clone(),
        };
        let grpc = grpc::start(listener, Arc::clone(state), &options)
            .map_err(|source| system("serve the gRPC port", source))?;
        tracing::info!(address = %grpc.address, workers = config.workers, "gRPC port open");
        Ok(grpc)
    }

    fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc.as_ref().map(|grpc| grpc.address)
    }

    /// Closes the ports, then fails readiness and ends the connections, and waits until the requests
    /// in flight are answered.
    async fn finish(mut self, state: &State) {
        let http = self.http.handle.stop(true);
        if let Some(grpc) = &mut self.grpc {
            grpc.close().await;
        }
        listen::refused(self.http.address).await;
        // From here on clients are told to go.
        state.drain();
        self.closing.send_replace(true);
        let grpc = async {
            if let Some(grpc) = self.grpc {
                grpc.finish().await;
            }
        };
        tokio::join!(http, grpc);
    }
}

fn address(config: &Config, port: u16) -> SocketAddr {
    SocketAddr::new(config.host, port)
}

fn open(port: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    listen::open(address).map_err(|source| ServeError::Listen { port, address, source })
}

/// Fails readiness, lets requests in flight and queued finish, and closes the ports; at the
/// deadline, whatever is left is given up.
async fn drain(
    deadline: Duration,
    state: &Arc<State>,
    ports: Ports,
    metrics: Listening,
) -> Stopped {
    let started = Instant::now();
    let in_flight = state.permits.taken();
    tracing::info!(in_flight, deadline_s = deadline.as_secs_f64(), "draining");
    let finish = async {
        ports.finish(state).await;
        let pool = Arc::clone(&state.pool);
        // The pool's threads end when their last job does; nobody else waits for them.
        drop(tokio::task::spawn_blocking(move || pool.close()).await);
    };
    let finished = tokio::time::timeout(deadline, finish).await.is_ok();
    drop(metrics.handle.stop(false));
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if finished {
        tracing::info!(elapsed_ms, "drained");
        Stopped::Drained
    } else {
        let requests = state.permits.taken();
        tracing::warn!(elapsed_ms, left = requests, "the deadline passed with requests in flight");
        Stopped::GaveUp { requests, deadline }
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
