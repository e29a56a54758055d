//! `radiant probe`: asks the server on this machine whether it is ready, or alive.
//!
//! For health checks of containers, which have no other program to ask with. The REST port is asked as
//! clients do; where it speaks TLS, the metrics port is: it is plain, and asks for no certificate.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use radiant_contract::ports::{LIVE_PATH, READY_PATH};
use radiant_server::config::{Config, Flags};
use serde_json::Value;

use super::{configure, from_here};
use crate::args::ProbeArgs;
use crate::failure::Failure;
use crate::output;

/// More than any answer to such a question has.
const ANSWER_BYTES_MAX: u64 = 1 << 16;

/// More than the file of ports has.
const PORTS_BYTES_MAX: u64 = 1 << 10;

pub(super) fn run(args: ProbeArgs) -> Result<(), Failure> {
    let ProbeArgs { live, timeout, serve } = args;
    let (path, word) = if live { (LIVE_PATH, "live") } else { (READY_PATH, "ready") };
    let config = configure(&Flags::from(serve))?;
    match address(&config).and_then(|address| ask(address, path, timeout)) {
        Ok(()) => output::write(&format!("{word}\n")),
        Err(error) => Err(Failure::plain(error.context(format!("not {word}")))),
    }
}

/// Where to ask.
fn address(config: &Config) -> anyhow::Result<SocketAddr> {
    let (name, port) = match config.tls {
        None => ("http", config.http_port),
        Some(_) => ("metrics", config.metrics_port),
    };
    let port = match (port, &config.ports_file) {
        (0, Some(path)) => open_port(path, name)
            .with_context(|| format!("cannot read the {name} port in `{}`", path.display()))?,
        (0, None) => bail!(
            "the system chose the {name} port (0), and nothing tells which: set RADIANT_PORTS_FILE \
             for the server and for the probe"
        ),
        (port, _) => port,
    };
    Ok(SocketAddr::new(from_here(config.host), port))
}

/// A port out of the file that a server writes once it is ready.
fn open_port(path: &Path, name: &str) -> anyhow::Result<u16> {
    let mut text = String::new();
    File::open(path)?.take(PORTS_BYTES_MAX).read_to_string(&mut text)?;
    let ports: Value = serde_json::from_str(&text)?;
    let port = ports.get(name).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    port.ok_or_else(|| anyhow!("expected a port `{name}`"))
}

/// Asks for `path`, and fails unless the answer is that all is well.
fn ask(address: SocketAddr, path: &str, timeout: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + timeout;
    let answer = exchange(address, path, deadline).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => anyhow!(
            "nobody listens at {address}: the model is still being loaded, or the server was given \
             another address than the probe"
        ),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            anyhow!("no answer from {address} within {} s (--timeout)", timeout.as_secs_f64())
        }
        _ => anyhow!("cannot ask {address}: {error}"),
    })?;
    match parse(&answer) {
        Some((200, _)) => Ok(()),
        Some((status, body)) => {
            let why = why(body).unwrap_or_else(|| "it says no more".to_owned());
            bail!("{address} answered {status}: {why}")
        }
        None => bail!("{address} does not answer as HTTP does: another server has the port"),
    }
}

fn exchange(address: SocketAddr, path: &str, deadline: Instant) -> io::Result<Vec<u8>> {
    let left = || match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok::<_, io::Error>(left),
    };
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // The server closes the connection after its answer.
    while (answer.len() as u64) < ANSWER_BYTES_MAX {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut piece)? {
            0 => break,
            n => answer.extend_from_slice(piece.get(..n).unwrap_or_default()),
        }
    }
    Ok(answer)
}

/// The status and the body of an answer (RFC 9112, 4 and 6).
fn parse(answer: &[u8]) -> Option<(u16, &str)> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    Some((status.parse().ok()?, body))
}

/// What Seldon's body of a failure says.
fn why(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let why = body.pointer("/status/info")?.as_str()?;
    Some(why.chars().filter(|c| !c.is_control()).take(500).collect())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    /// What the probe says of a server that answers so.
    fn asked_of(answer: &'static [u8]) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            // All of it: a connection that is closed with bytes unread is reset.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("there is a request");
                request.extend(byte);
            }
            assert!(request.starts_with(b"GET /ready HTTP/"));
            stream.write_all(answer).expect("it can be answered");
        });
        let outcome = ask(address, READY_PATH, LONG);
        server.join().expect("the server answered");
        outcome.map_err(|error| error.to_string().replace(&address.to_string(), "ADDRESS"))
    }

    #[test]
    fn only_200_is_well_and_anything_else_says_why() {
        assert_eq!(asked_of(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready"), Ok(()));
        for (answer, expected) in [
            (
                &b"HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":{\"info\":\"loading\"}}"[..],
                "ADDRESS answered 503: loading",
            ),
            (b"HTTP/1.1 404 Not Found\r\n\r\nnothing", "ADDRESS answered 404: it says no more"),
            (b"", "ADDRESS does not answer as HTTP does: another server has the port"),
            (
                b"\x15\x03\x03\x00\x02",
                "ADDRESS does not answer as HTTP does: another server has the port",
            ),
        ] {
            assert_eq!(asked_of(answer), Err(expected.to_owned()));
        }
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let outcome = ask(address, READY_PATH, Duration::from_millis(20));
        let said = outcome.expect_err("nobody answers").to_string();
        assert_eq!(said, format!("no answer from {address} within 0.02 s (--timeout)"));
        drop(listener);
        let said = ask(address, READY_PATH, LONG).expect_err("nobody is there").to_string();
        assert!(said.starts_with("nobody listens at"), "{said}");
    }

    #[test]
    fn a_server_that_speaks_tls_is_asked_at_its_metrics_port() {
        let text = |text: &str| Some(text.to_owned());
        let asked = |flags: Flags| {
            let config = Config::build(&flags, &radiant_contract::MapEnv::default(), None);
            address(&config.expect("the flags are good")).map_err(|error| error.to_string())
        };
        assert_eq!(asked(Flags::default()), Ok(([127, 0, 0, 1], 9000).into()));
        let tls = Flags {
            host: text("::1"),
            tls_cert_file: text("c.pem"),
            tls_key_file: text("k.pem"),
            metrics_port: text("6001"),
            ..Flags::default()
        };
        assert_eq!(asked(tls), Ok("[::1]:6001".parse().expect("an address")));
        let unknown = asked(Flags { http_port: text("0"), ..Flags::default() });
        assert!(unknown.expect_err("nobody knows").contains("RADIANT_PORTS_FILE"));
    }
}
