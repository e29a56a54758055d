//! Reads archives of images: those of the OCI, and what `docker save` and `podman save` write.
//!
//! An archive is somebody else's data: names in it are only looked up, never written to, and documents
//! are bounded. It is not unpacked; blobs are copied from where they lie in it, and are named by what
//! they hold.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use radiant_storage::oci::Digest;
use serde::Deserialize;
use tar::EntryType;

use crate::error::Failure;
use crate::layout::{
    Blob, DOCUMENT_BYTES_MAX, Descriptor, ImageConfig, ImageIndex, ImageManifest, Layout,
    LayoutError, Platform, media_type,
};

/// More entries than any image's archive has.
const ENTRIES_MAX: usize = 100_000;
/// Links to links to links.
const LINKS_MAX: usize = 8;

/// Copies all images of an archive into an empty layout.
///
/// # Errors
/// When it cannot be read, is no archive of images, or is damaged.
pub fn import(path: &Path, into: &Layout) -> Result<(), Failure> {
    let mut archive = Archive::open(path)?;
    let index = if archive.has("oci-layout") && archive.has("index.json") {
        archive.oci(into)?
    } else if archive.has("manifest.json") {
        archive.docker(into)?
    } else {
        return Err(archive.wrong("`index.json` or `manifest.json` of an image", "neither").into());
    };
    Ok(into.write_index(&index)?)
}

struct Archive {
    path: PathBuf,
    file: File,
    /// Where files lie, and how long they are.
    files: BTreeMap<String, (u64, u64)>,
    /// Names that stand for other names.
    links: BTreeMap<String, String>,
}

/// An image of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

