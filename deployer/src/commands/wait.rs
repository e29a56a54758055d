//! `radiant-deploy wait`: until a deployment is as it must be.

use super::status::is_for_people;
use super::url::known;
use super::waiting::{Following, follow};
use crate::cli::WaitArgs;
use crate::cluster::Cluster;
use crate::cluster::seldon::RESOURCE;
use crate::error::Failure;
use crate::output::Printer;
use crate::rollout::{Ended, Report};

pub(super) fn run(args: &WaitArgs, printer: &Printer) -> Result<(), Failure> {
    let (ended, url) = super::wait(async {
        let cluster = Cluster::connect(&args.cluster, None).await?;
        let goal = args.goal.clone();
        let following = Following { name: &args.name, goal, revision: None, generation: None };
        let ended = follow(&cluster, following, &args.waiting, printer).await;
        // People get one line, without it.
        let is_told = !is_for_people(printer);
        let url = if is_told { known(&cluster, &args.name, &args.route).await } else { None };
        Ok((ended, url))
    })?;
    let line = format!("{RESOURCE}/{} {}\n", args.name, args.goal);
    print(ended, url, &line, printer)
}

/// Prints how a wait ended: a line for people when it went well, the whole for programs in any case.
pub(super) fn print(
    ended: Ended,
    url: Option<String>,
    line: &str,
    printer: &Printer,
) -> Result<(), Failure> {
    let Ended { status, elapsed, result } = ended;
    if let Some(status) = status
        && (result.is_ok() || !is_for_people(printer))
    {
        let report = Report { status, url, elapsed: Some(elapsed) };
        printer.document(&report.json(), line)?;
    }
    result
}
