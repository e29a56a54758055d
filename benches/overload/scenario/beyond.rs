//! What is left where more comes than can be answered.
//!
//! Who is refused is read and answered as well, which takes time of the processor: where the engine
//! threads have none of their own, a model that costs little more than that has so much less.

use anyhow::Result;

use super::{Case, SLACK, Scenario};
use crate::report::{print_ratio, print_tally, print_tally_head};
use crate::setting::{Setting, words};
use crate::tally::Tally;

/// Of the most that can be answered, this much at least is answered under any load.
const GOODPUT_MIN: f64 = 0.95;

/// The most that is answered and what is left of it beyond, in turns.
pub(super) fn run(case: Case<'_>) -> Result<bool> {
    let options = case.options();
    let n_queued = options.requests_max;
    let server = case.start(&Setting::adaptive(), &words(&format!("--requests-max {n_queued}")))?;
    // Full, but never too full.
    let peak = || case.saturate(&server, n_queued, options.half_turn());
    let a_second = peak()?.goodput() * options.times;
    println!(
        "{}, {a_second:.0} a second, {n_queued} in flight at most",
        case.title(Scenario::Beyond)
    );
    let (mut fulls, mut beyonds) = (Tally::default(), Tally::default());
    let (mut goodputs, mut tails) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let (rate, span) = (case.rate(a_second, round), options.half_turn());
        // Those refused are answered at once: so many more lanes are more than enough.
        let offer = || case.offer(&server, 4 * n_queued, (rate, span));
        let (mut full, mut beyond) = (peak()?, offer()?);
        beyond.add(offer()?);
        full.add(peak()?);
        let goodput = full.goodput() / beyond.goodput();
        goodputs.push(goodput);
        // As many are in flight: who is let in waits as long, as far as the rate is the same.
        tails.push(beyond.ms(0.99) / (full.ms(0.99) * goodput));
        fulls.add(full);
        beyonds.add(beyond);
    }
    print_tally_head();
    print_tally("full", &fulls);
    print_tally(&format!("{} times", options.times), &beyonds);
    let goodput = print_ratio("answered full / beyond", goodputs, Some(1.0 / GOODPUT_MIN))?;
    let tail =
        print_ratio("p99 beyond / full, at the rate that is left", tails, Some(1.0 + SLACK))?;
    Ok(goodput && tail)
}
