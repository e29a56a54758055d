//! A hand-shake with a component of the probe: it asks, and goes on when the test lets it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::PATIENCE;

/// Where one component waits.
#[derive(Debug)]
pub(crate) struct Gate {
    port: u16,
    asked: Receiver<TcpStream>,
}

/// A component that waits until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _stream: TcpStream,
}

impl Gate {
    /// A closed gate.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let (sender, asked) = channel();
        // Ends with the test's process where nothing ever asks.
        thread::spawn(move || {
            let sent = listener.accept().map(|(stream, _)| sender.send(stream));
            drop(sent);
        });
        Self { port, asked }
    }

    /// The port that the component is told.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits until the component has come to the gate.
    pub(crate) fn wait_until_asked(&self) -> Held {
        Held { _stream: self.asked.recv_timeout(PATIENCE).expect("the component asks") }
    }
}
