//! `radiant-deploy history`: the revisions of a deployment.

use anyhow::anyhow;
use serde_json::{Value, json};

use super::revisions;
use crate::cli::HistoryArgs;
use crate::cluster::{Cluster, SeldonObject};
use crate::error::{Code, Failure};
use crate::output::{Column, Listing, OutputFormat, Printer, Table};
use crate::revision::{self, Revision};

pub(super) async fn run(args: &HistoryArgs, printer: &Printer) -> Result<(), Failure> {
    let cluster = Cluster::connect(&args.cluster, None).await?;
    let (all, foreign) = revisions::list(&cluster, &args.name).await?;
    for error in foreign {
        printer.tell(&format!("warning: {error}\n"));
    }
    if all.is_empty() {
        // It may be there and another's.
        cluster.get::<SeldonObject>(&args.name).await?;
    }
    match args.revision {
        Some(number) => one(&all, number, printer),
        None => list(all, printer),
    }
}

fn one(all: &[Revision], number: u32, printer: &Printer) -> Result<(), Failure> {
    let Some(revision) = revision::find(all, number) else {
        let known = all.iter().map(|it| it.number.to_string()).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".to_owned() } else { known };
        let error = anyhow!("expected one of the revisions that are kept, {known}, got {number}");
        return Err(Failure::new(Code::NotFound, error));
    };
    let text = serde_saphyr::to_string(&revision.manifest).map_err(anyhow::Error::from)?;
    match printer.format {
        OutputFormat::Text => crate::output::write(&text),
        _ => printer.document(&document(revision), &text),
    }
}

fn list(mut all: Vec<Revision>, printer: &Printer) -> Result<(), Failure> {
    all.sort_by_key(|revision| revision.number);
    let mut table = Table::new(&[
        Column::always("REVISION"),
        Column::always("STATUS"),
        Column::always("APPLIED"),
        Column::always("MODEL"),
        Column::wide("DIGEST"),
        Column::wide("IMAGE"),
        Column::always("CHANGE-CAUSE"),
    ]);
    for it in &all {
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        table.row([
            it.number.to_string(),
            it.outcome.to_string(),
            it.applied.clone(),
            said(&it.model_uri),
            said(&it.model_digest),
            said(&it.image),
            said(&it.change_cause),
        ]);
    }
    let items = all.iter().map(document).collect();
    printer.listing(Listing { resource: "revision".to_owned(), items, is_single: false, table })
}

fn document(revision: &Revision) -> Value {
    json!({
        "metadata": {"name": revision.number.to_string()},
        "revision": revision.number,
        "status": revision.outcome.to_string(),
        "applied": revision.applied,
        "configHash": revision.config_hash,
        "model": {"uri": revision.model_uri, "digest": revision.model_digest},
        "image": revision.image,
        "changeCause": revision.change_cause,
        "secret": revision.secret,
        "signature": revision.signature,
        "manifest": revision.manifest,
    })
}
