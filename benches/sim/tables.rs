//! What is asked of the simulation, a table for each question.

use std::fmt::Write as _;

use crate::balance::Balance;
use crate::demand::Shape;
use crate::node::Node;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::scaler::Aim;
use crate::world::{Setup, simulate};

/// The share of their capacity at which pods are used at the base of a load.
const USED: f64 = 0.6;
/// When a load changes.
const AT: f64 = 300.0;
/// Kubernetes' bound on the pods of all simulations, in times of those at the start.
const ROOM: usize = 20;

/// A question and its setups, each with a name.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    title: &'static str,
    rows: Vec<(String, Setup)>,
}

/// All tables.
pub(crate) fn tables(options: &Options) -> Vec<Table> {
    vec![clients(options), metrics(options), starts(options), sizes(options)]
}

impl Table {
    /// The table with its figures.
    pub(crate) fn run(&self) -> String {
        let mut text = format!(
            "{}: {}\n  {:<44} {:>8} {:>8} {:>9} {:>10} {:>10} {:>6} {:>6}\n",
            self.name,
            self.title,
            "",
            "p50 ms",
            "p99 ms",
            "refused %",
            "recover s",
            "pod-hours",
            "most",
            "turns"
        );
        for (name, setup) in &self.rows {
            // Writing to a text does not fail.
            writeln!(text, "  {}", line(name, &simulate(setup))).ok();
        }
        text
    }
}

fn line(name: &str, outcome: &Outcome) -> String {
    let ms = |quantile| outcome.latency.at(quantile).as_secs_f64() * 1e3;
    let recovered = outcome.recovered_s().map_or_else(|| "-".to_owned(), |s| format!("{s:.0}"));
    format!(
        "{name:<44} {:>8.0} {:>8.0} {:>9.2} {recovered:>10} {:>10.1} {:>6} {:>6}",
        ms(0.5),
        ms(0.99),
        outcome.refused_percent(),
        outcome.pod_hours,
        outcome.pods_most,
        outcome.n_turns
    )
}

/// What the load of so many pods is, and how it is scaled.
fn setup(options: &Options, n_pods: usize, shape: Shape) -> Setup {
    let cost = (options.run_s, options.row_s);
    let node = Node::new(options.n_threads, cost, (options.rows_max, options.requests_max));
    let base = node.capacity() * USED * n_pods as f64;
    Setup {
        aims: together(&node),
        node,
        shape,
        base,
        balance: Balance::LessBusyOfTwo,
        pods: [n_pods, n_pods.div_ceil(5), n_pods * ROOM],
        start_s: options.start_s,
        good_s: options.good_s,
        seed: options.seed,
    }
}

/// The share of the threads' time at which they have something to spare.
const BUSY: Aim = Aim::Busy(0.7);

/// Requests in flight a pod at which it has little to spare: two runs' worth a thread.
fn in_flight(node: &Node) -> Aim {
    Aim::InFlight(2.0 * node.n_threads as f64)
}

/// A queue as long as a run of one row takes.
fn queue(node: &Node) -> Aim {
    Aim::Queue(node.cost_s(1))
}

/// Two requests that wait for each thread, which are many where threads have time to spare.
fn waiting(node: &Node) -> Aim {
    Aim::Waiting(2.0 * node.n_threads as f64)
}

fn together(node: &Node) -> Vec<Aim> {
    vec![BUSY, waiting(node)]
}

fn clients(options: &Options) -> Table {
    let connections = |n, renewed_s| Balance::Connections { n, renewed_s };
    let ways = [
        ("4 connections a pod, kept", connections(4 * options.pods, None)),
        ("100 connections a pod, kept", connections(100 * options.pods, None)),
        ("100 connections a pod, renewed after 60 s", connections(100 * options.pods, Some(60.0))),
        ("any pod for each request", Balance::EachRequest),
        ("the less busy of two for each request", Balance::LessBusyOfTwo),
    ];
    let row = |(name, balance): (&str, Balance)| {
        let step = Shape::Step { at: AT, times: 2.0 };
        (name.to_owned(), Setup { balance, ..setup(options, options.pods, step) })
    };
    let rows = ways.into_iter().map(row).collect();
    Table { name: "clients", title: "the load doubles; who chooses a request's pod", rows }
}

fn metrics(options: &Options) -> Table {
    let shapes = [
        ("step x 2", Shape::Step { at: AT, times: 2.0 }),
        ("flash x 8", Shape::Flash { at: AT, times: 8.0 }),
        ("day", Shape::Day),
    ];
    let mut rows = Vec::new();
    for (name, shape) in shapes {
        let whole = setup(options, options.pods, shape);
        let node = &whole.node;
        let kinds = [
            ("busy 70%", vec![BUSY]),
            ("queue", vec![queue(node)]),
            ("in flight", vec![in_flight(node)]),
            ("waiting", vec![waiting(node)]),
            ("busy 70%, waiting", together(node)),
        ];
        for (aim, aims) in kinds {
            rows.push((format!("{name}, {aim}"), Setup { aims, ..whole.clone() }));
        }
    }
    Table { name: "metrics", title: "what the autoscaler looks at", rows }
}

fn starts(options: &Options) -> Table {
    let seconds = [1.0, 6.0, 30.0, 120.0];
    let row = |start_s: f64| {
        let flash = Shape::Flash { at: AT, times: 8.0 };
        let whole = setup(options, options.pods, flash);
        (format!("ready after {start_s:.0} s"), Setup { start_s, ..whole })
    };
    let rows = seconds.into_iter().map(row).collect();
    Table { name: "starts", title: "flash x 8; how long pods take to be ready", rows }
}

fn sizes(options: &Options) -> Table {
    let sizes = [1, 10, 100, 1000, 10_000].into_iter().filter(|&n| n <= options.pods_max);
    let row = |n_pods: usize| {
        let step = Shape::Step { at: AT, times: 2.0 };
        let first = n_pods.div_ceil(2);
        (format!("{first} pods at first"), setup(options, first, step))
    };
    let rows = sizes.map(row).collect();
    Table { name: "sizes", title: "the load doubles; how large the fleet is", rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::parse(std::iter::empty()).unwrap().unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_figures_and_another_others() {
        let text = |seed| {
            let options = Options { seed, ..options() };
            line("", &simulate(&setup(&options, 4, Shape::Step { at: AT, times: 2.0 })))
        };
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn no_request_is_lost() {
        let whole = setup(&options(), 4, Shape::Flash { at: AT, times: 4.0 });
        let outcome = simulate(&whole);
        let expected = whole.base * (1200.0 + 3.0 * 330.0);
        let counted = (outcome.n_answered + outcome.n_refused) as f64;
        assert!((counted / expected - 1.0).abs() < 0.03, "{counted} of {expected}");
        assert!(outcome.pods_most > 8, "{}", outcome.pods_most);
    }

    #[test]
    fn kept_connections_leave_new_pods_without_work() {
        let outcomes: Vec<Outcome> =
            clients(&options()).rows.iter().map(|(_, setup)| simulate(setup)).collect();
        let late = |at: usize| outcomes[at].latency.at(0.99);
        assert!(late(0) > late(4) && outcomes[0].refused_percent() > outcomes[4].refused_percent());
    }
}
