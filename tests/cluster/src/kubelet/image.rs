//! Images: which names can be pulled, and what is in them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::object::{digest, list, text};
use crate::program::command;

/// What a container is started from.
#[derive(Debug, Clone, Default)]
pub struct Image {
    pub(crate) root: PathBuf,
    pub(crate) entrypoint: Vec<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) user: String,
    pub(crate) folder: String,
}

/// What a registry would have: images by repository, or by repository and tag.
#[derive(Debug, Clone, Default)]
pub struct Images(BTreeMap<String, Image>);

impl Images {
    /// Adds an image under a name: `repository` for all its tags and digests, or `repository:tag`.
    #[must_use]
    pub fn with(mut self, name: &str, image: Image) -> Self {
        self.0.insert(name.to_owned(), image);
        self
    }

    /// The image of a reference, in the words of a runtime if there is none.
    pub(crate) fn find(&self, reference: &str) -> Result<&Image, Missing> {
        let is_name = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/:".contains(&byte)
        };
        let name = reference.split('@').next().unwrap_or_default();
        let repository = repository(name);
        if repository.is_empty() || !repository.bytes().all(is_name) {
            let why =
                format!("couldn't parse image reference {reference:?}: invalid reference format");
            return Err(Missing { reason: "InvalidImageName", why });
        }
        self.0.get(name).or_else(|| self.0.get(repository)).ok_or_else(|| {
            let why = format!(
                "rpc error: code = NotFound desc = failed to pull and unpack image {reference:?}: failed to \
                 resolve reference {reference:?}: {reference}: not found"
            );
            Missing { reason: "ErrImagePull", why }
        })
    }
}

/// A reference without its tag.
fn repository(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// What a runtime calls the image of a reference: by its digest, or by one that is made up of the tag.
pub(crate) fn image_id(reference: &str) -> String {
    if let Some((name, digest)) = reference.split_once('@') {
        return format!("{}@{digest}", repository(name));
    }
    let digits = digest(reference);
    format!("{}@sha256:{digits}{digits}", repository(reference))
}

/// Why there is no image.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) reason: &'static str,
    pub(crate) why: String,
}

impl Image {
    /// The image in an OCI layout, as other tools read it; `source` is `FOLDER[:NAME]`.
    ///
    /// # Errors
    /// When `skopeo` or `umoci` cannot read it, or `folder` cannot be written.
    pub fn layout(source: &str, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let one = format!("{}:image", folder.join("layout").display());
        let (source, copy) = (format!("oci:{source}"), format!("oci:{one}"));
        finish(command("skopeo", &["--insecure-policy", "copy", "--quiet", &source, &copy]))?;
        let config = finish(command("skopeo", &["inspect", "--config", &copy]))?;
        let config: Value = serde_json::from_str(&config)?;
        let bundle = folder.join("bundle");
        let mut unpack = command("umoci", &["unpack", "--image", &one]);
        unpack.arg(&bundle);
        finish(unpack)?;
        let words = |pointer: &str| {
            let words = list(&config, pointer).iter().filter_map(Value::as_str);
            words.map(str::to_owned).collect()
        };
        Ok(Self {
            root: bundle.join("rootfs"),
            entrypoint: words("/config/Entrypoint"),
            arguments: words("/config/Cmd"),
            env: words("/config/Env"),
            user: text(&config, "/config/User").unwrap_or_default().to_owned(),
            folder: text(&config, "/config/WorkingDir").unwrap_or("/").to_owned(),
        })
    }

    /// An image of programs of this machine, each at a path of its own, with the libraries that they are
    /// linked with. The first is what it starts.
    ///
    /// # Errors
    /// When `ldd` cannot read them, or `folder` cannot be written.
    pub fn programs(programs: &[(&Path, &str)], folder: &Path) -> Result<Self> {
        for below in ["tmp", "etc", "dev", "proc", "sys"] {
            fs::create_dir_all(folder.join(below))?;
        }
        fs::set_permissions(folder.join("tmp"), fs::Permissions::from_mode(0o1777))?;
        for (program, at) in programs {
            copy(program, Path::new(at), folder)?;
            // `ldd` fails for a program that needs nothing.
            let libraries = command("ldd", &[]).arg(program).output()?;
            let libraries = String::from_utf8_lossy(&libraries.stdout).into_owned();
            for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
                copy(Path::new(library), Path::new(library), folder)?;
            }
        }
        let entrypoint = programs.iter().take(1).map(|(_, at)| (*at).to_owned()).collect();
        let env = vec!["PATH=/bin:/".to_owned()];
        let (user, root) = ("8888".to_owned(), folder.to_owned());
        Ok(Self { root, entrypoint, env, user, folder: "/".to_owned(), ..Self::default() })
    }

    /// The same with these words before those that a pod gives it.
    #[must_use]
    pub fn with_entrypoint(mut self, words: &[&str]) -> Self {
        self.entrypoint.extend(words.iter().map(|&word| word.to_owned()));
        self
    }
}

/// Copies a file of this machine to a path below a folder.
fn copy(file: &Path, at: &Path, folder: &Path) -> Result<()> {
    let inside = folder.join(at.strip_prefix("/").unwrap_or(at));
    fs::create_dir_all(inside.parent().context("no folder")?)?;
    let copied = fs::copy(file, inside);
    copied.map(drop).with_context(|| format!("`{}` cannot be copied", file.display()))
}

fn finish(mut command: Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?} cannot be run"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Image, Images};

    #[test]
    fn images_are_found_by_repository_or_by_tag() {
        let images = Images::default();
        let images =
            images.with("radiant", Image::default()).with("host:5000/a/b:1", Image::default());
        for reference in [
            "radiant",
            "radiant:1",
            "radiant@sha256:0123",
            "radiant:1@sha256:0123",
            "host:5000/a/b:1",
        ] {
            assert!(images.find(reference).is_ok(), "{reference}");
        }
        let missing = images.find("host:5000/a/b:2").expect_err("another tag");
        assert_eq!(missing.reason, "ErrImagePull");
        assert!(missing.why.contains("host:5000/a/b:2: not found"), "{}", missing.why);
        assert_eq!(images.find("Radiant:1").expect_err("no name").reason, "InvalidImageName");
    }
}
