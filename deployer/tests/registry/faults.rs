//! Pushing through a proxy that breaks what passes.

use radiant_deploy::registry::PullOptions;
use radiant_storage::oci::Digest;

use crate::images::{Images, bytes, hasty, pulled};
use crate::proxy::{Fault, Proxy, Rule};
use crate::server;

const LAYER_BYTES: usize = 3 * (1 << 20) + 7;

/// A fault, and how many more bytes may be sent for it.
struct Case {
    name: &'static str,
    rule: Rule,
    more_bytes: u64,
}

fn case(name: &'static str, rule: Rule, more_bytes: u64) -> Case {
    Case { name, rule, more_bytes }
}

fn passing() -> Vec<Case> {
    let reset = |after| Fault::Reset { after };
    let status = |status| Fault::Status(status, "");
    let all = LAYER_BYTES as u64;
    let forgotten = Fault::Status(404, "BLOB_UPLOAD_UNKNOWN");
    // This registry ends an upload of which it got half a chunk: it names the next address by how much
    // it has, and that answer never comes.
    vec![
        case("reset before a chunk", Rule::new("PATCH", "", 1..3, reset(0)), 0),
        case("reset in a chunk", Rule::new("PATCH", "", 1..2, reset(500_000)), all),
        case("no answer to a chunk", Rule::new("PATCH", "", 1..2, Fault::Unanswered), all),
        case("no answer to the end", Rule::new("PUT", "/uploads/", 0..2, Fault::Unanswered), 0),
        case("errors for a while", Rule::new("PATCH", "", 1..4, status(503)), 0),
        case("too many", Rule::new("POST", "", 0..3, Fault::Status(429, "TOOMANYREQUESTS")), 0),
        case("forgotten", Rule::new("PATCH", "", 2..3, forgotten), all),
        case("no chunks", Rule::new("PATCH", "", 0..1, Fault::Status(405, "UNSUPPORTED")), 0),
        case("manifests fail", Rule::new("PUT", "/manifests/", 0..3, status(500)), 0),
        case("looking fails", Rule::new("HEAD", "", 0..3, status(502)), 0),
    ]
}

#[tokio::test]
async fn a_push_survives_what_passes_and_sends_little_twice() {
    let Some(registry) = server::open() else { return };
    let proxy = Proxy::start(registry).await;
    for (idx, Case { name, rule, more_bytes }) in passing().into_iter().enumerate() {
        let images = Images::new();
        let seed = 20 + u8::try_from(idx).unwrap();
        let image = images.add(&[&bytes(seed, LAYER_BYTES)]);
        proxy.set([rule]);
        let names = [format!("{}/{}:1", proxy.address, server::repository())];
        let pushed = images.push(&image, &names, &hasty()).await;
        let passed = proxy.passed();
        assert!(pushed.is_ok(), "{name}: {pushed:?}\n{passed:#?}");
        assert!(proxy.has_met(), "{name}: nothing was broken: {passed:#?}");
        let limit = LAYER_BYTES as u64 + 1000 + more_bytes;
        assert!(proxy.sent() <= limit, "{name}: {} bytes: {passed:#?}", proxy.sent());
        proxy.set([]);
        assert_eq!(pulled(&names[0], &PullOptions::default()).await.unwrap().1, image, "{name}");
    }
}

