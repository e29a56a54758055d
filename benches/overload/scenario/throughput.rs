//! Adaptive batching beside fixed settings, where as much as possible is answered.

use anyhow::{Context as _, Result};
use side_by_side::there_and_back;

use super::{Case, Scenario};
use crate::report::{print_ratio, print_tally, print_tally_head};
use crate::setting::Setting;
use crate::tally::Tally;

/// Two servers of one setting differ by as much.
const NOISE: f64 = 0.02;

/// All settings in turns, in every round there and back.
pub(super) fn run(case: Case<'_>) -> Result<bool> {
    let options = case.options();
    let settings: Vec<Setting> =
        [Setting::adaptive()].into_iter().chain(options.settings.iter().cloned()).collect();
    let started = settings.iter().map(|setting| case.start(setting, &[]));
    let servers = started.collect::<Result<Vec<_>>>()?;
    println!("{}, {} at a time", case.title(Scenario::Throughput), options.n_lanes);
    let mut rounds = Vec::with_capacity(options.rounds);
    for _ in 0..options.rounds {
        let mut round = vec![Tally::default(); settings.len()];
        for at in there_and_back(settings.len()) {
            let (server, tally) =
                servers.get(at).zip(round.get_mut(at)).context("a turn of none")?;
            tally.add(case.saturate(server, options.n_lanes, options.half_turn())?);
        }
        rounds.push(round);
    }
    print_tally_head();
    let all = |at: usize| {
        let mut sum = Tally::default();
        rounds.iter().filter_map(|round| round.get(at)).cloned().for_each(|tally| sum.add(tally));
        sum
    };
    for (at, setting) in settings.iter().enumerate() {
        print_tally(&setting.name, &all(at));
    }
    let best = (1..settings.len()).max_by(|&a, &b| all(a).goodput().total_cmp(&all(b).goodput()));
    let mut is_met = true;
    for (at, setting) in settings.iter().enumerate().skip(1) {
        let ratio = |round: &Vec<Tally>| Some(round.get(at)?.goodput() / round.first()?.goodput());
        let ratios = rounds.iter().filter_map(ratio).collect();
        let is_best = best == Some(at);
        let said = format!("answered with {} / adaptive", setting.name);
        let holds = print_ratio(&said, ratios, is_best.then_some(1.0 + NOISE))?;
        is_met &= holds || !is_best;
    }
    Ok(is_met)
}
