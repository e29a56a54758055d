//! What an image is made of, for programs that look for known faults: SPDX 2.3 or CycloneDX 1.6.
//!
//! Packages of the server's program are a table that was written from its dependency graph; a program
//! cannot tell them itself. They hold for a program of the same version as this one. The document is an
//! artifact of its own that refers to the image, as registries list it (image-spec 1.1, `subject`), and
//! is the same for the same image: its identity is derived from the image's digest.

mod cyclonedx;
mod spdx;

use super::compose::timestamp;
use super::{Image, Request, Sbom};
use crate::error::Failure;
use crate::layout::{Descriptor, ImageManifest, Layout, media_type};

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// SPDX 2.3 in JSON.
    Spdx,
    /// CycloneDX 1.6 in JSON.
    Cyclonedx,
}

impl Format {
    fn media_type(self) -> &'static str {
        match self {
            Self::Spdx => "application/spdx+json",
            Self::Cyclonedx => "application/vnd.cyclonedx+json",
        }
    }
}

/// The packages of the program: name, version and licence, a line each.
pub(super) const PACKAGES: &str = include_str!("packages.tsv");

/// A package that was compiled in, or a library that was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    licence: Option<&'a str>,
    /// How others call it: `pkg:cargo/serde@1.0.0`.
    purl: String,
}

/// A file that is not made of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Loose<'a> {
    path: &'a str,
    sha256: &'a str,
}

/// What a document tells.
#[derive(Debug)]
struct Bill<'a> {
    /// The digest of the image.
    image: String,
    digits: &'a str,
    created: String,
    packages: Vec<Package<'a>>,
    files: Vec<Loose<'a>>,
}

/// Writes the document about an image into a layout.
pub(super) fn attach(
    layout: &Layout,
    request: &Request,
    image: &Image,
    format: Format,
) -> Result<Sbom, Failure> {
    let bill = Bill {
        image: image.descriptor.digest.to_string(),
        digits: image.descriptor.digest.digits(),
        created: timestamp(request.created_s),
        packages: packages(request, image),
        files: files(image),
    };
    let document = match format {
        Format::Spdx => spdx::document(&bill),
        Format::Cyclonedx => cyclonedx::document(&bill),
    };
    let mut text = serde_json::to_vec_pretty(&document).map_err(anyhow::Error::from)?;
    text.push(b'\n');
    let blob = layout.add(format.media_type(), &text)?;
    let empty = layout.add(media_type::EMPTY, b"{}")?;
    let mut manifest = ImageManifest::new(empty, vec![blob]);
    manifest.artifact_type = Some(format.media_type().to_owned());
    let subject = &image.descriptor;
    manifest.subject =
        Some(Descriptor::new(&subject.media_type, subject.digest.clone(), subject.size));
    let created = ("org.opencontainers.image.created".to_owned(), bill.created);
    manifest.annotations = Some([created].into());
    let mut descriptor = layout.add_json(media_type::MANIFEST, &manifest)?;
    descriptor.artifact_type = manifest.artifact_type;
    Ok(Sbom { descriptor, text })
}

fn packages<'a>(request: &'a Request, image: &Image) -> Vec<Package<'a>> {
    let has_program = image.layers.iter().any(|layer| layer.title == "program");
    let compiled = PACKAGES.lines().filter(|_| has_program).filter_map(compiled);
    let ort = request.orts.iter().find(|ort| ort.platform().runs(&image.platform));
    let ort = ort.filter(|_| has_program).map(|ort| {
        let version = ort.version().unwrap_or("unknown");
        let purl = format!("pkg:pypi/onnxruntime@{version}");
        Package { name: "onnxruntime", version, licence: Some("MIT"), purl }
    });
    compiled.chain(ort).collect()
}

fn compiled(line: &str) -> Option<Package<'_>> {
    let mut fields = line.split('\t');
    let (name, version) = (fields.next()?, fields.next()?);
    let licence = fields.next().filter(|licence| !licence.is_empty());
    let purl = format!("pkg:cargo/{name}@{version}");
    Some(Package { name, version, licence, purl })
}

fn files(image: &Image) -> Vec<Loose<'_>> {
    let files = image.layers.iter().flat_map(|layer| &layer.files);
    files.map(|file| Loose { path: &file.path, sha256: file.digest.digits() }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    /// What cargo says the program is made of: on Linux, without what only builds or tests it.
    fn from_cargo() -> String {
        #[expect(clippy::disallowed_methods, reason = "cargo is what knows the dependencies")]
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["tree", "--offline", "--locked", "--package", "radiant", "--edges", "normal"]);
        cargo.args(["--target", "x86_64-unknown-linux-gnu", "--prefix", "none"]);
        cargo.args(["--format", "{p}\t{l}"]);
        let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: BTreeSet<String> = text
            .lines()
            .filter_map(|line| {
                let line = line.trim_end_matches(" (*)");
                let (package, licence) = line.split_once('\t')?;
                let mut words = package.split(' ');
                let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
                let licence = licence.trim_end_matches(" (*)").replace('/', " OR ");
                Some(format!("{name}\t{version}\t{licence}\n"))
            })
            .collect();
        lines.into_iter().collect()
    }

    #[test]
    fn the_table_of_packages_is_what_the_program_is_made_of() {
        let now = from_cargo();
        use radiant_contract::EnvSource as _;
        if radiant_contract::ProcessEnv.get("UPDATE_DOCS").is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/image/sbom/packages.tsv");
            std::fs::write(path, now).unwrap();
            return;
        }
        assert!(now == PACKAGES, "run `UPDATE_DOCS=1 cargo test -p radiant-deploy packages`");
    }

    fn bill() -> Bill<'static> {
        let packages = PACKAGES.lines().filter_map(compiled).collect();
        let digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let files = vec![Loose { path: "models/a.onnx", sha256: digits }];
        let created = timestamp(0);
        Bill { image: format!("sha256:{digits}"), digits, created, packages, files }
    }

    #[test]
    fn both_formats_name_packages_and_files_once() {
        let bill = bill();
        assert!(bill.packages.len() > 100);
        for document in [spdx::document(&bill), cyclonedx::document(&bill)] {
            let text = document.to_string();
            assert!(text.matches(r#"":"pkg:cargo/tokio@"#).count() > 0);
            assert_eq!(text.matches(r#""name":"tokio""#).count(), 1);
            assert!(text.contains("models/a.onnx") && text.contains("1970-01-01T00:00:00Z"));
        }
    }

    #[test]
    fn identities_are_derived_from_the_image() {
        let document = cyclonedx::document(&bill());
        let expected = "urn:uuid:00112233-4455-8677-8899-aabbccddeeff";
        assert_eq!(document["serialNumber"], expected);
        let document = spdx::document(&bill());
        let ids: Vec<&str> = document["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| package["SPDXID"].as_str().unwrap())
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        let is_id = |id: &&str| {
            id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        };
        assert!(ids.iter().all(is_id), "{ids:?}");
    }
}
