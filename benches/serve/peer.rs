//! Other people's servers, each in a Python environment that the caller has made.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use side_by_side::server::{Cores, Server, command, free_ports};
use tempfile::TempDir;

/// Starts Seldon Core's microservice with the class `Iris` of `peers/`, one worker of each kind and
/// otherwise as it comes.
///
/// # Errors
/// When it does not open its ports; what it logged is in the message.
pub(crate) fn seldon(venv: &Path, cores: Option<Cores>) -> Result<Server> {
    let folder = TempDir::new()?;
    let ports = free_ports()?;
    let [http, grpc, _] = ports;
    Server::logging(microservice(venv, ports), cores, folder.path(), || {
        let open = [http, grpc].iter().all(|address| TcpStream::connect(address).is_ok());
        Ok(open.then_some((http, grpc)))
    })
}

/// Starts the same at these ports, and does not wait for it.
///
/// # Errors
/// When there is no such program.
pub(crate) fn first(venv: &Path, ports: [SocketAddr; 3]) -> Result<Server> {
    Server::silent(microservice(venv, ports), ports)
}

fn microservice(venv: &Path, [http, grpc, metrics]: [SocketAddr; 3]) -> Command {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("serve/peers");
    let mut command = command(&venv.join("bin/python"));
    // The tree is no place for compiled files, and the class lies beside the script.
    command.arg("-B").arg(peers.join("serve.py")).arg("Iris").current_dir(&peers);
    command.args(["--workers", "1", "--grpc-workers", "1"]);
    for (option, address) in
        [("--http-port", http), ("--grpc-port", grpc), ("--metrics-port", metrics)]
    {
        command.arg(option).arg(address.port().to_string());
    }
    command
}
