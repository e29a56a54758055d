//! Who interrupts `radiant-deploy` finds what was there before, and is told how far it came.

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use super::process::{command, names, place, program, text};

fn signal(child: &Child, name: &str) {
    #[expect(clippy::disallowed_methods, reason = "it sends a signal to the program under test")]
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

fn check_end(output: &Output, expected: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.ends_with(&format!("error: interrupted: {expected}\n")), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn while_a_layer_is_packed_nothing_is_left() {
    let place = place();
    // Long enough to be packed still when the signal comes; the file has holes alone.
    File::create(place.path().join("large.onnx")).unwrap().set_len(8 << 30).unwrap();
    let before = names(place.path());
    let arguments =
        ["large.onnx", "--runtime", "radiant", "--oci-layout", "out", "--tarball", "x.tar"];
    let mut build = command(place.path(), &arguments);
    let child = build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while names(place.path()) == before {
        std::thread::yield_now();
    }
    signal(&child, "INT");
    check_end(&child.wait_with_output().unwrap(), "done: nothing; not done: `x.tar`, `out`");
    assert_eq!(names(place.path()), before);
}

#[test]
fn while_a_registry_is_silent_what_was_written_stays() {
    let place = place();
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("{}/iris:1", registry.local_addr().unwrap());
    let arguments = ["model", "--runtime", "radiant", "--tarball", "x.tar", "--push", &to];
    let mut build = command(place.path(), &arguments);
    let child = build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _asked = registry.accept().unwrap();
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    check_end(&output, &format!("done: `x.tar`; not done: `{to}`"));
    assert_eq!(names(place.path()), ["model", "radiant", "x.tar"]);
}

#[test]
fn while_a_model_is_fetched_nothing_is_left() {
    let place = place();
    fs::create_dir(place.path().join("tmp")).unwrap();
    let store = TcpListener::bind("127.0.0.1:0").unwrap();
    let model = format!("http://{}/iris.onnx", store.local_addr().unwrap());
    let mut build = command(place.path(), &[&model, "--runtime", "radiant", "--oci-layout", "out"]);
    build.env("TMPDIR", place.path().join("tmp"));
    let child = build.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _asked = store.accept().unwrap();
    signal(&child, "INT");
    check_end(&child.wait_with_output().unwrap(), "done: nothing; not done: `out`");
    assert_eq!(names(place.path()), ["model", "radiant", "tmp"]);
    assert_eq!(names(&place.path().join("tmp")), Vec::<String>::new());
}

#[test]
fn a_push_says_which_names_it_has_not_come_to() {
    let place = place();
    let arguments = ["model", "--runtime", "radiant", "--tarball", "x.tar"];
    assert!(command(place.path(), &arguments).output().unwrap().status.success());
    fs::create_dir(place.path().join("tmp")).unwrap();
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = ["iris:1", "iris:2"].map(|name| format!("{}/{name}", registry.local_addr().unwrap()));
    let mut push = program(place.path(), &["push", "x.tar", &to[0], &to[1]]);
    push.env("TMPDIR", place.path().join("tmp"));
    let child = push.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _asked = registry.accept().unwrap();
    signal(&child, "INT");
    let expected = format!("done: nothing; not done: `{}`, `{}`", to[0], to[1]);
    check_end(&child.wait_with_output().unwrap(), &expected);
    assert_eq!(names(&place.path().join("tmp")), Vec::<String>::new());
}
