//! A name server that knows one name, as strict as that of a cluster (RFC 1035).

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

/// Where it listens: an address of this machine that has port 53 to itself.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

const HEAD_BYTES: usize = 12;
/// A response to a question that asked for recursion, which there is.
const ANSWERED: u16 = 0x8180;
const NO_SUCH_NAME: u16 = 0x8183;
const TYPE_A: [u8; 4] = [0, 1, 0, 1];

/// Answers that `name` is 127.0.0.1, and that no other name exists, until the test's process ends.
pub(crate) fn serve(name: &'static str) {
    let socket = UdpSocket::bind((ADDRESS, 53));
    let socket = socket.expect("port 53 is free for this user in a network of these tests' own");
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut question) {
            if let Some(answer) = answer(&question[..length], name) {
                // Who has gone away does not miss it.
                drop(socket.send_to(&answer, client));
            }
        }
    });
}

/// The answer to a message with one question.
fn answer(message: &[u8], name: &str) -> Option<Vec<u8>> {
    let id = message.get(..2)?;
    let asked = question(message.get(HEAD_BYTES..)?)?;
    let (labels, kind) = asked.split_at(asked.len() - TYPE_A.len());
    let is_known = labels.eq_ignore_ascii_case(&encode(name));
    let has_address = is_known && kind == TYPE_A;
    let flags = if is_known { ANSWERED } else { NO_SUCH_NAME };
    let mut answer =
        [id, &flags.to_be_bytes(), &[0, 1, 0, has_address.into(), 0, 0, 0, 0]].concat();
    answer.extend_from_slice(asked);
    if has_address {
        // The name is that of the question; it holds for a minute; the address has four bytes.
        let head = [0xc0, 12];
        answer.extend([&head[..], &TYPE_A, &[0, 0, 0, 60], &[0, 4]].concat());
        answer.extend(Ipv4Addr::LOCALHOST.octets());
    }
    Some(answer)
}

/// The bytes of the first question: a name, its type and its class.
fn question(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return bytes.get(..at + TYPE_A.len());
        }
    }
}

/// A name as labels with their lengths.
fn encode(name: &str) -> Vec<u8> {
    let label = |label: &str| {
        let length = u8::try_from(label.len()).expect("a short label");
        [&[length], label.as_bytes()].concat()
    };
    let mut bytes: Vec<u8> = name.split('.').flat_map(label).collect();
    bytes.push(0);
    bytes
}
