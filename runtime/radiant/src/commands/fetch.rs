//! `radiant fetch`: copies a model into a folder, as a storage initializer does.

use std::path::Path;

use anyhow::Context;
use radiant_server::config::{LogFormat, LogLevel};
use radiant_storage::{Limits, ModelUri, Report};

use crate::args::FetchArgs;
use crate::failure::Failure;
use crate::logging;

/// What one fetch may bring: more is a mistake in the address rather than a model.
const LIMITS: Limits = Limits { total_bytes: 64 << 30, file_bytes: 64 << 30, files: 100_000 };

pub(super) fn run(args: &FetchArgs) -> Result<(), Failure> {
    logging::start(LogLevel::Info, LogFormat::Text);
    fetch(&args.uri, &args.folder)?;
    Ok(())
}

fn fetch(uri: &str, folder: &Path) -> anyhow::Result<()> {
    let uri = ModelUri::parse(uri)?;
    let report = radiant_storage::fetch(&uri, folder, &LIMITS)
        .with_context(|| format!("cannot fetch `{uri}` into `{}`", folder.display()))?;
    let Report { files, bytes } = report;
    tracing::info!(%uri, folder = %folder.display(), files, bytes, "fetched");
    Ok(())
}
