//! What holds for the server's own policy whatever comes, and how it does beside others.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use radiant_schedule::Rule;
use radiant_schedule::simulate::{
    Arrivals, Ending, Hump, Leaving, Model, Ours, Outcome, Policy, Record, Scenario, Source,
    Summary, Triton, TrueCost, simulate,
};

const MICROSECOND: Duration = Duration::from_micros(1);

fn cost() -> impl Strategy<Value = TrueCost> {
    let hump = prop::option::of((2_usize..6, 1.0_f64..4.0));
    ((1_u32..2000, 1_u32..300), any::<bool>(), hump, 0.0..0.5_f64).prop_map(
        |((run, row), is_padded, hump, noise)| TrueCost {
            is_padded,
            hump: hump.map(|(from, times)| Hump { rows: from..=2 * from, times }),
            noise,
            ..TrueCost::line(run * MICROSECOND, row * MICROSECOND)
        },
    )
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    prop_oneof![
        (10.0..20_000.0).prop_map(Arrivals::Constant),
        (10.0..20_000.0).prop_map(Arrivals::Poisson),
        (1_usize..60, 1.0..200.0).prop_map(|(n, rate)| Arrivals::Bursts(n, rate)),
        (1_usize..60, 0_u64..20_000)
            .prop_map(|(n, pause)| Arrivals::Closed(n, Duration::from_micros(pause))),
    ]
}

fn source(n_models: usize) -> impl Strategy<Value = Source> {
    let ms = |ms: u64| Duration::from_millis(ms);
    let leaving =
        (0.0..1.0, 0_u64..20).prop_map(move |(share, after)| Leaving { share, after: ms(after) });
    let deadline = (1_u64..30).prop_map(ms);
    (
        (0..n_models, arrivals()),
        (1_usize..4, 0_usize..12),
        (1_usize..3, 1_usize..4),
        (prop::option::of(deadline), prop::option::of(leaving)),
    )
        .prop_map(|((model, arrivals), (least, more), (n_keys, n_priorities), ends)| Source {
            rows: least..=least + more,
            n_keys,
            n_priorities,
            deadline: ends.0,
            leaving: ends.1,
            ..Source::new(model, arrivals)
        })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let models = prop::collection::vec((cost(), 1_usize..40, 0.5..4.0), 1..4);
    (any::<u64>(), 1_usize..5, 5_usize..400, models).prop_flat_map(
        |(seed, n_threads, requests_max, models)| {
            let sources = prop::collection::vec(source(models.len()), 1..5);
            sources.prop_map(move |sources| Scenario {
                seed,
                n_threads,
                requests_max,
                lasts: Duration::from_millis(100),
                models: models
                    .iter()
                    .map(|(cost, rows_max, weight)| Model {
                        rows_max: *rows_max,
                        weight: *weight,
                        ..Model::new(cost.clone())
                    })
                    .collect(),
                sources,
            })
        },
    )
}

fn ours(scenario: &Scenario) -> Outcome {
    simulate(scenario, &mut Ours::new(&scenario.models, &[1, 32]))
}

/// When each request's run began.
fn begun(outcome: &Outcome) -> Vec<Option<Duration>> {
    let mut begun = vec![None; outcome.records.len()];
    for run in &outcome.runs {
        for &id in &run.requests {
            assert_eq!(begun[id], None, "request {id} ran twice");
            begun[id] = Some(run.begun);
        }
    }
    begun
}

/// All requests ended, each once, and none ran that was not to.
fn check_endings(scenario: &Scenario, outcome: &Outcome) {
    let begun = begun(outcome);
    for (id, record) in outcome.records.iter().enumerate() {
        let source = &scenario.sources[record.source];
        let (ended, ending) = record.ended.unwrap_or_else(|| panic!("request {id} was lost"));
        match ending {
            Ending::Done => assert!(begun[id].is_some(), "request {id} was answered unrun"),
            Ending::Refused => assert!(begun[id].is_none() && ended == record.arrived),
            // It may run when that happens, but is not begun any more.
            Ending::Expired | Ending::Gone => {
                assert!(begun[id].is_none_or(|begun| begun < ended), "request {id} ran in vain");
            }
        }
        let latest = source.deadline.map_or(Duration::MAX, |deadline| record.arrived + deadline);
        assert!(ended <= latest, "request {id} outlived its deadline");
    }
}

