//! What was built: a table for people, and JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::archive::Names;
use crate::cli::BuildArgs;
use crate::error::Failure;
use crate::image::{Built, Image, Layer};
use crate::registry::Report;

/// How much each part of each image is.
pub(super) fn table(built: &Built) -> String {
    let mut text = String::new();
    for image in &built.images {
        // Writing to a `String` cannot fail.
        let _infallible =
            writeln!(text, "{:<24}{:>10}{:>12}", image.platform, "packed", "unpacked");
        let below: u64 = image.below.iter().map(|layer| layer.size).sum();
        if !image.below.is_empty() {
            let _infallible = writeln!(text, "  {:<22}{:>10}{:>12}", "base", megabytes(below), "");
        }
        let (mut packed, mut unpacked) = (below, 0_u64);
        for layer in &image.layers {
            packed = packed.saturating_add(layer.descriptor.size);
            unpacked = unpacked.saturating_add(layer.unpacked_bytes);
            let sizes = (megabytes(layer.descriptor.size), megabytes(layer.unpacked_bytes));
            let _infallible = writeln!(text, "  {:<22}{:>10}{:>12}", layer.title, sizes.0, sizes.1);
        }
        let sizes = (megabytes(packed), megabytes(unpacked));
        let _infallible = writeln!(text, "  {:<22}{:>10}{:>12}", "all", sizes.0, sizes.1);
    }
    text
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

/// One object with a versioned schema.
pub(super) fn json(
    built: &Built,
    names: &[Names],
    pushed: Option<&Report>,
    args: &BuildArgs,
) -> Result<String, Failure> {
    let images: Vec<Value> = built.images.iter().map(image).collect();
    let sboms = built.sboms.iter().map(|sbom| {
        let kind = sbom.descriptor.artifact_type.as_deref();
        json!({"digest": sbom.descriptor.digest, "artifactType": kind})
    });
    let report = json!({
        "schema": "radiant/build/v1",
        "digest": built.root.digest,
        "mediaType": built.root.media_type,
        "bytes": built.root.size,
        "names": names.iter().map(|names| names.full.as_str()).collect::<Vec<_>>(),
        "images": images,
        "pushed": pushed.map(|report| &report.repositories),
        "sboms": sboms.collect::<Vec<_>>(),
        "ociLayout": args.oci_layout.as_ref().map(|path| path.display().to_string()),
        "tarball": args.tarball.as_ref().map(|path| path.display().to_string()),
    });
    let mut text = serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?;
    text.push('\n');
    Ok(text)
}

fn image(image: &Image) -> Value {
    let below = image.below.iter().map(|layer| {
        json!({
            "holds": "base",
            "mediaType": layer.media_type,
            "digest": layer.digest,
            "bytes": layer.size,
        })
    });
    let layers: Vec<Value> = below.chain(image.layers.iter().map(layer)).collect();
    let below: u64 = image.below.iter().map(|layer| layer.size).sum();
    let ours: u64 = image.layers.iter().map(|layer| layer.descriptor.size).sum();
    json!({
        "platform": image.platform.to_string(),
        "digest": image.descriptor.digest,
        "configDigest": image.config.digest,
        "bytes": below.saturating_add(ours),
        "layers": layers,
    })
}

fn layer(layer: &Layer) -> Value {
    json!({
        "holds": layer.title,
        "mediaType": layer.descriptor.media_type,
        "digest": layer.descriptor.digest,
        "diffId": layer.diff_id,
        "bytes": layer.descriptor.size,
        "unpackedBytes": layer.unpacked_bytes,
        "files": layer.files.len(),
    })
}
