//! A store of models on the node, as pods and the deployer's own machine see it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::{fs, thread};

/// The node's address, where pods reach what runs beside them.
const NODE: &str = "198.51.100.7:0";
/// The first number of all addresses of pods.
const OF_PODS: u8 = 10;

/// What there is at a path.
#[derive(Debug, Clone)]
pub(crate) enum Page {
    /// A file for everybody.
    File(Vec<u8>),
    /// A file for whoever is no pod.
    NotForPods(Vec<u8>),
    /// A file of which pods get the first half, and then wait.
    Halting(Vec<u8>),
}

/// Serves these paths for as long as the tests run.
pub(crate) fn web(pages: BTreeMap<&'static str, Page>) -> SocketAddr {
    let listener = TcpListener::bind(NODE).expect("the node's address");
    let address = listener.local_addr().expect("a bound socket");
    let pages = Arc::new(pages);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let pages = Arc::clone(&pages);
            // Whoever goes away in between is not answered.
            thread::spawn(move || drop(answer(&stream, &pages)));
        }
    });
    address
}

fn answer(mut stream: &TcpStream, pages: &BTreeMap<&'static str, Page>) -> std::io::Result<()> {
    let is_pod = matches!(stream.peer_addr()?.ip(), IpAddr::V4(ip) if ip.octets()[0] == OF_PODS);
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let (method, path) = first.split_once(' ').unwrap_or_default();
    let path = path.split(' ').next().unwrap_or_default();
    let (bytes, is_halting) = match pages.get(path) {
        Some(Page::File(bytes)) => (bytes, false),
        Some(Page::NotForPods(bytes)) if !is_pod => (bytes, false),
        Some(Page::Halting(bytes)) => (bytes, is_pod),
        Some(Page::NotForPods(_)) | None => {
            let none = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return stream.write_all(none.as_bytes());
        }
    };
    let n = bytes.len();
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    write!(stream, "{head}ETag: \"{n}\"\r\nContent-Length: {n}\r\n\r\n")?;
    if method != "GET" {
        return Ok(());
    }
    let sent = if is_halting { n / 2 } else { n };
    stream.write_all(bytes.get(..sent).unwrap_or_default())?;
    if is_halting {
        // Until the pod gives up.
        stream.read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

/// A small model that works.
pub(crate) fn model() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/iris/model.onnx");
    fs::read(path).expect("our own model")
}

/// The same model in other bytes: with a field that no reader of ONNX knows.
pub(crate) fn other_model() -> Vec<u8> {
    [model(), vec![0xa2, 0x1f, 0x00]].concat()
}
