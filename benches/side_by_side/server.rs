//! The servers under load: child processes on a processor of their own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use crate::process::{cpu_ns, family, kill, pss_mb, threads};

/// How long a server may take to open its port.
const START_MAX: Duration = Duration::from_mins(1);

/// What the names of threads begin with that serve sockets.
const SOCKETS: [&str; 2] = ["actix-", "grpc-"];

/// Where servers and load run: apart, so that neither takes the other's time.
#[derive(Debug, Clone, Copy)]
pub struct Cores {
    servers: usize,
    load: usize,
}

impl Cores {
    /// The first and the second of the processors that this process may use; `None` where there is
    /// only one.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn find() -> Result<Option<Self>> {
        let ours = sched_getaffinity(None).context("asking for the processors")?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| ours.is_set(core));
        Ok(cores.next().zip(cores.next()).map(|(servers, load)| Self { servers, load }))
    }
}

/// Keeps this thread, and the processes it starts from now on, on one processor.
fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("moving to processor {core}"))
}

/// Runs the load on its own processor from now on.
///
/// # Errors
/// When the system refuses.
pub fn pin_load(cores: Option<Cores>) -> Result<()> {
    cores.map_or(Ok(()), |cores| pin(cores.load))
}

/// Runs this thread where servers run from now on, as a part of one that is measured by itself.
///
/// # Errors
/// When the system refuses.
pub fn pin_server(cores: Option<Cores>) -> Result<()> {
    cores.map_or(Ok(()), |cores| pin(cores.servers))
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Server {
    /// Where it answers over HTTP/1.1. A server of one kind has one address.
    pub http: SocketAddr,
    /// Where it answers over gRPC.
    pub grpc: SocketAddr,
    child: Process,
}

impl Server {
    /// Starts the floor under HTTP: one worker that answers `reply` of this type.
    ///
    /// # Errors
    /// When it does not start or does not say its port.
    pub fn constant(
        program: &Path,
        (content_type, reply): (&str, &[u8]),
        cores: Option<Cores>,
    ) -> Result<Self> {
        let mut body = NamedTempFile::new()?;
        body.write_all(reply)?;
        let mut command = command(program);
        command.args(["http", "1", content_type]).arg(body.path());
        Self::printing_port(command, cores)
    }

    /// Starts the floor under gRPC: one worker that answers with what came.
    ///
    /// # Errors
    /// When it does not start or does not say its port.
    pub fn echo(program: &Path, cores: Option<Cores>) -> Result<Self> {
        let mut command = command(program);
        command.args(["grpc-core", "1"]);
        Self::printing_port(command, cores)
    }

    /// Starts the gRPC echo that is built the usual way; it has as many workers as processors.
    ///
    /// # Errors
    /// When it does not start or does not say its port.
    pub fn stock(program: &Path, cores: Option<Cores>) -> Result<Self> {
        Self::printing_port(command(program), cores)
    }

    fn printing_port(mut command: Command, cores: Option<Cores>) -> Result<Self> {
        command.stdout(Stdio::piped());
        let mut child = Process::spawn(command, cores)?;
        let stdout = child.0.stdout.take().context("the floor has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("reading the floor's port")?;
        let address = at(line.trim().parse().context("the floor did not say its port")?);
        Ok(Self { http: address, grpc: address, child })
    }

    /// Starts `radiant serve` with one worker, these options, and otherwise as it comes.
    ///
    /// # Errors
    /// When it does not open its ports; what it logged is in the message.
    pub fn radiant(
        program: &Path,
        model: &Path,
        options: &[String],
        cores: Option<Cores>,
    ) -> Result<Self> {
        let folder = TempDir::new()?;
        let ports = folder.path().join("ports.json");
        let mut command = command(program);
        command.arg("serve").arg(model).args(["--host", "127.0.0.1", "--workers", "1"]);
        command.args(options);
        command.args(["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]);
        command.arg("--ports-file").arg(&ports);
        Self::logging(command, cores, folder.path(), || {
            let Ok(text) = std::fs::read_to_string(&ports) else { return Ok(None) };
            let ports: Value = serde_json::from_str(&text)?;
            let port = |name: &str| {
                let port = ports.get(name).and_then(Value::as_u64);
                let port = port.with_context(|| format!("the ports file has no `{name}`"))?;
                anyhow::Ok(at(u16::try_from(port)?))
            };
            Ok(Some((port("http")?, port("grpc")?)))
        })
    }

    /// Starts `radiant serve` as it comes at these ports, and does not wait for it.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn first(program: &Path, model: &Path, ports: [SocketAddr; 3]) -> Result<Self> {
        let mut command = command(program);
        command.arg("serve").arg(model).args(["--host", "127.0.0.1"]);
        for (option, address) in
            ["--http-port", "--grpc-port", "--metrics-port"].into_iter().zip(ports)
        {
            command.arg(option).arg(address.port().to_string());
        }
        Self::silent(command, ports)
    }

    /// Starts a server whose output nobody reads, and does not wait for it.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn silent(mut command: Command, ports: [SocketAddr; 3]) -> Result<Self> {
        let [http, grpc, _] = ports;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { http, grpc, child: Process::spawn(command, None)? })
    }

    /// Starts a server that logs to `folder`, and waits until `ready` gives its addresses.
    ///
    /// # Errors
    /// When it does not get there; what it logged is in the message.
    pub fn logging(
        mut command: Command,
        cores: Option<Cores>,
        folder: &Path,
        ready: impl FnMut() -> Result<Option<(SocketAddr, SocketAddr)>>,
    ) -> Result<Self> {
        let log = folder.join("log");
        let output = std::fs::File::create(&log)?;
        command.stdout(output.try_clone()?).stderr(output);
        let line = format!("{command:?}");
        let mut child = Process::spawn(command, cores)?;
        let (http, grpc) = child.wait_until(ready).with_context(|| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            format!("{line} does not start:\n{log}")
        })?;
        Ok(Self { http, grpc, child })
    }

    /// Moves the threads that serve sockets to the load's processor, and leaves the servers' to those that
    /// run models: as where both have processors of their own.
    ///
    /// # Errors
    /// When it has ended, or the system refuses.
    pub fn move_sockets(&self, cores: Option<Cores>) -> Result<()> {
        let Some(cores) = cores else { return Ok(()) };
        let mut load = CpuSet::new();
        load.set(cores.load);
        for (thread, name) in threads(self.child.0.id())? {
            if SOCKETS.iter().any(|of| name.starts_with(of)) {
                sched_setaffinity(Some(thread), &load).with_context(|| format!("moving {name}"))?;
            }
        }
        Ok(())
    }

    /// Its memory, pages that it shares with others counted in parts (PSS), in megabytes; that of the
    /// processes that it has started too.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pss_mb(&self) -> Result<f64> {
        family(self.child.0.id()).into_iter().map(pss_mb).sum()
    }

    /// The processor time that all its threads have used, in nanoseconds, those of the processes
    /// that it has started too.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_ns(&self) -> Result<u64> {
        family(self.child.0.id()).into_iter().map(cpu_ns).sum()
    }
}

