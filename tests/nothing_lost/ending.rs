//! SIGTERM under load.

use crate::load::connection::certificate;
use crate::load::{Load, Tally};
use crate::support::process::Start;

const ROUNDS: u64 = 20;
const QUESTIONS: u64 = 5_000;

#[test]
fn whoever_asks_is_answered_when_the_server_ends_or_finds_the_port_closed() {
    let mut all = Tally::default();
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let notes = folder.path().join("ran");
        // By turns where it was read, on engine threads, and behind a long queue.
        let (model, args) = match round % 4 {
            0 => ("nonces", &[][..]),
            3 => ("nonces-slow", &[][..]),
            _ => ("nonces", &["--inline-cost-max-us", "0"][..]),
        };
        let (options, tls) = certificate(folder.path());
        // In the clear and by TLS.
        let tls = (round % 5 == 4).then_some(tls);
        let options = if tls.is_some() { &options[..] } else { &[] };
        let mut server = Start::serve(format!("builtin:{model}"))
            .args(args.iter().copied())
            .args(options.iter().map(String::as_str))
            .env("PROBE_NONCES", notes.to_str().expect("test paths are UTF-8"))
            .start();
        let clients = Load { tls, end: u64::MAX, ..Load::new(&server, model, 0) };
        let load = clients.clone().start();
        let asked = server.until(|_| (load.n_ended() > QUESTIONS).then_some(()));
        assert!(asked.is_some(), "{load:?}");
        server.terminate();
        let (status, log) = server.wait();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains("drained"), "{log}");
        let tally = load.finish();
        // A client's last answer tells it to go, and the port that it comes back to is closed. Only
        // who had left its connection alone for half a second could find that closed: nobody does.
        // A call that stays open is ended where nothing is asked, which may cross the next question.
        tally.assert_only(&["own", "gone", "UNAVAILABLE"]);
        let (n_streams, n_connections) = (clients.streams as u64, clients.connections as u64);
        assert!(tally.count("gone") <= n_connections + n_streams, "{}", tally.summary());
        assert!(tally.count("UNAVAILABLE") <= n_streams, "{}", tally.summary());
        tally.assert_ran(&notes, false);
        all.add(tally);
    }
    println!("{}", all.summary());
    assert!(all.count("own") > ROUNDS * QUESTIONS - all.count("gone") - all.count("UNAVAILABLE"));
}
