//! Engines that panic, err and are slow, beside others.

use crate::load::{Load, Truth, Wire};
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;

const QUESTIONS: u64 = 50_000;

/// Where the numbers of other loads begin.
const APART: u64 = 1 << 20;

fn start(inline_cost_max_us: &str) -> Server {
    Start::serve("builtin:nonces")
        .args(["--also", "slow=builtin:nonces-slow", "--also", "faulty=builtin:nonces-faulty"])
        .args(["--inline-cost-max-us", inline_cost_max_us])
        .start()
}

#[test]
fn only_culprits_fail_beside_models_that_panic_and_are_slow() {
    // On engine threads, and where they are read.
    for inline_cost_max_us in ["0", "50"] {
        let server = start(inline_cost_max_us);
        let quick = Load::new(&server, "nonces", QUESTIONS);
        let of_other = |model, first| Load {
            first,
            end: first + QUESTIONS,
            wires: &Wire::NAMING,
            ..Load::new(&server, model, 0)
        };
        let faulty = Load { truth: Truth::Faulty, ..of_other("faulty", APART) };
        let slow =
            Load { end: u64::MAX, connections: 4, streams: 4, ..of_other("slow", 2 * APART) };
        let [quick, faulty, slow] = [quick, faulty, slow].map(Load::start);
        let (quick, faulty) = (quick.finish(), faulty.finish());
        slow.stop();
        let slow = slow.finish();
        println!(
            "quick: {}; slow: {}; faulty: {}",
            quick.summary(),
            slow.summary(),
            faulty.summary()
        );
        quick.assert_only(&["own"]);
        slow.assert_only(&["own"]);
        faulty.assert_only(&["own", "failed"]);
        assert_eq!((quick.n_questions(), faulty.n_questions()), (QUESTIONS, QUESTIONS));
        assert!(faulty.count("failed") > 0 && slow.count("own") > 0);
        let page = Page::parse(&server.metrics_page());
        assert!(page.sum("radiant_panics_total", &[]) > 0.0);
        let retried = page.sum("radiant_inferences_total", &[("outcome", "retried")]);
        assert!(inline_cost_max_us != "0" || retried > 0.0, "no culprit had company");
        assert!(page.sum("radiant_requests_in_flight", &[]).abs() < 0.5, "permits come back");
    }
}
