//! What a model that gets too much does to another one on the same threads.

use anyhow::Result;

use super::{Case, Scenario};
use crate::lane::Lane;
use crate::load::open_loop;
use crate::model::Model;
use crate::report::{print_ratio, print_tally, print_tally_head};
use crate::setting::{Setting, words};
use crate::tally::Tally;

/// The name of the quiet model.
const QUIET: &str = "quiet";
/// What it gets of what it could answer alone: less than half, which is its share of the threads.
const QUIET_SHARE: f64 = 0.2;

/// The quiet model alone and beside a hot one, in turns.
pub(super) fn run(case: Case<'_>) -> Result<bool> {
    let options = case.options();
    let quiet_model = if case.model == Model::Wide { Model::Flat } else { Model::Wide };
    let path = case.bench.path(quiet_model);
    let mut further = words(&format!("--requests-max {}", options.requests_max));
    further.extend(["--also".to_owned(), format!("{QUIET}={}", path.display())]);
    let server = case.start(&Setting::adaptive(), &further)?;
    let runtime = &case.bench.runtime;
    let quiet_lanes =
        || runtime.block_on(Lane::open(case.transport, &server, QUIET, options.requests_max));
    let span = options.half_turn();
    let hot_peak = case.saturate(&server, options.requests_max, span)?.goodput();
    let quiet_peak = runtime.block_on(crate::load::closed_loop(quiet_lanes()?, span))?.goodput();
    println!("{}, {} beside it", case.title(Scenario::Beside), quiet_model.name());
    let [mut alones, mut besides, mut hots] = [(); 3].map(|()| Tally::default());
    let mut tails = Vec::new();
    for round in 0..options.rounds {
        let quiet = case.rate(quiet_peak * QUIET_SHARE, round);
        let hot = case.rate(hot_peak * options.times, round + options.rounds);
        let alone = runtime.block_on(open_loop(quiet_lanes()?, quiet, span))?;
        let both = [quiet_lanes()?, case.lanes(&server, 4 * options.requests_max)?];
        let [quiet_lanes, hot_lanes] = both;
        let (beside, hot) = runtime.block_on(async {
            tokio::join!(open_loop(quiet_lanes, quiet, span), open_loop(hot_lanes, hot, span))
        });
        let beside = beside?;
        tails.push(beside.ms(0.99) / alone.ms(0.99));
        alones.add(alone);
        besides.add(beside);
        hots.add(hot?);
    }
    print_tally_head();
    print_tally("quiet, alone", &alones);
    print_tally("quiet, beside", &besides);
    print_tally("hot", &hots);
    print_ratio("quiet's p99 beside / alone", tails, None)?;
    // Nobody who asks for less than a share is refused because of others.
    Ok(besides.refused.is_empty())
}
