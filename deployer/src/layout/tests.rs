//! Tests of layouts: what is written can be read, and nothing else can.

use std::io::Write as _;

use super::*;

fn layout() -> (tempfile::TempDir, Layout) {
    let place = tempfile::tempdir().unwrap();
    let layout = Layout::create(&place.path().join("image")).unwrap();
    (place, layout)
}

#[test]
fn what_is_added_can_be_read() {
    let (_place, layout) = layout();
    let config = layout.add(media_type::EMPTY, b"{}").unwrap();
    let manifest = ImageManifest::new(config.clone(), vec![]);
    let descriptor = layout.add_json(media_type::MANIFEST, &manifest).unwrap();
    let manifests = vec![descriptor.clone()];
    layout.write_index(&ImageIndex { manifests, ..ImageIndex::default() }).unwrap();

    let read = Layout::open(layout.root()).unwrap();
    assert_eq!(read.index().unwrap().manifests, std::slice::from_ref(&descriptor));
    assert_eq!(read.manifest(&descriptor).unwrap(), Document::Manifest(Box::new(manifest)));
    assert_eq!(read.document(&config).unwrap(), b"{}");
}

#[test]
fn a_blob_that_is_not_committed_leaves_nothing() {
    let (_place, layout) = layout();
    let mut writer = layout.blob_writer().unwrap();
    writer.write_all(b"half").unwrap();
    drop(writer);
    let left = fs::read_dir(layout.root().join("blobs/sha256")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn a_changed_blob_is_found_out() {
    let (_place, layout) = layout();
    let descriptor = layout.add(media_type::EMPTY, b"{}").unwrap();
    let path = layout.blob_path(&descriptor.digest);
    fs::write(&path, "[]").unwrap();
    let error = layout.document(&descriptor).unwrap_err();
    assert!(matches!(error, LayoutError::Digest { .. }), "{error}");
    fs::write(&path, "{ }").unwrap();
    let error = layout.document(&descriptor).unwrap_err().to_string();
    assert!(error.ends_with("expected 2 bytes, got 3"), "{error}");
    assert!(layout.open_blob(&descriptor).is_err() && !layout.has(&descriptor));
    fs::remove_file(&path).unwrap();
    assert!(matches!(layout.document(&descriptor), Err(LayoutError::Read { .. })));
}

#[test]
fn a_long_document_is_not_read() {
    let (_place, layout) = layout();
    let text = vec![b' '; usize::try_from(DOCUMENT_BYTES_MAX).unwrap() + 1];
    let descriptor = layout.add(media_type::MANIFEST, &text).unwrap();
    assert!(matches!(layout.manifest(&descriptor), Err(LayoutError::Long { .. })));
}

#[test]
fn other_folders_are_left_alone() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("mine"), "").unwrap();
    assert!(matches!(Layout::create(place.path()), Err(LayoutError::NotALayout { .. })));
    assert!(matches!(Layout::open(place.path()), Err(LayoutError::NotALayout { .. })));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    fs::write(place.path().join(MARK), r#"{"imageLayoutVersion":"2.0"}"#).unwrap();
    let error = Layout::open(place.path()).unwrap_err().to_string();
    assert!(error.contains("expected version 1, got `2.0`"), "{error}");
}

#[test]
fn what_is_neither_manifest_nor_index_is_refused() {
    let cases = [
        ("[]", "a document of the OCI"),
        ("{}", "`schemaVersion` 2, got none"),
        (r#"{"schemaVersion":1}"#, "`schemaVersion` 2, got 1"),
        (r#"{"schemaVersion":2}"#, "got neither"),
        (r#"{"schemaVersion":2,"config":{},"layers":[],"manifests":[]}"#, "got both"),
        (r#"{"schemaVersion":2,"mediaType":"x","manifests":[]}"#, "got `x`"),
        (
            r#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../","size":1}]}"#,
            "64 lowercase hexadecimal digits",
        ),
    ];
    for (text, expected) in cases {
        let error = Document::parse("x", text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_configuration_keeps_what_is_not_known_here() {
    let text = r#"{"architecture":"amd64","os":"linux","config":{"Cmd":null,"Healthcheck":{"Test":["CMD","x"]}},"rootfs":{"type":"layers","diff_ids":[]},"docker_version":"20"}"#;
    let config: ImageConfig = serde_json::from_str(text).unwrap();
    let written = serde_json::to_string(&config).unwrap();
    assert!(written.contains(r#""Healthcheck":{"Test":["CMD","x"]}"#), "{written}");
    assert!(written.contains(r#""docker_version":"20""#) && !written.contains("Cmd"), "{written}");
}

#[test]
fn platforms_are_parsed_and_compared() {
    let arm = Platform::parse("linux/arm64").unwrap();
    let v8 = Platform::parse("linux/arm64/v8").unwrap();
    assert!(arm.runs(&v8) && v8.runs(&arm));
    assert!(!v8.runs(&Platform::parse("linux/arm64/v9").unwrap()));
    assert!(!arm.runs(&Platform::linux("amd64")));
    assert_eq!(v8.to_string(), "linux/arm64/v8");
    for text in ["", "linux", "linux/", "/arm64", "linux/arm/v7/x"] {
        assert_eq!(Platform::parse(text), None, "{text}");
    }
}
