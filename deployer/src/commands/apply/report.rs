//! What `apply` says on stdout.

use serde_json::Value;

use super::plan::Plan;
use crate::cluster::seldon::RESOURCE;
use crate::commands::release::Change;
use crate::error::Failure;
use crate::output::{self, Listing, OutputFormat, Printer, Table};
use crate::rollout::{Ended, Report};

/// It was so already.
pub(super) fn unchanged(
    plan: &Plan,
    live: Option<&Value>,
    printer: &Printer,
) -> Result<(), Failure> {
    match printer.format {
        OutputFormat::Text | OutputFormat::Wide => {
            output::write(&format!("{}\n", plan.line("unchanged")))
        }
        _ => object(live.unwrap_or(&Value::Null), printer),
    }
}

/// It is written, and nothing is known of its pods yet.
pub(super) fn written(line: &str, printer: &Printer) -> Result<(), Failure> {
    match printer.format {
        OutputFormat::Text | OutputFormat::Wide => {
            output::write(&format!("{line} (server-side)\n"))
        }
        // The document comes at the end.
        _ => Ok(()),
    }
}

/// It is written, and nobody waits for its pods.
pub(super) fn begun(written: &Value, printer: &Printer) -> Result<(), Failure> {
    match printer.format {
        OutputFormat::Text | OutputFormat::Wide => Ok(()),
        _ => object(written, printer),
    }
}

/// The object itself, for programs.
fn object(object: &Value, printer: &Printer) -> Result<(), Failure> {
    let (resource, items, table) = (RESOURCE.to_owned(), vec![object.clone()], Table::of(&[]));
    printer.listing(Listing { resource, items, is_single: true, table })
}

/// It serves.
pub(super) fn ready(
    change: &Change,
    ended: Ended,
    url: Option<String>,
    printer: &Printer,
) -> Result<(), Failure> {
    let line = line(&change.name, change.revision.number, &ended, url.as_deref());
    document(ended, url, &line, printer)
}

/// `fraud revision 7 ready in 14.2s  http://...`
pub(super) fn line(name: &str, number: u32, ended: &Ended, url: Option<&str>) -> String {
    let elapsed_s = ended.elapsed.as_secs_f64();
    let url = url.map(|url| format!("  {url}")).unwrap_or_default();
    format!("{name} revision {number} ready in {elapsed_s:.1}s{url}\n")
}

/// It cannot serve: programs get the whole, people the failure.
pub(super) fn failed(_: &Change, ended: Ended, printer: &Printer) -> Result<(), Failure> {
    match printer.format {
        OutputFormat::Text | OutputFormat::Wide => Ok(()),
        _ => document(ended, None, "", printer),
    }
}

fn document(
    ended: Ended,
    url: Option<String>,
    line: &str,
    printer: &Printer,
) -> Result<(), Failure> {
    let Some(status) = ended.status else { return output::write(line) };
    let report = Report { status, url, elapsed: Some(ended.elapsed) };
    printer.document(&report.json(), line)
}
