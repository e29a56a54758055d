//! A server of somebody else's as a process: started on a port of the system's, ended when dropped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use radiant_contract::{EnvSource as _, ProcessEnv};

/// Set where a missing server is a failure and not a reason to leave a test out.
const REQUIRED: &str = "RADIANT_TEST_STORES";

/// Runs the program until its standard input ends, which it does with the test's process too,
/// however that ends.
const KEEPER: &str = r#""$@" 2>&1 & exec >&-; read -r _; kill -9 "$!""#;

/// A program that is a store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The command that gets it.
    pub(crate) install: &'static str,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    keeper: Child,
    stdin: Option<ChildStdin>,
}

impl Program {
    /// Where it is. Says so when it is not there.
    ///
    /// # Panics
    /// If it is missing and must not be.
    pub(crate) fn find(self) -> Option<PathBuf> {
        let path = ProcessEnv.get("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|folder| folder.join(self.name));
        let found = found.into_iter().find(|file| file.is_file());
        if found.is_none() {
            let Self { name, install } = self;
            let missing = format!("`{name}` is not in `PATH`: get it with `{install}`");
            assert!(ProcessEnv.get(REQUIRED).is_none(), "{missing}");
            // Not by a macro: what those print is kept back when a test passes.
            writeln!(std::io::stderr(), "LEFT OUT: {missing}").expect("standard error is open");
        }
        found
    }

    /// Starts it with these arguments and waits until it has said where it listens.
    pub(crate) fn start(self, args: &[&str]) -> Option<Server> {
        let program = self.find()?;
        #[expect(clippy::disallowed_methods, reason = "the stores of these tests are processes")]
        let mut command = Command::new("sh");
        command.arg("-c").arg(KEEPER).arg("sh").arg(program).args(args);
        command.env("RUST_LOG", "info").env("OTEL_TRACES_EXPORTER", "none");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut keeper = command.spawn().expect("a shell starts");
        let stdin = keeper.stdin.take();
        let mut lines = BufReader::new(keeper.stdout.take().expect("it is a pipe")).lines();
        let mut log = String::new();
        while let Some(Ok(line)) = lines.next() {
            if let Some(address) = announced(&line) {
                // A full pipe would stop the server.
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                return Some(Server { address, keeper, stdin });
            }
            log.push_str(&line);
            log.push('\n');
        }
        drop(stdin);
        keeper.wait().expect("the shell ends with its input");
        panic!("`{}` ended before it listened:\n{log}", self.name);
    }
}

/// The address in a line such as `listening on 127.0.0.1:4711`.
fn announced(line: &str) -> Option<SocketAddr> {
    let address = line.get(line.find("127.0.0.1:")?..)?;
    let end = address.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    let address: SocketAddr = address.get(..end.unwrap_or(address.len()))?.parse().ok()?;
    // Some say first what they were asked for.
    (address.port() != 0).then_some(address)
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.keeper.wait().expect("the shell ends with its input");
    }
}
