//! `radiant serve`: configures, logs what holds, and hands over to the server.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use radiant_server::config::{Config, Effective, Flags, LogFormat, Source, TlsFiles};
use radiant_server::{Host, Ready, Stopped};

use serde_json::json;

use super::{configure, from_here};
use crate::failure::Failure;
use crate::fetcher::Fetcher;
use crate::init::Duties;
use crate::models::Models;
use crate::termination::TerminationLog;
use crate::{Builtin, engines, logging, pages};

pub(super) fn run(
    flags: &Flags,
    builtins: &'static [Builtin],
    duties: Duties,
) -> Result<(), Failure> {
    let config = configure(flags)?;
    logging::start(config.log_level, config.log_format);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        model = config.model.as_ref().map(tracing::field::display),
        repository = config.repository.as_ref().map(tracing::field::display),
        name = config.model_name,
        workers = config.workers,
        engine_threads = config.engine_threads,
        "starting"
    );
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let fetcher = Fetcher::new(config.fetching.clone());
    let serving = Arc::new(AtomicBool::new(false));
    let source = Models::new(config.clone(), fetcher, builtins, Arc::clone(&serving));
    let source = Arc::new(source);
    let tell = |ready: &Ready| {
        serving.store(true, Ordering::Relaxed);
        pages::grow_if_large();
        announce(&config, ready)
    };
    let listening = Box::new(move || duties.hand_signals_over());
    let host = Host { source, engine_thread: engines::THREAD, listening };
    let stopped = radiant_server::serve(&config, host, tell);
    match stopped.map_err(|error| failure(&config, error.into()))? {
        Stopped::Drained => {}
        Stopped::GaveUp { requests, deadline } => {
            let deadline = deadline.as_secs_f64();
            TerminationLog::new(config.termination_log).write(&format!(
                "error: {requests} requests were given up: they did not finish within {deadline} s \
                 of SIGTERM (--shutdown-timeout)\n\nhint: raise it, and the pod's \
                 terminationGracePeriodSeconds with it"
            ));
        }
    }
    Ok(())
}

/// Tells people what to try, and whoever started the server which ports are open.
fn announce(config: &Config, ready: &Ready) -> io::Result<()> {
    if let (LogFormat::Text, Some(example)) = (config.log_format, &ready.example) {
        let line = format!("\nTry it:\n{}\n\n", curl(ready.http, config.tls.as_ref(), example));
        // When stderr is gone there is nobody to tell.
        drop(io::stderr().lock().write_all(line.as_bytes()));
    }
    match &config.ports_file {
        Some(path) => write_ports(path, ready),
        None => Ok(()),
    }
}

/// A command line that asks the server for one prediction.
fn curl(address: SocketAddr, tls: Option<&TlsFiles>, body: &str) -> String {
    let address = SocketAddr::new(from_here(address.ip()), address.port());
    let body = body.replace('\'', r"'\''");
    // No certificate is for the address at hand; and who the client is, only the client knows.
    let server = match tls {
        None => "curl -s http",
        Some(TlsFiles { client_ca: None, .. }) => "curl -sk https",
        Some(TlsFiles { client_ca: Some(_), .. }) => "curl -sk --cert CERT --key KEY https",
    };
    format!(
        "{server}://{address}/api/v1.0/predictions -H 'Content-Type: application/json' -d '{body}'"
    )
}

/// Writes the ports where a starter waits for them; the file appears whole or not at all.
fn write_ports(path: &Path, ready: &Ready) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let grpc = ready.grpc.map(|address| address.port());
    let ports = json!({"grpc": grpc, "http": ready.http.port(), "metrics": ready.metrics.port()});
    fs::write(&partial, format!("{ports}\n"))?;
    fs::rename(&partial, path)
}

/// Whoever reads JSON lines is told in one; people are told as by every command.
fn failure(config: &Config, error: anyhow::Error) -> Failure {
    let shown = format!("{error:#}");
    let nobody_named_it =
        |option: &Effective| option.name == "model" && matches!(option.source, Source::Default);
    let mut failure = Failure::from(error);
    if config.repository.is_none() && config.effective.iter().any(nobody_named_it) {
        failure = failure.hint("no model was named: `radiant serve MODEL`, or set RADIANT_MODEL");
    }
    if config.log_format == LogFormat::Json {
        tracing::error!(error = shown, "cannot serve");
        return failure.told_already();
    }
    failure
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_example_can_be_pasted_into_a_shell() {
        let line = |address: &str, body| curl(address.parse().expect("an address"), None, body);
        assert_eq!(
            line("0.0.0.0:9000", r#"{"jsonData":{"it's":[0]}}"#),
            "curl -s http://127.0.0.1:9000/api/v1.0/predictions -H 'Content-Type: \
             application/json' -d '{\"jsonData\":{\"it'\\''s\":[0]}}'"
        );
        assert!(line("[::]:1", "{}").contains("http://[::1]:1/"));
    }

    #[test]
    fn the_example_speaks_tls_where_the_port_does() {
        let line = |client_ca| {
            let tls = TlsFiles { cert: "c.pem".into(), key: "k.pem".into(), client_ca };
            curl(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), Some(&tls), "{}")
        };
        assert!(line(None).starts_with("curl -sk https://127.0.0.1:1/"));
        let with_ca = line(Some("ca.pem".into()));
        assert!(with_ca.starts_with("curl -sk --cert CERT --key KEY https://127.0.0.1:1/"));
    }

    #[test]
    fn the_ports_are_written_whole() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("ports.json");
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (http, grpc, metrics) = (address(1), Some(address(3)), address(2));
        let ready = Ready { http, grpc, metrics, example: None };
        write_ports(&path, &ready).expect("the file can be written");
        let written = fs::read_to_string(&path).expect("the file is there");
        assert_eq!(written, "{\"grpc\":3,\"http\":1,\"metrics\":2}\n");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 1);
    }
}
