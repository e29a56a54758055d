//! What the program prints.

use std::collections::BTreeMap;

use crate::args::Args;
use crate::case::Case;
use crate::driver::Results;
use crate::engines::Tried;
use crate::outcome::{Attempt, Status};

/// Prints how many cases ended how, on each engine.
pub(crate) fn print_totals(cases: &[Case], results: &Results, args: &Args) {
    println!(
        "{} cases; on each engine (const: with all inputs but the first as constants)",
        cases.len()
    );
    for &tried in &args.engines {
        let mut counts: BTreeMap<(Status, &str), usize> = BTreeMap::new();
        for case in cases {
            if let Some((mode, outcome)) = results.end(&case.name, tried) {
                let mode = if outcome.status.is_answer() { mode.name() } else { "" };
                *counts.entry((outcome.status, mode)).or_default() += 1;
            }
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|((status, mode), n)| {
                format!("{} {n}", format!("{} {mode}", status.name()).trim())
            })
            .collect();
        println!("{:>9}: {}", tried.name(), counts.join(", "));
    }
}

/// Prints the ends that no case may have; whether there are none.
pub(crate) fn print_forbidden(cases: &[Case], results: &Results) -> bool {
    let mut is_sound = true;
    for case in cases {
        for tried in Tried::ALL {
            for (mode, outcome) in results.attempts(&case.name, tried) {
                if is_forbidden(tried, outcome.status) {
                    is_sound = false;
                    let (tried, mode, status) = (tried.name(), mode.name(), outcome.status.name());
                    println!(
                        "FORBIDDEN {} on {tried}, {mode}: {status}: {}",
                        case.name, outcome.reason
                    );
                }
            }
        }
    }
    is_sound
}

/// Whether no case may end so. What ONNX Runtime itself computes when it is asked for by name is not
/// for this project to promise, and an error at run may be the data's fault.
fn is_forbidden(tried: Tried, status: Status) -> bool {
    match status {
        Status::Pass | Status::Unspecified | Status::Refused => false,
        Status::Error | Status::Vague => matches!(tried, Tried::Auto | Tried::AutoOrt),
        Status::Wrong => tried != Tried::Ort,
        Status::Panic | Status::Crash | Status::Hang => true,
    }
}

/// All attempts, a line each.
pub(crate) fn details(cases: &[Case], results: &Results) -> String {
    let mut lines = Vec::new();
    for case in cases {
        for tried in Tried::ALL {
            for (mode, outcome) in results.attempts(&case.name, tried) {
                let outcome = outcome.clone();
                lines.push(Attempt { case: case.name.clone(), tried, mode, outcome }.to_line());
            }
        }
    }
    lines.join("\n") + "\n"
}