/// An address of this machine that others do not reach.
pub fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// Ports that were free a moment ago, for a server that does not tell which it chose for 0.
///
/// # Errors
/// When there are none.
pub fn free_ports() -> Result<[SocketAddr; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind(at(0)));
    let mut addresses = [at(0); 3];
    for (address, listener) in addresses.iter_mut().zip(listeners) {
        *address =
            listener.and_then(|listener| listener.local_addr()).context("asking for ports")?;
    }
    Ok(addresses)
}

/// A command whose environment is empty: a variable of the shell must not change what is measured.
pub fn command(program: &Path) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the servers are processes of their own")]
    let mut command = Command::new(program);
    command.env_clear();
    command
}

/// A child process; it ends with this value, and so do those that it has started.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // They have no state to lose, and may be gone already.
        family(self.0.id()).into_iter().for_each(kill);
        drop(self.0.wait());
    }
}

impl Process {
    /// Starts a server on the servers' processor, which it inherits from this thread.
    fn spawn(mut command: Command, cores: Option<Cores>) -> Result<Self> {
        if let Some(cores) = cores {
            pin(cores.servers)?;
        }
        let child = command.spawn().with_context(|| {
            format!("starting {}: build it first", Path::new(command.get_program()).display())
        });
        pin_load(cores)?;
        Ok(Self(child?))
    }

    fn wait_until<T>(&mut self, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Some(value) = ready()? {
                return Ok(value);
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("it ended with {status}");
            }
            ensure!(started.elapsed() < START_MAX, "no port after {} s", START_MAX.as_secs());
            #[expect(clippy::disallowed_methods, reason = "nothing tells of a port that opens")]
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