/// Runs have equal keys and no more rows than allowed, and keep to the order of coming.
fn check_runs(scenario: &Scenario, outcome: &Outcome) {
    let begun = begun(outcome);
    for run in &outcome.runs {
        let most = scenario.models[run.model].rows_max;
        assert!(run.rows <= most || run.requests.len() == 1, "{run:?}");
        let records = || run.requests.iter().map(|&id| &outcome.records[id]);
        let keys: BTreeSet<_> = records().map(|record| (record.model, record.key)).collect();
        assert_eq!(keys.len(), 1, "{run:?}");
    }
    let mut latest = std::collections::BTreeMap::new();
    for (id, record) in outcome.records.iter().enumerate() {
        let Some(begun) = begun[id] else { continue };
        let like = (record.model, record.key, record.priority);
        let before = latest.insert(like, begun);
        assert!(before.is_none_or(|before| before <= begun), "request {id} was overtaken");
    }
}

/// No thread is idle while something waits.
fn check_work(outcome: &Outcome) {
    let begun = begun(outcome);
    for thread in 0..outcome.n_threads {
        let runs = outcome.runs.iter().filter(|run| run.thread == thread);
        let mut idle_since = Duration::ZERO;
        let mut idle = Vec::new();
        for run in runs {
            if idle_since < run.begun {
                idle.push((idle_since, run.begun));
            }
            idle_since = run.begun + run.took;
        }
        idle.push((idle_since, Duration::MAX));
        for (id, record) in outcome.records.iter().enumerate() {
            let left = begun[id].or(record.ended.map(|(ended, _)| ended));
            let (came, left) = (record.arrived, left.unwrap_or(Duration::MAX));
            let at = idle.partition_point(|&(_, until)| until <= came);
            let is_busy = idle.get(at).is_none_or(|&(since, _)| left <= since);
            assert!(came == left || is_busy, "thread {thread} was idle while {id} waited");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_served_once_in_order_and_without_delay(scenario in scenario()) {
        let outcome = ours(&scenario);
        check_endings(&scenario, &outcome);
        check_runs(&scenario, &outcome);
        check_work(&outcome);
        prop_assert_eq!(outcome, ours(&scenario));
    }

    #[test]
    fn a_rule_that_waits_still_serves_all(scenario in scenario(), wait_ms in 1_u64..20) {
        let wait_max = Duration::from_millis(wait_ms);
        let rule = |model: &Model| Rule { rows_max: model.rows_max, wait_max };
        let mut policy = Ours::with_rule(&scenario.models, rule, &[1, 32]);
        let outcome = simulate(&scenario, &mut policy);
        check_endings(&scenario, &outcome);
        check_runs(&scenario, &outcome);
    }
}

/// So many clients that something of the model waits all the time.
fn flood(model: usize) -> Source {
    Source::new(model, Arrivals::Closed(300, Duration::ZERO))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// Of models that are waited for all the time the next is the one that had least by its weight,
    /// so that they never differ by more than one run of the one that is ahead.
    #[test]
    fn busy_models_share_the_threads_by_their_weights_within_one_run(
        seed in any::<u64>(),
        n_threads in 1_usize..5,
        costs in prop::collection::vec((100_u32..5000, 1_u32..200, 0.2..5.0), 2..5),
    ) {
        let model = |&(run, row, weight): &(u32, u32, f64)| {
            let cost = TrueCost::line(run * MICROSECOND, row * MICROSECOND);
            Model { rows_max: 32, weight, ..Model::new(cost) }
        };
        let models: Vec<Model> = costs.iter().map(model).collect();
        let sources = (0..models.len()).map(flood).collect();
        let lasts = Duration::from_millis(500);
        let scenario =
            Scenario { seed, n_threads, requests_max: usize::MAX, lasts, models, sources };
        let mut had = vec![0.0; scenario.models.len()];
        for run in ours(&scenario).runs.iter().filter(|run| run.begun < lasts) {
            let least = had.iter().copied().fold(f64::MAX, f64::min);
            prop_assert!(had[run.model] <= least + 1e-5, "{} {:?}", run.model, had);
            had[run.model] += run.took.as_secs_f64() / scenario.models[run.model].weight;
        }
    }
}

#[test]
fn a_quiet_model_waits_for_one_run_of_a_hot_one_at_most() {
    let ms = Duration::from_millis;
    for n_threads in 1..=4 {
        let hot = Model::new(TrueCost::line(ms(20), 100 * MICROSECOND));
        let quiet = Model::new(TrueCost::line(100 * MICROSECOND, 10 * MICROSECOND));
        let sources = vec![flood(0), Source::new(1, Arrivals::Poisson(50.0))];
        let (requests_max, lasts) = (1000, Duration::from_secs(20));
        let models = vec![hot, quiet];
        let scenario = Scenario { seed: 7, n_threads, requests_max, lasts, models, sources };
        let outcome = ours(&scenario);
        let of = |model: usize| outcome.runs.iter().filter(move |run| run.model == model);
        let longest = |model: usize| of(model).map(|run| run.took).max().unwrap_or_default();
        let slowest = outcome.records.iter().filter(|record| record.model == 1);
        let slowest = slowest.filter_map(Record::latency).max().unwrap_or_default();
        assert!(slowest <= longest(0) + 2 * longest(1), "{n_threads}: {slowest:?}");
    }
}

fn one_model(cost: &TrueCost, load: f64, n_requests: f64) -> Scenario {
    let model = Model::new(cost.clone());
    let n_threads = 2;
    let rate = load * n_threads as f64 * cost.peak(model.rows_max);
    Scenario {
        seed: 10,
        n_threads,
        requests_max: 1024,
        lasts: Duration::from_secs_f64(n_requests / rate),
        models: vec![model],
        sources: vec![Source::new(0, Arrivals::Poisson(rate))],
    }
}

fn measure(scenario: &Scenario, policy: &mut dyn Policy) -> Summary {
    let outcome = simulate(scenario, policy);
    outcome.summary((scenario.lasts / 4, scenario.lasts), |_| true)
}

#[test]
fn the_best_fixed_rule_answers_no_more_than_two_in_a_hundred_more() {
    for (name, cost) in TrueCost::shapes() {
        for load in [0.5, 0.9, 3.0] {
            let scenario = one_model(&cost, load, 20_000.0);
            let ours = measure(&scenario, &mut Ours::new(&scenario.models, &[1, 32]));
            for rows in [1, 4, 16, 32, 64] {
                for wait in [0, 2000].map(|us| us * MICROSECOND) {
                    let fixed = measure(&scenario, &mut Triton::new(1, rows, wait));
                    let ratio = ours.goodput / fixed.goodput;
                    assert!(ratio >= 0.98, "{name}, load {load}, {rows}, {wait:?}: {ratio}");
                }
            }
        }
    }
}

#[test]
fn at_low_load_nobody_waits_longer_than_without_batches() {
    for (name, cost) in TrueCost::shapes() {
        let alone = cost.peak(1) / cost.peak(64);
        for load in [0.05 * alone, 0.1 * alone] {
            // Runs of equal length, so that chance gives no policy the longer ones.
            let even = TrueCost { noise: 0.0, ..cost.clone() };
            let scenario = one_model(&even, load, 10_000.0);
            let ours = measure(&scenario, &mut Ours::new(&scenario.models, &[1, 32]));
            let off = measure(&scenario, &mut Triton::off(1));
            assert!(ours.p99 <= off.p99.mul_f64(1.02), "{name}, {load}: {ours:?} {off:?}");
        }
    }
}

#[test]
fn with_deadlines_shorter_than_the_queue_who_is_in_time_is_answered() {
    for (name, cost) in TrueCost::shapes() {
        let mut scenario = one_model(&cost, 3.0, 40_000.0);
        let peak = scenario.n_threads as f64 * cost.peak(64);
        // A quarter of what a full queue takes.
        let deadline = Duration::from_secs_f64(scenario.requests_max as f64 / peak / 4.0);
        scenario.sources[0].deadline = Some(deadline);
        let all = Ours::new(&scenario.models, &[1, 32]);
        let ours = Ours::new(&scenario.models, &[1, 32]).refusing_who_is_late(1);
        let goodput = |mut policy: Box<dyn Policy>| measure(&scenario, &mut *policy).goodput / peak;
        let (all, ours) = (goodput(Box::new(all)), goodput(Box::new(ours)));
        let triton = goodput(Box::new(Triton::new(1, 64, Duration::ZERO)));
        assert!(ours > 0.9, "{name}: {ours}");
        assert!(all < 0.1 && triton < 0.1, "{name}: {all} {triton}, which is why");
    }
}
