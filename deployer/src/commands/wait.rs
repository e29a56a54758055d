//! `radiant-deploy wait`: until a deployment is as it must be.

use super::waiting::{Following, follow};
use crate::cli::WaitArgs;
use crate::cluster::Cluster;
use crate::cluster::seldon::RESOURCE;
use crate::error::Failure;
use crate::output::{OutputFormat, Printer};
use crate::rollout::{Ended, Report};

pub(super) fn run(args: &WaitArgs, printer: &Printer) -> Result<(), Failure> {
    let ended = super::wait(async {
        let cluster = Cluster::connect(&args.cluster, None).await?;
        let goal = args.goal.clone();
        let following = Following { name: &args.name, goal, revision: None, generation: None };
        Ok(follow(&cluster, following, &args.waiting, printer).await)
    })?;
    let line = format!("{RESOURCE}/{} {}\n", args.name, args.goal);
    print(ended, &line, printer)
}

/// Prints how a wait ended: a line for people when it went well, the whole for programs in any case.
pub(super) fn print(ended: Ended, line: &str, printer: &Printer) -> Result<(), Failure> {
    let Ended { status, elapsed, result } = ended;
    let is_for_people = matches!(printer.format, OutputFormat::Text | OutputFormat::Wide);
    if let Some(status) = status
        && (result.is_ok() || !is_for_people)
    {
        let report = Report { status, url: None, elapsed: Some(elapsed) };
        printer.document(&report.json(), line)?;
    }
    result
}
