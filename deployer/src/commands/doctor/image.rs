//! Whether the images of a configuration are there, for the nodes that there are, and of the server.

use std::collections::BTreeSet;

use anyhow::anyhow;
use radiant_contract::EnvSource;
use radiant_storage::oci::{
    Access, Document as Found, Pulled, Purpose, Reference, Repository, Version,
};
use radiant_storage::progress::Silent;

use super::Finding;
use crate::cli::Area;
use crate::cluster::Cluster;
use crate::config::Deployment;
use crate::error::{Code, Failure};
use crate::image::PROGRAM;
use crate::layout::{Descriptor, Document, ImageConfig, ImageManifest, Platform};
use crate::manifest::mentions;
use crate::registry::failed;

/// The largest configuration of an image that is read.
const CONFIG_BYTES_MAX: u64 = 4 << 20;

/// A finding for each image.
pub(super) async fn checks(
    config: &Deployment,
    cluster: &Cluster,
    env: &(dyn EnvSource + Sync),
) -> Vec<Finding> {
    let images = match mentions(config) {
        Ok(mentions) => mentions.images,
        Err(error) => return vec![Finding::of(Area::Image, &Failure::usage(error))],
    };
    let nodes = match cluster.platforms().await {
        Ok(nodes) => nodes,
        // Who works in one namespace need not see nodes.
        Err(failure) if failure.code() == Some(Code::Forbidden) => BTreeSet::new(),
        Err(failure) => return vec![Finding::of(Area::Image, &failure)],
    };
    let mut findings = Vec::new();
    for image in images {
        findings.push(match look(&image, env).await {
            Ok(seen) => judge(&image, &seen, &nodes),
            Err(failure) => Finding::of(Area::Image, &failure.context(format!("`{image}`"))),
        });
    }
    findings
}

/// What a registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    /// What the image is pinned to.
    digest: String,
    /// What it runs on.
    platforms: Vec<Platform>,
    /// The program that it starts, if it says one.
    program: Option<String>,
}

/// Asks the image's registry.
async fn look(image: &str, env: &(dyn EnvSource + Sync)) -> Result<Seen, Failure> {
    let reference = Reference::parse(image).map_err(Failure::usage)?;
    let refused = |error| failed(reference.registry(), error);
    let opened = Repository::open(&reference, Purpose::Pull, &Access::default(), env).await;
    let repository = opened.map_err(refused)?;
    if repository.find(reference.version()).await.map_err(refused)?.is_none() {
        let error = anyhow!("the image is not in its registry");
        return Err(
            Failure::new(Code::NotFound, error).hint("push it first, or correct `server.image`")
        );
    }
    let found = repository.document(reference.version()).await.map_err(refused)?;
    let digest = found.digest.to_string();
    let (manifest, of_index) = match parse(&found)? {
        Document::Manifest(manifest) => (*manifest, Vec::new()),
        Document::Index(index) => {
            // What builders attach has no platform that anything runs on.
            let is_image =
                |it: &&Descriptor| it.platform.as_ref().is_some_and(|it| it.os != "unknown");
            let images: Vec<&Descriptor> = index.manifests.iter().filter(is_image).collect();
            let Some(first) = images.first() else {
                return Err(Failure::usage(anyhow!("expected an image, got an index of none")));
            };
            let version = Version::Digest(first.digest.clone());
            let found = repository.document(&version).await.map_err(refused)?;
            let Document::Manifest(manifest) = parse(&found)? else {
                return Err(Failure::usage(anyhow!("expected an image, got an index of indexes")));
            };
            let platforms = images.iter().filter_map(|it| it.platform.clone()).collect();
            (*manifest, platforms)
        }
    };
    let config = configuration(&repository, &manifest, &reference).await?;
    let platforms = if of_index.is_empty() { vec![Platform::of(&config)] } else { of_index };
    Ok(Seen { digest, platforms, program: program(&config) })
}

fn parse(found: &Found) -> Result<Document, Failure> {
    Ok(Document::parse(&found.digest.to_string(), &found.text)?)
}

