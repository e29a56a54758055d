//! What each layer of an artifact is: a file of the model, or an archive of files.

use std::path::PathBuf;

use super::manifest::{Layer, Manifest};

/// The folder of an image that holds a model, as KServe has it.
pub(super) const IMAGE_FOLDER: &str = "models";

/// Where ORAS, and what is built on it, write a file's name.
const TITLE: &str = "org.opencontainers.image.title";

/// Says of a titled layer that it is a folder, packed.
const UNPACK: &str = "io.deis.oras.content.unpack";

/// Where model packs write a file's name: now, and before.
const FILE_PATHS: [&str; 2] = ["org.cncf.model.filepath", "org.cnai.model.filepath"];

/// A layer that stands for nothing.
const NOTHING: &str = "application/vnd.oci.empty.v1+json";

/// How types of layers end that are archives.
const ARCHIVES: [&str; 6] = [".tar", ".tar+gzip", ".tar.gzip", ".tar+gz", ".tar.gz", "+zip"];

/// What they would end with if they could be unpacked here.
const PACKED_OTHERWISE: [&str; 5] =
    [".tar+zstd", ".tar.zstd", ".tar+bzip2", ".tar+xz", "+encrypted"];

/// How deep files may be nested.
const DEPTH_MAX: usize = 32;

/// What file systems take as a name, in bytes.
const PART_BYTES_MAX: usize = 255;

/// The beginning of names that fetching needs for itself.
const RESERVED: &str = ".radiant";

/// What a layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file, under this name.
    File(PathBuf),
    /// An archive of files.
    Archive,
    /// A layer of an image: files below `/models`, and what it hides of the layers below it.
    Image,
    /// Nothing.
    Nothing,
}

/// Says what a layer is.
///
/// A file's name in an annotation decides; then the type, whose vendor does not matter.
///
/// # Errors
/// What was expected, and what it is.
pub(super) fn of(layer: &Layer, manifest: &Manifest) -> Result<Place, (&'static str, String)> {
    let kind = layer.media_type.as_str();
    let noted = |name: &str| layer.annotations.get(name).map(String::as_str);
    let ends_with = |ends: &[&str]| ends.iter().any(|end| kind.ends_with(end));
    if kind == NOTHING {
        return Ok(Place::Nothing);
    }
    if let Some(title) = noted(TITLE) {
        let is_folder = noted(UNPACK) == Some("true");
        return if is_folder { Ok(Place::Archive) } else { name(title).map(Place::File) };
    }
    if ends_with(&PACKED_OTHERWISE) {
        let got = format!("`{}`: push it as tar or tar.gz", kind.escape_debug());
        return Err(("a file, tar or tar.gz", got));
    }
    if ends_with(&ARCHIVES) {
        return Ok(if manifest.is_image { Place::Image } else { Place::Archive });
    }
    if let Some(path) = FILE_PATHS.into_iter().find_map(noted) {
        return name(path).map(Place::File);
    }
    let got = format!("none in a layer of type `{}`", kind.escape_debug());
    Err(("a file's name in annotation `org.opencontainers.image.title`, or an archive", got))
}

/// Makes a relative path of a file's name.
fn name(text: &str) -> Result<PathBuf, (&'static str, String)> {
    let refuse = |expected| Err((expected, format!("`{}`", text.escape_debug())));
    if text.contains(['\\', '\0']) {
        return refuse("a file's name without backslash and NUL");
    }
    let plain = text.strip_prefix("./").unwrap_or(text);
    let parts: Vec<&str> = plain.split('/').collect();
    let is_part = |part: &&str| !matches!(*part, "" | "." | "..") && part.len() <= PART_BYTES_MAX;
    if !parts.iter().all(is_part) {
        return refuse("a relative name of a file, without `..`, of parts of at most 255 bytes");
    }
    if parts.len() > DEPTH_MAX {
        return refuse("at most 32 nested folders");
    }
    if plain.starts_with(RESERVED) {
        return refuse("a name that does not begin with `.radiant`");
    }
    Ok(parts.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::super::digest::Digest;
    use super::*;

    fn place(
        is_image: bool,
        media_type: &str,
        annotations: &[(&str, &str)],
    ) -> Result<Place, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let layer = Layer {
            media_type: media_type.to_owned(),
            digest: Digest::sha256(b""),
            bytes: 0,
            annotations: annotations.iter().map(owned).collect(),
        };
        let manifest = Manifest { is_image, layers: Vec::new() };
        of(&layer, &manifest).map_err(|(expected, got)| format!("{expected}: {got}"))
    }

    fn file(name: &str) -> Place {
        Place::File(name.into())
    }

    #[test]
    fn layers_of_all_known_packers_are_placed() {
        let tar = "application/vnd.oci.image.layer.v1.tar";
        let tar_gz = "application/vnd.oci.image.layer.v1.tar+gzip";
        // What ORAS pushes: any type, a title; folders are packed.
        assert_eq!(place(false, tar, &[(TITLE, "model.onnx")]), Ok(file("model.onnx")));
        assert_eq!(place(true, tar, &[(TITLE, "a/b.json")]), Ok(file("a/b.json")));
        let folder = [(TITLE, "model"), (UNPACK, "true")];
        assert_eq!(place(false, tar_gz, &folder), Ok(Place::Archive));
        // Images of containers.
        for kind in [
            tar,
            tar_gz,
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
        ] {
            assert_eq!(place(true, kind, &[]), Ok(Place::Image), "{kind}");
            assert_eq!(place(false, kind, &[]), Ok(Place::Archive), "{kind}");
        }
        // Model packs and kits.
        let path = [(FILE_PATHS[0], "weights/model.onnx")];
        let raw = "application/vnd.cncf.model.weight.v1.raw";
        assert_eq!(place(false, raw, &path), Ok(file("weights/model.onnx")));
        let packed = "application/vnd.cncf.model.weight.v1.tar";
        assert_eq!(place(false, packed, &path), Ok(Place::Archive));
        let kit = "application/vnd.kitops.modelkit.model.v1.tar+gzip";
        assert_eq!(place(false, kit, &[]), Ok(Place::Archive));
        assert_eq!(place(false, NOTHING, &[]), Ok(Place::Nothing));
    }

    #[test]
    fn layers_without_a_name_and_other_compression_are_refused_with_a_way_out() {
        let message = place(false, "application/octet-stream", &[]).unwrap_err();
        assert!(message.contains(TITLE) && message.contains("octet-stream"), "{message}");
        let kind = "application/vnd.oci.image.layer.v1.tar+zstd";
        let message = place(true, kind, &[]).unwrap_err();
        assert!(message.contains("push it as tar or tar.gz"), "{message}");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let long = "a".repeat(256);
        let deep = "a/".repeat(33) + "a";
        for title in [
            "",
            ".",
            "..",
            "/a",
            "a/",
            "a//b",
            "a/../b",
            "../a",
            "./../a",
            "a\\b",
            "a\0b",
            &long,
            &deep,
            ".radiant-fetch/a",
        ] {
            let placed = place(false, "a/b", &[(TITLE, title)]);
            assert!(placed.is_err(), "{title} {placed:?}");
        }
        assert_eq!(place(false, "a/b", &[(TITLE, "./a..b/.c")]), Ok(file("a..b/.c")));
    }
}
