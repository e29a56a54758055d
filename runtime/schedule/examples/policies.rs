//! Prints how policies of batching compare: for each kind of cost and each load, in virtual time.
//!
//! ```text
//! cargo run -p radiant-schedule --example policies
//! ```
//!
//! Goodput and times are ratios to those of this server's own policy under the same load; a load of
//! 100 % is the most that the model's best runs can serve. The best of the fixed rules is the one
//! with the highest goodput of a sweep over rows and waiting time, and of those near it the one with
//! the lowest p99.

#![expect(clippy::print_stdout, reason = "a table for people")]

use std::time::Duration;

use radiant_schedule::simulate::{
    Arrivals, MlServer, Model, Ours, Policy, Scenario, Source, Summary, Triton, TrueCost, simulate,
};

const N_THREADS: usize = 2;
const ROWS_MAX: usize = 64;
const LOADS: [f64; 5] = [0.05, 0.5, 0.9, 1.0, 3.0];
/// Sizes that the server measures before the first request.
const WARMED: [usize; 2] = [1, 32];

fn main() {
    println!("{N_THREADS} threads, runs of up to {ROWS_MAX} rows, Poisson arrivals of one row");
    for (name, cost) in TrueCost::shapes() {
        println!("\n{name}: a run of 1 row {:?}, of 64 {:?}", cost.mean(1), cost.mean(64));
        println!(
            "{:>5}  {:<28} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "load", "policy", "goodput", "p50", "p99", "refused", "rows"
        );
        for load in LOADS {
            compare(&scenario(&cost, load), load);
        }
    }
}

fn scenario(cost: &TrueCost, load: f64) -> Scenario {
    let rate = load * N_THREADS as f64 * cost.peak(ROWS_MAX);
    Scenario {
        seed: 10,
        n_threads: N_THREADS,
        requests_max: 512 * N_THREADS,
        lasts: Duration::from_secs_f64((40_000.0 / rate).max(1.0)),
        models: vec![Model { rows_max: ROWS_MAX, ..Model::new(cost.clone()) }],
        sources: vec![Source::new(0, Arrivals::Poisson(rate))],
    }
}

fn compare(scenario: &Scenario, load: f64) {
    let measure = |mut policy: Box<dyn Policy>| {
        let outcome = simulate(scenario, policy.as_mut());
        outcome.summary((scenario.lasts / 10, scenario.lasts), |_| true)
    };
    let ours = measure(Box::new(Ours::new(&scenario.models, &WARMED)));
    print_line(load, "ours", &ours, &ours);
    print_line(load, "no batching", &measure(Box::new(Triton::off(1))), &ours);
    let (best, rows, wait) = best_fixed(&measure);
    print_line(load, &format!("best fixed: {rows} rows, {wait:?}"), &best, &ours);
    let ms = Duration::from_millis;
    let triton = |delay| Triton::new(1, ROWS_MAX, delay);
    let preferring = triton(ms(1)).preferring(&[8, 16, 32]);
    let mlserver = |requests_max, time| MlServer::new(1, requests_max, time);
    let peers: [(&str, Box<dyn Policy>); 5] = [
        ("Triton, defaults", Box::new(triton(Duration::ZERO))),
        ("Triton, delay 1 ms", Box::new(triton(ms(1)))),
        ("Triton, prefers 8 16 32, 1 ms", Box::new(preferring)),
        ("MLServer, 16 requests, 10 ms", Box::new(mlserver(16, ms(10)))),
        ("MLServer, 64 requests, 1 ms", Box::new(mlserver(64, ms(1)))),
    ];
    for (name, policy) in peers {
        print_line(load, name, &measure(policy), &ours);
    }
}

/// The best of the fixed rules by goodput, and by p99 where that is the same within 1 %.
fn best_fixed(measure: &dyn Fn(Box<dyn Policy>) -> Summary) -> (Summary, usize, Duration) {
    let mut tried = Vec::new();
    for rows in [1, 2, 4, 8, 16, 32, 64] {
        for wait in [0, 500, 2000, 10_000].map(Duration::from_micros) {
            tried.push((measure(Box::new(Triton::new(1, rows, wait))), rows, wait));
        }
    }
    let most = tried.iter().map(|(summary, ..)| summary.goodput).fold(0.0, f64::max);
    tried.retain(|(summary, ..)| summary.goodput >= 0.99 * most);
    tried.sort_by_key(|(summary, ..)| summary.p99);
    tried.swap_remove(0)
}

fn print_line(load: f64, name: &str, summary: &Summary, ours: &Summary) {
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64().max(1e-9);
    println!(
        "{:>4.0}%  {name:<28} {:>8.3} {:>8.3} {:>8.3} {:>7.1}% {:>8.1}",
        load * 100.0,
        summary.goodput / ours.goodput.max(1e-9),
        ratio(summary.p50, ours.p50),
        ratio(summary.p99, ours.p99),
        summary.refused * 100.0,
        summary.batch_rows,
    );
}
