//! `radiant-deploy secret convert`: what pods would get, shown without values or written to a file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use chrono::Utc;
use radiant_contract::EnvSource;

use super::{converted_from, source_of, store, summary};
use crate::cli::ConvertArgs;
use crate::credentials::SecretObject;
use crate::error::Failure;
use crate::output::{self, Printer};

pub(super) async fn run(
    args: &ConvertArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let (_, place) = store(&args.model)?;
    let source = source_of(&args.source, &args.cluster).await?;
    let secret = converted_from(&source, &args.source, &place, env)?;
    summary::tell(&secret, printer);
    summary::check_time(&secret, Utc::now())?;
    let object = SecretObject::new(&args.name, args.cluster.namespace.as_deref(), &secret.data);
    let Some(path) = &args.out else {
        let document = summary::document(&secret, object.name());
        return printer.document(&document, &summary::text(&secret, object.name()));
    };
    let text = manifest(&object)?;
    if path == Path::new("-") {
        return output::write(&text);
    }
    write(path, &text)?;
    printer.tell(&format!("secret/{} written to `{}`\n", object.name(), path.display()));
    Ok(())
}

fn manifest(object: &SecretObject) -> Result<String, Failure> {
    let value = serde_json::to_value(object.expose()).context("cannot write a Secret as JSON")?;
    // An error could show what it could not write.
    let text = serde_saphyr::to_string(&value)
        .map_err(|_| anyhow::anyhow!("cannot write a Secret as YAML"))?;
    Ok(text)
}

/// Writes a file that its owner alone may read. One that is there is replaced only as a whole.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || -> std::io::Result<()> {
        // Such a file is for its owner alone from the beginning.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        // A device or pipe is written to, not replaced.
        let is_special = path.metadata().is_ok_and(|it| !it.is_file());
        if is_special {
            return OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
        }
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    Ok(written().with_context(|| format!("cannot write `{}`", path.display()))?)
}
