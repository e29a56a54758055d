//! Adaptive batching beside none, where there is little to do.

use anyhow::Result;

use super::{Case, SLACK, Scenario};
use crate::report::{print_ratio, print_tally, print_tally_head};
use crate::setting::Setting;
use crate::tally::Tally;

/// The same requests at the same times to both, in turns.
pub(super) fn run(case: Case<'_>) -> Result<bool> {
    let options = case.options();
    let servers = [case.start(&Setting::off(), &[])?, case.start(&Setting::adaptive(), &[])?];
    let [off, adaptive] = &servers;
    let peak = case.saturate(off, options.n_lanes, options.half_turn())?.goodput();
    let a_second = peak * options.share;
    println!("{}, {a_second:.0} a second of {peak:.0}", case.title(Scenario::Low));
    let mut sums = [Tally::default(), Tally::default()];
    let (mut medians, mut tails) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let offered = (case.rate(a_second, round), options.half_turn());
        let offer = |server| case.offer(server, options.n_lanes, offered);
        let (mut without, mut with) = (offer(off)?, offer(adaptive)?);
        with.add(offer(adaptive)?);
        without.add(offer(off)?);
        medians.push(with.ms(0.5) / without.ms(0.5));
        tails.push(with.ms(0.99) / without.ms(0.99));
        let [sum_without, sum_with] = &mut sums;
        sum_without.add(without);
        sum_with.add(with);
    }
    print_tally_head();
    for (name, tally) in ["off", "adaptive"].into_iter().zip(&sums) {
        print_tally(name, tally);
    }
    let median = print_ratio("p50 with adaptive / off", medians, Some(1.0 + SLACK))?;
    let tail = print_ratio("p99 with adaptive / off", tails, Some(1.0 + SLACK))?;
    Ok(median && tail)
}
