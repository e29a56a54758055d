//! The table of variables.

use super::{EnvVar, Origin};

macro_rules! variables {
    ($($name:ident, $origin:ident, $default:literal, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: EnvVar = EnvVar {
                name: stringify!($name),
                default: $default,
                meaning: $meaning,
                origin: Origin::$origin,
            };
        )*

        /// All variables that the server reads, in the order of the documentation.
        pub const ALL: &[EnvVar] = &[$($name),*];
    };
}

variables! {
    RADIANT_MODEL, Ours, "/mnt/models",
        "The model to serve: a file, a folder with one model, a URI, or `builtin:NAME`.";
    RADIANT_NAME, Ours, "",
        "The model's name. Unset: the unit's name, else the model file's name without its ending.";
    RADIANT_MODEL_VERSION, Ours, "1",
        "The version of a model that comes without one.";
    RADIANT_ENGINE, Ours, "auto",
        "The engine that runs the model: `auto` or the name of one that is compiled in.";
    RADIANT_ORT_LIBRARY, Ours, "",
        "The file of ONNX Runtime's library. Unset: it is looked for in the usual places.";
    RADIANT_PICKLE_ALLOW, Ours, "",
        "Classes that files of Python objects may name besides the known ones, which stay data: `package.module.Class` or `package.*`, separated by commas.";
    RADIANT_VERIFY, Ours, "false",
        "Whether a model must answer the test data in its folder before it is served.";
    RADIANT_LOAD_ISOLATED, Ours, "auto",
        "Which models are tried out in a limited process before they are loaded: `auto`, `always`, `never`.";
    RADIANT_LOAD_MEMORY_MAX, Ours, "16GiB",
        "Address space that a model may take when it is tried out.";
    RADIANT_LOAD_TIMEOUT, Ours, "120s",
        "How long a model may take when it is tried out.";
    RADIANT_CREDENTIALS, Ours, "",
        "A file of `NAME=VALUE` lines, or a folder with a file for each name: variables with credentials that come before the environment's.";
    RADIANT_CACHE_DIR, Ours, "",
        "Where fetched models are kept. Unset: the folder `radiant` in the system's temporary folder.";
    RADIANT_CACHE_BYTES_MAX, Ours, "32GiB",
        "The size from which the models used least recently leave the cache.";
    RADIANT_FETCH_BYTES_MAX, Ours, "64GiB",
        "The largest model that is fetched, all its files together.";
    RADIANT_FETCH_FILE_BYTES_MAX, Ours, "64GiB",
        "The largest file that is fetched.";
    RADIANT_FETCH_PARALLEL, Ours, "8",
        "Requests to a store at once.";
    RADIANT_OCI_PLAIN_HTTP, Ours, "",
        "Registries that are asked without TLS, such as `registry:5000`, separated by commas; those on this machine need not be among them.";
    RADIANT_THREADS, Ours, "",
        "Threads that compute. Unset: one for each CPU that the container's quota allows.";
    RADIANT_METHOD, Ours, "predict_proba",
        "What an estimator answers: `predict_proba`, `decision_function` or `predict`.";
    RADIANT_OUTPUT, Ours, "",
        "The output that a model with several answers with. Unset: the first.";
    RADIANT_ALSO, Ours, "",
        "Further models to serve, each under a name of its own: `NAME=MODEL`, several separated by commas.";
    RADIANT_REPOSITORY, Ours, "",
        "A folder or URI of further models, each in a folder of its own, with versions in folders below.";
    RADIANT_RELOAD_INTERVAL, Ours, "none",
        "How often it is looked whether the files of models have changed, to load them anew, or `none`.";
    RADIANT_MODELS_MEMORY, Ours, "none",
        "Memory that models may take together, or `none`; the one asked for longest ago is unloaded first.";
    RADIANT_ENGINE_THREADS, Ours, "",
        "Threads that run models too slow for the HTTP workers. Unset: as `RADIANT_THREADS`.";
    RADIANT_RUN_THREADS, Ours, "1",
        "Threads that one run of a model on an engine thread may use, in engines that share runs out.";
    RADIANT_INLINE_COST_MAX_US, Ours, "50",
        "Microseconds for one row, measured at warm-up, up to which a model runs on the HTTP worker.";
    RADIANT_BATCH_ROWS_MAX, Ours, "auto",
        "The most rows of requests that share a run: a number, `auto` (the engine's word) or `off`.";
    RADIANT_BATCH_WAIT_MAX_MS, Ours, "0",
        "Milliseconds that a free engine thread waits for a run to become that large.";
    RADIANT_DETERMINISTIC, Ours, "false",
        "Whether an answer has the same bits whatever else is asked: engines that cannot promise it \
         run each request by itself.";
    RADIANT_HOST, Ours, "0.0.0.0",
        "The IP address to listen on, for all ports.";
    RADIANT_HTTP_PORT, Ours, "9000",
        "The REST port; 0 lets the system choose one.";
    RADIANT_GRPC_PORT, Ours, "5000",
        "The gRPC port; 0 lets the system choose one.";
    RADIANT_METRICS_PORT, Ours, "6000",
        "The metrics port; 0 lets the system choose one.";
    RADIANT_METRICS_PATH, Ours, "/metrics",
        "The path of the metrics on their port.";
    RADIANT_WORKERS, Ours, "",
        "Threads that serve HTTP, and as many again for gRPC. Unset: as `RADIANT_THREADS`.";
    RADIANT_BIND_EARLY, Ours, "false",
        "Whether ports open before the model is loaded; requests then answer 503 until it is.";
    RADIANT_PORTS_FILE, Ours, "",
        "A file to write the open ports to, as JSON, once the server is ready.";
    RADIANT_CORS_ALLOW_ORIGIN, Ours, "*",
        "Origins that browsers may call from: `*`, a comma-separated list, or `none`.";
    RADIANT_RESPONSE_COMPRESS_BYTES_MIN, Ours, "1KiB",
        "The size from which a reply is compressed for a client that accepts it, or `none`.";
    RADIANT_RESPONSE_CACHE_BYTES, Ours, "none",
        "The memory of a cache of answers, from 1MiB up, or `none`.";
    RADIANT_TIMING, Ours, "off",
        "Who is told where the time of a request went, in `Server-Timing`: `off` (nobody), `asked` (who sends `X-Server-Timing: 1`), `always`.";
    RADIANT_TLS_CERT_FILE, Ours, "",
        "A PEM file with the certificate of the REST and gRPC ports and its chain; read again when it changes.";
    RADIANT_TLS_KEY_FILE, Ours, "",
        "A PEM file with the certificate's private key; read again when it changes.";
    RADIANT_TLS_CLIENT_CA_FILE, Ours, "",
        "A PEM file with the authorities that clients' certificates must come from. Unset: none is asked for.";
    RADIANT_KEEP_ALIVE, Ours, "120s",
        "How long an idle connection stays open. Seldon's orchestrator reuses one for up to 90 s.";
    RADIANT_HEAD_READ_TIMEOUT, Ours, "15s",
        "How long a client may take to send the head of a request, and for a TLS handshake.";
    RADIANT_BODY_READ_TIMEOUT, Ours, "30s",
        "How long a client may take to send a body, beyond a second for each 64 KiB.";
    RADIANT_REPLY_READ_TIMEOUT, Ours, "30s",
        "How long a client may take to read a reply, beyond a second for each 64 KiB.";
    RADIANT_REQUEST_TIMEOUT, Ours, "none",
        "How long a prediction may take, or `none`.";
    RADIANT_SHUTDOWN_TIMEOUT, Ours, "8s",
        "How long requests may take to finish after SIGTERM.";
    RADIANT_BODY_BYTES_MAX, Ours, "256MiB",
        "The largest request body.";
    RADIANT_GRPC_MESSAGE_BYTES_MAX, Ours, "2147483647",
        "The largest gRPC message, in either direction.";
    RADIANT_REQUESTS_MAX, Ours, "",
        "Requests in flight at once; one more is answered 503, over gRPC UNAVAILABLE. Unset: 512 for each CPU that the container's quota allows, 16384 at most.";
    RADIANT_MODEL_REQUESTS_MAX, Ours, "auto",
        "Requests in flight of each model; with `auto` the only one may have all, and several leave room for each other.";
    RADIANT_ROWS_MAX, Ours, "",
        "Rows of the requests in flight at once. Unset: 1024 for each of `RADIANT_REQUESTS_MAX`.";
    RADIANT_BYTES_MAX, Ours, "",
        "Bytes of the requests in flight at once, with what they unpack to. Unset: an eighth of the memory that the container may use.";
    RADIANT_CLIENT_REQUESTS_MAX, Ours, "none",
        "Requests to models in flight of one client, or `none`; one more is answered 429, over gRPC RESOURCE_EXHAUSTED.";
    RADIANT_CLIENT_HEADER, Ours, "",
        "The header whose value tells one client from another. Unset: the address does.";
    RADIANT_CONNECTIONS_MAX, Ours, "10000",
        "Open connections of the HTTP port, and of the gRPC port.";
    RADIANT_HEADER_BYTES_MAX, Ours, "32KiB",
        "The largest headers of a request together, 32 bytes for each counted beside its name and value.";
    RADIANT_HEADERS_MAX, Ours, "96",
        "How many headers a request may have.";
    RADIANT_GRPC_STREAMS_MAX, Ours, "1024",
        "Calls at once on one gRPC connection; more wait at the client.";
    RADIANT_GRPC_RESETS_MAX, Ours, "1024",
        "Calls that a client may take back within a second on one gRPC connection.";
    RADIANT_TLS_HANDSHAKES_MAX, Ours, "1024",
        "TLS handshakes at once; a connection beyond them is closed.";
    RADIANT_JSON_DEPTH_MAX, Ours, "128",
        "How deep JSON in a request may be nested.";
    RADIANT_JSON_ELEMENTS_MAX, Ours, "16777216",
        "How many elements one array or value in a request may hold.";
    RADIANT_TERMINATION_LOG, Ours, "/dev/termination-log",
        "A file that is told why the process ends when it ends badly, if it is there, or `none`.";
    RADIANT_LOG_LEVEL, Ours, "info",
        "The least important level that is logged: debug, info, warning, error or critical.";
    RADIANT_LOG_FORMAT, Ours, "text",
        "`text` for people, or `json`: one object a line.";
    RADIANT_ACCESS_LOG, Ours, "false",
        "Whether each request is logged.";

    PREDICTIVE_UNIT_HTTP_SERVICE_PORT, Seldon, "9000",
        "The REST port.";
    PREDICTIVE_UNIT_GRPC_SERVICE_PORT, Seldon, "5000",
        "The gRPC port; the operator sets 9500 and up.";
    PREDICTIVE_UNIT_METRICS_SERVICE_PORT, Seldon, "6000",
        "The metrics port.";
    PREDICTIVE_UNIT_METRICS_ENDPOINT, Seldon, "/metrics",
        "The path of the metrics on their port; the operator sets `/prometheus`.";
    PREDICTIVE_UNIT_PARAMETERS, Seldon, "[]",
        "The node's parameters, a JSON list of `{name, value, type}`: `model_uri`, `method`, `output`.";
    PREDICTIVE_UNIT_ID, Seldon, "",
        "The node's name in the graph: the model's name, a label of metrics, a key of `meta.requestPath`.";
    PREDICTIVE_UNIT_IMAGE, Seldon, "",
        "The container's image: the default of the metadata's name and version, and labels of metrics.";
    PREDICTOR_ID, Seldon, "",
        "The predictor's name, a label of metrics.";
    PREDICTOR_LABELS, Seldon, "",
        "The predictor's labels, a JSON object; `version` is a label of metrics.";
    SELDON_DEPLOYMENT_ID, Seldon, "",
        "The deployment's name, a label of metrics.";
    SELDON_EXECUTOR_ENABLED, Seldon, "true",
        "`false` switches the feedback counters off.";
    MODEL_METADATA, Seldon, "",
        "Metadata of the model, YAML or JSON, over that in the model's folder.";
    INCLUDE_METRICS_IN_CLIENT_RESPONSE, Seldon, "true",
        "Whether replies carry `meta.metrics`.";
    PAYLOAD_PASSTHROUGH, Seldon, "false",
        "Whether bodies reach a component as raw bytes, and its answers leave so.";
    CORS_ALLOWED_ORIGINS, Seldon, "*",
        "Origins that browsers may call from, as Seldon's orchestrator reads it.";
    GRPC_WORKERS, Seldon, "1",
        "`0` turns gRPC off; how many processes any other number means has no effect.";
    SELDON_LOG_LEVEL, Seldon, "INFO",
        "The least important level that is logged.";
    GUNICORN_ACCESS_LOG, Seldon, "false",
        "Whether each request is logged.";

    MLSERVER_HTTP_PORT, MlServer, "",
        "The REST port.";
    MLSERVER_GRPC_PORT, MlServer, "",
        "The gRPC port.";
    MLSERVER_METRICS_PORT, MlServer, "",
        "The metrics port.";
    MLSERVER_METRICS_ENDPOINT, MlServer, "",
        "The path of the metrics on their port.";
    MLSERVER_MODEL_URI, MlServer, "",
        "The model to serve.";
    MLSERVER_MODEL_NAME, MlServer, "",
        "The model's name.";
    MLSERVER_MODEL_VERSION, MlServer, "",
        "The model's version; the operator sets `v1`.";
}
