//! More requests than a server takes.

use crate::load::Load;
use crate::support::process::Start;

const QUESTIONS: u64 = 100_000;

#[test]
fn a_request_too_many_is_refused_and_never_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let notes = folder.path().join("ran");
    let server = Start::serve("builtin:nonces-slow")
        .args(["--requests-max", "8"])
        .env("PROBE_NONCES", notes.to_str().expect("test paths are UTF-8"))
        .start();
    let load = Load::new(&server, "nonces-slow", QUESTIONS);
    let tally = load.finish();
    println!("{}", tally.summary());
    tally.assert_only(&["own", "503", "UNAVAILABLE"]);
    assert_eq!(tally.n_questions(), QUESTIONS);
    assert!(["own", "503", "UNAVAILABLE"].iter().all(|name| tally.count(name) > 0));
    tally.assert_ran(&notes, false);
    let again = Load {
        first: QUESTIONS,
        connections: 2,
        streams: 2,
        ..Load::new(&server, "nonces-slow", QUESTIONS + 100)
    };
    again.finish().assert_only(&["own"]);
}