async fn configuration(
    repository: &Repository,
    manifest: &ImageManifest,
    reference: &Reference,
) -> Result<ImageConfig, Failure> {
    let Descriptor { digest, size, .. } = manifest.config.clone();
    if size > CONFIG_BYTES_MAX {
        let error =
            anyhow!("its configuration: expected at most {CONFIG_BYTES_MAX} bytes, got {size}");
        return Err(Failure::usage(error));
    }
    let folder = tempfile::tempdir().map_err(anyhow::Error::from)?;
    let to = folder.path().join("config.json");
    let blob = Pulled { digest, bytes: size, what: "the configuration".to_owned() };
    let pulled = repository.pull_blob(&blob, &to, &Silent).await;
    pulled.map_err(|error| failed(reference.registry(), error))?;
    let text = std::fs::read(&to).map_err(anyhow::Error::from)?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::usage(anyhow!("its configuration: expected an image's: {error}")))
}

/// The name of the program that a container of it starts.
fn program(config: &ImageConfig) -> Option<String> {
    let container = config.config.as_ref()?;
    let words = container.entrypoint.iter().chain(&container.cmd).flatten().next()?;
    words.rsplit('/').next().map(str::to_owned)
}

fn judge(image: &str, seen: &Seen, nodes: &BTreeSet<String>) -> Finding {
    let Seen { digest, platforms, program } = seen;
    let offered = platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let runs_on = |node: &&String| {
        Platform::parse(node).is_some_and(|node| platforms.iter().any(|it| node.runs(it)))
    };
    let n_fitting = nodes.iter().filter(runs_on).count();
    let of_nodes = nodes.iter().cloned().collect::<Vec<_>>().join(", ");
    if n_fitting == 0 && !nodes.is_empty() {
        return Finding::fail(
            Area::Image,
            format!("`{image}` is for {offered}, and the nodes are {of_nodes}"),
            "build it for the nodes' platform: `radiant-deploy build --platform`",
        );
    }
    if program.as_deref() != Some(PROGRAM) {
        let starts = program.as_deref().unwrap_or("nothing");
        return Finding::warn(
            Area::Image,
            format!("`{image}` is {digest}, and starts `{starts}`: it is not the server's"),
            "name an image that `radiant-deploy build` made, or that starts `radiant`",
        );
    }
    if n_fitting < nodes.len() {
        return Finding::warn(
            Area::Image,
            format!("`{image}` is for {offered}, and the nodes are {of_nodes}"),
            "choose nodes by `pod.nodeSelector`, or build it for all platforms",
        );
    }
    let unseen = if nodes.is_empty() { "; the nodes may not be seen" } else { "" };
    Finding::ok(Area::Image, format!("`{image}` is {digest}, for {offered}{unseen}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::doctor::Verdict;

    #[test]
    fn an_image_is_judged_by_platform_and_program() {
        let seen = |platforms: &[&str], program: &str| Seen {
            digest: "sha256:1".to_owned(),
            platforms: platforms.iter().map(|it| Platform::parse(it).unwrap()).collect(),
            program: Some(program.to_owned()),
        };
        let nodes = |nodes: &[&str]| nodes.iter().map(|&node| node.to_owned()).collect();
        let cases: [(_, BTreeSet<String>, _); 5] = [
            (seen(&["linux/amd64"], "radiant"), nodes(&["linux/amd64"]), Verdict::Ok),
            (seen(&["linux/amd64"], "radiant"), nodes(&[]), Verdict::Ok),
            (seen(&["linux/arm64"], "radiant"), nodes(&["linux/amd64"]), Verdict::Fail),
            (
                seen(&["linux/arm64"], "radiant"),
                nodes(&["linux/amd64", "linux/arm64"]),
                Verdict::Warn,
            ),
            (seen(&["linux/amd64"], "python"), nodes(&["linux/amd64"]), Verdict::Warn),
        ];
        for (seen, nodes, expected) in cases {
            assert_eq!(judge("radiant:1", &seen, &nodes).verdict, expected, "{seen:?} {nodes:?}");
        }
    }

    #[test]
    fn the_program_is_the_first_word_of_what_is_started() {
        let config = |container| {
            let config = json!({"architecture": "amd64", "os": "linux", "config": container,
                "rootfs": {"type": "layers", "diff_ids": []}});
            serde_json::from_value::<ImageConfig>(config).unwrap()
        };
        let started = json!({"Entrypoint": ["/usr/bin/radiant", "serve"], "Cmd": ["x"]});
        assert_eq!(program(&config(started)).as_deref(), Some("radiant"));
        assert_eq!(program(&config(json!({"Cmd": ["sh"]}))).as_deref(), Some("sh"));
        assert_eq!(program(&config(json!({}))), None);
    }
}
