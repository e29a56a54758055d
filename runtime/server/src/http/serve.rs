//! Listening: the main port and the metrics port.

use std::cell::OnceCell;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::{DispatchError, ParseError};
use actix_http::{HttpService, KeepAlive, Request};
use actix_server::{Server, ServerBuilder, ServerHandle};
use actix_service::{ServiceFactoryExt as _, fn_service};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use radiant_contract::ports;
use radiant_core::Error;
use radiant_protocol::seldon;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::dispatch::{Worker, dispatch};
use super::error::HttpError;
use super::watch::{Connection, Connections};
use crate::edge::{Edge, Refused};
use crate::observe::{Registry, Transport};
use crate::place::Places;
use crate::state::State;
use crate::tls::{self, Alpn, Tls};

/// How long a client may take to close a connection that has been closed here.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How the ports behave.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    pub(crate) workers: usize,
    /// For the connections of the main port; they are divided among its workers.
    pub(crate) places: Places,
    pub(crate) edge: Arc<Edge>,
    pub(crate) shutdown_timeout: Duration,
    /// How long connections stay open for one more request when the server ends.
    pub(crate) linger: Duration,
    pub(crate) metrics_path: String,
    /// What the main port speaks TLS with; the metrics port is plain.
    pub(crate) tls: Option<Arc<Tls>>,
}

/// A port that is being served.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
}

/// Serves requests on `listener` until the handle stops it. Connections stay open until `closing`
/// tells them to end.
///
/// The service stands directly on the HTTP/1 codec: paths are `route.rs`'s matter, and a framework
/// between the two would cost more than a small model does.
///
/// # Errors
/// When the socket cannot be used.
pub(crate) fn start(
    listener: TcpListener,
    state: Arc<State>,
    options: &Servers,
    closing: watch::Receiver<bool>,
) -> std::io::Result<Listening> {
    let address = listener.local_addr()?;
    let options_of_worker = options.clone();
    let service = move || {
        let edge = Arc::clone(&options_of_worker.edge);
        let worker = Rc::new(Worker { state: Arc::clone(&state), edge: Arc::clone(&edge) });
        let opening = Rc::new(Opening {
            options: options_of_worker.clone(),
            closing: closing.clone(),
            made: OnceCell::new(),
        });
        let handler = move |request: Request| dispatch(Rc::clone(&worker), request);
        let http = HttpService::build()
            .keep_alive(KeepAlive::Os)
            // Slow heads are watched for with the rest.
            .client_request_timeout(Duration::ZERO)
            .on_connect_ext(|io: &Connection<tls::Stream>, known| {
                known.insert(io.known());
            })
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .h1(fn_service(handler));
        let accept = move |io: TcpStream| Rc::clone(&opening).open(io);
        fn_service(accept).and_then(http).map_err(move |error| {
            // What the codec has no room for it answers itself, with 431.
            if matches!(error, DispatchError::Parse(ParseError::TooLarge)) {
                edge.refuse(Transport::Rest, Refused::Headers);
            }
            error
        })
    };
    let server = ServerBuilder::new()
        .workers(options.workers)
        // One that has enough takes no more; when all have, new ones wait in the system's queue.
        .max_concurrent_connections(options.places.max().div_ceil(options.workers.max(1)))
        .shutdown_timeout(whole_seconds(options.shutdown_timeout))
        .disable_signals()
        .listen("http", listener, service)?
        .run();
    Ok(Listening { address, handle: spawn(server) })
}

/// Makes what is accepted a connection of the main port.
struct Opening {
    options: Servers,
    closing: watch::Receiver<bool>,
    /// Those of this worker; they can be watched once its runtime is there.
    made: OnceCell<Rc<Connections>>,
}

impl Opening {
    async fn open(
        self: Rc<Self>,
        io: TcpStream,
    ) -> Result<(Connection<tls::Stream>, Option<SocketAddr>), DispatchError> {
        let Servers { places, edge, tls, linger, .. } = &self.options;
        let place = places.take();
        if places.taken() >= places.max() {
            edge.refuse(Transport::Rest, Refused::Connections);
        }
        let peer = io.peer_addr().ok();
        io.set_nodelay(true).map_err(DispatchError::Io)?;
        let accepted = edge.accept(tls.as_deref(), Alpn::Http1, io).await;
        let io = accepted.map_err(DispatchError::Io)?;
        let connections = self.made.get_or_init(|| {
            let connections = Connections::watch(edge);
            connections.end_after(self.closing.clone(), *linger);
            connections
        });
        Ok((connections.add(io, place), peer))
    }
}

/// Serves the metrics page on `listener` until the handle stops it, and health for probes that cannot
/// speak TLS as the main port does.
///
/// # Errors
/// When the socket cannot be used.
pub(crate) fn start_metrics(
    listener: TcpListener,
    registry: &Arc<Registry>,
    state: &Arc<State>,
    options: &Servers,
) -> std::io::Result<Listening> {
    let address = listener.local_addr()?;
    let path: Arc<str> = options.metrics_path.as_str().into();
    let (registry, state) = (Arc::clone(registry), Arc::clone(state));
    let app = move || {
        let (registry, state, path) =
            (Arc::clone(&registry), Arc::clone(&state), Arc::clone(&path));
        let handler = move |request: HttpRequest| {
            let response = match request.path() {
                asked if asked == &*path => metrics_page(&registry),
                ports::LIVE_PATH => health(Ok(()), "live"),
                ports::READY_PATH => health(state.ready(), "ready"),
                _ => nothing_there(&path),
            };
            std::future::ready(response)
        };
        App::new().default_service(web::to(handler))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .client_request_timeout(options.edge.timeouts.head_read)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(Listening { address, handle: spawn(server) })
}

fn metrics_page(registry: &Registry) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .body(registry.render())
}

/// What the same paths of the main port answer, less its headers.
fn health(state: Result<(), Error>, word: &'static str) -> HttpResponse {
    let Err(error) = state else {
        return HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(word);
    };
    let HttpError { reason, info, .. } = error.into();
    let mut body = Vec::new();
    seldon::encode_error(&mut body, &info, &reason);
    HttpResponse::ServiceUnavailable().content_type("application/json").body(body)
}

fn nothing_there(path: &str) -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .body(format!(
            "<!doctype html>\n<title>404 Not Found</title>\n<p>Metrics are at <code>{path}</code>.</p>\n"
        ))
}

fn spawn(server: Server) -> ServerHandle {
    let handle = server.handle();
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(error = %error, "a listening port failed");
        }
    });
    handle
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
