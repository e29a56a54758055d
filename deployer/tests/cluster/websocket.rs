//! The server's side of a websocket (RFC 6455), for channels as the API server has them: the first byte of
//! each message is the channel.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest as _, Sha1};

use crate::server::Request;

const BINARY: u8 = 2;
const CLOSE: u8 = 8;

/// The answer by which a connection becomes a websocket.
fn accepted(asked: &Request) -> String {
    let key = asked.header("sec-websocket-key").unwrap();
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let accept = BASE64_STANDARD.encode(digest);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-protocol: v4.channel.k8s.io\r\nsec-websocket-accept: {accept}\r\n\r\n"
    )
}

/// A websocket of channels.
pub(crate) struct Socket(TcpStream);

impl Socket {
    /// Takes a connection on which one is asked for.
    pub(crate) fn accept(asked: &Request, mut stream: TcpStream) -> Self {
        stream.write_all(accepted(asked).as_bytes()).unwrap();
        Self(stream)
    }

    /// Sends a message of a channel; whether somebody is there to take it.
    pub(crate) fn send(&mut self, channel: u8, bytes: &[u8]) -> bool {
        let mut frame = vec![0x80 | BINARY, 126];
        let length = u16::try_from(bytes.len() + 1).unwrap();
        frame.extend(length.to_be_bytes());
        frame.push(channel);
        frame.extend(bytes);
        self.0.write_all(&frame).is_ok()
    }

    /// The next message with its channel; nothing when the other side is done.
    pub(crate) fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second] = self.take::<2>()?;
        let length = match second & 0x7f {
            126 => usize::from(u16::from_be_bytes(self.take()?)),
            127 => usize::try_from(u64::from_be_bytes(self.take()?)).unwrap(),
            short => usize::from(short),
        };
        let mask = self.take::<4>()?;
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        if first & 0x0f == CLOSE || payload.is_empty() {
            return None;
        }
        let channel = payload.remove(0);
        Some((channel, payload))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}
