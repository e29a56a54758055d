//! `radiant fetch`: copies a model into a folder, as a storage initializer does.

use anyhow::Context;
use radiant_contract::ProcessEnv;
use radiant_server::config::{Fetching, LogFormat, LogLevel};
use radiant_storage::{ModelUri, Report};

use crate::args::{FetchArgs, fetch_flags};
use crate::failure::Failure;
use crate::fetcher::Fetcher;
use crate::logging;

pub(super) fn run(args: &FetchArgs) -> Result<(), Failure> {
    logging::start(LogLevel::Info, LogFormat::Text);
    let fetching = Fetching::build(&fetch_flags(&args.options, None), &ProcessEnv)?;
    let uri = ModelUri::parse(&args.uri).map_err(anyhow::Error::from)?;
    let folder = &args.folder;
    let Report { files, bytes } = Fetcher::new(fetching)
        .copy(&uri, folder)
        .with_context(|| format!("cannot fetch `{uri}` into `{}`", folder.display()))?;
    tracing::info!(%uri, folder = %folder.display(), files, bytes, "fetched");
    Ok(())
}
