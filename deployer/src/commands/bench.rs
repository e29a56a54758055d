//! `radiant-deploy bench`: bounded load, and how long answers take.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use radiant_contract::EnvSource;
use serde_json::{Value, json};

use super::configuration::meant;
use super::reach::{data, reach, refused};
use crate::cli::BenchArgs;
use crate::error::{Code, Failure};
use crate::output::Printer;
use crate::predict::{Caller as _, Plan, Tally, load};

/// The shares, in percent, that times are told for.
const QUANTILES: [u32; 4] = [50, 95, 99, 100];

pub(super) fn run(args: &BenchArgs, printer: &Printer, env: &dyn EnvSource) -> Result<(), Failure> {
    let data = data(&args.data)?;
    let meant = meant(args.target.name.as_deref(), &args.target.config, printer, env)?;
    let plan = Plan {
        concurrency: args.concurrency,
        duration: args.duration,
        rate: args.rate,
        requests_max: args.requests,
    };
    super::wait(async {
        let reached = reach(&args.target, &meant).await?;
        let call = reached.call(&args.data, &data)?;
        // One first: whatever is wrong with the request is told, not counted, and a connection is there.
        let first = reached.way.call(&call).await?;
        if !first.is_success() {
            return Err(refused(&first, &reached, &meant.name));
        }
        printer.tell(&format!(
            "asking {} for {:?}, {} at once\n",
            reached.way.shown(),
            plan.duration,
            plan.concurrency
        ));
        let stop = AtomicBool::new(false);
        let loading = load(&reached.way, &call, &plan, &stop);
        tokio::pin!(loading);
        let tally = tokio::select! {
            tally = &mut loading => tally,
            // Those in flight are waited for.
            _ = tokio::signal::ctrl_c() => {
                stop.store(true, Ordering::Relaxed);
                loading.await
            }
        };
        let ended =
            Ended { name: &meant.name, tally, is_interrupted: stop.load(Ordering::Relaxed) };
        report(args, ended, printer)
    })
}

/// What there is to tell in the end.
struct Ended<'a> {
    name: &'a str,
    tally: Tally,
    is_interrupted: bool,
}

fn report(args: &BenchArgs, ended: Ended<'_>, printer: &Printer) -> Result<(), Failure> {
    let Ended { name, mut tally, is_interrupted } = ended;
    let quantiles = tally.latencies.quantiles(QUANTILES);
    printer.document(&document(args, name, &tally, quantiles), &text(args, &tally, quantiles))?;
    if is_interrupted {
        let error = anyhow!("interrupted: figures are of what there was until then");
        return Err(Failure::new(Code::Interrupted, error));
    }
    if tally.latencies.len() == 0 {
        let error = anyhow!("`{name}`: expected predictions, got none of {} requests", tally.n());
        return Err(Failure::new(Code::Failed, error)
            .hint(format!("`radiant-deploy logs {name}` shows what the server says")));
    }
    Ok(())
}

fn per_second(tally: &Tally) -> f64 {
    tally.n() as f64 / tally.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn document(
    args: &BenchArgs,
    name: &str,
    tally: &Tally,
    [p50, p95, p99, max]: [Duration; 4],
) -> Value {
    json!({
        "schema": "radiant/bench/v1",
        "name": name,
        "concurrency": args.concurrency,
        "rate": args.rate,
        "requests": tally.n(),
        "errors": tally.n_errors(),
        "errorsByKind": tally.errors,
        "seconds": tally.elapsed.as_secs_f64(),
        "requestsPerSecond": per_second(tally),
        "latencyMs": {"p50": ms(p50), "p95": ms(p95), "p99": ms(p99), "max": ms(max)},
    })
}

fn text(args: &BenchArgs, tally: &Tally, [p50, p95, p99, max]: [Duration; 4]) -> String {
    let (n, n_errors, rate) = (tally.n(), tally.n_errors(), per_second(tally));
    let seconds = tally.elapsed.as_secs_f64();
    let mut text = format!(
        "requests  {n} in {seconds:.1} s, {rate:.1} per second, {} at once, {n_errors} errors\n\
         latency   p50 {:.2} ms  p95 {:.2} ms  p99 {:.2} ms  max {:.2} ms\n",
        args.concurrency,
        ms(p50),
        ms(p95),
        ms(p99),
        ms(max)
    );
    for (kind, n) in &tally.errors {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "error     {n} times: {kind}");
    }
    text
}
