//! What any HTTP client may expect of the server: connections, methods, headers, paths.

use std::collections::BTreeSet;

use crate::support::http::{Client, Request};
use crate::support::process::{Server, Start};

const ROW: &str = r#"{"data":{"ndarray":[[1,2]]}}"#;

fn echo() -> Server {
    Start::serve("builtin:echo").start()
}

fn predict() -> Request {
    Request::json("/predict", ROW)
}

#[test]
fn one_connection_carries_many_requests() {
    let server = echo();
    let mut client = Client::connect(server.http);
    for number in 0..200 {
        let body = format!("{{\"data\":{{\"ndarray\":[[{number}]]}}}}");
        let reply = client.send(&Request::json("/predict", body));
        assert_eq!((reply.status, reply.at("/data/ndarray")), (200, format!("[[{number}]]")));
        assert_ne!(reply.header("connection"), Some("close"));
    }
}

#[test]
fn an_error_keeps_the_connection_or_says_that_it_does_not() {
    let server = echo();
    let mut client = Client::connect(server.http);
    for request in [
        Request::json("/predict", "{bad"),
        Request::json("/route", ROW),
        Request::new("PUT", "/predict"),
        Request::get("/nope"),
    ] {
        assert!(client.send(&request).status >= 400);
        assert_eq!(client.send(&predict()).status, 200, "after {request:?}");
    }
    // A body that nobody wanted is read, or the connection ends with the reply.
    let reply = client.send(&Request::json("/nope", ROW));
    assert_eq!(reply.status, 404);
    if reply.header("connection") == Some("close") {
        assert!(client.is_closed_by_server());
    } else {
        assert_eq!(client.send(&predict()).status, 200);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = echo();
    let mut client = Client::connect(server.http);
    let body = |number: usize| format!("{{\"data\":{{\"ndarray\":[{number}]}}}}");
    let requests = (0..20).map(|number| Request::json("/predict", body(number)).encode());
    client.write(&requests.collect::<Vec<_>>().concat());
    for number in 0..20 {
        assert_eq!(client.read("POST").at("/data/ndarray/0"), number.to_string());
    }
}

#[test]
fn a_body_may_come_in_chunks_and_after_a_pause() {
    let server = echo();
    let mut client = Client::connect(server.http);
    let request = predict().header("Transfer-Encoding", "chunked");
    client.write(&request.head());
    let (first, second) = ROW.split_at(7);
    for part in [first, second, ""] {
        client.write(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes());
    }
    assert_eq!(client.read("POST").at("/data/ndarray"), "[[1,2]]");
    let request = predict();
    client.write(&request.head());
    // The head is being handled before the body is there.
    assert_eq!(Client::connect(server.http).send(&predict()).status, 200);
    client.write(ROW.as_bytes());
    assert_eq!(client.read("POST").at("/data/ndarray"), "[[1,2]]");
}

#[test]
fn head_answers_like_get_without_a_body() {
    let server = echo();
    let mut client = Client::connect(server.http);
    for path in ["/health/ping", "/health/status", "/metadata", "/api/v1.0/doc/", "/live"] {
        let get = client.send(&Request::get(path));
        let head = client.send(&Request::new("HEAD", path));
        assert_eq!((head.status, &head.body[..]), (200, &b""[..]), "{path}");
        for name in ["content-type", "content-length", "access-control-allow-origin"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

#[test]
fn unknown_paths_are_404_and_wrong_methods_405_with_the_right_ones() {
    let server = echo();
    for path in
        ["/nope", "/predict/", "/api/v1.0/nope", "/api/v2.0/predictions", "/seldon/x", "/metrics"]
    {
        for method in ["GET", "POST", "DELETE"] {
            let reply = server.send(&Request::new(method, path));
            assert_eq!((reply.status, &*reply.at("/status/code")), (404, "-1"), "{method} {path}");
            assert!(reply.at("/status/info").contains(path), "{}", reply.text());
        }
    }
    for (method, path, allow) in [
        ("PUT", "/predict", "GET HEAD OPTIONS POST"),
        ("DELETE", "/send-feedback", "GET HEAD OPTIONS POST"),
        ("GET", "/api/v1.0/predictions", "OPTIONS POST"),
        ("POST", "/health/ping", "GET HEAD OPTIONS"),
        ("POST", "/api/v1.0/status", "GET HEAD OPTIONS"),
        ("POST", "/metadata", "GET HEAD OPTIONS"),
    ] {
        let reply = server.send(&Request::new(method, path));
        assert_eq!(reply.status, 405, "{method} {path}");
        let allowed: BTreeSet<&str> =
            reply.header("allow").unwrap_or_default().split(", ").collect();
        assert_eq!(allowed.into_iter().collect::<Vec<_>>().join(" "), allow, "{method} {path}");
        assert_eq!(reply.at("/status/status"), "1");
    }
}

#[test]
fn pages_of_other_origins_may_call_unless_told_otherwise() {
    let server = echo();
    let reply = server.send(&predict());
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    for path in ["/predict", "/api/v1.0/predictions", "/nope", "/seldon/ns/iris/predict"] {
        let preflight = Request::new("OPTIONS", path)
            .header("Origin", "http://page.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type");
        let reply = server.send(&preflight);
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "http://page.example"),
            ("access-control-allow-methods", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
            ("access-control-allow-headers", "content-type"),
            ("vary", "Origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
    }
    let closed = Start::serve("builtin:echo").args(["--cors-allow-origin", "none"]).start();
    let reply = closed.send(&predict().header("Origin", "http://page.example"));
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, None));
}

#[test]
fn every_reply_carries_a_puid_in_its_head_and_none_in_its_meta() {
    let server = echo();
    let puid = |request: &Request| {
        let reply = server.send(request);
        reply.header("seldon-puid").expect("a Seldon-Puid header").to_owned()
    };
    let (first, second) = (puid(&predict()), puid(&predict()));
    assert_ne!(first, second);
    let groups: Vec<usize> = first.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{first} is a UUID");
    assert_eq!(first.as_bytes().get(14), Some(&b'4'), "{first} is of version 4");
    assert_eq!(puid(&predict().header("Seldon-Puid", "mine")), "mine");
    assert_eq!(puid(&Request::get("/nope")).len(), 36);

    let reply = server.send(&predict().header("Seldon-Puid", "mine"));
    assert_eq!(reply.at("/meta"), "{}");
    let own = r#"{"meta":{"puid":"theirs"},"data":{"ndarray":[1]}}"#;
    let reply = server.send(&Request::json("/predict", own).header("Seldon-Puid", "mine"));
    assert_eq!(reply.at("/meta/puid"), "theirs");
    assert_eq!(reply.header("seldon-puid"), Some("mine"));
}

#[test]
fn trace_headers_come_back_as_they_came() {
    let server = echo();
    let w3c = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let b3 = ("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1");
    for headers in [
        vec![w3c, ("tracestate", "vendor=x")],
        vec![b3],
        vec![
            ("x-b3-traceid", "463ac35c9f6413ad"),
            ("x-b3-spanid", "a2fb4a1d1a96d312"),
            ("x-b3-sampled", "1"),
        ],
    ] {
        let request = headers.iter().fold(predict(), |r, (name, value)| r.header(name, value));
        let reply = server.send(&request);
        for (name, value) in headers {
            assert_eq!(reply.header(name), Some(value));
        }
    }
    assert_eq!(server.send(&predict()).header("traceparent"), None);
}

#[test]
fn a_pod_without_orchestrator_answers_the_orchestrators_paths() {
    let server = Start::serve("builtin:echo").args(["--name", "iris"]).start();
    for path in [
        "/api/v1.0/predictions",
        "/api/v0.1/predictions",
        "/seldon/ns/iris/api/v1.0/predictions",
        "/seldon/iris/api/v1.0/predictions",
        "/seldon/ns/iris/api/v0.1/predictions",
    ] {
        let reply = server.send(&Request::json(path, ROW));
        assert_eq!((reply.status, &*reply.at("/data/ndarray")), (200, "[[1,2]]"), "{path}");
    }
    for path in [
        "/api/v1.0/status",
        "/api/v1.0/status/iris",
        "/api/v1.0/health/status",
        "/seldon/ns/iris/api/v1.0/status",
    ] {
        assert_eq!(server.send(&Request::get(path)).at("/strData"), "healthy", "{path}");
    }
    for path in ["/ready", "/live", "/health/ping"] {
        assert_eq!(server.send(&Request::get(path)).status, 200, "{path}");
    }
    let metadata = server.send(&Request::get("/api/v1.0/metadata/iris"));
    assert_eq!(metadata.body, server.send(&Request::get("/metadata")).body);
    let unknown = server.send(&Request::get("/api/v1.0/metadata/other"));
    assert_eq!((unknown.status, unknown.at("/status/info").contains("other")), (404, true));
}

#[test]
fn the_documentation_page_shows_a_document_that_lists_the_paths() {
    let server = echo();
    let page = server.send(&Request::get("/api/v1.0/doc/"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("seldon.json"), "the page loads the document");
    for path in ["/seldon.json", "/api/v1.0/doc/seldon.json"] {
        let document = server.send(&Request::get(path));
        assert_eq!(document.header("content-type"), Some("application/json"), "{path}");
        assert!(document.at("/openapi").starts_with("3."), "{path}");
        for listed in ["predict", "send-feedback", "transform-input", "route", "aggregate"] {
            let pointer = format!("\"/{listed}\":");
            assert!(document.json().to_string().contains(&pointer), "{path} lists /{listed}");
        }
    }
}

#[test]
fn connections_without_a_request_leave_no_trace_in_the_log() {
    let server = echo();
    for _ in 0..5 {
        drop(Client::connect(server.http));
    }
    assert_eq!(server.send(&predict()).status, 200);
    server.terminate();
    let (status, log) = server.wait();
    assert!(status.success());
    for word in ["WARN", "ERROR", "error"] {
        assert!(!log.contains(word), "{log}");
    }
}
