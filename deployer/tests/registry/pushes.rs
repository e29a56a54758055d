//! Pushing to a registry that works: what is sent, what is not, and what comes back.

use radiant_deploy::layout::{Document, Platform, media_type};
use radiant_deploy::registry::PullOptions;
use radiant_storage::oci::Way;

use crate::images::{Images, bytes, hasty, pulled, ways};
use crate::server;

#[tokio::test]
async fn an_image_comes_back_as_it_was_and_is_not_sent_twice() {
    let Some(address) = server::open() else { return };
    let name = format!("{address}/{}:1", server::repository());
    let images = Images::new();
    let (small, large) = (bytes(1, 1000), bytes(2, 3_500_000));
    let image = images.add(&[&small, &large, b""]);
    let report = images.push(&image, std::slice::from_ref(&name), &hasty()).await.unwrap();
    let [repository] = report.repositories.as_slice() else { panic!("{report:?}") };
    assert!(ways(repository).values().all(|way| *way == Way::Uploaded), "{repository:?}");
    let reference = format!("{}@{}", name.trim_end_matches(":1"), image.digest);
    assert_eq!(report.text(), format!("{reference}\n"));
    assert!(repository.tags[0].is_changed && repository.uploaded_bytes > 3_501_000);

    let again = images.push(&image, std::slice::from_ref(&name), &hasty()).await.unwrap();
    let repository = &again.repositories[0];
    assert!(ways(repository).values().all(|way| *way == Way::Existing), "{repository:?}");
    assert!(!repository.tags[0].is_changed && repository.uploaded_bytes == 0);

    let (back, root) = pulled(&name, &PullOptions::default()).await.unwrap();
    assert_eq!(root, image);
    let Document::Manifest(manifest) = back.layout.manifest(&root).unwrap() else { panic!() };
    for (layer, expected) in manifest.layers.iter().zip([&small, &large, &Vec::new()]) {
        assert_eq!(std::fs::read(back.layout.blob_path(&layer.digest)).unwrap(), *expected);
    }
    assert!(back.layout.has(&manifest.config));
    assert_eq!(pulled(&reference, &PullOptions::default()).await.unwrap().1, image);
}

#[tokio::test]
async fn a_second_model_sends_its_own_layer_alone() {
    let Some(address) = server::open() else { return };
    let (first, second) = (server::repository(), server::repository());
    let images = Images::new();
    let (runtime, iris, churn) = (bytes(3, 2_000_000), bytes(4, 500), bytes(5, 600));
    let iris = images.add(&[&runtime, &iris]);
    let name = |repository: &str, tag: &str| format!("{address}/{repository}:{tag}");
    images.push(&iris, &[name(&first, "iris")], &hasty()).await.unwrap();
    // In the same repository.
    let churn = images.add(&[&runtime, &churn, b"x"]);
    let report = images.push(&churn, &[name(&first, "churn")], &hasty()).await.unwrap();
    let sent = ways(&report.repositories[0]);
    assert_eq!(sent["layer 1"], Way::Existing);
    assert_eq!(sent["layer 2"], Way::Uploaded);
    // In another, where it is said where the rest may be.
    let mut options = hasty();
    options.mount_from = vec![first.clone()];
    let report = images.push(&churn, &[name(&second, "1")], &options).await.unwrap();
    let repository = &report.repositories[0];
    assert!(ways(repository).values().all(|way| *way == Way::Mounted), "{repository:?}");
    assert_eq!(repository.uploaded_bytes, 0);
    // Where the image says what it was made from.
    let based = images.add_with(&[&runtime, b"own"], |manifest| {
        let base = ("org.opencontainers.image.base.name".to_owned(), name(&first, "iris"));
        manifest.annotations = Some([base].into());
    });
    let report = images.push(&based, &[name(&server::repository(), "1")], &hasty()).await.unwrap();
    let sent = ways(&report.repositories[0]);
    assert_eq!((sent["layer 1"], sent["layer 2"]), (Way::Mounted, Way::Uploaded));
}

#[tokio::test]
async fn several_names_are_one_upload() {
    let Some(address) = server::open() else { return };
    let (first, second) = (server::repository(), server::repository());
    let images = Images::new();
    let image = images.add(&[&bytes(6, 100_000)]);
    let names: Vec<String> = [&first, &first, &second]
        .iter()
        .zip(["1", "latest", "1"])
        .map(|(repository, tag)| format!("{address}/{repository}:{tag}"))
        .collect();
    let report = images.push(&image, &names, &hasty()).await.unwrap();
    let [first, second] = report.repositories.as_slice() else { panic!("{report:?}") };
    let tags: Vec<&str> = first.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(tags, ["1", "latest"]);
    assert!(ways(first).values().all(|way| *way == Way::Uploaded), "{first:?}");
    assert!(ways(second).values().all(|way| *way == Way::Mounted), "{second:?}");
    for name in &names {
        assert_eq!(pulled(name, &PullOptions::default()).await.unwrap().1, image, "{name}");
    }
}

