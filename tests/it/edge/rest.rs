//! Over REST.

use super::{ROW, assert_refused, predict, start};
use crate::support::http::{Client, Request};

#[test]
fn too_many_headers_and_too_large_ones_are_431() {
    let mut server = start(&["--headers-max", "8", "--header-bytes-max", "2KiB"]);
    let many = (0..9).fold(predict(ROW), |request, n| request.header(&format!("x-{n}"), "1"));
    for (request, option) in [
        (many, "--headers-max"),
        (predict(ROW).header("x", &"y".repeat(2048)), "--header-bytes-max"),
        (Request::get(&format!("/{}", "y".repeat(2048))), "--header-bytes-max"),
    ] {
        let mut client = Client::connect(server.http);
        let reply = client.send(&request);
        assert_eq!(reply.status, 431, "{}", reply.text());
        assert!(reply.text().contains(option), "{}", reply.text());
        assert!(client.is_closed_by_server());
    }
    assert_refused(&mut server, "rest", "headers");
}

#[test]
fn headers_that_there_is_no_room_for_are_431() {
    let mut server = start(&[]);
    let request = (0..97).fold(predict(ROW), |request, n| request.header(&format!("x-{n}"), "1"));
    let mut client = Client::connect(server.http);
    assert_eq!(client.send(&request).status, 431);
    assert!(client.is_closed_by_server());
    assert_refused(&mut server, "rest", "headers");
}

#[test]
fn the_head_of_a_later_request_has_the_limit_of_the_first() {
    let mut server = start(&["--head-read-timeout", "1s"]);
    for n_before in [0, 1] {
        let mut client = Client::connect(server.http);
        for _ in 0..n_before {
            assert_eq!(client.send(&predict(ROW)).status, 200);
        }
        client.write(b"POST /predict HTTP/1.1\r\nHost: x\r\n");
        assert_eq!(client.read("POST").status, 408, "after {n_before}");
        assert!(client.is_closed_by_server());
    }
    assert_refused(&mut server, "rest", "head");
}

#[test]
fn a_body_that_stalls_is_408_and_counted() {
    let mut server = start(&["--body-read-timeout", "100ms"]);
    let mut client = Client::connect(server.http);
    client.write(&predict("").header("Content-Length", "100").head());
    assert_eq!(client.read("POST").status, 408);
    assert_refused(&mut server, "rest", "body");
}

#[test]
fn a_reply_that_is_not_read_does_not_stay() {
    let mut server = start(&["--reply-read-timeout", "500ms"]);
    let mut client = Client::connect(server.http);
    // More than sockets take on both sides.
    let text = "a".repeat(24 << 20);
    client.write(&predict(format!(r#"{{"strData":"{text}"}}"#)).encode());
    assert_refused(&mut server, "rest", "reply");
    let broken = client.try_read("POST").expect_err("the reply broke off");
    assert!(!matches!(broken.kind(), std::io::ErrorKind::WouldBlock), "{broken}");
}

#[test]
fn a_connection_that_is_idle_is_closed_and_counted() {
    let mut server = start(&["--keep-alive", "500ms"]);
    let mut client = Client::connect(server.http);
    assert_eq!(client.send(&predict(ROW)).status, 200);
    assert!(client.is_closed_by_server());
    assert_refused(&mut server, "rest", "idle");
}

#[test]
fn connections_beyond_the_bound_wait_and_are_counted() {
    let mut server = start(&["--connections-max", "1", "--workers", "1"]);
    let mut first = Client::connect(server.http);
    assert_eq!(first.send(&predict(ROW)).status, 200);
    let mut second = Client::connect(server.http);
    second.write(&predict(ROW).encode());
    assert_eq!(first.send(&predict(ROW)).status, 200, "the first goes on");
    drop(first);
    assert_eq!(second.read("POST").status, 200, "it had only to wait");
    drop(second);
    assert_refused(&mut server, "rest", "connections");
}

#[test]
fn many_requests_at_once_on_a_connection_are_answered_in_their_order() {
    let server = start(&[]);
    let mut client = Client::connect(server.http);
    let all: Vec<u8> = (0..500)
        .flat_map(|n| predict(format!(r#"{{"data":{{"ndarray":[[{n}]]}}}}"#)).encode())
        .collect();
    client.write(&all);
    for n in 0..500 {
        assert_eq!(client.read("POST").at("/data/ndarray"), format!("[[{n}]]"));
    }
}
