//! Other people's servers, each in a Python environment that the caller has made.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::server::{Cores, Server, at, command};

/// Starts Seldon Core's microservice with the class `Iris` of `peers/`, one worker of each kind and
/// otherwise as it comes.
///
/// # Errors
/// When it does not open its ports; what it logged is in the message.
pub(crate) fn seldon(venv: &Path, cores: Option<Cores>) -> Result<Server> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("serve/peers");
    let folder = TempDir::new()?;
    let [http, grpc, metrics] = free_ports()?;
    let mut command = command(&venv.join("bin/python"));
    // The tree is no place for compiled files, and the class lies beside the script.
    command.arg("-B").arg(peers.join("serve.py")).arg("Iris").current_dir(&peers);
    command.args(["--workers", "1", "--grpc-workers", "1"]);
    for (option, address) in
        [("--http-port", http), ("--grpc-port", grpc), ("--metrics-port", metrics)]
    {
        command.arg(option).arg(address.port().to_string());
    }
    Server::logging(command, cores, folder.path(), || {
        let open = [http, grpc].iter().all(|address| TcpStream::connect(address).is_ok());
        Ok(open.then_some((http, grpc)))
    })
}

/// Ports that were free a moment ago: it takes numbers, but does not tell which it chose for 0.
fn free_ports() -> Result<[SocketAddr; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind(at(0)));
    let mut addresses = [at(0); 3];
    for (address, listener) in addresses.iter_mut().zip(listeners) {
        *address =
            listener.and_then(|listener| listener.local_addr()).context("asking for ports")?;
    }
    Ok(addresses)
}
