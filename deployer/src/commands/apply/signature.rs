//! Whether a new model answers the callers of the old one: its signature, as the server's program tells
//! it, beside that of the revision that serves.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use radiant_contract::EnvSource;
use radiant_storage::{CachedModel, ModelUri};
use tempfile::TempDir;

use super::facts::Found;
use crate::config::Deployment;
use crate::error::Failure;
use crate::gate::Signature;
use crate::output::Printer;
use crate::program;
use crate::revision::Revision;

/// The largest model that is fetched to this machine for its signature alone.
const BYTES_MAX: u64 = 256 << 20;

/// What signatures are compared of.
#[derive(Clone, Copy)]
pub(super) struct Compared<'a> {
    pub(super) config: &'a Deployment,
    pub(super) found: &'a Found,
    /// The revision that serves.
    pub(super) before: Option<&'a Revision>,
    /// Whether callers may be broken.
    pub(super) is_allowed: bool,
}

/// Refuses a model that breaks the callers of the one that serves. Gives its signature; where it cannot be
/// found out, that is told, and nothing is refused.
///
/// # Errors
/// When callers would break, and may not.
pub(super) async fn guard(
    compared: Compared<'_>,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<Option<Signature>, Failure> {
    let Compared { before, is_allowed, .. } = compared;
    let signature = match known(compared) {
        Some(signature) => Ok(signature.clone()),
        None => read(compared, env).await,
    };
    let told = match &signature {
        Ok(signature) => compare(before, signature, is_allowed)?,
        // Nothing is new that could break anybody.
        Err(_) if is_same_model(compared) => None,
        Err(why) => before.map(|_| format!("signatures are not compared: {why}")),
    };
    if let Some(told) = told {
        printer.tell(&format!("{told}\n"));
    }
    Ok(signature.ok())
}

/// Whether the model is that of the revision before, as far as can be known.
fn is_same_model(Compared { config, found, before, .. }: Compared<'_>) -> bool {
    let uri = config.model.uri.as_ref();
    let digest = uri.and_then(|uri| found.facts.digests.get(uri));
    uri.is_some()
        && before
            .is_some_and(|it| it.model_uri.as_ref() == uri && it.model_digest.as_ref() == digest)
}

/// The signature of the same bytes, which were looked at before.
fn known(Compared { config, found, before, .. }: Compared<'_>) -> Option<&Signature> {
    let digest = found.facts.digests.get(config.model.uri.as_ref()?)?;
    let before = before.filter(|it| it.model_digest.as_ref() == Some(digest))?;
    before.signature.as_ref()
}

/// What is to be told of the change.
fn compare(
    before: Option<&Revision>,
    signature: &Signature,
    is_allowed: bool,
) -> Result<Option<String>, Failure> {
    let Some(before) = before else { return Ok(None) };
    let number = before.number;
    let Some(old) = &before.signature else {
        return Ok(Some(format!("signatures are not compared: revision {number} has none")));
    };
    let changes = old.broken_by(signature);
    if changes.is_empty() {
        return Ok(None);
    }
    let changes = changes.join("\n  ");
    let broken = format!("callers of revision {number} would fail:\n  {changes}");
    if is_allowed {
        return Ok(Some(format!("warning: {broken}")));
    }
    Err(Failure::usage(anyhow!(broken)).hint(
        "`--allow-breaking` goes on; another `name` lets the old model serve beside the new one",
    ))
}

/// Asks the program for the model's signature, or says why that cannot be.
async fn read(compared: Compared<'_>, env: &(dyn EnvSource + Sync)) -> Result<Signature, String> {
    if compared.config.graph.is_some() {
        return Err("a graph of several nodes has none of its own".to_owned());
    }
    let program = program::beside()
        .ok_or_else(|| "the server's program `radiant` is not beside this one".to_owned())?;
    let here = here(compared, env).await?;
    let path = here.path().to_string_lossy().into_owned();
    let asked = tokio::task::spawn_blocking(move || program::check(&program, &path)).await;
    let document = asked.map_err(|error| error.to_string())?.map_err(|error| {
        let text = format!("{error:#}");
        let line = text.lines().next().unwrap_or_default();
        format!("`radiant check` does not take the model: {line}")
    })?;
    Signature::of(&document).ok_or_else(|| "`radiant check` tells none".to_owned())
}

