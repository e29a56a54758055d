//! Layers on top of each other.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

const LIMITS: Limits = Limits { total_bytes: 100, file_bytes: 60, files: 5 };

/// A tape archive; a name with ` -> ` in it is a link.
pub(in super::super) fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, body) in files {
        let mut header = ::tar::Header::new_gnu();
        header.set_mode(0o644);
        if let Some((name, target)) = name.split_once(" -> ") {
            header.set_entry_type(::tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, name, target).unwrap();
        } else {
            header.set_size(body.len() as u64);
            builder.append_data(&mut header, name, body.as_bytes()).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

/// The same, compressed.
pub(in super::super) fn tar_gz(files: &[(&str, &str)]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&tar(files)).unwrap();
    encoder.finish().unwrap()
}

/// Layers that were put together.
struct Stack {
    folder: TempDir,
    tree: Tree,
    n_layers: usize,
}

impl Stack {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        let unpacked = folder.path().join("unpacked");
        let tree = Tree::new(&root, unpacked, "oci://host.io/iris:1".to_owned(), LIMITS);
        Self { folder, tree, n_layers: 0 }
    }

    fn add(&mut self, place: Place, blob: &[u8]) -> Result<(), String> {
        let path = self.folder.path().join("blob");
        fs::write(&path, blob).unwrap();
        self.n_layers += 1;
        let layer = Layered {
            number: self.n_layers,
            place,
            bytes: blob.len() as u64,
            blob: path,
            is_last_use: true,
        };
        self.tree.add(&layer).map_err(|error| error.to_string())
    }

    /// All files that the tree knows, with what is in them on the disk.
    fn files(&self) -> String {
        let names = self.tree.names();
        let on_disk = walk(&self.folder.path().join("root")).unwrap();
        assert_eq!(on_disk.len(), names.len(), "{on_disk:?} {names:?}");
        let body = |name: &Path| fs::read_to_string(self.folder.path().join("root").join(name));
        let shown = names.iter().map(|name| format!("{}={}", name.display(), body(name).unwrap()));
        shown.collect::<Vec<_>>().join(" ")
    }
}

/// What an image of these layers holds.
fn image(layers: &[&[(&str, &str)]]) -> String {
    let mut stack = Stack::new();
    for layer in layers {
        stack.add(Place::Image, &tar_gz(layer)).unwrap();
    }
    stack.files()
}

#[test]
fn of_an_image_only_the_folder_of_the_model_is_taken() {
    let base = [
        ("bin/sh", "x"),
        ("bin/ls -> sh", ""),
        ("models.txt", "x"),
        ("srv/models/a", "x"),
        ("models/model.onnx", "M"),
        ("./models/deep/er/a.json", "A"),
    ];
    assert_eq!(image(&[&base]), "deep/er/a.json=A model.onnx=M");
    assert_eq!(image(&[&base[..4], &base[4..5]]), "model.onnx=M");
    assert_eq!(image(&[&base[..4]]), "");
}

#[test]
fn upper_layers_replace_and_hide_what_is_below_them() {
    let base = [("models/a/1", "1"), ("models/a/2", "2"), ("models/b", "b")];
    for (upper, expected) in [
        (&[("models/b", "B")][..], "a/1=1 a/2=2 b=B"),
        (&[("models/.wh.b", "")], "a/1=1 a/2=2"),
        (&[("models/.wh.a", "")], "b=b"),
        (&[("models/a/.wh.1", "")], "a/2=2 b=b"),
        (&[("models/a/3", "3"), ("models/a/.wh..wh..opq", "")], "a/3=3 b=b"),
        (&[("models/a/.wh..wh..opq", ""), ("models/a/1", "new")], "a/1=new b=b"),
        (&[("models/.wh.a", ""), ("models/a", "file")], "a=file b=b"),
        (&[("models/a", "file")], "a=file b=b"),
        (&[("models/b/c", "C")], "a/1=1 a/2=2 b/c=C"),
        (&[(".wh.models", ""), ("models/c", "C")], "c=C"),
        (&[(".wh..wh..opq", "")], ""),
        (&[("models/.wh..wh..opq", "")], ""),
        (&[("models/.wh..wh.plnk", ""), ("models/.wh.none", "")], "a/1=1 a/2=2 b=b"),
        (&[("srv/.wh.models", ""), (".wh.model", ""), (".wh.models2", "")], "a/1=1 a/2=2 b=b"),
    ] {
        assert_eq!(image(&[&base, upper]), expected, "{upper:?}");
    }
}

#[test]
fn a_link_among_the_models_files_is_refused() {
    let mut stack = Stack::new();
    let blob = tar(&[("models/model.onnx -> ../etc/passwd", "")]);
    let message = stack.add(Place::Image, &blob).unwrap_err();
    assert!(message.contains("layer 1 of `oci://host.io/iris:1`"), "{message}");
    assert!(message.contains("link"), "{message}");
    assert_eq!(stack.files(), "");
}

#[test]
fn files_and_archives_stand_side_by_side_but_not_at_one_place() {
    let mut stack = Stack::new();
    stack.add(Place::File("a/model.onnx".into()), b"M").unwrap();
    stack.add(Place::Archive, &tar(&[("a/b", "B"), ("models/c", "C")])).unwrap();
    stack.add(Place::Nothing, b"{}").unwrap();
    assert_eq!(stack.files(), "a/b=B a/model.onnx=M models/c=C");
    for name in ["a/b", "a", "a/b/c"] {
        let message = stack.add(Place::File(name.into()), b"x").unwrap_err();
        assert!(message.contains(&format!("got `{name}` again")), "{message}");
        let message = stack.add(Place::Archive, &tar(&[(name, "x")])).unwrap_err();
        assert!(message.contains(&format!("got `{name}` again")), "{message}");
        drop(clear(&stack.folder.path().join("unpacked")));
    }
    let message = stack.add(Place::Archive, &tar(&[(".radiant-oci/x", "x")])).unwrap_err();
    assert!(message.contains("expected another name"), "{message}");
}

#[test]
fn limits_hold_for_all_layers_together() {
    let sixty = "x".repeat(60);
    let mut stack = Stack::new();
    stack.add(Place::Image, &tar_gz(&[("models/a", &sixty)])).unwrap();
    let message = stack.add(Place::Image, &tar_gz(&[("models/b", &sixty)])).unwrap_err();
    assert!(message.contains("at most 40 bytes"), "{message}");
    let mut stack = Stack::new();
    let files = ["1", "2", "3", "4", "5", "6"].map(|name| (name, ""));
    let message = stack.add(Place::Archive, &tar(&files)).unwrap_err();
    assert!(message.contains("at most 5 files"), "{message}");
    let message = stack.add(Place::Archive, b"no archive").unwrap_err();
    assert!(message.contains("expected zip, tar or tar.gz"), "{message}");
}
