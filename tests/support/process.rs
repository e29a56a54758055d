//! A server as its users run it: a process with arguments, an environment and signals.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use super::PATIENCE;
use super::http::{self, Reply, Request};

/// How often a condition is looked at again where nothing tells that it changed.
const TICK: Duration = Duration::from_millis(10);
/// How long a program may take that is expected to end.
const RUN_MAX: Duration = Duration::from_mins(2);

/// What to start.
#[derive(Debug, Default)]
pub(crate) struct Start {
    args: Vec<String>,
    env: Vec<(String, String)>,
    /// The name that it is started by, if not its own.
    name: Option<&'static str>,
    /// What a shell does before it becomes the first process of a container, if it does.
    before_first: Option<String>,
}

impl Start {
    /// A server of one model on ports that the system chooses.
    pub(crate) fn serve(model: impl AsRef<OsStr>) -> Self {
        let model = model.as_ref().to_str().expect("test paths are UTF-8");
        Self::default().args(["serve", model]).free_ports()
    }

    /// The same with these arguments.
    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// The same with one more environment variable. Nothing is inherited.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same under another name.
    pub(crate) fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The same as PID 1 of a namespace of its own, after a shell there has done `before`.
    pub(crate) fn first(self, before: &str) -> Self {
        Self { before_first: Some(before.to_owned()), ..self }
    }

    /// The same on ports that the system chooses.
    pub(crate) fn free_ports(self) -> Self {
        self.env("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "0")
            .env("PREDICTIVE_UNIT_GRPC_SERVICE_PORT", "0")
            .env("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", "0")
    }

    /// Runs the program to its end, which is near: one that serves is ended after [`RUN_MAX`].
    pub(crate) fn run(self) -> Outcome {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        let pid = Pid::from_child(&child);
        let (ended, end) = channel::<()>();
        let watch = thread::spawn(move || {
            if end.recv_timeout(RUN_MAX) == Err(RecvTimeoutError::Timeout) {
                // It may just have ended by itself.
                kill_process(pid, Signal::KILL).ok();
            }
        });
        let output = child.wait_with_output().expect("its output can be read");
        drop(ended);
        watch.join().expect("nothing went wrong");
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts the program and waits until its ports are open.
    pub(crate) fn start(self) -> Server {
        let mut server = self.spawn();
        server.wait_for_ports();
        server
    }

    /// Starts the program and waits for nothing.
    pub(crate) fn spawn(self) -> Server {
        let folder = TempDir::new().expect("a temporary folder");
        let ports_file = folder.path().join("ports.json");
        let mut command = self.command();
        command.env("RADIANT_PORTS_FILE", &ports_file);
        let piped = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        let (sender, lines) = channel();
        // Ends with the pipe, which ends with the process.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Server { child, lines, log: String::new(), folder, http: 0, grpc: 0, metrics: 0 }
    }

    fn command(&self) -> Command {
        const PROGRAM: &str = env!("CARGO_BIN_EXE_radiant-probe");
        let program = self.before_first.as_ref().map_or(PROGRAM, |_| "/usr/bin/unshare");
        #[expect(clippy::disallowed_methods, reason = "this test's subject is a process")]
        let mut command = Command::new(program);
        if let Some(before) = &self.before_first {
            if !geteuid().is_root() {
                command.args(["--user", "--map-root-user"]);
            }
            let script = format!("{before}\nexec \"$0\" \"$@\"");
            command.args(["--pid", "--fork", "--kill-child", "/bin/sh", "-ec", &script, PROGRAM]);
        }
        if let Some(name) = self.name {
            command.arg0(name);
        }
        command.env_clear().args(&self.args).envs(self.env.iter().map(|(k, v)| (k, v)));
        command
    }
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    log: String,
    folder: TempDir,
    /// The port of the REST server.
    pub(crate) http: u16,
    /// The port of the gRPC server.
    pub(crate) grpc: u16,
    /// The port of the metrics server.
    pub(crate) metrics: u16,
}

impl Server {
    /// Sends one request on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Reply {
        http::send(self.http, request)
    }

    /// The metrics page.
    pub(crate) fn metrics_page(&self) -> String {
        http::send(self.metrics, &Request::get("/metrics")).text().to_owned()
    }

    /// The process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Asks the process to end, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).expect("the process lives");
    }

