//! What is printed.

use std::fmt::Write as _;

use side_by_side::{Spread, least_us, ratio};

use crate::cases::{Case, Kind};
use crate::child::Growth;
use crate::row::Row;
use crate::turns::Field;
use crate::who::Who;

/// What two callers gain, engine by engine.
#[derive(Debug)]
pub(crate) struct Gains {
    pub(crate) case: &'static Case,
    pub(crate) n_rows: usize,
    pub(crate) of: Vec<(Who, Spread)>,
}

/// What a model takes, engine by engine.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) case: &'static Case,
    pub(crate) n_rows: usize,
    pub(crate) of: Vec<(Who, Growth)>,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) speed: Vec<Row>,
    pub(crate) gains: Vec<Gains>,
    pub(crate) memory: Vec<Memory>,
}

/// Prints a row as soon as it is measured: each engine, and its time in times of each other's.
pub(crate) fn print_row(row: &Row, field: &Field<'_>) {
    println!("\n{}, {} rows", row.case.name, row.n_rows);
    let others: Vec<(Who, f64)> = Who::OTHERS
        .into_iter()
        .filter_map(|who| Some((who, least_us(&row.rounds, &who)?)))
        .collect();
    let mut head = format!("  {:<8}{:>12}", "", "us");
    let mut line = format!("  {:<8}{:>12}", "", "");
    for (who, us) in &others {
        // A string takes everything.
        let _infallible = write!(head, "  {:<22}", format!("in {}", who.name()));
        let _infallible = write!(line, "  {:<22}", format!("{us:.2} us"));
    }
    println!("{}", head.trim_end());
    if !others.is_empty() {
        println!("{}", line.trim_end());
    }
    for who in Who::OURS {
        let Some(us) = least_us(&row.rounds, &who) else { continue };
        let mut line = format!("  {:<8}{us:>12.2}", who.name());
        for (other, _) in &others {
            let _infallible = write!(line, "  {:<22}", show(ratio(&row.rounds, &[who], &[*other])));
        }
        println!("{}", line.trim_end());
    }
    for (who, reason) in &field.failures {
        println!("  {:<8}fails: {reason}", who.name());
    }
    for (who, difference) in &field.wrong {
        println!("  {:<8}ANSWERS OTHERWISE: {difference}", who.name());
    }
    println!("  limit: {}; auto: {}", limit(row), auto(row));
}

/// The ratio that has a limit, and what comes of it.
fn limit(row: &Row) -> String {
    let held = show(row.held());
    match (row.case.limit, row.verdict()) {
        (Some(limit), Some(verdict)) => format!("{held} of {limit:.2}: {}", verdict.text()),
        (Some(limit), None) => format!("{limit:.2}, nobody to compare with"),
        (None, _) => format!("{held}, no limit"),
    }
}

/// What `auto` takes, in times of the fastest that it could take.
fn auto(row: &Row) -> String {
    let show = |(who, spread): (Who, Spread)| format!("{} {:.2}", who.name(), spread.median);
    let here = row.auto_here().map_or_else(|| "-".to_owned(), show);
    let without = row.auto_without().map_or_else(|| "-".to_owned(), show);
    format!("{here}; without ort {without}")
}

fn show(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "-".to_owned(), |spread| spread.to_string())
}

/// The tables for a document.
pub(crate) fn markdown(tables: &Tables) -> String {
    let mut page = String::new();
    let native = |row: &&Row| matches!(row.case.kind, Kind::Small | Kind::Forest);
    let rows: Vec<&Row> = tables.speed.iter().filter(native).collect();
    if !rows.is_empty() {
        page += "\n| model | rows | native, us | in ort's | in ort's with 2 threads | in its library's | in tl2cgen's | in the best of the others', and the limit |\n|---|---|---|---|---|---|---|---|\n";
        page.extend(rows.into_iter().map(native_line));
    }
    let networks: Vec<&Row> = tables.speed.iter().filter(|row| !native(row)).collect();
    if !networks.is_empty() {
        page += "\n| model | rows | ort, us | native, in ort's | tract | rten | the best, in ort's with 2 threads | the best, and the limit | `auto`, in the fastest's |\n|---|---|---|---|---|---|---|---|---|\n";
        page.extend(networks.into_iter().map(network_line));
    }
    if !tables.gains.is_empty() {
        page += &head("2 callers at once, in runs a second of 1");
        for Gains { case, n_rows, of } in &tables.gains {
            page += &line(case, *n_rows, of, Spread::to_string);
        }
    }
    if !tables.memory.is_empty() {
        page += &head("MiB held after 20 runs (peak), ms until the first answer");
        for Memory { case, n_rows, of } in &tables.memory {
            page += &line(case, *n_rows, of, |growth: &Growth| {
                let Growth { held_mib, peak_mib, ready_ms } = growth;
                format!("{held_mib:.1} ({peak_mib:.1}), {ready_ms:.0}")
            });
        }
    }
    page
}

fn native_line(row: &Row) -> String {
    let Row { case, n_rows, rounds, .. } = row;
    let beside = |who| show(ratio(rounds, &[Who::Native], &[who]));
    let us = least_us(rounds, &Who::Native).map_or_else(|| "-".to_owned(), |us| format!("{us:.2}"));
    let library = [Who::Xgboost, Who::Lightgbm, Who::Sklearn]
        .into_iter()
        .find(|who| least_us(rounds, who).is_some())
        .map_or_else(|| "-".to_owned(), |who| format!("{}: {}", who.name(), beside(who)));
    format!(
        "| {} | {n_rows} | {us} | {} | {} | {library} | {} | {} |\n",
        case.name,
        beside(Who::Ort),
        beside(Who::Ort2),
        beside(Who::Tl2cgen),
        limit(row)
    )
}

fn network_line(row: &Row) -> String {
    let Row { case, n_rows, rounds, .. } = row;
    let us = least_us(rounds, &Who::Ort).map_or_else(|| "-".to_owned(), |us| format!("{us:.1}"));
    let in_ort = Who::OURS.map(|who| show(ratio(rounds, &[who], &[Who::Ort])));
    format!(
        "| {} | {n_rows} | {us} | {} | {} | {} | {} |\n",
        case.name,
        in_ort.join(" | "),
        show(ratio(rounds, &Who::OURS, &[Who::Ort2])),
        limit(row),
        auto(row)
    )
}

/// The head of a table with a column for each engine.
fn head(title: &str) -> String {
    let names = Who::ENGINES.map(Who::name).join(" | ");
    format!("\n{title}:\n\n| model | rows | {names} |\n|---|---|---|---|---|---|\n")
}

fn line<T>(case: &Case, n_rows: usize, of: &[(Who, T)], show: impl Fn(&T) -> String) -> String {
    let cell = |who: Who| {
        let found = of.iter().find(|(of, _)| *of == who);
        found.map_or_else(|| "-".to_owned(), |(_, value)| show(value))
    };
    format!("| {} | {n_rows} | {} |\n", case.name, Who::ENGINES.map(cell).join(" | "))
}
