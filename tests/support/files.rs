//! A web server of files for the program under test to fetch from.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Files at paths, served until the test's process ends.
#[derive(Debug)]
pub(crate) struct Files {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    files: BTreeMap<String, Vec<u8>>,
    bytes_sent: usize,
}

impl Files {
    /// A server without files.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let shared = Arc::<Mutex<Shared>>::default();
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let served = Arc::clone(&served);
                // A client that goes away is its own business.
                thread::spawn(move || drop(answer(&stream, &served)));
            }
        });
        Self { port, shared }
    }

    /// Puts a file at a path, in place of the one that is there.
    pub(crate) fn put(&self, path: &str, content: Vec<u8>) {
        self.lock().files.insert(path.to_owned(), content);
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How many bytes of files were sent.
    pub(crate) fn bytes_sent(&self) -> usize {
        self.lock().bytes_sent
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers one request, a range of a file where that is asked for.
fn answer(mut stream: &TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut range = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let bounds = line.to_ascii_lowercase();
        let bounds = bounds.strip_prefix("range: bytes=").and_then(|text| text.split_once('-'));
        range = range.or(bounds.map(|(from, to)| (from.parse(), to.parse())));
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(file) = shared.files.get(path).cloned() else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    };
    let (status, from, to) = match range {
        Some((Ok(from), to)) => {
            ("206 Partial Content", from, to.map_or(file.len(), |to: usize| to + 1))
        }
        _ => ("200 OK", 0, file.len()),
    };
    let part = &file[from..to.min(file.len())];
    shared.bytes_sent += part.len();
    drop(shared);
    let sum =
        file.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"{sum:x}\"\r\nConnection: close\r\n\
         Content-Range: bytes {from}-{}/{}\r\n\r\n",
        part.len(),
        (from + part.len()).saturating_sub(1),
        file.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(part)
}