impl Archive {
    fn open(path: &Path) -> Result<Self, Failure> {
        let mut file = File::open(path).map_err(LayoutError::read(path))?;
        let mut archive = Self {
            path: path.to_owned(),
            file: file.try_clone().map_err(LayoutError::read(path))?,
            files: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        let mut magic = [0; 2];
        let n = file.read(&mut magic).map_err(LayoutError::read(path))?;
        if n == 2 && magic == [0x1f, 0x8b] {
            return Err(Failure::from(archive.wrong("a tar archive", "a compressed one"))
                .hint(format!("unpack it first: `gunzip -k {}`", path.display())));
        }
        file.rewind().map_err(LayoutError::read(path))?;
        archive.scan(&file).map_err(|error| {
            Failure::from(archive.wrong("a tar archive of an image", &error.to_string()))
        })?;
        Ok(archive)
    }

    fn scan(&mut self, file: &File) -> io::Result<()> {
        let mut reader = tar::Archive::new(BufReader::new(file));
        for (n, entry) in reader.entries_with_seek()?.enumerate() {
            if n >= ENTRIES_MAX {
                return Err(io::Error::other(format!("more than {ENTRIES_MAX} entries")));
            }
            let entry = entry?;
            let name = clean(&entry.path()?);
            match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => {
                    self.files.insert(name, (entry.raw_file_position(), entry.size()));
                }
                EntryType::Symlink | EntryType::Link => {
                    let Some(target) = entry.link_name()? else { continue };
                    let is_symbolic = entry.header().entry_type() == EntryType::Symlink;
                    let folder = Path::new(&name).parent().filter(|_| is_symbolic);
                    let target = folder.map_or(target.to_path_buf(), |folder| folder.join(&target));
                    self.links.insert(name, clean(&target));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    fn wrong(&self, expected: &str, got: &str) -> LayoutError {
        LayoutError::Document {
            what: format!("`{}`", self.path.display()),
            expected: expected.to_owned(),
            got: got.to_owned(),
        }
    }

    /// A file of the archive, and its length.
    fn entry(&mut self, name: &str) -> Result<(impl Read + '_, u64), LayoutError> {
        let mut found = clean(Path::new(name));
        for _ in 0..LINKS_MAX {
            match self.links.get(&found) {
                Some(target) => found.clone_from(target),
                None => break,
            }
        }
        let Some((at, bytes)) = self.files.get(&found).copied() else {
            return Err(self.wrong(&format!("`{}` in it", name.escape_debug()), "nothing"));
        };
        self.file.seek(SeekFrom::Start(at)).map_err(LayoutError::read(&self.path))?;
        Ok((Read::take(&self.file, bytes), bytes))
    }

    fn document(&mut self, name: &str) -> Result<Vec<u8>, LayoutError> {
        let path = self.path.clone();
        let (mut entry, bytes) = self.entry(name)?;
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(LayoutError::Long { path, bytes_max: DOCUMENT_BYTES_MAX });
        }
        let mut text = Vec::new();
        entry.read_to_end(&mut text).map_err(LayoutError::read(&path))?;
        Ok(text)
    }

    /// Copies a file into a layout, and says what its first bytes are.
    fn copy(&mut self, name: &str, into: &Layout) -> Result<(Blob, [u8; 4]), LayoutError> {
        let (path, mut magic) = (self.path.clone(), [0; 4]);
        let (mut entry, bytes) = self.entry(name)?;
        let mut writer = into.blob_writer()?;
        let n = entry.read(&mut magic).map_err(LayoutError::read(&path))?;
        let mut whole = magic.get(..n).unwrap_or_default().chain(entry);
        io::copy(&mut whole, &mut writer).map_err(LayoutError::write(into.root()))?;
        let blob = writer.commit()?;
        if blob.size != bytes {
            let what = format!("`{}` in `{}`", name.escape_debug(), path.display());
            return Err(LayoutError::Size { what, expected: bytes, got: blob.size });
        }
        Ok((blob, magic))
    }

    fn oci(&mut self, into: &Layout) -> Result<ImageIndex, LayoutError> {
        let text = self.document("index.json")?;
        let shown = format!("`index.json` in `{}`", self.path.display());
        let names: Vec<String> =
            self.files.keys().filter(|name| name.starts_with("blobs/")).cloned().collect();
        for name in names {
            let (blob, _) = self.copy(&name, into)?;
            let named = name.strip_prefix("blobs/").unwrap_or_default().replacen('/', ":", 1);
            if Digest::parse(&named).as_ref() != Some(&blob.digest) {
                let got = blob.digest.to_string();
                return Err(LayoutError::Digest { expected: named, got });
            }
        }
        crate::layout::parse(&shown, &text)
    }

    fn docker(&mut self, into: &Layout) -> Result<ImageIndex, Failure> {
        let text = self.document("manifest.json")?;
        let shown = format!("`manifest.json` in `{}`", self.path.display());
        let images: Vec<Saved> = crate::layout::parse(&shown, &text)?;
        let mut index = ImageIndex::default();
        for image in &images {
            let descriptor = self.image(image, into)?;
            let tags = image.repo_tags.iter().flatten();
            let named = tags.map(|tag| {
                let mut descriptor = descriptor.clone();
                let name = "org.opencontainers.image.ref.name".to_owned();
                descriptor.annotations = Some([(name, tag.clone())].into());
                descriptor
            });
            let named: Vec<Descriptor> = named.collect();
            if named.is_empty() {
                index.manifests.push(descriptor);
            }
            index.manifests.extend(named);
        }
        Ok(index)
    }

    fn image(&mut self, image: &Saved, into: &Layout) -> Result<Descriptor, Failure> {
        let text = self.document(&image.config)?;
        let shown = format!("`{}` in `{}`", image.config.escape_debug(), self.path.display());
        let config: ImageConfig = crate::layout::parse(&shown, &text)?;
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != image.layers.len() {
            let got = image.layers.len();
            return Err(anyhow!("{shown}: expected {} layers, got {got}", diff_ids.len()).into());
        }
        let mut layers = Vec::new();
        for (name, diff_id) in image.layers.iter().zip(diff_ids) {
            let (blob, magic) = self.copy(name, into)?;
            let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
            if !is_gzip && blob.digest != *diff_id {
                let (expected, got) = (diff_id.to_string(), blob.digest.to_string());
                return Err(LayoutError::Digest { expected, got }.into());
            }
            let kind = if is_gzip { media_type::LAYER_GZIP } else { media_type::LAYER };
            layers.push(blob.descriptor(kind));
        }
        let manifest = ImageManifest::new(into.add(media_type::CONFIG, &text)?, layers);
        let mut descriptor = into.add_json(media_type::MANIFEST, &manifest)?;
        descriptor.platform = Some(Platform::of(&config));
        Ok(descriptor)
    }
}

/// A path without `.`, `..` and what is before them.
fn clean(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            std::path::Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            std::path::Component::ParentDir => {
                parts.pop();
            }
            _ => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Document;

    fn archive(files: &[(&str, &[u8])], links: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("image.tar");
        let mut builder = tar::Builder::new(File::create(&path).unwrap());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        for (name, target) in links {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, name, target).unwrap();
        }
        builder.finish().unwrap();
        (place, path)
    }

    type Files<'a> = Vec<(&'a str, &'a [u8])>;

    fn imported(path: &Path) -> Result<Layout, Failure> {
        let place = tempfile::tempdir().unwrap().keep();
        let layout = Layout::create(&place.join("layout")).unwrap();
        import(path, &layout).map(|()| layout)
    }

    #[test]
    fn what_docker_saves_is_read_through_its_links() {
        let layer = b"not really an archive";
        let config = format!(
            r#"{{"architecture":"arm64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
            Digest::sha256(layer)
        );
        let manifest =
            br#"[{"Config":"c.json","RepoTags":["a:1","a:2"],"Layers":["x/layer.tar"]}]"#;
        let files: [(&str, &[u8]); 3] =
            [("c.json", config.as_bytes()), ("y/layer.tar", layer), ("manifest.json", manifest)];
        let (_place, path) = archive(&files, &[("x/layer.tar", "../y/layer.tar")]);
        let layout = imported(&path).unwrap();
        let index = layout.index().unwrap();
        assert_eq!(index.manifests.len(), 2);
        assert_eq!(index.manifests[0].platform, Some(Platform::linux("arm64")));
        let Document::Manifest(manifest) = layout.manifest(&index.manifests[1]).unwrap() else {
            panic!("an index");
        };
        assert_eq!(manifest.layers[0].digest, Digest::sha256(layer));
        assert_eq!(manifest.layers[0].media_type, media_type::LAYER);
    }

    proptest::proptest! {
        #[test]
        fn damaged_archives_never_panic(
            changes in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 1..6),
        ) {
            let text = br#"[{"Config":"c","Layers":["l"]}]"#;
            let (_place, path) = archive(&[("manifest.json", text), ("c", b"{}")], &[("l", "c")]);
            let mut bytes = std::fs::read(&path).unwrap();
            for (at, byte) in changes {
                let n = bytes.len();
                bytes[at % n] = byte;
            }
            std::fs::write(&path, bytes).unwrap();
            let place = tempfile::tempdir().unwrap();
            let layout = Layout::create(&place.path().join("layout")).unwrap();
            drop(import(&path, &layout));
        }
    }

    #[test]
    fn damaged_archives_are_refused() {
        let none = Digest::sha256(b"").to_string();
        let config = format!(
            r#"{{"architecture":"x","os":"linux","rootfs":{{"type":"layers","diff_ids":["{none}"]}}}}"#
        );
        let saved = br#"[{"Config":"c","Layers":["l"]}]"#.as_slice();
        let blob = format!("blobs/{}", none.replace(':', "/"));
        let cases: Vec<(Files<'_>, &str)> = vec![
            (vec![("x", b"")], "got neither"),
            (vec![("manifest.json", b"{}")], "`manifest.json`"),
            (vec![("manifest.json", saved)], "expected `c` in it"),
            (vec![("manifest.json", saved), ("c", config.as_bytes())], "expected `l` in it"),
            (
                vec![("manifest.json", saved), ("c", config.as_bytes()), ("l", b"other")],
                "expected digest",
            ),
            (
                vec![("oci-layout", b"{}"), ("index.json", b"{}"), (&blob, b"other")],
                "expected digest",
            ),
        ];
        for (files, expected) in cases {
            let (_place, path) = archive(&files, &[]);
            let text = imported(&path).unwrap_err().text();
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x.tar.gz");
        std::fs::write(&path, [0x1f, 0x8b, 8, 0]).unwrap();
        assert!(imported(&path).unwrap_err().text().contains("gunzip"));
        std::fs::write(&path, [7; 1024]).unwrap();
        assert!(imported(&path).is_err());
    }
}
