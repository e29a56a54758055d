//! What is printed.

use std::fmt::Write as _;

use side_by_side::{least_us, ratio};

use crate::row::Row;
use crate::who::Who;

/// Prints a row as soon as it is measured: ours, and its time in times of each other's.
pub(crate) fn print_row(row: &Row) {
    let Row { case, work, rounds } = row;
    let us = |who| least_us(rounds, &who);
    let ours = us(Who::Ours).unwrap_or(f64::NAN);
    println!("\n{}, {}: {ours:.2} us", case.name, work.text());
    for who in Who::OTHERS {
        if let (Some(us), Some(spread)) = (us(who), ratio(rounds, &[Who::Ours], &[who])) {
            println!("  {:<9}{us:>12.2} us   {spread} of it", who.name());
        }
    }
    println!("  {}", limit(row));
}

/// The ratio that has a limit, and what comes of it.
fn limit(row: &Row) -> String {
    let limit = row.limit().0;
    match (row.held(), row.verdict()) {
        (Some(held), Some(verdict)) => format!("{held}, limit {limit:.3}: {}", verdict.text()),
        _ => "nobody to compare with".to_owned(),
    }
}

/// The table for a document.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut page = "\n| model | | ours, us | in its library's, from Python | in place | in its C API's | in tl2cgen's | in ONNX Runtime's | the limit |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let Row { case, work, rounds } = row;
        let us = least_us(rounds, &Who::Ours).unwrap_or(f64::NAN);
        // A string takes everything.
        let _infallible = write!(page, "| {} | {} | {us:.2} |", case.name, work.text());
        for who in Who::OTHERS {
            let spread = ratio(rounds, &[Who::Ours], &[who]);
            let cell = spread.map_or_else(|| "-".to_owned(), |spread| spread.to_string());
            let _infallible = write!(page, " {cell} |");
        }
        let _infallible = writeln!(page, " {} |", limit(row));
    }
    page
}
