//! Models that are replaced and taken out under load.

use crate::load::{Load, Running, Truth, versions};
use crate::support::http::Request;
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;

const QUESTIONS: u64 = 100_000;

fn start(repository: &std::path::Path, args: &[&str]) -> Server {
    versions::put(repository, "swapped", 1);
    let repository = repository.to_str().expect("test paths are UTF-8");
    let all = ["serve", "--repository", repository].into_iter().chain(args.iter().copied());
    Start::default().args(all).free_ports().start()
}

fn load_of(server: &Server) -> Load {
    Load { truth: Truth::Versions(1, 2), ..Load::new(server, "swapped", QUESTIONS) }
}

/// Does something again and again, with the number of the turn, until a load has ended.
fn until_ended(load: &Running, mut act: impl FnMut(u64)) -> u64 {
    (0..).inspect(|&turn| act(turn)).find(|_| load.is_finished()).expect("it goes on for ever")
}

#[test]
fn an_answer_is_of_one_version_while_they_are_swapped() {
    // On engine threads, and where they are read.
    for args in [&["--inline-cost-max-us", "0"][..], &[]] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = start(folder.path(), args);
        let load = load_of(&server).start();
        let n_swaps = until_ended(&load, |turn| {
            versions::put(folder.path(), "swapped", 1 + (turn + 1) % 2);
            let loaded = server.send(&Request::json("/v2/repository/models/swapped/load", ""));
            assert_eq!(loaded.status, 200, "{}", loaded.text());
        });
        let tally = load.finish();
        println!("{}, {n_swaps} swaps", tally.summary());
        tally.assert_only(&["own"]);
        assert_eq!(tally.n_questions(), QUESTIONS);
        assert!(n_swaps > 10, "{n_swaps}");
    }
}

#[test]
fn a_model_that_is_taken_out_refuses_and_answers_again_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start(folder.path(), &["--inline-cost-max-us", "0"]);
    let load = load_of(&server).start();
    let n_turns = until_ended(&load, |turn| {
        let what = if turn % 2 == 0 { "unload" } else { "load" };
        let path = format!("/v2/repository/models/swapped/{what}");
        let done = server.send(&Request::json(&path, ""));
        assert_eq!(done.status, 200, "{}", done.text());
    });
    let tally = load.finish();
    println!("{}, {n_turns} turns", tally.summary());
    tally.assert_only(&["own", "503", "UNAVAILABLE"]);
    assert_eq!(tally.n_questions(), QUESTIONS);
    assert!(["own", "503", "UNAVAILABLE"].iter().all(|name| tally.count(name) > 0));
    let page = Page::parse(&server.metrics_page());
    assert!(page.sum("radiant_requests_in_flight", &[]).abs() < 0.5, "permits come back");
}
