//! How long a server takes from exec to its first answer, and what memory it holds when idle.
//!
//! Each round runs a program that does nothing, our server and, if asked for, the other one, one
//! after the other: from the call that starts the process to the first answer with status 200 to a
//! prediction. The client asks again every 200 us until the port is open.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use side_by_side::Spread;
use side_by_side::server::{Server, command, free_ports};

use crate::options::Options;
use crate::peer;

/// The smallest program that every Linux has.
const NOTHING: &str = "/bin/true";
/// How long a server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);
const BETWEEN_TRIES: Duration = Duration::from_micros(200);
const START_MAX: Duration = Duration::from_mins(1);

/// What one round saw.
#[derive(Debug, Clone, Copy)]
struct Seen {
    first_answer_ms: f64,
    idle_pss_mb: f64,
}

/// Measures all rounds and prints them.
///
/// # Errors
/// When a server does not start or does not answer.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (mut nothing, mut ours, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        nothing.push(exec_ms()?);
        let model = options.models.join("iris");
        ours.push(seen(options, |http| Server::first(&options.radiant, &model, http))?);
        if let Some(venv) = &options.venv {
            others.push(seen(options, |http| peer::first(venv, http))?);
        }
    }
    println!(
        "{:<34} {:>24} {:>22} {:>14}",
        "", "first answer, ms", "in bare execs", "idle PSS, MB"
    );
    println!("{:<34} {:>24}", format!("bare exec ({NOTHING})"), spread(&nothing)?.to_string());
    for (name, seen) in [("radiant, iris", &ours), ("seldon-core-microservice, iris", &others)] {
        if !seen.is_empty() {
            print(name, seen, &nothing)?;
        }
    }
    Ok(())
}

fn print(name: &str, seen: &[Seen], nothing: &[f64]) -> Result<()> {
    let times: Vec<f64> = seen.iter().map(|seen| seen.first_answer_ms).collect();
    let ratios: Vec<f64> = times.iter().zip(nothing).map(|(time, exec)| time / exec).collect();
    let pss: Vec<f64> = seen.iter().map(|seen| seen.idle_pss_mb).collect();
    let (times, ratios, pss) = (spread(&times)?, spread(&ratios)?, spread(&pss)?);
    println!(
        "{name:<34} {:>24} {:>22} {:>14.1}",
        times.to_string(),
        ratios.to_string(),
        pss.median
    );
    Ok(())
}

fn spread(values: &[f64]) -> Result<Spread> {
    Spread::of(values.to_vec()).context("there is no round")
}

/// How long a program takes that does nothing.
fn exec_ms() -> Result<f64> {
    let started = Instant::now();
    let status = command(Path::new(NOTHING)).status().context("running nothing")?;
    ensure!(status.success(), "{NOTHING} failed");
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

/// Starts a server, asks it until it answers, and looks at it when it is idle.
fn seen(options: &Options, start: impl FnOnce([SocketAddr; 3]) -> Result<Server>) -> Result<Seen> {
    let ports = free_ports()?;
    let started = Instant::now();
    let server = start(ports)?;
    while !answers(server.http) {
        ensure!(started.elapsed() < START_MAX, "no answer after {} s", START_MAX.as_secs());
        wait(BETWEEN_TRIES);
    }
    let first_answer_ms = started.elapsed().as_secs_f64() * 1e3;
    wait(if options.smoke { Duration::ZERO } else { IDLE });
    Ok(Seen { first_answer_ms, idle_pss_mb: server.pss_mb()? })
}

#[expect(clippy::disallowed_methods, reason = "nothing tells of a port that opens")]
fn wait(duration: Duration) {
    std::thread::sleep(duration);
}

/// Whether a prediction is answered with status 200.
fn answers(address: SocketAddr) -> bool {
    const BODY: &str = r#"{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}"#;
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = format!(
        "POST /api/v1.0/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut reply = [0; 12];
    let read = stream.write_all(request.as_bytes()).and_then(|()| stream.read_exact(&mut reply));
    read.is_ok() && reply.ends_with(b" 200")
}