    /// Sends a signal to what was started as the first process of a namespace.
    pub(crate) fn signal_first(&mut self, signal: Signal) {
        let first = self.first();
        let first = Pid::from_raw(first.parse().expect("a number"));
        kill_process(first.expect("a process has an id"), signal).expect("the process lives");
    }

    /// The children of the first process of a namespace.
    pub(crate) fn children_of_first(&mut self) -> String {
        let first = self.first();
        children(&first)
    }

    /// The number that the first process of a namespace has outside.
    fn first(&mut self) -> String {
        let first = self.until(|server| {
            Some(children(&server.child.id().to_string())).filter(|found| !found.is_empty())
        });
        first
            .unwrap_or_else(|| panic!("PID 1 takes root, or user namespaces for all: {}", self.log))
    }

    /// Waits until the process ends by itself; what it wrote to stderr comes with it.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let exited = self.until(|server| server.child.try_wait().expect("our own child"));
        let status = exited.unwrap_or_else(|| panic!("it does not end:\n{}", self.log));
        // The pipe is closed by now, so this ends.
        self.log.extend(self.lines.iter().map(|line| line + "\n"));
        (status, std::mem::take(&mut self.log))
    }

    /// Waits until a condition gives something, or patience ends.
    pub(crate) fn until<T>(
        &mut self,
        mut condition: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = condition(self) {
                return Some(found);
            }
            if Instant::now() > deadline {
                return None;
            }
            // A line on stderr is the most likely sign that something changed.
            match self.lines.recv_timeout(TICK) {
                Ok(line) => self.log.push_str(&(line + "\n")),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::park_timeout(TICK),
            }
        }
    }

    /// Whether the server has said that it is ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.ports_file().exists()
    }

    /// Waits until the log says that the HTTP port is open, where that is before it is ready.
    pub(crate) fn wait_for_early_port(&mut self) {
        let port = self.until(|server| {
            let line = server.log.lines().find(|line| line.contains("HTTP port open"))?;
            let (_, port) = line.split_once("127.0.0.1:")?;
            port.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        });
        self.http = port.unwrap_or_else(|| panic!("no port is open early:\n{}", self.log));
    }

    /// Waits until the server is ready.
    pub(crate) fn wait_for_ports(&mut self) {
        let path = self.ports_file();
        let ready = self.until(|server| match read_ports(&path) {
            Some(ports) => Some(Ok(ports)),
            None => server.child.try_wait().expect("our own child").map(Err),
        });
        match ready {
            Some(Ok([http, grpc, metrics])) => {
                (self.http, self.grpc, self.metrics) = (http, grpc, metrics);
            }
            Some(Err(status)) => {
                self.log.extend(self.lines.iter().map(|line| line + "\n"));
                panic!("it ended with {status} before it listened:\n{}", self.log)
            }
            None => panic!("it does not listen:\n{}", self.log),
        }
    }

    fn ports_file(&self) -> PathBuf {
        self.folder.path().join("ports.json")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already, which is what this is for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The children of a process's main thread, as numbers.
fn children(pid: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    text.unwrap_or_default().trim().to_owned()
}

/// What the server wrote once it listened; it renames the file into place, so it is whole.
fn read_ports(path: &Path) -> Option<[u16; 3]> {
    let mut text = String::new();
    std::fs::File::open(path).ok()?.read_to_string(&mut text).ok()?;
    let ports: serde_json::Value = serde_json::from_str(&text).expect("the ports file is JSON");
    let port = |name: &str| {
        let number = ports.get(name).and_then(serde_json::Value::as_u64);
        number.and_then(|number| u16::try_from(number).ok())
    };
    // Without gRPC there is no port of it.
    Some([
        port("http").expect("a port"),
        port("grpc").unwrap_or(0),
        port("metrics").expect("a port"),
    ])
}
