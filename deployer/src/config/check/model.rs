//! Rules of models and of the credentials for their stores.

use radiant_storage::{ModelUri, StorageError, Store};

use super::super::{Credentials, Deployment, Mode, Model};
use super::{Findings, exactly_one};
use crate::config::document::{FORMATS, METHODS};
use crate::config::keypath::KeyPath;
use crate::config::names;
use crate::config::problem::{Problem, listed, meant, quoted};

pub(super) fn check(deployment: &Deployment, findings: &mut Findings) {
    let Deployment { model, graph, server, .. } = deployment;
    let path = KeyPath::of("model");
    one(model, &path, findings);
    let has_model = model.uri.is_some() || model.path.is_some();
    match graph {
        Some(_) if has_model => {
            let problem = Problem::error(path, "the models in `graph`", "one beside it");
            findings.add(problem.hint("give it to the node that serves it: `graph.model`"));
        }
        None if !has_model && server.image.is_none() => {
            let problem = Problem::error(path, "`uri` or `path`", "neither");
            findings.add(problem.hint(
                "`uri` is where pods fetch it; `path` goes into an image; neither is needed with a \
                 `server.image` that has a model",
            ));
        }
        Some(_) | None => {}
    }
    if graph.is_none() && model.uri.is_none() && server.mode != Mode::Custom {
        let mode = if server.mode == Mode::Initializer { "initializer" } else { "prepackaged" };
        let expected = format!("`uri`, as mode `{mode}` has it fetched before the server starts");
        findings.add(Problem::error(KeyPath::of("model"), expected, "none"));
    }
    credentials(deployment, findings);
}

/// Rules of a model, wherever it is named.
pub(super) fn one(model: &Model, path: &KeyPath, findings: &mut Findings) {
    let Model { uri, path: file, format, method, digest } = model;
    if let (Some(_), Some(_)) = (uri, file) {
        exactly_one(path, &["uri", "path"], &["uri", "path"], findings);
    }
    if let Some(uri) = uri {
        address(uri, &path.key("uri"), findings);
    }
    if !FORMATS.contains(&format.as_str()) {
        let expected = format!("one of {}", listed(FORMATS));
        let mut problem = Problem::error(path.key("format"), expected, quoted(format));
        let hint = meant(format, FORMATS).map(|name| format!("did you mean `{name}`?"));
        problem.hint = match format.to_lowercase().as_str() {
            "savedmodel" | "tensorflow" | "keras" | "pytorch" | "torch" => {
                Some("export it to ONNX, which is served as it is".to_owned())
            }
            "joblib" | "pickle" | "skops" | "pkl" => Some("this is `sklearn`".to_owned()),
            _ => hint,
        };
        findings.add(problem);
    }
    if let Some(method) = method.as_deref().filter(|method| !METHODS.contains(method)) {
        let expected = format!("one of {}", listed(METHODS));
        let mut problem = Problem::error(path.key("method"), expected, quoted(method));
        problem.hint = meant(method, METHODS).map(|name| format!("did you mean `{name}`?"));
        findings.add(problem);
    }
    if let Some(digest) = digest {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hex.len() != 64 || !hex.bytes().all(is_hex) {
            let expected = "`sha256:` and 64 lowercase hexadecimal digits";
            findings.add(Problem::error(path.key("digest"), expected, quoted(digest)));
        }
    }
}

