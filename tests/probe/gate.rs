//! `builtin:gate`: echoes, and takes as long to load as the test that started it wants.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpStream};

use radiant::Served;
use radiant_contract::{EnvSource as _, ProcessEnv};

/// Connects to the port of 127.0.0.1 that `PROBE_GATE` names and is loaded once that hangs up.
pub(crate) fn make() -> Served {
    let port = ProcessEnv.get("PROBE_GATE").and_then(|port| port.parse().ok()).unwrap_or(0);
    let asked = TcpStream::connect::<(_, u16)>((Ipv4Addr::LOCALHOST, port));
    let heard = asked.and_then(|mut stream| stream.read_to_end(&mut Vec::new()));
    assert!(heard.is_ok(), "the gate cannot be asked: {heard:?}");
    (radiant::ECHO.make)()
}
