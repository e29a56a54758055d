//! Bounded load: so many requests at once, for so long, or at such a rate.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::{Call, Caller, Latencies};

/// How many kinds of errors are told apart.
const KINDS_MAX: usize = 8;

/// How a deployment is loaded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// Requests at once.
    pub(crate) concurrency: u16,
    /// For how long new ones begin.
    pub(crate) duration: Duration,
    /// How many begin in a second; as many as are answered, where nothing is said.
    pub(crate) rate: Option<f64>,
    /// How many there are at most.
    pub(crate) requests_max: Option<u64>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Times of those that were answered with success.
    pub(crate) latencies: Latencies,
    /// The others, by what went wrong.
    pub(crate) errors: BTreeMap<String, u64>,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
}

impl Tally {
    /// How many were not answered with success.
    pub(crate) fn n_errors(&self) -> u64 {
        self.errors.values().sum()
    }

    /// How many requests there were.
    pub(crate) fn n(&self) -> u64 {
        self.n_errors() + self.latencies.len() as u64
    }

    fn fail(&mut self, kind: String) {
        let is_known = self.errors.contains_key(&kind) || self.errors.len() < KINDS_MAX;
        let kind = if is_known { kind } else { "other".to_owned() };
        *self.errors.entry(kind).or_default() += 1;
    }

    fn extend(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (kind, n) in other.errors {
            *self.errors.entry(kind).or_default() += n;
        }
    }
}

/// Loads a deployment. With a rate, the time of a request is counted from when it was to begin, so that
/// those that wait for others are not left out.
///
/// It ends early once `stop` is set; requests in flight are waited for.
pub(crate) async fn load(
    caller: &impl Caller,
    call: &Call,
    plan: &Plan,
    stop: &AtomicBool,
) -> Tally {
    let begin = Instant::now();
    let end = begin + plan.duration;
    let tickets = AtomicU64::new(0);
    let worker = || async {
        let mut tally = Tally::default();
        loop {
            let ticket = tickets.fetch_add(1, Ordering::Relaxed);
            if plan.requests_max.is_some_and(|max| ticket >= max) {
                break;
            }
            let due = plan.rate.map(|rate| begin + pause(ticket, rate));
            if due.unwrap_or_else(Instant::now) >= end || stop.load(Ordering::Relaxed) {
                break;
            }
            if let Some(due) = due {
                sleep_until(due).await;
            }
            let began = due.unwrap_or_else(Instant::now);
            match caller.call(call).await {
                Ok(reply) if reply.is_success() => tally.latencies.add(began.elapsed()),
                Ok(reply) => tally.fail(format!("status {}", reply.status)),
                Err(failure) => tally.fail(first_line(&failure.text())),
            }
        }
        tally
    };
    let mut total = Tally::default();
    for tally in join_all((0..plan.concurrency.max(1)).map(|_| worker())).await {
        total.extend(tally);
    }
    total.elapsed = begin.elapsed();
    total
}

/// How long after the beginning a request is to begin.
fn pause(ticket: u64, rate: f64) -> Duration {
    let seconds = ticket as f64 / rate.max(f64::MIN_POSITIVE);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 4)
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::error::{Code, Failure};
    use crate::predict::Reply;

    /// Answers every third request with 503, every fifth not at all, and counts how many there are at once.
    #[derive(Default)]
    struct Flaky {
        asked: AtomicUsize,
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Caller for Flaky {
        fn shown(&self) -> String {
            "flaky".to_owned()
        }

        async fn call(&self, _: &Call) -> Result<Reply, Failure> {
            let n = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            if n.is_multiple_of(5) {
                return Err(Failure::new(Code::Unreachable, anyhow::anyhow!("gone")));
            }
            let status = if n.is_multiple_of(3) { 503 } else { 200 };
            Ok(Reply { status, headers: HeaderMap::new(), body: Bytes::new() })
        }
    }

    fn call() -> Call {
        Call { path: "/".to_owned(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    fn plan(concurrency: u16, requests: u64) -> Plan {
        let duration = Duration::from_hours(1);
        Plan { concurrency, duration, rate: None, requests_max: Some(requests) }
    }

    #[tokio::test]
    async fn all_requests_are_counted_and_no_more_are_in_flight_than_may_be() {
        let flaky = Flaky::default();
        let tally = load(&flaky, &call(), &plan(4, 30), &AtomicBool::new(false)).await;
        assert_eq!((tally.n(), tally.latencies.len(), tally.n_errors()), (30, 16, 14));
        assert_eq!((tally.errors["status 503"], tally.errors["gone"]), (8, 6));
        assert_eq!(flaky.most.load(Ordering::SeqCst), 4);
    }

    #[tokio::test]
    async fn it_stops_when_it_is_told_to() {
        let tally = load(&Flaky::default(), &call(), &plan(2, 30), &AtomicBool::new(true)).await;
        assert_eq!(tally.n(), 0);
    }

    #[tokio::test]
    async fn no_request_begins_after_the_end() {
        let plan = Plan { duration: Duration::ZERO, ..plan(2, 30) };
        let tally = load(&Flaky::default(), &call(), &plan, &AtomicBool::new(false)).await;
        assert_eq!(tally.n(), 0);
        let rate = Plan { rate: Some(1e-9), duration: Duration::from_secs(1), ..plan };
        let tally = load(&Flaky::default(), &call(), &rate, &AtomicBool::new(false)).await;
        assert_eq!(tally.n(), 1);
    }

    #[test]
    fn requests_are_spread_evenly() {
        assert_eq!(pause(0, 50.0), Duration::ZERO);
        assert_eq!(pause(25, 50.0), Duration::from_millis(500));
        assert!(pause(u64::MAX, 1e-300) > Duration::from_hours(1));
    }

    #[test]
    fn kinds_of_errors_are_few() {
        let mut tally = Tally::default();
        (0..100).for_each(|n| tally.fail(format!("kind {n}")));
        assert_eq!((tally.errors.len(), tally.n_errors()), (KINDS_MAX + 1, 100));
    }
}
