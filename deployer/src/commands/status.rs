//! `radiant-deploy status`: how a deployment fares, and why it is not further.

use super::url::known;
use super::waiting::look;
use crate::cli::StatusArgs;
use crate::cluster::Cluster;
use crate::error::Failure;
use crate::output::{OutputFormat, Printer};
use crate::rollout::{Phase, Report, failed};

pub(super) fn run(args: &StatusArgs, printer: &Printer) -> Result<(), Failure> {
    let (ended, url) = super::wait(async {
        let cluster = Cluster::connect(&args.cluster, None).await?;
        let ended = look(&cluster, &args.name).await;
        let is_there = ended.status.as_ref().is_some_and(|it| it.phase != Phase::Absent);
        let url = if is_there { known(&cluster, &args.name, &args.route).await } else { None };
        Ok((ended, url))
    })?;
    let Some(status) = ended.status else { return ended.result };
    let is_absent = status.phase == Phase::Absent;
    let failure = if is_absent { ended.result.err() } else { None };
    let failure = failure.or_else(|| status.failing.map(|_| failed(&status)));
    if !is_absent || !is_for_people(printer) {
        let report = Report { status, url, elapsed: None };
        printer.document(&report.json(), &report.text(printer.format == OutputFormat::Wide))?;
    }
    failure.map_or(Ok(()), Err)
}

/// Whether people read it, who need no document.
pub(super) fn is_for_people(printer: &Printer) -> bool {
    matches!(printer.format, OutputFormat::Text | OutputFormat::Wide)
}
