//! The options of a server.

use clap::Args;
use radiant_server::config::Flags;

use super::fetch::{CacheOptions, FetchOptions, flags};
use crate::engines;

/// The options of a server, in the order in which they are documented.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The model: a file, a folder with one, a URI or `builtin:NAME`
    model: Option<String>,
    /// The model's name in paths and metrics
    ///
    /// Not given, it is the node's name in the graph, else the model file's name without its ending.
    #[arg(long, help_heading = "Model")]
    name: Option<String>,
    /// The model's version in paths and metrics
    #[arg(long, help_heading = "Model", value_name = "VERSION")]
    model_version: Option<String>,
    /// The engine that runs the model: `auto`, `native`, `tract`, `rten` or `ort`
    ///
    /// `auto` chooses by the graph's operators alone, the same on every machine that has the same
    /// engines; `radiant check` says which and why. `ort` is ONNX Runtime, where it is installed.
    #[arg(long, help_heading = "Model")]
    engine: Option<String>,
    /// The file of ONNX Runtime's library (libonnxruntime.so)
    ///
    /// Not given, it is looked for beside the program and where the system's libraries are.
    #[arg(long, help_heading = "Model", value_name = "FILE")]
    ort_library: Option<String>,
    /// Classes that files of Python objects may name besides the known ones
    ///
    /// `package.module.Class` or `package.*`, separated by commas. Such objects stay data, and nothing of
    /// them runs: a model is served if its answers do not depend on them. Names that run code are refused
    /// whatever stands here.
    #[arg(long, help_heading = "Model", value_name = "NAMES")]
    pickle_allow: Option<String>,
    /// Serve a model only if it answers the test data in its folder
    ///
    /// Test data is what ONNX models come with, folders `test_data_set_*` of inputs and expected
    /// outputs, or MLflow's `input_example.json`, on which the model must run.
    #[arg(
        long,
        help_heading = "Model",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    verify: Option<String>,
    /// Which models are first tried out in a limited process
    ///
    /// A model that crashes, hangs or takes too much memory then does so alone, and is refused. With
    /// `auto` they are the models served beside others. `always` and `never` speak for themselves.
    #[arg(long, help_heading = "Model", value_name = "WHEN")]
    load_isolated: Option<String>,
    /// Address space of a model that is tried out
    #[arg(long, help_heading = "Model", value_name = "SIZE")]
    load_memory_max: Option<String>,
    /// How long a model may take to load when it is tried out
    #[arg(long, help_heading = "Model", value_name = "DURATION")]
    load_timeout: Option<String>,
    #[command(flatten)]
    fetch: FetchOptions,
    #[command(flatten)]
    cache: CacheOptions,
    /// Threads that compute: the default of `--workers` and `--engine-threads`
    ///
    /// Not given, it is the number of CPUs that the container's quota allows.
    #[arg(long, help_heading = "Model", value_name = "N")]
    threads: Option<String>,
    /// What an estimator answers: `predict_proba`, `decision_function` or `predict`
    ///
    /// Probabilities are a column for each class of a classifier; `predict` answers one label a row.
    /// A model that is no classifier answers what it has instead of probabilities.
    #[arg(long, help_heading = "Model")]
    method: Option<String>,
    /// The output that answers, for a model with several
    ///
    /// One array is all that Seldon's v1 protocol carries. Not given, it is a classifier's probabilities or
    /// labels, and any other model's first output. Comes before `--method`.
    #[arg(long, help_heading = "Model")]
    output: Option<String>,
    /// A further model, served under this name; may be given again
    ///
    /// It is named in the paths and messages of the protocols that name a model. Seldon's v1 paths
    /// and gRPC services name none and always answer for the main model. In the variable, several
    /// are separated by commas.
    #[arg(long, help_heading = "Model", value_name = "NAME=MODEL")]
    also: Vec<String>,
    /// A folder or URI of further models, each in a folder of its own
    ///
    /// Versions are folders with numbers for names: `iris/2/model.onnx`. `radiant.yaml`, Triton's
    /// `config.pbtxt` or MLServer's `model-settings.json` beside them say which versions are served, and
    /// which have labels such as `stable` and `canary`. Without MODEL, the main model is the one that
    /// `--name` names, else the first.
    #[arg(long, help_heading = "Model", value_name = "FOLDER")]
    repository: Option<String>,
    /// How often to look whether models have changed, or `none`
    ///
    /// New files are loaded once two looks have found them alike. The old model answers until the new one
    /// is loaded and warm, and has answered its test data with `--verify`; it stays if that fails.
    #[arg(long, help_heading = "Model", value_name = "DURATION")]
    reload_interval: Option<String>,
    /// Memory that models may take together, or `none`
    ///
    /// The one that was asked for longest ago is unloaded to make room for another, and loaded again
    /// when it is asked for; those requests wait.
    #[arg(long, help_heading = "Model", value_name = "SIZE")]
    models_memory: Option<String>,
    /// Threads that run models too slow for the HTTP workers
    ///
    /// More threads answer more slow requests at once, and each takes time from the others beyond
    /// the number of CPUs.
    #[arg(long, help_heading = "Model", value_name = "N")]
    engine_threads: Option<String>,
    /// Threads that one run on an engine thread may use
    ///
    /// More than one shortens long runs while CPUs are idle, and makes them no cheaper: where as many
    /// requests are in flight as there are CPUs, it costs throughput. The engines `rten` and `ort` share
    /// runs out, the others run each on one thread.
    #[arg(long, help_heading = "Model", value_name = "N")]
    run_threads: Option<String>,
    /// Cost of a run, in microseconds, up to which a worker does it
    ///
    /// Handing a run to an engine thread costs 5 to 15 microseconds. A larger value saves that for
    /// larger models, and lets a worker's other connections wait as long.
    #[arg(long, help_heading = "Model", value_name = "MICROSECONDS")]
    inline_cost_max_us: Option<String>,
    /// The most rows of a run that requests share: a number, auto or off
    ///
    /// While all engine threads are busy, requests of one model gather, and the next run takes as many
    /// of them as make a row cheaper. `auto` lets the engine say how many are too many.
    #[arg(long, help_heading = "Model", value_name = "ROWS")]
    batch_rows_max: Option<String>,
    /// How long a free engine thread waits for a run to be full, in ms
    ///
    /// The default, 0, never lets a request wait while a thread is free; under load runs fill by
    /// themselves.
    #[arg(long, help_heading = "Model", value_name = "MILLISECONDS")]
    batch_wait_max_ms: Option<String>,
    /// Give an answer the same bits whatever else is asked at the time
    ///
    /// Some engines sum rows in another order in runs of another size. With this their requests do not
    /// share runs; those of the native engine, whose bits are always the same, go on to.
    #[arg(
        long,
        help_heading = "Model",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    deterministic: Option<String>,

    /// The IP address to listen on
    #[arg(long, help_heading = "Network", value_name = "ADDRESS")]
    host: Option<String>,
    /// The REST port; 0 is any free one
    #[arg(long, help_heading = "Network", value_name = "PORT")]
    http_port: Option<String>,
    /// The gRPC port; 0 is any free one
    ///
    /// Seldon's variable GRPC_WORKERS turns gRPC off with 0; the port then stays closed.
    #[arg(long, help_heading = "Network", value_name = "PORT")]
    grpc_port: Option<String>,
    /// The metrics port; 0 is any free one
    #[arg(long, help_heading = "Network", value_name = "PORT")]
    metrics_port: Option<String>,
    /// The path of the metrics on their port
    #[arg(long, help_heading = "Network", value_name = "PATH")]
    metrics_path: Option<String>,
    /// Threads that serve HTTP, and as many again that serve gRPC
    #[arg(long, help_heading = "Network", value_name = "N")]
    workers: Option<String>,
    /// Open the ports before the model is loaded
    ///
    /// Requests, readiness and status answer 503 with the progress until it is. Use it with HTTP
    /// probes only: a TCP probe would take an open port for a ready model.
    #[arg(
        long,
        help_heading = "Network",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    bind_early: Option<String>,
    /// Write the open ports to this file once the server is ready
    ///
    /// One JSON object, such as {"grpc":5000,"http":9000,"metrics":6000}: for whoever starts a server on any
    /// free ports.
    #[arg(long, help_heading = "Network", value_name = "FILE")]
    ports_file: Option<String>,
    /// Origins that browsers may call from: `*`, a list or `none`
    #[arg(long, help_heading = "Network", value_name = "ORIGINS")]
    cors_allow_origin: Option<String>,
    /// Size from which a reply is compressed for who accepts it, or `none`
    ///
    /// With gzip or deflate, as the client's Accept-Encoding says. Small replies take longer to
    /// compress than to send.
    #[arg(long, help_heading = "Network", value_name = "SIZE")]
    response_compress_bytes_min: Option<String>,
    /// Memory of a cache of answers, from 1MiB up, or `none`
    ///
    /// Whoever sends a model exactly what it has answered before is given that answer without a run.
    /// Models that draw random numbers are left out. A reply says in Cache-Status whether it came
    /// from there: a client can so learn that another has asked the same.
    #[arg(long, help_heading = "Network", value_name = "SIZE")]
    response_cache_bytes: Option<String>,
    /// Tell where a request's time went: off, asked or always
    ///
    /// In the header Server-Timing, over gRPC in the trailer of that name. `asked` tells it to who
    /// sends `X-Server-Timing: 1`.
    #[arg(long, help_heading = "Network", value_name = "WHO")]
    timing: Option<String>,

    /// Serve REST and gRPC over TLS with the certificate in this PEM file
    ///
    /// The server's certificate comes first, then those that lead to its authority. Needs
    /// `--tls-key-file`. Both ports use it; the metrics port stays plain. The file is read again
    /// when it changes: new connections get the new certificate, and a bad file is warned of and
    /// changes nothing.
    #[arg(long, help_heading = "TLS", value_name = "FILE")]
    tls_cert_file: Option<String>,
    /// The PEM file with the certificate's private key
    ///
    /// PKCS#8, PKCS#1 (RSA) or SEC1 (EC), not encrypted; RSA, ECDSA P-256 or P-384, or Ed25519.
    /// Needs `--tls-cert-file`. It is read again when it changes.
    #[arg(long, help_heading = "TLS", value_name = "FILE")]
    tls_key_file: Option<String>,
    /// Refuse clients without a certificate of an authority in this PEM file
    ///
    /// On the REST and the gRPC port, health probes among them; the metrics port stays plain. Needs
    /// `--tls-cert-file` and `--tls-key-file`. It is read again when it changes.
    #[arg(long, help_heading = "TLS", value_name = "FILE")]
    tls_client_ca_file: Option<String>,

    /// How long an idle connection stays open
    ///
    /// Seldon's orchestrator reuses a connection that was idle for up to 90 s: a smaller value makes
    /// it meet closed ones.
    #[arg(long, help_heading = "Timeouts", value_name = "DURATION")]
    keep_alive: Option<String>,
    /// How long a client may take to send the head of a request
    ///
    /// Also for a TLS handshake, and for opening a gRPC connection.
    #[arg(long, help_heading = "Timeouts", value_name = "DURATION")]
    head_read_timeout: Option<String>,
    /// How long a client may take to send a body, beyond 1 s for each 64 KiB
    #[arg(long, help_heading = "Timeouts", value_name = "DURATION")]
    body_read_timeout: Option<String>,
    /// How long a client may take to read a reply, beyond 1 s for each 64 KiB
    ///
    /// A connection whose client reads more slowly is closed, so that replies do not fill the memory.
    #[arg(long, help_heading = "Timeouts", value_name = "DURATION")]
    reply_read_timeout: Option<String>,
    /// How long a prediction may take, or `none`
    ///
    /// Also the annotation seldon.io/rest-timeout, in milliseconds.
    #[arg(long, help_heading = "Timeouts", value_name = "DURATION")]
    request_timeout: Option<String>,
    /// How long requests may take to finish after SIGTERM
    ///
    /// An operator gives a pod 20 s, of which its own hook sleeps 10 s.
    #[arg(long, help_heading = "Timeouts", value_name = "DURATION")]
    shutdown_timeout: Option<String>,

    /// The largest request body
    #[arg(long, help_heading = "Limits", value_name = "SIZE")]
    body_bytes_max: Option<String>,
    /// The largest gRPC message, in either direction
    ///
    /// Also the annotation seldon.io/grpc-max-message-size, in bytes.
    #[arg(long, help_heading = "Limits", value_name = "SIZE")]
    grpc_message_bytes_max: Option<String>,
    /// Requests in flight at once; one more is answered 503, over gRPC UNAVAILABLE
    ///
    /// Not given, it is 512 for each CPU that the container's quota allows, 16384 at most.
    #[arg(long, help_heading = "Limits", value_name = "N")]
    requests_max: Option<String>,
    /// Requests in flight of each model, or `auto`
    ///
    /// With `auto` the only model may have all. Of several each may have up to four times as many as
    /// are free, so that one that is asked seldom finds room beside one that is asked too much.
    #[arg(long, help_heading = "Limits", value_name = "N")]
    model_requests_max: Option<String>,
    /// Rows of the requests in flight at once
    ///
    /// Not given, it is 1024 for each request of `--requests-max`. A request of more rows runs while
    /// no other does.
    #[arg(long, help_heading = "Limits", value_name = "N")]
    rows_max: Option<String>,
    /// Bytes of the requests in flight at once, with what they unpack to
    ///
    /// Not given, it is an eighth of the memory that the container may use. Bodies of up to 16 KiB
    /// that come at once are not counted.
    #[arg(long, help_heading = "Limits", value_name = "SIZE")]
    bytes_max: Option<String>,
    /// Requests to models in flight of one client, or `none`
    ///
    /// One more is answered 429, over gRPC RESOURCE_EXHAUSTED. A client is who has an address, or what
    /// `--client-header` says.
    #[arg(long, help_heading = "Limits", value_name = "N")]
    client_requests_max: Option<String>,
    /// The header whose value tells one client from another
    ///
    /// Behind a proxy all requests come from its address. Who can write the header can be many clients:
    /// it should be one that the proxy sets. Needs `--client-requests-max`.
    #[arg(long, help_heading = "Limits", value_name = "NAME")]
    client_header: Option<String>,
    /// Open connections of the HTTP port, and of the gRPC port
    ///
    /// One more waits for another to end at the HTTP port, and is closed at the gRPC port.
    #[arg(long, help_heading = "Limits", value_name = "N")]
    connections_max: Option<String>,
    /// The largest headers of a request together; beyond it 431
    ///
    /// Names, values and 32 bytes for each header, and over REST the path. At most 128KiB.
    #[arg(long, help_heading = "Limits", value_name = "SIZE")]
    header_bytes_max: Option<String>,
    /// How many headers a request may have; beyond it 431, over gRPC RESOURCE_EXHAUSTED
    ///
    /// At most 96.
    #[arg(long, help_heading = "Limits", value_name = "N")]
    headers_max: Option<String>,
    /// Calls at once on one gRPC connection; more wait at the client
    #[arg(long, help_heading = "Limits", value_name = "N")]
    grpc_streams_max: Option<String>,
    /// Calls that a client may take back within a second on one gRPC connection
    ///
    /// A connection beyond it is closed with ENHANCE_YOUR_CALM.
    #[arg(long, help_heading = "Limits", value_name = "N")]
    grpc_resets_max: Option<String>,
    /// TLS handshakes at once; a connection beyond them is closed
    #[arg(long, help_heading = "Limits", value_name = "N")]
    tls_handshakes_max: Option<String>,
    /// How deep JSON in a request may be nested
    #[arg(long, help_heading = "Limits", value_name = "N")]
    json_depth_max: Option<String>,
    /// How many elements one array or value in a request may hold
    #[arg(long, help_heading = "Limits", value_name = "N")]
    json_elements_max: Option<String>,

    /// A file that is told why the process ends when it ends badly, or `none`
    ///
    /// Kubernetes shows what stands there as the container's last state. It is written if it is there,
    /// and never made.
    #[arg(long, help_heading = "Logging", value_name = "FILE")]
    pub(crate) termination_log: Option<String>,
    /// The least important level that is logged
    ///
    /// One of debug, info, warning, error and critical.
    #[arg(long, help_heading = "Logging", value_name = "LEVEL")]
    log_level: Option<String>,
    /// Log lines as `text` or `json`
    #[arg(long, help_heading = "Logging", value_name = "FORMAT")]
    log_format: Option<String>,
    /// Log each request
    #[arg(
        long,
        help_heading = "Logging",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    access_log: Option<String>,
}

