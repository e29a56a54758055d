//! From the hook before the end to the end itself, as a kubelet and podman go about it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::thread;

use serde_json::json;

use crate::container::{Launch, Server, until};
use crate::model::{check_rest, flower, iris};
use crate::parts::{folder, run, text};
use crate::podman::podman;
use crate::support::http::Client;

/// The hook that the operator sets where a container has none.
const PRE_STOP: [&str; 3] = ["/bin/sh", "-c", "/bin/sleep 10"];

/// What runs programs of this machine that are not static.
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
/// How many children lose their parent.
const N_ORPHANS: usize = 20;

fn serve() -> Server {
    let models = iris();
    // What is mounted stays when its name goes.
    Launch::new().mount(models.path(), "/mnt/models").serve()
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn the_operators_hook_before_the_end_succeeds() {
    let server = serve();
    server.container.exec(&PRE_STOP).ok();
    server.container.exec(&["/bin/sh", "-c", "/bin/sleep 0"]).ok();
    server.container.exec(&["/bin/sleep", "1"]).ok();
    check_rest(&server);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn there_is_no_shell_behind_the_hook() {
    let server = serve();
    for command in ["/bin/sleep 1; id", "id", "exec /radiant", "/bin/sleep 1 && true", ""] {
        let outcome = server.container.exec(&["/bin/sh", "-c", command]);
        outcome.says(127, &["no shell", "radiant probe"]);
    }
    server.container.exec(&["/bin/sh"]).says(127, &["no shell"]);
    for arguments in [&["/bin/sleep"][..], &["/bin/sleep", "1d"], &["/bin/sleep", "-1"]] {
        let outcome = server.container.exec(arguments);
        assert_eq!(outcome.code, Some(1), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_stop_answers_what_is_in_flight_and_ends_with_0() {
    let mut server = serve();
    let bytes = flower().encode();
    let (first, rest) = bytes.split_at(bytes.len() - 10);
    let mut client = Client::connect(server.ports.http);
    client.write(first);
    let name = server.container.inspect("{{.Name}}");
    // Twenty seconds, as a pod of the operator has; after them the end would be by a KILL.
    let stop = thread::spawn(move || podman(&["stop", "--time", "20", &name]));
    let refused = until(|| Client::try_connect(server.ports.http).err());
    assert!(refused.is_some(), "new connections are refused while it drains");
    client.write(rest);
    let reply = client.read("POST");
    assert_eq!(reply.status, 200, "{}", reply.text());
    stop.join().expect("podman was asked").ok();
    let outcome = server.container.wait();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(server.container.inspect("{{.State.ExitCode}} {{.State.OOMKilled}}"), "0 false");
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_first_process_that_waits_for_a_store_ends_by_signals() {
    let folder = folder();
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        // It takes the connection and never answers.
        let store = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = store.local_addr().expect("a bound socket");
        let uri = format!("http://{address}/model.onnx");
        let launch = Launch::new().mount_writable(folder.path(), "/mnt/models");
        let mut container = launch.args([&*uri, "/mnt/models"]).start();
        let asked = store.accept().expect("it asks for the model");
        container.podman(&["kill", "--signal", signal]).ok();
        let outcome = container.wait();
        assert_eq!(outcome.code, Some(code), "{signal}: {}", outcome.stderr);
        drop(asked);
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn orphans_are_reaped_by_the_first_process() {
    let (models, pipes) = (iris(), folder());
    let pipe = pipes.path().join("pipe");
    run("mkfifo", &["-m", "666", text(&pipe)]).ok();
    let launch = Launch::new().mount(models.path(), "/mnt/models").mount(pipes.path(), "/pipes");
    let server = launch.mount(Path::new("/"), "/host").serve();
    let first = server.container.pid();
    let before = children(first);
    // Each is the child of a shell that ends at once, and waits for the end of the pipe.
    let (shell, cat) = (of_this_machine("sh"), of_this_machine("cat").join(" "));
    let script = format!("for i in $1; do {cat} /pipes/pipe & done");
    let times = "1 ".repeat(N_ORPHANS);
    let words = shell.iter().map(|word| &**word).chain(["-c", &script, "sh", &times]);
    let words: Vec<_> = words.collect();
    server.container.exec(&words).ok();
    let adopted = until(|| (children(first).len() >= before.len() + N_ORPHANS).then_some(()));
    assert!(adopted.is_some(), "the orphans are its children: {:?}", children(first));
    let reaped = until(|| {
        // Whoever reads by now comes to the end; some may not have begun yet.
        drop(fs::OpenOptions::new().read(true).write(true).open(&pipe).expect("our own file"));
        (children(first).len() <= before.len()).then_some(())
    });
    assert!(reaped.is_some(), "still there: {:?}", children(first));
    check_rest(&server);
}

/// The words that run a program of this machine, which is mounted at `/host`: its loader, its
/// libraries, itself.
fn of_this_machine(program: &str) -> Vec<String> {
    let real =
        |path: &str| fs::canonicalize(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let inside = |path: &Path| format!("/host{}", text(path));
    let loader = real(LOADER);
    // The C library lies beside the loader.
    let libraries = inside(loader.parent().expect("a file lies in a folder"));
    let program = real(&format!("/bin/{program}"));
    vec![inside(&loader), "--library-path".to_owned(), libraries, inside(&program)]
}

/// The children of a process, those that ended and were not reaped among them.
fn children(parent: u32) -> Vec<u32> {
    let parent = parent.to_string();
    let processes = fs::read_dir("/proc").expect("it is mounted").map_while(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| {
        // A process may be gone by now.
        let status = fs::read_to_string(format!("/proc/{id}/stat")).ok();
        let status = status.as_deref().and_then(|status| status.rsplit_once(") "));
        status.and_then(|(_, rest)| rest.split(' ').nth(1)) == Some(&parent)
    };
    ids.filter(is_child).collect()
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn a_probe_tells_whether_the_server_is_ready() {
    let server = serve();
    server.container.exec(&["/radiant", "probe"]).ok();
    server.container.exec(&["/radiant", "probe", "--live"]).ok();
    // Nobody listens there.
    let nobody = format!("PREDICTIVE_UNIT_HTTP_SERVICE_PORT={}", server.ports.grpc + 1);
    let name = server.container.inspect("{{.Name}}");
    let outcome = podman(&["exec", "--env", &nobody, &name, "/radiant", "probe"]);
    outcome.says(1, &["127.0.0.1"]);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn podmans_health_check_is_the_probe() {
    let models = iris();
    let check = json!(["/radiant", "probe"]).to_string();
    let launch = Launch::new().option(&format!("--health-cmd={check}"));
    let server = launch.mount(models.path(), "/mnt/models").serve();
    server.container.podman(&["healthcheck", "run"]).ok();
    assert_eq!(server.container.inspect("{{.State.Health.Status}}"), "healthy");
}
