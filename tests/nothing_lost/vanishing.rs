//! Clients that go away in the middle of a request, or before its answer.

use crate::load::Load;
use crate::load::process::{open_files, wait_for_quiet};
use crate::support::process::Start;

const QUESTIONS: u64 = 150_000;

#[test]
fn clients_that_vanish_take_nothing_with_them() {
    for args in [&["--inline-cost-max-us", "0"][..], &[]] {
        // So many calls that are taken back at once are more than one connection may have otherwise.
        let start = Start::serve("builtin:nonces").args(["--grpc-resets-max", "1000000"]);
        let mut server = start.args(args.iter().copied()).start();
        Load::new(&server, "nonces", 1_000).finish().assert_only(&["own"]);
        wait_for_quiet(&mut server);
        let n_files = open_files(&server);
        // One in three: it takes its connection with it, or over gRPC its stream.
        let tally = Load { vanishing: 3, ..Load::new(&server, "nonces", QUESTIONS) }.finish();
        println!("{}", tally.summary());
        tally.assert_only(&["own", "vanished"]);
        assert_eq!(tally.n_questions(), QUESTIONS);
        assert!(tally.count("own") > QUESTIONS / 2 && tally.count("vanished") > QUESTIONS / 4);
        wait_for_quiet(&mut server);
        let is_left = server.until(|server| (open_files(server) <= n_files).then_some(()));
        assert!(is_left.is_some(), "{} files are open, {n_files} were", open_files(&server));
    }
}
