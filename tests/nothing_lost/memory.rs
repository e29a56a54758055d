//! Bodies that do not fit into memory together.

use crate::load::process::{limit_memory, wait_for_quiet};
use crate::load::{Load, Wire};
use crate::support::http::Request;
use crate::support::process::Start;

const QUESTIONS: u64 = 100_000;
/// So many of them have large bodies.
const LARGE: u64 = 5_000;
const BODY_BYTES: usize = 1 << 20;

/// As in a container of so many bytes, of which an eighth is for requests as long as nobody says
/// otherwise: a request is also decoded, its answer written, and allocators keep what was freed.
const MEMORY: u64 = 320 << 20;

#[test]
fn bodies_beyond_the_memory_are_refused_and_the_process_lives() {
    let mut server = Start::serve("builtin:nonces-slow")
        .args(["--bytes-max", "40MiB", "--body-bytes-max", "8MiB"])
        // Memory counts when it is used, not when addresses are set aside for it.
        .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
        .start();
    limit_memory(&server, MEMORY);
    // Together they are more than there is: with a budget of 2 GiB the process ends at once.
    let large = Load {
        padding: BODY_BYTES,
        wires: &Wire::PADDED,
        connections: 256,
        streams: 64,
        ..Load::new(&server, "nonces-slow", LARGE)
    };
    let small = Load { first: LARGE, ..Load::new(&server, "nonces-slow", QUESTIONS) };
    let [large, small] = [large, small].map(Load::start);
    for tally in [large.finish(), small.finish()] {
        println!("{}", tally.summary());
        tally.assert_only(&["own", "503", "UNAVAILABLE"]);
        assert!(tally.count("own") > 0);
    }
    let huge = Request::json("/predict", vec![b' '; 9 << 20]);
    assert_eq!(server.send(&huge).status, 413, "it would never fit");
    wait_for_quiet(&mut server);
}
