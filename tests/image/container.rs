//! Containers: started as a kubelet starts them, looked at from outside, and removed.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::parts::{Outcome, text};
use crate::podman::{self, podman};
use crate::support::PATIENCE;
use crate::support::http::{self, Client, Reply, Request};

/// How often a condition is looked at again where nothing tells that it changed.
const TICK: Duration = Duration::from_millis(20);
/// What a pod of a careful cluster may do: nothing.
const RESTRICTED: [&str; 7] = [
    "--network=host",
    "--user=8888",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--pull=never",
];

/// The ports of one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) grpc: u16,
    pub(crate) metrics: u16,
}

impl Ports {
    /// Ports that nobody has.
    pub(crate) fn free() -> Self {
        Self { http: free_port(), grpc: free_port(), metrics: free_port() }
    }
}

/// A port that nobody has, and that no other test was given.
fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        if given.insert(port) {
            return port;
        }
    }
}

/// What to start: the image under test as user 8888, with nothing it may write.
#[derive(Debug)]
pub(crate) struct Launch {
    options: Vec<String>,
    image: String,
    args: Vec<String>,
}

impl Launch {
    pub(crate) fn new() -> Self {
        Self::image(podman::image())
    }

    /// Another image.
    pub(crate) fn image(image: &str) -> Self {
        let options = RESTRICTED.map(str::to_owned).to_vec();
        Self { options, image: image.to_owned(), args: Vec::new() }
    }

    /// The same with an option of `podman run`, which comes after ours and so before them.
    pub(crate) fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    pub(crate) fn env(self, name: &str, value: &str) -> Self {
        self.option("--env").option(&format!("{name}={value}"))
    }

    /// The same with a file or folder of this machine at `at`, which it may read.
    pub(crate) fn mount(self, source: &Path, at: &str) -> Self {
        self.option(&format!("--volume={}:{at}:ro", text(source)))
    }

    /// The same with a file or folder of this machine at `at`, which it may write.
    pub(crate) fn mount_writable(self, source: &Path, at: &str) -> Self {
        self.option(&format!("--volume={}:{at}:rw", text(source)))
    }

    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// Starts it and waits for nothing.
    pub(crate) fn start(self) -> Container {
        static N_STARTED: AtomicUsize = AtomicUsize::new(0);
        let name = format!("radiant-{}", N_STARTED.fetch_add(1, Ordering::Relaxed));
        let mut command = podman::command(&["run", "--name", &name]);
        command.args(self.options).arg(self.image).args(self.args);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("podman starts");
        let stdout = collect(child.stdout.take().expect("it is a pipe"));
        let stderr = collect(child.stderr.take().expect("it is a pipe"));
        Container { name, child, output: Some([stdout, stderr]) }
    }

    /// Runs it to its end, after which it can still be looked at.
    pub(crate) fn run(self) -> (Container, Outcome) {
        let mut container = self.start();
        let outcome = container.wait();
        (container, outcome)
    }

    /// Starts a server on ports that nobody has, and waits until it is ready.
    pub(crate) fn serve(self) -> Server {
        self.serve_at(Ports::free())
    }

    /// The same on these ports.
    pub(crate) fn serve_at(self, ports: Ports) -> Server {
        let launch = self
            .env("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", &ports.http.to_string())
            .env("PREDICTIVE_UNIT_GRPC_SERVICE_PORT", &ports.grpc.to_string())
            .env("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", &ports.metrics.to_string());
        let mut server = Server { container: launch.start(), ports };
        server.wait_until_ready();
        server
    }
}

/// Reads to the end, which comes with the container's.
fn collect(pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.map(|line| line + "\n").collect()
    })
}

/// A container; removed when dropped.
#[derive(Debug)]
pub(crate) struct Container {
    name: String,
    child: Child,
    output: Option<[JoinHandle<String>; 2]>,
}

impl Container {
    /// Waits until the process ends by itself.
    pub(crate) fn wait(&mut self) -> Outcome {
        let status = until(|| self.child.try_wait().expect("our own child"));
        let status = status.unwrap_or_else(|| panic!("it does not end:\n{}", self.logs()));
        let output = self.output.take().expect("it ends once");
        let [stdout, stderr] = output.map(|reader| reader.join().expect("nothing went wrong"));
        Outcome { code: status.code(), stdout, stderr }
    }

    /// Runs a command in it.
    pub(crate) fn exec(&self, args: &[&str]) -> Outcome {
        podman(&[&["exec", &self.name], args].concat())
    }

    /// Runs podman's command about it.
    pub(crate) fn podman(&self, command: &[&str]) -> Outcome {
        podman(&[command, &[&self.name]].concat())
    }

    /// What podman knows of it, by a template of Go's.
    pub(crate) fn inspect(&self, template: &str) -> String {
        self.podman(&["inspect", "--format", template]).ok()
    }

    /// The id of its first process among those of these tests.
    pub(crate) fn pid(&self) -> u32 {
        self.inspect("{{.State.Pid}}").parse().expect("a number")
    }

    pub(crate) fn logs(&self) -> String {
        let logs = self.podman(&["logs"]);
        logs.stdout + &logs.stderr
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_some()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.podman(&["rm", "--force", "--time", "0", "--volumes"]);
        // Podman's process ends with what it has started.
        drop(self.child.wait());
    }
}

/// A container that serves.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) container: Container,
    pub(crate) ports: Ports,
}

impl Server {
    /// Sends one request to the REST port.
    pub(crate) fn send(&self, request: &Request) -> Reply {
        http::send(self.ports.http, request)
    }

    /// Whether it answers that it is ready.
    fn is_ready(&self) -> bool {
        let Ok(mut client) = Client::try_connect(self.ports.http) else { return false };
        let request = Request::get("/ready");
        client.try_write(&request.encode()).is_ok()
            && client.try_read(&request.method).is_ok_and(|reply| reply.status == 200)
    }

    fn wait_until_ready(&mut self) {
        let ready = until(|| {
            if self.is_ready() {
                return Some(true);
            }
            self.container.has_ended().then_some(false)
        });
        match ready {
            Some(true) => {}
            Some(false) => panic!("it ended before it served: {:#?}", self.container.wait()),
            None => panic!("it does not serve:\n{}", self.container.logs()),
        }
    }
}

/// Waits until a condition gives something, or patience ends.
pub(crate) fn until<T>(mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match condition() {
            Some(found) => return Some(found),
            None if Instant::now() > deadline => return None,
            None => thread::park_timeout(TICK),
        }
    }
}
