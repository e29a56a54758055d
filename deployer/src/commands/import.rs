//! `radiant-deploy import`: an object as `radiant.yaml`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::Value;

use super::apply::adopt;
use crate::cli::{ImportArgs, Origin};
use crate::cluster::{Cluster, SeldonObject};
use crate::error::{Code, Failure};
use crate::import::{self, ImportError, Imported};
use crate::output::{OutputFormat, Printer};

/// The largest manifest that is read; an API server takes objects up to 1.5 MiB.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;

pub(super) async fn run(args: &ImportArgs, printer: &Printer) -> Result<(), Failure> {
    let (object, live) = match (&args.manifest, &args.name) {
        (Some(path), _) => (read(path)?, None),
        (None, Some(name)) => {
            let cluster = Cluster::connect(&args.cluster, None).await?;
            let live = cluster.get::<SeldonObject>(name).await?;
            (live.to_value(), Some((cluster, live)))
        }
        (None, None) => return Err(Failure::usage(anyhow!("expected a name or `--manifest`"))),
    };
    let imported = match args.from {
        Origin::Seldon => import::seldon(object),
        Origin::Zenml => import::zenml(object),
    };
    let imported = imported.map_err(refused)?;
    printer.tell(&told(&imported));
    let value = import::terse(&imported.deployment);
    let text = serde_saphyr::to_string(&value).map_err(anyhow::Error::from)?;
    match printer.format {
        OutputFormat::Text => crate::output::write(&text),
        _ => printer.document(&value, &text),
    }?;
    match live {
        Some((cluster, live)) if args.adoption.adopt => {
            adopt(&cluster, &live, &imported.deployment, &args.adoption, printer).await
        }
        _ => Ok(()),
    }
}

/// Reads a manifest of this machine, YAML or JSON.
fn read(path: &Path) -> Result<Value, Failure> {
    let shown = path.display();
    let size = std::fs::metadata(path).map(|file| file.len());
    let size = size
        .with_context(|| format!("cannot read `{shown}`"))
        .map_err(|error| Failure::new(Code::NotFound, error))?;
    if size > MANIFEST_BYTES_MAX {
        let error = anyhow!("`{shown}`: expected at most {MANIFEST_BYTES_MAX} bytes, got {size}");
        return Err(Failure::usage(error));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    let value = serde_saphyr::from_str(&text);
    value.map_err(|error| Failure::usage(anyhow!("`{shown}`: expected YAML: {error}")))
}

fn refused(error: ImportError) -> Failure {
    let hint = match &error {
        ImportError::NotZenml => Some("`import seldon` reads an object whoever wrote it"),
        ImportError::Kind { .. } | ImportError::Missing { .. } => None,
    };
    let failure = Failure::usage(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// What people should know of what was read.
fn told(imported: &Imported) -> String {
    let mut text = String::new();
    for note in &imported.notes {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "note: {note}");
    }
    for place in &imported.left_out {
        let _infallible =
            writeln!(text, "warning: `{place}` is left out: radiant.yaml has no place for it");
    }
    text
}
