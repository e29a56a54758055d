//! Tests of whole images: the same inputs give the same digest, and a base stays what it was.

use std::fs;
use std::path::Path;

use super::*;
use crate::archive;
use crate::layout::{Document, ImageConfig};

/// What this test is made of stands for the server's program.
fn program() -> String {
    std::env::current_exe().unwrap().display().to_string()
}

/// A program of a few bytes that needs no libraries: the head of an ELF file for a processor.
fn tiny(folder: &Path, name: &str, machine: u8) -> Runtime {
    let mut bytes = vec![0_u8; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (bytes[16], bytes[18], bytes[20]) = (2, machine, 1);
    (bytes[52], bytes[54], bytes[58]) = (64, 56, 64);
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    Runtime::open(path.to_str().unwrap()).unwrap()
}

const AMD64: u8 = 62;
const ARM64: u8 = 183;

fn request(runtimes: Vec<Runtime>) -> Request {
    Request {
        runtimes,
        orts: Vec::new(),
        base: None,
        platforms: Vec::new(),
        certificates: None,
        model: None,
        settings: None,
        env: BTreeMap::new(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        compression: Compression::Gzip,
        sbom: None,
        created_s: 0,
    }
}

fn model_of(path: &Path) -> Model {
    let fetching = Fetching { bytes_max: 1000, credentials: None };
    Model::open(path.to_str().unwrap(), &fetching).unwrap()
}

fn layout(folder: &Path) -> Layout {
    Layout::create(&folder.join("image")).unwrap()
}

fn config(layout: &Layout, image: &Image) -> ImageConfig {
    layout.config(&image.config).unwrap()
}

#[test]
fn the_same_inputs_give_the_same_digest() {
    let build_one = |names: [&str; 2], mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let model = place.path().join("model");
        fs::create_dir(&model).unwrap();
        for name in names {
            let path = model.join(name);
            fs::write(&path, name).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let file = fs::File::options().append(true).open(&path).unwrap();
            let time = std::time::SystemTime::UNIX_EPOCH;
            file.set_modified(time + std::time::Duration::from_secs(mode.into())).unwrap();
        }
        let mut request = request(vec![tiny(place.path(), "radiant", AMD64)]);
        request.model = Some(model_of(&model));
        request.sbom = Some(SbomFormat::Cyclonedx);
        let layout = layout(place.path());
        let built = build(&layout, &request).unwrap();
        let tar = place.path().join("image.tar");
        archive::write(&layout, &built.root, &[], &tar).unwrap();
        (built.root.digest, built.sboms[0].descriptor.digest.clone(), fs::read(tar).unwrap())
    };
    assert!(build_one(["a", "b"], 0o600) == build_one(["b", "a"], 0o755));
    assert!(build_one(["a", "b"], 0o600).0 != build_one(["a", "c"], 0o600).0);
}

#[test]
fn several_programs_give_an_index_that_shares_the_model() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a.onnx"), "x").unwrap();
    let runtimes = vec![tiny(place.path(), "a", ARM64), tiny(place.path(), "b", AMD64)];
    let mut request = request(runtimes);
    let path = place.path().join("a.onnx");
    request.model = Some(model_of(&path));
    let layout = layout(place.path());
    let built = build(&layout, &request).unwrap();
    let Document::Index(index) = layout.manifest(&built.root).unwrap() else { panic!("one") };
    let platforms: Vec<String> =
        index.manifests.iter().map(|one| one.platform.as_ref().unwrap().to_string()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    let [one, other] = &built.images[..] else { panic!("{built:?}") };
    assert_eq!(one.layers[2], other.layers[2]);
    assert_ne!(one.layers[1].descriptor, other.layers[1].descriptor);
    let env = config(&layout, one).config.unwrap().env.unwrap();
    assert_eq!(env, ["RADIANT_MODEL=/models/a.onnx"]);

    request.platforms = vec![Platform::linux("arm64")];
    let built = build(&layout, &request).unwrap();
    assert_eq!(built.root.media_type, media_type::MANIFEST);
    request.platforms = vec![Platform::linux("s390x")];
    let text = build(&layout, &request).unwrap_err().text();
    assert!(text.contains("linux/s390x`: expected one of linux/amd64, linux/arm64"), "{text}");
    request.runtimes = vec![tiny(place.path(), "a", ARM64), tiny(place.path(), "b", ARM64)];
    assert!(build(&layout, &request).unwrap_err().text().contains("got two"));
}

#[test]
fn a_program_that_needs_libraries_is_refused_without_them() {
    let place = tempfile::tempdir().unwrap();
    let request = request(vec![Runtime::open(&program()).unwrap()]);
    let failure = build(&layout(place.path()), &request).unwrap_err().text();
    assert!(failure.contains("expected a static program"), "{failure}");
}

#[test]
fn a_static_program_is_refused_with_a_library_that_it_cannot_open() {
    let place = tempfile::tempdir().unwrap();
    let ort = Ort::open(Path::new(&program()), &[]).unwrap();
    let machine = if ort.platform() == Platform::linux("amd64") { AMD64 } else { ARM64 };
    let mut request = request(vec![tiny(place.path(), "radiant", machine)]);
    request.orts.push(ort);
    let failure = build(&layout(place.path()), &request).unwrap_err().text();
    assert!(failure.contains("expected a program that opens libraries"), "{failure}");
    assert!(failure.contains("images/binary --flavour ort linux/"), "{failure}");
}

#[test]
fn a_model_goes_onto_a_base_which_stays_below() {
    let place = tempfile::tempdir().unwrap();
    let from = layout(place.path());
    let runtimes = vec![tiny(place.path(), "a", ARM64), tiny(place.path(), "b", AMD64)];
    let base = build(&from, &request(runtimes)).unwrap();
    let tar = place.path().join("base.tar");
    archive::write(&from, &base.root, &[], &tar).unwrap();
    let mut index = from.index().unwrap();
    index.manifests.push(base.root.clone());
    from.write_index(&index).unwrap();

    let model = place.path().join("a.onnx");
    fs::write(&model, "x").unwrap();
    for address in
        [format!("oci:{}", from.root().display()), format!("oci-archive:{}", tar.display())]
    {
        let to = tempfile::tempdir().unwrap();
        let to = layout(to.path());
        let mut request = request(Vec::new());
        request.base = Some(Base::open(&address).unwrap());
        request.model = Some(model_of(&model));
        let built = build(&to, &request).unwrap();
        assert_eq!(built.root.media_type, media_type::INDEX);
        assert_eq!(built.images.len(), 2);
        let own = &built.images[0];
        assert_eq!((own.below.len(), own.layers.len()), (2, 1));
        let config = config(&to, own);
        assert_eq!((config.rootfs.diff_ids.len(), config.history.unwrap().len()), (3, 3));
        let container = config.config.unwrap();
        assert_eq!(container.entrypoint.unwrap(), ["/radiant"]);
        assert_eq!(container.labels.unwrap()["org.opencontainers.image.title"], "radiant");
        for layer in &own.below {
            to.open_blob(layer).unwrap();
        }
        request.runtimes = vec![tiny(place.path(), "c", 243)];
        let text = build(&to, &request).unwrap_err().text();
        assert!(
            text.contains("expected one for linux/riscv64, got linux/amd64, linux/arm64"),
            "{text}"
        );
    }
}

#[test]
fn a_base_that_cannot_be_built_upon_says_why() {
    let place = tempfile::tempdir().unwrap();
    let from = layout(place.path());
    let mut built = build(&from, &request(vec![tiny(place.path(), "a", AMD64)])).unwrap();
    let Document::Manifest(mut manifest) = from.manifest(&built.root).unwrap() else { panic!() };
    manifest.layers[1].media_type = "application/vnd.x.encrypted".to_owned();
    let foreign = from.add_json(media_type::MANIFEST, &manifest).unwrap();
    manifest.layers.pop();
    let short = from.add_json(media_type::MANIFEST, &manifest).unwrap();
    let address = format!("oci:{}", from.root().display());
    let cases = [
        (vec![], "expected one, got none"),
        (vec![foreign], "got `application/vnd.x.encrypted`"),
        (vec![short.clone()], "expected 1 layers as the manifest has, got 2"),
        (vec![short, built.root.clone()], "expected one, got `sha256:"),
    ];
    for (manifests, expected) in cases {
        from.write_index(&ImageIndex { manifests, ..ImageIndex::default() }).unwrap();
        let text = Base::open(&address).unwrap_err().text();
        assert!(text.contains(expected), "{expected}: {text}");
    }
    built.root.annotations =
        Some([("org.opencontainers.image.ref.name".into(), "1".into())].into());
    from.write_index(&ImageIndex { manifests: vec![built.root], ..ImageIndex::default() }).unwrap();
    let text = Base::open(&format!("{address}:2")).unwrap_err().text();
    assert!(text.contains("with the tag `2`, got `1`"), "{text}");
    let layer = &built.images[0].layers[0].descriptor;
    let path = from.blob_path(&layer.digest);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let mut request = request(Vec::new());
    request.base = Some(Base::open(&format!("{address}:1")).unwrap());
    let to = tempfile::tempdir().unwrap();
    let text = build(&layout(to.path()), &request).unwrap_err().text();
    assert!(text.contains("expected digest"), "{text}");
    for wrong in ["registry/image:1", "oci:/nowhere", "docker-archive:/nowhere"] {
        assert!(Base::open(wrong).is_err());
    }
}
