//! Requests of every kind by TLS.

use crate::load::Load;
use crate::load::connection::certificate;
use crate::load::process::wait_for_quiet;
use crate::support::process::Start;

const QUESTIONS: u64 = 100_000;

#[test]
fn clients_that_vanish_from_encrypted_connections_take_nothing_with_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (options, tls) = certificate(folder.path());
    let start = Start::serve("builtin:nonces").args(["--grpc-resets-max", "1000000"]);
    let mut server = start.args(options.iter().map(String::as_str)).start();
    // Each that vanishes over REST costs a handshake.
    let tls = Some(tls);
    let tally = Load { tls, vanishing: 16, ..Load::new(&server, "nonces", QUESTIONS) }.finish();
    println!("{}", tally.summary());
    tally.assert_only(&["own", "vanished"]);
    assert_eq!(tally.n_questions(), QUESTIONS);
    assert!(tally.count("vanished") > QUESTIONS / 32);
    wait_for_quiet(&mut server);
}
