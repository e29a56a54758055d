//! Bad input: each kind gets its status and a message, and the process lives on.

use crate::support::http::{Client, Reply, Request};
use crate::support::process::{Server, Start};

const ROW: &str = r#"{"data":{"ndarray":[[1,2]]}}"#;

fn predict(body: impl Into<Vec<u8>>) -> Request {
    Request::json("/predict", body)
}

fn assert_alive(server: &Server, after: &str) {
    let reply = server.send(&predict(ROW));
    assert_eq!((reply.status, &*reply.at("/data/ndarray")), (200, "[[1,2]]"), "after {after}");
}

fn assert_refused(reply: &Reply, status: u16, what: &str) {
    assert_eq!(reply.status, status, "{what}: {}", reply.text());
    assert_eq!(reply.at("/status/code"), "-1", "{what}");
    assert_eq!(reply.at("/status/status"), "1", "{what}");
    assert_eq!(reply.at("/status/reason"), "MICROSERVICE_BAD_DATA", "{what}");
    assert!(!reply.at("/status/info").is_empty(), "{what}");
}

#[test]
fn what_is_no_message_is_bad_data() {
    let server = Start::serve("builtin:echo").start();
    let mut client = Client::connect(server.http);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("arrays nested too deep", b"[".repeat(100_000)),
        ("objects nested too deep", b"{\"jsonData\":".repeat(100_000)),
        ("an ndarray nested too deep", [b"{\"data\":{\"ndarray\":".to_vec(), b"[".repeat(100_000)].concat()),
        ("a shape beyond memory", tensor("[1000000000,1000000000]", "[1]")),
        ("a shape beyond counting", tensor("[9223372036854775807,4]", "[1]")),
        ("a shape below zero", tensor("[-2,2]", "[1]")),
        ("two free extents", tensor("[-1,-1]", "[1]")),
        ("a shape of text", tensor("[\"2\"]", "[1,2]")),
        ("a tftensor beyond memory", br#"{"data":{"tftensor":{"dtype":"DT_FLOAT","tensorShape":{"dim":[{"size":"99999999999"}]},"floatVal":[1]}}}"#.to_vec()),
        ("bytes that are no UTF-8", b"{\"strData\":\"\xff\xfe\"}".to_vec()),
        ("half a surrogate", br#"{"jsonData":{"a":"\ud800"#.to_vec()),
        ("a document that ends early", br#"{"data":{"ndarray":[[1,2"#.to_vec()),
        ("a document that goes on", br#"{"data":{"ndarray":[[1]]}}]"#.to_vec()),
        ("rows of different lengths", br#"{"data":{"ndarray":[[1,2],[3]]}}"#.to_vec()),
        ("a number of no shape", br#"{"data":{"ndarray":[[1.2.3]]}}"#.to_vec()),
        ("bytes that are no base64", br#"{"binData":"a"}"#.to_vec()),
        ("bytes that are a number", br#"{"binData":7}"#.to_vec()),
        ("nothing", Vec::new()),
        ("zeros", vec![0; 4096]),
    ];
    for (what, body) in cases {
        assert_refused(&client.send(&predict(body)), 400, what);
        assert_alive(&server, what);
    }
}

fn tensor(shape: &str, values: &str) -> Vec<u8> {
    format!("{{\"data\":{{\"tensor\":{{\"shape\":{shape},\"values\":{values}}}}}}}").into_bytes()
}

#[test]
fn a_message_says_where_the_mistake_is() {
    let server = Start::serve("builtin:echo").start();
    for (body, parts) in [
        (r#"{"data":{"ndarray":[[1,2],[3]]}}"#, vec!["ndarray", "2", "1"]),
        (r#"{"data":{"tensor":{"shape":[3,2],"values":[1,2,3,4]}}}"#, vec!["[3, 2]", "4"]),
        (r#"{"data":{"tensor":{"values":[1]}}}"#, vec!["shape"]),
        (r#"{"data":null}"#, vec!["data", "null"]),
        (r#"{"meta":[],"data":{"ndarray":[1]}}"#, vec!["meta", "array"]),
        ("[1,2]", vec!["array"]),
    ] {
        let reply = server.send(&predict(body));
        assert_refused(&reply, 400, body);
        let info = reply.at("/status/info");
        for part in parts {
            assert!(info.contains(part), "{body}: `{part}` is missing in: {info}");
        }
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused_before_it_is_sent() {
    let server = Start::serve("builtin:echo").args(["--body-bytes-max", "1024"]).start();
    let mut client = Client::connect(server.http);
    client.write(&predict("").header("Content-Length", "1073741824").head());
    let reply = client.read("POST");
    assert_refused(&reply, 413, "an announced length");
    assert!(reply.at("/status/info").contains("1024"), "{}", reply.text());
    assert!(client.is_closed_by_server(), "what follows cannot be told from a body");
    assert_alive(&server, "an announced length");
}

#[test]
fn a_body_that_grows_beyond_the_limit_in_chunks_is_refused() {
    let server = Start::serve("builtin:echo").args(["--body-bytes-max", "1024"]).start();
    let mut client = Client::connect(server.http);
    client.write(&predict("").header("Transfer-Encoding", "chunked").head());
    client.write(format!("400\r\n{}\r\n", " ".repeat(0x400)).as_bytes());
    client.write(format!("1\r\n{}\r\n", " ").as_bytes());
    assert_refused(&client.read("POST"), 413, "chunks");
    assert_alive(&server, "chunks");
}

#[test]
fn a_body_of_just_the_limit_is_taken() {
    let server = Start::serve("builtin:echo").args(["--body-bytes-max", "1024"]).start();
    let mut client = Client::connect(server.http);
    let body = format!("{ROW}{}", " ".repeat(1024 - ROW.len()));
    assert_eq!(client.send(&predict(body.clone())).status, 200);
    assert_refused(&client.send(&predict(body + " ")), 413, "one byte more");
}

#[test]
fn a_client_that_stalls_is_told_so() {
    let server = Start::serve("builtin:echo").args(["--body-read-timeout", "100ms"]).start();
    let mut client = Client::connect(server.http);
    client.write(&predict("").header("Content-Length", "100").head());
    client.write(b"{\"data\"");
    assert_refused(&client.read("POST"), 408, "a stalled body");
    assert!(client.is_closed_by_server());
    assert_alive(&server, "a stalled body");
}

#[test]
fn a_client_that_never_ends_its_head_is_disconnected() {
    let server = Start::serve("builtin:echo").args(["--head-read-timeout", "1s"]).start();
    let mut client = Client::connect(server.http);
    client.write(b"POST /predict HTTP/1.1\r\nHost: x\r\n");
    // Either with a word or without one.
    if let Ok(reply) = client.try_read("POST") {
        assert_eq!(reply.status, 408);
    }
    assert!(client.is_closed_by_server());
    assert_alive(&server, "half a head");
}

#[test]
fn a_body_that_breaks_off_harms_nobody_else() {
    let server = Start::serve("builtin:echo").start();
    let mut client = Client::connect(server.http);
    client.write(&predict("").header("Content-Length", "100").head());
    client.write(b"{\"data\"");
    client.finish();
    // The client may be gone for good, so an answer is a courtesy.
    if let Ok(reply) = client.try_read("POST") {
        assert_eq!(reply.status, 400);
    }
    assert_alive(&server, "half a body");
}

#[test]
fn what_is_no_http_is_refused() {
    let server = Start::serve("builtin:echo").start();
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1 << 20));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        long.as_bytes(),
    ] {
        let mut client = Client::connect(server.http);
        // It may hang up in the middle of what it will not read.
        let sent = client.try_write(bytes);
        if let (Ok(()), Ok(reply)) = (sent, client.try_read("GET")) {
            assert!((400..500).contains(&reply.status), "{}", reply.status);
        }
        assert_alive(&server, &String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    }
}

#[test]
fn a_mutated_request_is_answered_or_refused_and_never_breaks_anything() {
    const SEEDS: [&str; 6] = [
        ROW,
        r#"{"data":{"names":["a"],"tensor":{"shape":[1,2],"values":[1.5,-2e3]}},"meta":{"puid":"p","tags":{"a":1}}}"#,
        r#"{"data":{"tftensor":{"dtype":"DT_FLOAT","tensorShape":{"dim":[{"size":"1"}]},"floatVal":[1.5]}}}"#,
        r#"{"jsonData":{"a":[null,true,"\u00e9\n"]}}"#,
        r#"{"binData":"aGVsbG8="}"#,
        r#"{"strData":"x","meta":{"metrics":[{"key":"k","type":"GAUGE","value":1}]}}"#,
    ];
    let server = Start::serve("builtin:echo").start();
    let mut client = Client::connect(server.http);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..600 {
        let mut body = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            mutate(&mut body, &mut random);
        }
        let reply = client.send(&predict(body.clone()));
        let shown = String::from_utf8_lossy(&body);
        assert!(matches!(reply.status, 200 | 400), "{shown}: {} {}", reply.status, reply.text());
        reply.json();
    }
    assert_alive(&server, "600 mutations");
}

fn mutate(body: &mut Vec<u8>, random: &mut Random) {
    const PIECES: [&[u8]; 12] =
        [b"\"", b"[", b"]", b"{", b"}", b",", b"-", b"e9", b"\\u", b"null", b"\xff", b"\0"];
    if body.is_empty() {
        return;
    }
    let at = random.below(body.len());
    match random.below(4) {
        0 => body.truncate(at),
        1 => drop(body.remove(at)),
        2 => body[at] = random.below(256).try_into().expect("below 256"),
        _ => drop(body.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
    }
}

/// Marsaglia's xorshift (2003): the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}