/// Faults that stay, and words of what is said of each.
fn lasting() -> Vec<(Rule, [&'static str; 3])> {
    let wrong = Digest::sha256(b"other").to_string();
    let elsewhere = "http://127.0.0.2:1/upload?sig=SECRET".to_owned();
    let always = 0..usize::MAX;
    vec![
        (
            Rule::new("PATCH", "", always.clone(), Fault::Status(503, "UNAVAILABLE")),
            ["layer 1", "answered 503, `UNAVAILABLE` (attempt 4)", "try again later"],
        ),
        (
            Rule::new("PATCH", "", always.clone(), Fault::Reset { after: 10 }),
            ["layer 1", "all of it to be taken", "(attempt 4)"],
        ),
        (
            Rule::new(
                "PUT",
                "/uploads/",
                always.clone(),
                Fault::Header("docker-content-digest", wrong.clone()),
            ),
            ["expected digest", "got", "damaged"],
        ),
        (
            Rule::new("PUT", "/manifests/", 0..1, Fault::Header("docker-content-digest", wrong)),
            ["manifest `sha256:", "expected digest", "damaged"],
        ),
        (
            Rule::new("POST", "", always.clone(), Fault::Header("location", elsewhere)),
            ["cannot push", "got `http://127.0.0.2:1`", "--upload-host"],
        ),
        (
            Rule::new("PATCH", "", always.clone(), Fault::Status(413, "")),
            ["layer 1", "answered 413", "a proxy before the registry"],
        ),
        (
            Rule::new("POST", "", always.clone(), Fault::Status(403, "DENIED: quota exceeded")),
            ["cannot push", "DENIED: quota exceeded", "the quota is used up"],
        ),
        (
            Rule::new(
                "PUT",
                "/manifests/",
                always.clone(),
                Fault::Status(400, "MANIFEST_BLOB_UNKNOWN"),
            ),
            ["manifest `sha256:", "MANIFEST_BLOB_UNKNOWN", "push again"],
        ),
        (
            Rule::new("PUT", "/manifests/1", always.clone(), Fault::Status(400, "TAG_INVALID")),
            ["tag `1`", "TAG_INVALID", "choose another"],
        ),
        (
            Rule::new("POST", "", always, Fault::Status(404, "NAME_UNKNOWN")),
            ["cannot push", "NAME_UNKNOWN", "create it first"],
        ),
    ]
}

#[tokio::test]
async fn what_does_not_pass_is_told_and_no_tag_is_written() {
    let Some(registry) = server::open() else { return };
    let proxy = Proxy::start(registry).await;
    for (rule, words) in lasting() {
        let images = Images::new();
        let image = images.add(&[&bytes(99, LAYER_BYTES)]);
        let shown = format!("{rule:?}");
        proxy.set([rule]);
        let names = [format!("{}/{}:1", proxy.address, server::repository())];
        let error = images.push(&image, &names, &hasty()).await.unwrap_err();
        for word in words {
            assert!(error.contains(word), "{shown}: `{word}` in {error}");
        }
        assert!(!error.contains("SECRET"), "{error}");
        proxy.set([]);
        let error = pulled(&names[0], &PullOptions::default()).await.unwrap_err();
        assert!(error.contains("the registry has none"), "{shown}: {error}");
    }
}

#[tokio::test]
async fn a_tag_is_the_last_thing_that_is_written() {
    let Some(registry) = server::open() else { return };
    let proxy = Proxy::start(registry).await;
    let images = Images::new();
    let (amd, arm) = (images.add(&[&bytes(7, 1000)]), images.add(&[&bytes(8, 1000)]));
    let index = images.add_index(&[("linux/amd64", amd), ("linux/arm64", arm)]);
    let about = images.add_with(&[b"about"], |manifest| manifest.subject = Some(index.clone()));
    images.list(vec![index.clone(), about]);
    let names = [format!("{}/{}:1", proxy.address, server::repository())];
    images.push(&index, &names, &hasty()).await.unwrap();
    let passed = proxy.passed();
    let written: Vec<&str> = passed
        .iter()
        .filter(|it| it.method == "PUT")
        .map(|it| if it.target.contains("/blobs/") { "blob" } else { it.target.as_str() })
        .collect();
    // The configuration is the same in all.
    let n_blobs = written.iter().take_while(|it| **it == "blob").count();
    assert!(n_blobs == 4 && !written[n_blobs..].contains(&"blob"), "{written:#?}");
    assert!(written.last().unwrap().ends_with("/manifests/1"), "{written:#?}");
    let root = format!("/manifests/{}", index.digest);
    assert!(written[n_blobs + 2].ends_with(&root), "{written:#?}");
}
