//! Requests of every kind at once to one model.

use crate::load::Load;
use crate::support::process::Start;
use crate::support::prometheus::Page;

const QUESTIONS: u64 = 100_000;

#[test]
fn requests_of_every_protocol_shape_and_type_get_their_own_answers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let notes = folder.path().join("ran");
    // It is slow, so that they meet in the queue and share runs.
    let server = Start::serve("builtin:nonces-slow")
        .env("PROBE_NONCES", notes.to_str().expect("test paths are UTF-8"))
        .start();
    let tally = Load::new(&server, "nonces-slow", QUESTIONS).finish();
    tally.assert_only(&["own"]);
    assert_eq!(tally.n_questions(), QUESTIONS);
    tally.assert_ran(&notes, false);
    let page = Page::parse(&server.metrics_page());
    let n_runs = page.sum("radiant_batch_rows_count", &[]);
    println!("{} in {n_runs} runs", tally.summary());
    assert!(n_runs < 0.8 * QUESTIONS as f64, "{n_runs}");
}
