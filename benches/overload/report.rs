//! What is printed.

use anyhow::{Context as _, Result};
use side_by_side::{Spread, Verdict};

use crate::tally::Tally;

/// Prints the heads of the columns.
pub(crate) fn print_tally_head() {
    println!(
        "  {:<16} {:>9} {:>9} {:>9} {:>7} | {:>8} {:>8} {:>8} {:>8} | {:>8}",
        "answers in ms",
        "due",
        "good/s",
        "refused",
        "failed",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "late us"
    );
}

/// Prints what became of the requests of all rounds.
pub(crate) fn print_tally(name: &str, tally: &Tally) {
    let refused: u64 = tally.refused.values().sum();
    println!(
        "  {name:<16} {:>9} {:>9.0} {refused:>9} {:>7} | {:>8.2} {:>8.2} {:>8.2} {:>8.2} | {:>8}",
        tally.due,
        tally.goodput(),
        tally.failed,
        tally.ms(0.5),
        tally.ms(0.9),
        tally.ms(0.99),
        tally.ms(0.999),
        tally.lateness.at(0.99).as_micros()
    );
    for (code, n) in &tally.refused {
        println!("    {n} with status {code}");
    }
    for (kind, said) in &tally.said {
        println!("    first {kind}: {}", said.trim());
    }
    if let Some(why) = tally.void() {
        println!("    VOID: {why}");
    }
}

/// Prints ratios of several rounds beside their limit; whether it holds in the median.
///
/// # Errors
/// When there was no round.
pub(crate) fn print_ratio(name: &str, ratios: Vec<f64>, limit: Option<f64>) -> Result<bool> {
    let spread = Spread::of(ratios).context("there was no round")?;
    let Some(limit) = limit else {
        println!("  {name}: {spread}");
        return Ok(true);
    };
    let verdict = Verdict::of(spread, limit);
    println!("  {name}: {spread}, at most {limit:.2}: {}", verdict.text());
    Ok(verdict != Verdict::Beyond)
}
