//! `predict --via pod`: a tunnel through the API server, as `kubectl port-forward` makes it.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::program::{PODS, Program, pod, with_fraud};
use crate::server::{Reply, Request, Server};
use crate::websocket::Socket;

/// The channels of the first port that is forwarded.
const DATA: u8 = 0;
const ERROR: u8 = 1;

/// A pod at the end of a tunnel to its port 9000 that answers each request with what was posted.
fn echo(asked: &Request, stream: TcpStream) {
    let mut socket = Socket::accept(asked, stream);
    // Each channel says first which port it is of, little endian.
    let port = 9000_u16.to_le_bytes();
    assert!(socket.send(DATA, &port) && socket.send(ERROR, &port));
    let mut came = String::new();
    while let Some((channel, bytes)) = socket.receive() {
        assert_eq!(channel, DATA);
        came.push_str(&String::from_utf8(bytes).unwrap());
        let Some((head, body)) = came.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.map_or(0, |length| length.parse().unwrap()) > body.len() {
            continue;
        }
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        socket.send(DATA, answer.as_bytes());
        came.clear();
    }
}

/// The answer after which a connection is a tunnel.
fn tunnel() -> Reply {
    Reply { code: 101, upgraded: Some(echo), ..Reply::text("") }
}

/// A cluster whose pods are ready, and that answers so when a tunnel is asked for.
fn with_pods(tunnel: fn() -> Reply) -> Server {
    Server::start(move |asked: &Request| {
        let mut ready = pod("fraud", 1);
        ready["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
        match asked.path.as_str() {
            PODS => Reply::list(&[ready]),
            path if path.ends_with("/portforward") => tunnel(),
            _ => with_fraud(asked),
        }
    })
}

const ASK: [&str; 6] = ["predict", "fraud", "-d", "[[1, 2]]", "--via", "pod"];

#[test]
fn a_pod_is_asked_through_a_tunnel() {
    let server = with_pods(tunnel);
    let ran = Program::new(&server).run(&[&ASK[..], &["--repeat", "2"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let answers = serde_json::Deserializer::from_str(&ran.out).into_iter::<Value>();
    for answer in answers {
        assert_eq!(answer.unwrap(), json!({"data": {"ndarray": [[1, 2]]}}));
    }
    let asked = server.asked();
    let tunnel = asked.iter().find(|it| it.path.ends_with("/portforward")).unwrap();
    assert_eq!(tunnel.query, "ports=9000");
    assert_eq!(tunnel.header("upgrade"), Some("websocket"));
    assert_eq!(tunnel.path, format!("{PODS}/fraud-main-0-model-5d9-1/portforward"));
}

#[test]
fn a_tunnel_that_may_not_be_made_is_a_permission_that_lacks() {
    let refused = || {
        let message = "pods \"fraud\" is forbidden: User \"jane\" cannot create resource \"pods/portforward\"";
        Reply::status(403, "Forbidden", message, json!({"kind": "pods"}))
    };
    let ran = Program::new(&with_pods(refused)).run(&ASK);
    assert_eq!(ran.code, 8, "{}", ran.err);
    assert!(ran.err.contains("pods/portforward"), "{}", ran.err);
}

#[test]
fn grpc_is_not_passed_on_by_the_api_server() {
    let server = with_pods(tunnel);
    let arguments = ["predict", "fraud", "-d", "[[1]]", "--protocol", "v2-grpc", "--via", "proxy"];
    let ran = Program::new(&server).run(&arguments);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("--via pod"), "{}", ran.err);
}
