//! Artifacts pulled whole: from a registry of these tests, which fails as it is told to, and from a
//! real one.

mod docker;
mod fake;
mod faults;
mod logins;
mod pushes;

use std::path::Path;
use std::time::Duration;

use radiant_contract::MapEnv;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::progress::Silent;
use crate::transfer::Retries;

/// Enough for every test that does not ask for less.
const LIMITS: Limits = Limits { total_bytes: 10_000_000, file_bytes: 5_000_000, files: 100 };

fn options() -> Options {
    let millisecond = Duration::from_millis(1);
    let retries = Retries { max: 3, first: millisecond, longest: millisecond };
    let access = Access { retries, ..Access::default() };
    Options { limits: LIMITS, parallel: 3, access }
}

/// An environment with an auth file that knows one registry.
struct Logins {
    _folder: TempDir,
    env: MapEnv,
}

impl Logins {
    fn none() -> Self {
        Self::file(&json!({}))
    }

    fn one(registry: &str, entry: &Value) -> Self {
        Self::file(&json!({"auths": {registry: entry}}))
    }

    fn file(text: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.json");
        std::fs::write(&path, text.to_string()).unwrap();
        let env = [("REGISTRY_AUTH_FILE", path.display().to_string())].into_iter().collect();
        Self { _folder: folder, env }
    }
}

/// Pulls into a fresh folder, and says which files are there with how they begin, or the error;
/// after an error nothing may be there.
async fn pull(address: &str, logins: &Logins, options: &Options) -> Result<String, String> {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("models");
    let pulled = async {
        let artifact = Artifact::open(address, options, &logins.env).await?;
        artifact.fetch_into(&target, &Silent).await
    };
    match pulled.await {
        Ok(report) => {
            let files = files_in(&target);
            assert_eq!(report.files, files.len() as u64);
            assert_eq!(report.bytes, files.iter().map(|(_, body)| body.len() as u64).sum::<u64>());
            let shown = files.iter().map(|(name, body)| {
                let begin: String = String::from_utf8_lossy(body).chars().take(20).collect();
                format!("{name}={begin}")
            });
            Ok(shown.collect::<Vec<_>>().join(" "))
        }
        Err(error) => {
            assert_eq!(files_in(&target), [], "{error}");
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
            Err(error.to_string())
        }
    }
}

fn files_in(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// A layer with a title, as ORAS writes it.
fn titled(title: &str, body: &[u8]) -> Value {
    json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": Digest::sha256(body).to_string(),
        "size": body.len(),
        "annotations": {"org.opencontainers.image.title": title},
    })
}

fn manifest_of(layers: &[Value]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.unknown.artifact.v1",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": Digest::sha256(b"{}").to_string(),
            "size": 2,
        },
        "layers": layers,
    })
}
