//! A stand-in for Seldon Core's orchestrator: the HTTP port of a predictor, and the walk through its
//! graph over REST (Seldon v1). No gRPC, no feedback to more than one node, no logging of payloads.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Where requests come in.
const PORT: u16 = 8000;

/// What was answered: a status and a body.
type Answer = (u16, Vec<u8>);

fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this program has a single variable")]
    let predictor = std::env::var("ENGINE_PREDICTOR")?;
    let predictor: Value = serde_json::from_slice(&BASE64_STANDARD.decode(predictor)?)?;
    let graph: &'static Value = Box::leak(Box::new(predictor["graph"].clone()));
    let listener = TcpListener::bind(("0.0.0.0", PORT))?;
    for stream in listener.incoming() {
        thread::spawn(move || {
            // Whoever hangs up has nobody else to tell.
            drop(stream.and_then(|stream| serve(&stream, graph)));
        });
    }
    Ok(())
}

fn serve(stream: &TcpStream, graph: &Value) -> io::Result<()> {
    let (line, body) = read(stream)?;
    let path = line.split_whitespace().nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/live" => (200, Vec::new()),
        "/ready" if is_up(graph) => (200, Vec::new()),
        "/ready" => (503, Vec::new()),
        "/api/v1.0/predictions" | "/api/v0.1/predictions" => predict(graph, body)?,
        "/api/v1.0/feedback" | "/api/v0.1/feedback" => ask(graph, "/send-feedback", &body)?,
        _ => (404, Vec::new()),
    };
    let length = body.len();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}

/// Whether every node takes connections.
fn is_up(node: &Value) -> bool {
    let own = node["endpoint"].is_null() || dial(node).is_ok();
    own && children(node).iter().all(is_up)
}

/// Walks through the graph below a node.
fn predict(node: &Value, body: Vec<u8>) -> io::Result<Answer> {
    let kind = node["type"].as_str().unwrap_or_default();
    let does = |kinds: &[&str], method: &str| {
        let mut methods = node["methods"].as_array().into_iter().flatten();
        kinds.contains(&kind) || methods.any(|own| own == method)
    };
    let mut answer = (200, body);
    if does(&["MODEL"], "") {
        answer = ask(node, "/predict", &answer.1)?;
    } else if does(&["TRANSFORMER"], "TRANSFORM_INPUT") {
        answer = ask(node, "/transform-input", &answer.1)?;
    }
    let below = children(node);
    if answer.0 == 200 && !below.is_empty() {
        let route = if does(&["ROUTER"], "ROUTE") { route(node, &answer.1)? } else { None };
        let chosen: Vec<&Value> = match route {
            Some(idx) => below.get(idx).into_iter().collect(),
            None => below.iter().collect(),
        };
        let mut answers = Vec::new();
        for child in chosen {
            let from_child = predict(child, answer.1.clone())?;
            if from_child.0 != 200 {
                return Ok(from_child);
            }
            answers.push(from_child.1);
        }
        answer = if does(&["COMBINER"], "AGGREGATE") {
            let list = [b"[".to_vec(), answers.join(&b','), b"]".to_vec()];
            ask(node, "/aggregate", &list.concat())?
        } else {
            (200, answers.into_iter().next().unwrap_or_default())
        };
    }
    if answer.0 == 200 && does(&["OUTPUT_TRANSFORMER"], "TRANSFORM_OUTPUT") {
        answer = ask(node, "/transform-output", &answer.1)?;
    }
    Ok(answer)
}

/// Which child a router chooses; `None` is all of them.
fn route(node: &Value, body: &[u8]) -> io::Result<Option<usize>> {
    let (_, body) = ask(node, "/route", body)?;
    let reply: Value = serde_json::from_slice(&body)?;
    let mut value =
        reply.pointer("/data/ndarray").or(reply.pointer("/data/tensor/values")).unwrap_or(&reply);
    while let Some(first) = value.get(0) {
        value = first;
    }
    Ok(value.as_f64().and_then(|number| format!("{number:.0}").parse().ok()))
}

fn children(node: &Value) -> &[Value] {
    node["children"].as_array().map_or(&[], Vec::as_slice)
}

fn dial(node: &Value) -> io::Result<TcpStream> {
    let endpoint = &node["endpoint"];
    let port =
        endpoint["httpPort"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(9000);
    TcpStream::connect((endpoint["service_host"].as_str().unwrap_or("localhost"), port))
}

/// Asks a node's component.
fn ask(node: &Value, path: &str, body: &[u8]) -> io::Result<Answer> {
    let refused = |error: io::Error| {
        let status = json!({"code": 500, "info": error.to_string(), "status": "FAILURE"});
        (500, json!({"status": status}).to_string().into_bytes())
    };
    let mut stream = match dial(node) {
        Ok(stream) => stream,
        Err(error) => return Ok(refused(error)),
    };
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let (line, body) = read(&stream)?;
    let status = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(500);
    Ok((status, body))
}

/// Reads the first line of a message, and its body.
fn read(stream: &TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok((first, body))
}
