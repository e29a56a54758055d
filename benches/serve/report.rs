//! What is printed.

use anyhow::{Context as _, Result};
use side_by_side::Spread;

use crate::cases::Other;
use crate::compare::Turn;

/// Prints the heads of the columns.
pub(crate) fn print_head(other: Other) {
    let (cpu, rate) = (format!("{} us", other.name()), format!("{} req/s", other.name()));
    println!("round {cpu:>15}   radiant us   ratio {rate:>18}   radiant req/s   load us");
}

/// Prints one round.
pub(crate) fn print_round(index: usize, [other, ours]: [Turn; 2]) {
    let ratio = ours.server_us() / other.server_us();
    println!(
        "{index:>5} {:>15.2} {:>12.2} {ratio:>7.3} {:>18.0} {:>15.0} {:>9.2}",
        other.server_us(),
        ours.server_us(),
        other.rate(),
        ours.rate(),
        ours.load_us()
    );
}

/// Prints the ratios; whether the limit is met, if there is one.
///
/// # Errors
/// When there was no round.
pub(crate) fn print_ratios(other: Other, limit: Option<f64>, turns: &[[Turn; 2]]) -> Result<bool> {
    let spread = |ratio: fn(&[Turn; 2]) -> f64| {
        Spread::of(turns.iter().map(ratio).collect()).context("there was no round")
    };
    let cpu = spread(|[other, ours]| ours.server_us() / other.server_us())?;
    let rate = spread(|[other, ours]| ours.rate() / other.rate())?;
    print!("CPU per request    {}", show(cpu, other));
    match limit.map(|limit| (limit, cpu.max <= limit)) {
        None => println!(),
        Some((limit, true)) => println!(", limit {limit:.2}: met"),
        Some((limit, false)) => println!(", limit {limit:.2}: not met"),
    }
    println!("requests a second  {}", show(rate, other));
    if other.is_peer() {
        let behind = spread(|[other, ours]| other.server_us() / ours.server_us())?;
        let Spread { min, median, max } = behind;
        println!("it costs {median:.1} x as much as radiant ({min:.1} to {max:.1})");
    }
    println!();
    Ok(limit.is_none_or(|limit| cpu.max <= limit))
}

fn show(spread: Spread, other: Other) -> String {
    let Spread { min, median, max } = spread;
    format!("{median:.4} x {} ({min:.4} to {max:.4})", other.name())
}