impl From<ServeArgs> for Flags {
    fn from(args: ServeArgs) -> Self {
        Self {
            model: args.model,
            name: args.name,
            model_version: args.model_version,
            engine: args.engine,
            ort_library: args.ort_library,
            pickle_allow: args.pickle_allow,
            verify: args.verify,
            load_isolated: args.load_isolated,
            load_memory_max: args.load_memory_max,
            load_timeout: args.load_timeout,
            fetch: flags(&args.fetch, Some(&args.cache)),
            threads: args.threads,
            method: args.method,
            output: args.output,
            also: args.also,
            repository: args.repository,
            reload_interval: args.reload_interval,
            models_memory: args.models_memory,
            engine_threads: args.engine_threads,
            run_threads: args.run_threads,
            inline_cost_max_us: args.inline_cost_max_us,
            batch_rows_max: args.batch_rows_max,
            batch_wait_max_ms: args.batch_wait_max_ms,
            deterministic: args.deterministic,
            host: args.host,
            http_port: args.http_port,
            grpc_port: args.grpc_port,
            metrics_port: args.metrics_port,
            metrics_path: args.metrics_path,
            workers: args.workers,
            bind_early: args.bind_early,
            ports_file: args.ports_file,
            cors_allow_origin: args.cors_allow_origin,
            response_compress_bytes_min: args.response_compress_bytes_min,
            response_cache_bytes: args.response_cache_bytes,
            timing: args.timing,
            tls_cert_file: args.tls_cert_file,
            tls_key_file: args.tls_key_file,
            tls_client_ca_file: args.tls_client_ca_file,
            keep_alive: args.keep_alive,
            head_read_timeout: args.head_read_timeout,
            body_read_timeout: args.body_read_timeout,
            reply_read_timeout: args.reply_read_timeout,
            request_timeout: args.request_timeout,
            shutdown_timeout: args.shutdown_timeout,
            body_bytes_max: args.body_bytes_max,
            grpc_message_bytes_max: args.grpc_message_bytes_max,
            requests_max: args.requests_max,
            model_requests_max: args.model_requests_max,
            rows_max: args.rows_max,
            bytes_max: args.bytes_max,
            client_requests_max: args.client_requests_max,
            client_header: args.client_header,
            connections_max: args.connections_max,
            header_bytes_max: args.header_bytes_max,
            headers_max: args.headers_max,
            grpc_streams_max: args.grpc_streams_max,
            grpc_resets_max: args.grpc_resets_max,
            tls_handshakes_max: args.tls_handshakes_max,
            json_depth_max: args.json_depth_max,
            json_elements_max: args.json_elements_max,
            termination_log: args.termination_log,
            log_level: args.log_level,
            log_format: args.log_format,
            access_log: args.access_log,
            engine_names: &engines::NAMES,
        }
    }
}
