//! HTTP/2 by the frame, for clients that keep to nothing (RFC 9113; headers as literals without
//! indexing, RFC 7541, 6.2.2).

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use crate::support::PATIENCE;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const REFUSED_STREAM: u32 = 7;
pub(super) const CANCEL: u32 = 8;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame that the server sent.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// The error code of a reset or of a farewell.
    pub(super) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        let code = self.payload.get(at..at + 4).and_then(|code| code.try_into().ok());
        u32::from_be_bytes(code.expect("a code"))
    }
}

/// A connection.
pub(super) struct Raw(TcpStream);

impl Raw {
    /// A connection on which nothing was said.
    pub(super) fn silent(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Self(stream)
    }

    /// A connection that was opened, whose client has no settings of its own and takes the server's.
    pub(super) fn open(port: u16) -> Self {
        let mut raw = Self::silent(port);
        raw.send(
            &[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, b"")].concat(),
        );
        raw.until(SETTINGS);
        raw.send(&frame(SETTINGS, ACK, 0, b""));
        raw
    }

    /// Sends bytes; whether the server took them.
    pub(super) fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// The next frame; `None` when the server has closed the connection.
    pub(super) fn receive(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.read(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.read(&mut payload)?;
        if kind == PING && flags == 0 {
            self.send(&frame(PING, ACK, 0, &payload));
        }
        Some(Frame { kind, stream: u32::from_be_bytes(stream), payload })
    }

    fn read(&mut self, into: &mut [u8]) -> Option<()> {
        match self.0.read_exact(into) {
            Ok(()) => Some(()),
            Err(error) => {
                let waited =
                    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                assert!(!waited, "the server neither says anything nor closes the connection");
                None
            }
        }
    }

    /// The first frame of this kind.
    pub(super) fn until(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.receive().expect("the connection is open");
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// Reads until the server closes the connection; its farewells.
    pub(super) fn until_closed(&mut self) -> Vec<Frame> {
        let mut farewells = Vec::new();
        while let Some(frame) = self.receive() {
            if frame.kind == GOAWAY {
                farewells.push(frame);
            }
        }
        farewells
    }

    /// Waits until the server has looked at what was sent.
    pub(super) fn settle(&mut self) {
        self.send(&frame(PING, 0, 0, b"settled?"));
        while self.receive().expect("the connection is open").payload != b"settled?" {}
    }
}

/// A frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call of this method, and these.
pub(super) fn headers(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    let call = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    for (name, value) in call.iter().chain(more) {
        block.push(0);
        for text in [name, value] {
            put_length(&mut block, text.len());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// A length with a prefix of seven bits (RFC 7541, 5.1).
fn put_length(block: &mut Vec<u8>, length: usize) {
    let byte = |n: usize| u8::try_from(n).expect("seven bits and a flag");
    let Some(mut rest) = length.checked_sub(127) else { return block.push(byte(length)) };
    block.push(127);
    while rest >= 128 {
        block.push(byte(rest % 128 + 128));
        rest /= 128;
    }
    block.push(byte(rest));
}