/// A model that is on this machine.
enum Here {
    Own(PathBuf),
    /// Fetched into a folder that goes with it.
    Fetched(CachedModel, #[expect(dead_code, reason = "is removed when this is dropped")] TempDir),
}

impl Here {
    fn path(&self) -> &Path {
        match self {
            Self::Own(path) => path,
            Self::Fetched(model, _) => model.path(),
        }
    }
}

async fn here(
    Compared { config, found, .. }: Compared<'_>,
    env: &(dyn EnvSource + Sync),
) -> Result<Here, String> {
    let model = &config.model;
    if let (None, Some(path)) = (&model.uri, &model.path) {
        return Ok(Here::Own(path.clone()));
    }
    let Some(text) = &model.uri else {
        return Err("the model is in the image".to_owned());
    };
    let Some(asker) = found.askers.get(text) else {
        return Err("only pods may fetch the model".to_owned());
    };
    let uri = ModelUri::parse(text).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let fetched = asker.fetch(&uri, folder.path(), BYTES_MAX, env).await;
    fetched.map(|model| Here::Fetched(model, folder)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Code;
    use crate::revision::Outcome;

    fn signature(columns: i64) -> Signature {
        let input = json!([{"name": "x", "datatype": "FP32", "shape": [-1, columns]}]);
        Signature::of(&json!({"inputs": input, "outputs": []})).unwrap()
    }

    #[test]
    fn the_model_that_serves_is_no_news() {
        let mut config = Deployment::named("fraud");
        config.model.uri = Some("s3://m/x".to_owned());
        let mut before = revision(None);
        before.model_uri.clone_from(&config.model.uri);
        for (digest, uri, expected) in [
            ("sha256:1", "s3://m/x", true),
            ("sha256:2", "s3://m/x", false),
            ("sha256:1", "s3://m/y", false),
        ] {
            let mut found = Found::default();
            config.model.uri = Some(uri.to_owned());
            found.facts.digests.insert(uri.to_owned(), digest.to_owned());
            let before = Some(&before);
            let compared = Compared { config: &config, found: &found, before, is_allowed: false };
            assert_eq!(is_same_model(compared), expected, "{digest} {uri}");
        }
    }

    fn revision(signature: Option<Signature>) -> Revision {
        Revision {
            number: 7,
            outcome: Outcome::Deployed,
            applied: String::new(),
            config_hash: String::new(),
            model_uri: None,
            model_digest: Some("sha256:1".to_owned()),
            image: None,
            change_cause: None,
            secret: None,
            signature,
            manifest: json!({}),
        }
    }

    #[test]
    fn callers_are_not_broken_unless_that_is_meant() {
        let before = revision(Some(signature(4)));
        assert_eq!(compare(None, &signature(4), false).unwrap(), None);
        assert_eq!(compare(Some(&before), &signature(-1), false).unwrap(), None);
        let failure = compare(Some(&before), &signature(5), false).unwrap_err();
        let broken = "callers of revision 7 would fail:\n  \
                      input `x`: expected `FP32[-1, 4]`, got `FP32[-1, 5]`";
        assert_eq!((failure.code(), failure.summary()), (Some(Code::Usage), broken.to_owned()));
        assert!(failure.advice().unwrap().contains("--allow-breaking"));
        let told = compare(Some(&before), &signature(5), true).unwrap().unwrap();
        assert_eq!(told, format!("warning: {broken}"));
    }

    #[test]
    fn a_revision_without_a_signature_is_not_compared() {
        let told = compare(Some(&revision(None)), &signature(4), false).unwrap().unwrap();
        assert_eq!(told, "signatures are not compared: revision 7 has none");
    }

    #[test]
    fn the_same_bytes_are_not_looked_at_again() {
        let mut config = Deployment::named("fraud");
        config.model.uri = Some("s3://m/x".to_owned());
        let before = revision(Some(signature(4)));
        for (digest, expected) in [("sha256:1", Some(&signature(4))), ("sha256:2", None)] {
            let mut found = Found::default();
            found.facts.digests.insert("s3://m/x".to_owned(), digest.to_owned());
            let before = Some(&before);
            let compared = Compared { config: &config, found: &found, before, is_allowed: false };
            assert_eq!(known(compared), expected, "{digest}");
        }
    }
}
