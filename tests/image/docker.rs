//! Docker's own command line, with podman in the place of Docker's daemon.

use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::container::{Ports, until};
use crate::model::{check_virginica, flower, iris};
use crate::parts::{self, Outcome, finish, text};
use crate::podman;
use crate::support::http::{self, Client};

/// Podman listening where Docker's daemon would.
struct Daemon {
    process: Child,
    address: String,
}

impl Daemon {
    fn start() -> Self {
        let address = format!("unix://{}", parts::home().join("docker.sock").display());
        let mut command = podman::command(&["system", "service", "--time", "0", &address]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let daemon = Self { process: process.expect("podman starts"), address };
        let answers = until(|| (daemon.docker(&["version"]).code == Some(0)).then_some(()));
        assert!(answers.is_some(), "it does not answer docker");
        daemon
    }

    fn docker(&self, args: &[&str]) -> Outcome {
        let mut command = parts::command("docker");
        command.env("DOCKER_HOST", &self.address).env("DOCKER_CONFIG", parts::home());
        command.args(args);
        finish(command)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.docker(&["rm", "--force", "radiant-docker"]);
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        // Not a KILL, which whoever limits its time would not pass on.
        let asked = kill_process(pid.expect("a process has an id"), Signal::TERM);
        // An error means that it has ended already, which is what this is for.
        drop((asked, self.process.wait()));
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn docker_runs_it_with_a_published_port_and_stops_it_well() {
    let (models, image) = (iris(), podman::image());
    let (daemon, port) = (Daemon::start(), Ports::free().http);
    let publish = format!("127.0.0.1:{port}:9000");
    let volume = format!("{}:/mnt/models", text(models.path()));
    let name = ["--name", "radiant-docker"];
    let options = ["run", "--detach", "--publish", &publish, "--volume", &volume];
    daemon.docker(&[&options[..], &name, &[image]].concat()).ok();
    // The port is open before the server is: what forwards it hangs up until then.
    let reply = until(|| {
        let mut client = Client::try_connect(port).ok()?;
        client.try_write(&flower().encode()).ok()?;
        client.try_read("POST").ok()
    });
    let reply = reply.unwrap_or_else(|| http::send(port, &flower()));
    assert_eq!(reply.status, 200, "{}", reply.text());
    check_virginica(&reply.at("/data/ndarray/0/2"));
    daemon.docker(&["stop", "--time", "20", "radiant-docker"]).ok();
    let code = daemon.docker(&["inspect", "--format", "{{.State.ExitCode}}", "radiant-docker"]);
    assert_eq!(code.ok(), "0");
}
