//! The servers under load: child processes on a processor of their own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tempfile::TempDir;

/// How long a server may take to open its port.
const START_MAX: Duration = Duration::from_mins(1);

/// Where servers and load run: apart, so that neither takes the other's time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    servers: usize,
    load: usize,
}

impl Cores {
    /// The first and the second of the processors that this process may use; `None` where there is
    /// only one.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn find() -> Result<Option<Self>> {
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

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    child: Guard,
}

#[derive(Debug)]
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It has no state to lose, and may be gone already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Server {
    /// Starts the floor: one worker that answers a constant.
    ///
    /// # Errors
    /// When it does not start or does not say its port.
    pub(crate) fn floor(program: &Path, cores: Option<Cores>) -> Result<Self> {
        let mut command = command(program);
        command.arg("1").stdout(Stdio::piped());
        let mut child = spawn(command, cores)?;
        let stdout = child.0.stdout.take().context("the floor has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("reading the floor's port")?;
        let port: u16 = line.trim().parse().context("the floor did not say its port")?;
        Ok(Self { address: ([127, 0, 0, 1], port).into(), child })
    }

    /// Starts `radiant serve` with one worker and otherwise as it comes.
    ///
    /// # Errors
    /// When it does not open its port; what it logged is in the message.
    pub(crate) fn radiant(program: &Path, model: &Path, cores: Option<Cores>) -> Result<Self> {
        let folder = TempDir::new()?;
        let (ports, log) = (folder.path().join("ports.json"), folder.path().join("log"));
        let output = std::fs::File::create(&log)?;
        let mut command = command(program);
        command.arg("serve").arg(model).args(["--host", "127.0.0.1", "--workers", "1"]);
        command.args(["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]);
        command.arg("--ports-file").arg(&ports).stdout(output.try_clone()?).stderr(output);
        let mut child = spawn(command, cores)?;
        let port = wait_for_port(&mut child, &ports).with_context(|| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            format!("{} serve {} does not start:\n{log}", program.display(), model.display())
        })?;
        Ok(Self { address: ([127, 0, 0, 1], port).into(), child })
    }

    /// The processor time that all its threads have used, in nanoseconds.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn cpu_ns(&self) -> Result<u64> {
        cpu_ns(self.child.0.id())
    }
}

/// The processor time that the threads of a process have used, in nanoseconds.
///
/// # Errors
/// When there is no such process, or the kernel keeps no such record.
pub(crate) fn cpu_ns(process: u32) -> Result<u64> {
    let mut sum = 0;
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).context("a server ended")?;
    for thread in threads {
        let path = thread?.path().join("schedstat");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        // Fields: time on a processor, time waiting for one, slices.
        let ran = text.split_ascii_whitespace().next().context("schedstat is empty")?;
        sum += ran.parse::<u64>().context("schedstat is not a number")?;
    }
    Ok(sum)
}

/// Runs the load on its own processor from now on.
///
/// # Errors
/// When the system refuses.
pub(crate) fn pin_load(cores: Option<Cores>) -> Result<()> {
    cores.map_or(Ok(()), |cores| pin(cores.load))
}

fn command(program: &Path) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the servers are processes of their own")]
    let mut command = Command::new(program);
    // A variable of the shell must not change what is measured.
    command.env_clear();
    command
}

/// Starts a server on the servers' processor, which it inherits from this thread.
fn spawn(mut command: Command, cores: Option<Cores>) -> Result<Guard> {
    if let Some(cores) = cores {
        pin(cores.servers)?;
    }
    let child = command.spawn().with_context(|| {
        format!("starting {}: build it first", Path::new(command.get_program()).display())
    });
    pin_load(cores)?;
    Ok(Guard(child?))
}

fn wait_for_port(child: &mut Guard, ports: &Path) -> Result<u16> {
    let started = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(ports) {
            let ports: serde_json::Value = serde_json::from_str(&text)?;
            let port = ports.get("http").and_then(serde_json::Value::as_u64);
            return Ok(u16::try_from(port.context("the ports file has no HTTP port")?)?);
        }
        if let Some(status) = child.0.try_wait()? {
            bail!("it ended with {status}");
        }
        ensure!(started.elapsed() < START_MAX, "no port after {} s", START_MAX.as_secs());
        #[expect(clippy::disallowed_methods, reason = "nothing tells of a file that appears")]
        std::thread::sleep(Duration::from_millis(10));
    }
}
