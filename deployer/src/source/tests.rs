//! Layouts and archives of every kind, and what is refused of them.

use std::fs::File;
use std::io::Write as _;

use tar::Builder;

use super::*;
use crate::layout::{ImageManifest, media_type};

fn image(layout: &Layout, text: &str) -> Descriptor {
    let config = layout.add(media_type::CONFIG, text.as_bytes()).unwrap();
    layout.add_json(media_type::MANIFEST, &ImageManifest::new(config, Vec::new())).unwrap()
}

fn tagged(image: &Descriptor, tag: &str) -> Descriptor {
    let annotations = [(REF_NAME.to_owned(), tag.to_owned())].into();
    Descriptor { annotations: Some(annotations), ..image.clone() }
}

fn list(layout: &Layout, images: Vec<Descriptor>) {
    let mut index = layout.index().unwrap();
    index.manifests = images;
    layout.write_index(&index).unwrap();
}

fn open(source: &str) -> Result<String, String> {
    let opened = Image::open(source).map(|image| image.root.digest.to_string());
    opened.map_err(|failure| failure.text())
}

#[test]
fn an_image_is_found_by_its_tag_or_because_it_is_the_only_one() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(&folder.path().join("a")).unwrap();
    let path = layout.root().display().to_string();
    assert!(open(&path).unwrap_err().contains("expected one, got none"));
    let (one, two) = (image(&layout, "1"), image(&layout, "2"));
    let mut about = ImageManifest::new(one.clone(), Vec::new());
    about.subject = Some(one.clone());
    let about = layout.add_json(media_type::MANIFEST, &about).unwrap();
    list(&layout, vec![tagged(&one, "host.io/a:1"), tagged(&one, "latest"), about.clone()]);
    for source in
        [path.clone(), format!("oci:{path}"), format!("{path}:1"), format!("{path}:host.io/a:1")]
    {
        // A tag with a colon cannot be told from a path with one.
        if source.ends_with("a:1") && source.contains("host.io") {
            assert!(open(&source).is_err());
        } else {
            assert_eq!(open(&source).unwrap(), one.digest.to_string(), "{source}");
        }
    }
    list(&layout, vec![tagged(&one, "1"), tagged(&two, "2"), about]);
    assert_eq!(open(&format!("{path}:2")).unwrap(), two.digest.to_string());
    let error = open(&path).unwrap_err();
    assert!(error.contains("got `1`, `2`") && error.contains(":TAG`"), "{error}");
    let error = open(&format!("{path}:3")).unwrap_err();
    assert!(error.contains("with the tag `3`, got `1`, `2`"), "{error}");
    assert!(open("/nowhere/x:1").unwrap_err().contains("got nothing"));
}

#[test]
fn an_archive_of_an_oci_image_is_its_layout() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(&folder.path().join("a")).unwrap();
    let one = image(&layout, "1");
    list(&layout, vec![one.clone()]);
    let path = folder.path().join("a.tar");
    let mut builder = Builder::new(File::create(&path).unwrap());
    builder.append_dir_all(".", layout.root()).unwrap();
    builder.into_inner().unwrap().flush().unwrap();
    let opened = Image::open(path.to_str().unwrap()).unwrap();
    assert_eq!(opened.root.digest, one.digest);
    assert_eq!(open(&format!("oci-archive:{}", path.display())).unwrap(), one.digest.to_string());
    let unpacked = opened.layout.root().to_owned();
    assert!(unpacked.is_dir());
    drop(opened);
    assert!(!unpacked.exists());
}

#[test]
fn what_is_no_image_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    std::fs::write(&path, "no archive").unwrap();
    for source in [path.to_str().unwrap(), folder.path().to_str().unwrap()] {
        let error = open(source).unwrap_err();
        assert!(error.contains(source), "{error}");
    }
}
