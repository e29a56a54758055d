//! A server on this machine, for as long as it is kept.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::error::{Code, Failure};

/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A process that ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts a program that says what it has to say where this one does.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(
        program: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        Self::spawn(program, environment, Stdio::inherit)
    }

    /// Starts a program whose words are nobody's.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start_silent(
        program: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        Self::spawn(program, environment, Stdio::null)
    }

    fn spawn(
        program: &Path,
        environment: &BTreeMap<String, String>,
        output: fn() -> Stdio,
    ) -> Result<Self, Failure> {
        #[expect(clippy::disallowed_methods, reason = "the server is what is asked for")]
        let mut command = Command::new(program);
        command.env_clear().envs(environment).stdin(Stdio::null());
        let child = command.stdout(output()).stderr(output()).spawn();
        let child = child.with_context(|| format!("cannot start `{}`", program.display()))?;
        Ok(Self { child })
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.child.try_wait().context("cannot look at the server")?)
    }

    /// Waits until it takes connections, which it does when its model is ready.
    ///
    /// # Errors
    /// When it ends before, or takes too long.
    pub(crate) async fn listening(
        &mut self,
        address: SocketAddr,
        within: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.ended()? {
                let error = anyhow!("expected a server on {address}, and it ended: {status}");
                return Err(Failure::new(Code::Failed, error));
            }
            if TcpStream::connect(address).await.is_ok() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let error = anyhow!("expected a server on {address} within {within:?}, got none");
                return Err(Failure::new(Code::Timeout, error));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until it ends by itself, but no longer than this.
    pub(crate) async fn leaving(&mut self, within: Duration) {
        let deadline = Instant::now() + within;
        while matches!(self.ended(), Ok(None)) && Instant::now() < deadline {
            sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Ports that nobody uses at this time.
///
/// # Errors
/// When there are none.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N], Failure> {
    let mut listeners = Vec::with_capacity(N);
    for _ in 0..N {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port")?;
        listeners.push(listener);
    }
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr().context("cannot find a free port")?.port();
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_is_not_waited_for() {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], free_ports::<1>().unwrap()[0]));
        let mut server = Server::start_silent(Path::new("/bin/false"), &BTreeMap::new()).unwrap();
        let failure = server.listening(nowhere, Duration::from_mins(1)).await.unwrap_err();
        assert!(failure.text().contains("it ended"), "{}", failure.text());
        let gone = Server::start(Path::new("/no/such/program"), &BTreeMap::new()).unwrap_err();
        assert!(gone.text().contains("/no/such/program"), "{}", gone.text());
    }

    #[tokio::test]
    async fn a_server_that_listens_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut server = Server::start_silent(Path::new("/bin/cat"), &BTreeMap::new()).unwrap();
        // It has nothing to read, and ends by itself.
        server.leaving(Duration::from_mins(1)).await;
        assert!(server.ended().unwrap().unwrap().success());
        assert!(free_ports::<3>().unwrap().iter().all(|port| *port != 0));
        drop(listener);
    }
}