#[tokio::test]
async fn an_index_brings_its_images_along_and_one_platform_is_pulled_of_it() {
    let Some(address) = server::open() else { return };
    let name = format!("{address}/{}:1", server::repository());
    let images = Images::new();
    let (amd, arm) = (images.add(&[b"amd"]), images.add(&[b"arm", b"more"]));
    let index = images.add_index(&[("linux/amd64", amd.clone()), ("linux/arm64", arm.clone())]);
    let report = images.push(&index, std::slice::from_ref(&name), &hasty()).await.unwrap();
    let parts: Vec<&str> = ways(&report.repositories[0]).into_keys().collect();
    assert!(parts.contains(&"layer 2 of linux/arm64"), "{parts:?}");
    let (back, root) = pulled(&name, &PullOptions::default()).await.unwrap();
    assert_eq!(root, index);
    assert!(back.layout.has(&amd) && back.layout.has(&arm));
    let only = |platform| PullOptions {
        platforms: Platform::parse(platform).into_iter().collect(),
        ..PullOptions::default()
    };
    let (back, root) = pulled(&name, &only("linux/arm64")).await.unwrap();
    assert_eq!(root.digest, arm.digest);
    assert!(back.layout.has(&arm) && !back.layout.has(&amd));
    let mut both = only("linux/arm64");
    both.platforms.extend(Platform::parse("linux/amd64"));
    let (back, root) = pulled(&name, &both).await.unwrap();
    let Document::Index(chosen) = back.layout.manifest(&root).unwrap() else { panic!() };
    let digests: Vec<_> = chosen.manifests.iter().map(|it| &it.digest).collect();
    assert_eq!(digests, [&arm.digest, &amd.digest]);
    let error = pulled(&name, &only("linux/s390x")).await.unwrap_err();
    for word in ["an image for `linux/s390x`", "got `linux/amd64`, `linux/arm64`", &name] {
        assert!(error.contains(word), "`{word}` in {error}");
    }
    let little = PullOptions { bytes_max: 3, ..PullOptions::default() };
    let error = pulled(&name, &little).await.unwrap_err();
    assert!(error.contains("at most 3 bytes"), "{error}");
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed_under_its_digest() {
    let Some(address) = server::open() else { return };
    let repository = format!("{address}/{}", server::repository());
    let images = Images::new();
    let image = images.add(&[b"layer"]);
    let about = images.add_with(&[b"a list of software"], |manifest| {
        manifest.artifact_type = Some("application/spdx+json".to_owned());
        manifest.subject = Some(image.clone());
    });
    let stranger = images.add_with(&[b"of another"], |manifest| {
        let digest = manifest.config.digest.clone();
        manifest.subject = Some(radiant_deploy::layout::Descriptor::new("x", digest, 1));
    });
    images.list(vec![image.clone(), about.clone(), stranger]);
    let names = [format!("{repository}:1")];
    for _ in 0..2 {
        let report = images.push(&image, &names, &hasty()).await.unwrap();
        assert_eq!(report.repositories[0].referrers, std::slice::from_ref(&about.digest));
    }
    // This registry keeps no list of its own.
    let listed = format!("{repository}:sha256-{}", image.digest.digits());
    let (back, root) = pulled(&listed, &PullOptions::default()).await.unwrap();
    assert_eq!(root.media_type, media_type::INDEX);
    let Document::Index(index) = back.layout.manifest(&root).unwrap() else { panic!() };
    let [entry] = index.manifests.as_slice() else { panic!("{index:?}") };
    assert_eq!(entry.digest, about.digest);
    assert_eq!(entry.artifact_type.as_deref(), Some("application/spdx+json"));
    assert!(back.layout.has(entry));
}

#[tokio::test]
async fn what_is_not_whole_is_not_pushed() {
    let images = Images::new();
    let image = images.add(&[b"layer"]);
    let Document::Manifest(manifest) = images.layout.manifest(&image).unwrap() else { panic!() };
    let layer = images.layout.blob_path(&manifest.layers[0].digest);
    // Nobody listens there, and nobody is asked.
    let names = ["127.0.0.1:1/a:1".to_owned()];
    std::fs::write(&layer, "lay").unwrap();
    let error = images.push(&image, &names, &hasty()).await.unwrap_err();
    for word in ["layer 1 of image", "expected 5 bytes", "got 3 bytes", "build or copy it again"] {
        assert!(error.contains(word), "`{word}` in {error}");
    }
    std::fs::remove_file(&layer).unwrap();
    let error = images.push(&image, &names, &hasty()).await.unwrap_err();
    assert!(error.contains("got nothing"), "{error}");
    let other = format!("127.0.0.1:1/a@{}", manifest.config.digest);
    let error = images.push(&image, &[other], &hasty()).await.unwrap_err();
    assert!(error.contains("which the image has") && error.contains("give a tag"), "{error}");
    let odd = images
        .layout
        .add("text/html", br#"{"schemaVersion": 2, "mediaType": "text/html", "manifests": []}"#);
    let error = images.push(&odd.unwrap(), &names, &hasty()).await.unwrap_err();
    assert!(error.contains("`text/html`"), "{error}");
}
