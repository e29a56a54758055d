//! A keep-alive connection over HTTP/1.1 with V2's JSON, opened when it is needed.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Ending, NONCE_MIN, owned};

/// The largest reply, with its head.
const REPLY_MAX: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Lane {
    address: SocketAddr,
    /// A request, head and body, in which the number's digits are written anew.
    request: Vec<u8>,
    /// Where they stand.
    digits: usize,
    /// None before the first request, and behind a reply that closes.
    stream: Option<TcpStream>,
    reply: Vec<u8>,
}

impl Lane {
    pub(super) fn to(address: SocketAddr, model: &str) -> Self {
        let row = format!("{NONCE_MIN},1,2,3,4,5,6,7");
        let body = format!(
            r#"{{"inputs":[{{"name":"x","shape":[1,8],"datatype":"FP32","data":[{row}]}}]}}"#
        );
        let head = format!(
            "POST /v2/models/{model}/infer HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body.as_bytes()].concat();
        let digits = request.len() - row.len() - "]}]}".len();
        Self { address, request, digits, stream: None, reply: Vec::with_capacity(4096) }
    }

    pub(super) async fn ask(&mut self, nonce: u32) -> Result<Ending> {
        let digits = nonce.to_string();
        let place = self.request.get_mut(self.digits..self.digits + digits.len());
        place.context("no room for the number")?.copy_from_slice(digits.as_bytes());
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => dial(self.address).await?,
        };
        // Dropped with the stream when anything fails: what comes later must answer nobody.
        stream.write_all(&self.request).await.context("sending a request")?;
        self.reply.clear();
        let reply = loop {
            let n_bytes = stream.read_buf(&mut self.reply).await.context("reading a reply")?;
            ensure!(n_bytes > 0, "the server closed the connection");
            if let Some(reply) = Reply::parse(&self.reply)? {
                break reply;
            }
            ensure!(self.reply.len() < REPLY_MAX, "a reply has more than {REPLY_MAX} bytes");
        };
        if !reply.closes {
            self.stream = Some(stream);
        }
        reply.ending(nonce)
    }
}

async fn dial(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A whole reply.
#[derive(Debug, PartialEq, Eq)]
struct Reply<'a> {
    status: u16,
    closes: bool,
    body: &'a [u8],
}

impl<'a> Reply<'a> {
    /// The reply, once it is complete.
    fn parse(bytes: &'a [u8]) -> Result<Option<Self>> {
        let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let (head, body) = bytes.split_at(end + 4);
        let head = std::str::from_utf8(head).context("a reply's head is no text")?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let header = |name: &str| {
            let mut named = head.lines().filter_map(|line| line.split_once(':'));
            named.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let length: usize = header("content-length").context("no content length")?.parse()?;
        if body.len() < length {
            return Ok(None);
        }
        ensure!(body.len() == length, "more than one reply to one request");
        let closes = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok(Some(Self { status: status.context("no status")?, closes, body }))
    }

    fn ending(&self, nonce: u32) -> Result<Ending> {
        if self.status != 200 {
            let said = String::from_utf8_lossy(self.body).into_owned();
            return Ok(Ending::Refused(self.status, said));
        }
        const DATA: &[u8] = br#""data":["#;
        let start = memchr::memmem::find(self.body, DATA).context("the reply has no data")?;
        let numbers = self.body.get(start + DATA.len()..).unwrap_or_default();
        let end = numbers.iter().position(|byte| matches!(byte, b',' | b']')).unwrap_or(0);
        let first = std::str::from_utf8(numbers.get(..end).unwrap_or_default())?;
        Ok(owned(nonce, first.trim().parse().context("the reply's first value is no number")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_room_for_its_number() {
        let lane = Lane::to(([127, 0, 0, 1], 1).into(), "wide");
        let text = String::from_utf8(lane.request.clone()).unwrap();
        assert!(lane.request[lane.digits..].starts_with(b"1000000,1,2,3,4,5,6,7]}]}"), "{text}");
        assert!(text.starts_with("POST /v2/models/wide/infer HTTP/1.1\r\n"), "{text}");
    }

    #[test]
    fn a_reply_is_its_own_or_that_of_another_or_a_refusal() {
        let ending = |status: u16, body: &str, nonce| {
            let bytes =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            for end in 0..bytes.len() {
                assert_eq!(Reply::parse(&bytes.as_bytes()[..end]).unwrap(), None);
            }
            Reply::parse(bytes.as_bytes()).unwrap().unwrap().ending(nonce).unwrap()
        };
        let body = r#"{"outputs":[{"data":[1000001.0,2.0]}]}"#;
        assert_eq!(ending(200, body, 1_000_001), Ending::Own);
        assert!(matches!(ending(200, body, 1_000_002), Ending::OfAnother(_)));
        assert_eq!(ending(503, "full", 1), Ending::Refused(503, "full".to_owned()));
    }
}