/// An address that pods can fetch, without anything secret in it: manifests hold it.
fn address(text: &str, path: &KeyPath, findings: &mut Findings) {
    let uri = match ModelUri::parse(text) {
        Ok(uri) => uri,
        Err(StorageError::Uri { expected, got }) => {
            findings.add(Problem::error(path.clone(), expected, quoted(&got)));
            return;
        }
        Err(other) => {
            findings.add(Problem::error(path.clone(), "an address of a model", other.to_string()));
            return;
        }
    };
    let shown = uri.to_string();
    match &uri {
        ModelUri::Local(local) if local.is_relative() => {
            let expected = "a place that pods reach: a store, or a path from `/` in the image";
            let problem = Problem::error(path.clone(), expected, quoted(&shown));
            findings.add(
                problem.hint("a file on this machine is `model.path`, and goes into an image"),
            );
        }
        ModelUri::Remote(remote) if remote.store() == Store::HuggingFace => {
            let problem =
                Problem::error(path.clone(), "a store that models are read from", quoted(&shown));
            findings
                .add(problem.hint("download the files, and put them into a bucket or an image"));
        }
        // rclone's settings within an address.
        ModelUri::Remote(_) if text.starts_with(':') || shown.contains(",***") => {
            let expected = "`remote:bucket/path`, without settings";
            let problem = Problem::error(path.clone(), expected, quoted(&shown));
            findings.add(problem.hint("settings of remotes belong into `credentials`"));
        }
        ModelUri::Remote(remote) if shown.contains("***") => {
            let is_query = !shown.contains("***@") && remote.store() == Store::Web;
            let expected = "an address without user, password and signature";
            let problem = if is_query {
                let expected = "an address without a query, which may be a signature";
                Problem::warning(path.clone(), expected, quoted(&shown))
            } else {
                Problem::error(path.clone(), expected, quoted(&shown))
            };
            findings
                .add(problem.hint("manifests show it to all who may read them: see `credentials`"));
        }
        ModelUri::Local(_) | ModelUri::Builtin(_) | ModelUri::Remote(_) => {}
    }
}

/// The sources of credentials that are given.
fn given(credentials: &Credentials) -> Vec<&'static str> {
    let Credentials { service_account, existing_secret, from_env, from_profile, from_file, .. } =
        credentials;
    let given = [
        ("serviceAccount", service_account.is_some()),
        ("existingSecret", existing_secret.is_some()),
        ("fromEnv", *from_env),
        ("fromProfile", from_profile.is_some()),
        ("fromFile", from_file.is_some()),
        ("anonymous", credentials.anonymous),
        ("implicit", credentials.implicit),
    ];
    given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
}

fn credentials(deployment: &Deployment, findings: &mut Findings) {
    const SOURCES: [&str; 7] = [
        "serviceAccount",
        "existingSecret",
        "fromEnv",
        "fromProfile",
        "fromFile",
        "anonymous",
        "implicit",
    ];
    let path = KeyPath::of("credentials");
    let given = given(&deployment.credentials);
    exactly_one(&path, &SOURCES, &given, findings);
    if given.is_empty()
        && let Some(uri) = addresses(deployment).into_iter().find(asks)
    {
        let expected = format!("one of {}", listed(SOURCES));
        let problem = Problem::error(
            path.clone(),
            expected,
            format!("none, for {}", quoted(&uri.to_string())),
        );
        findings.add(problem.hint(
            "`anonymous: true` for a public bucket, `implicit: true` where the cluster's nodes may \
             read it",
        ));
    }
    let Credentials { service_account, existing_secret, from_profile, .. } =
        &deployment.credentials;
    if let Some(name) = service_account {
        findings.named(path.key("serviceAccount"), name, names::subdomain(name));
    }
    if let Some(name) = existing_secret {
        findings.named(path.key("existingSecret"), name, names::subdomain(name));
    }
    if from_profile.as_deref().is_some_and(|name| name.trim().is_empty()) {
        findings.add(Problem::error(path.key("fromProfile"), "a profile's name", "an empty text"));
    }
}

/// Whether a store wants to know who asks.
fn asks(uri: &ModelUri) -> bool {
    match uri {
        ModelUri::Remote(remote) => {
            matches!(remote.store(), Store::S3 | Store::GoogleCloud | Store::Azure | Store::Rclone)
        }
        ModelUri::Local(_) | ModelUri::Builtin(_) => false,
    }
}

/// All addresses of a configuration that can be read.
fn addresses(deployment: &Deployment) -> Vec<ModelUri> {
    let mut models = vec![&deployment.model];
    models.extend(deployment.variants.iter().map(|variant| &variant.model));
    let mut nodes: Vec<_> = deployment.graph.iter().collect();
    while let Some(node) = nodes.pop() {
        models.extend(&node.model);
        nodes.extend(&node.children);
    }
    let uris = models.into_iter().filter_map(|model| model.uri.as_deref());
    uris.filter_map(|uri| ModelUri::parse(uri).ok()).collect()
}
