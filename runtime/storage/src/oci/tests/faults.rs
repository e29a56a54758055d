//! Registries that fail, lie or lead elsewhere.

use super::fake::{Content, Registry, Reply, Request};
use super::*;

/// Larger than what is in flight at once.
fn large() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn one_file(body: &[u8]) -> Content {
    let manifest = manifest_of(&[titled("model.onnx", body)]);
    Content::default().with_manifest("1", &manifest).with_blob(body)
}

/// Pulls one file of this content from a registry with this rule.
async fn pull_with(
    body: &[u8],
    rule: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> (Result<String, String>, Vec<Request>) {
    let registry = Registry::start(one_file(body), rule).await;
    let pulled = pull(&registry.address("team/iris:1"), &Logins::none(), &options()).await;
    let pulled = pulled.map_err(|error| error.replace(&registry.host, "HOST"));
    (pulled, registry.requests())
}

fn has(error: Result<String, String>, words: &[&str]) {
    let error = error.unwrap_err();
    for word in words {
        assert!(error.contains(word), "`{word}` in: {error}");
    }
}

#[tokio::test]
async fn a_broken_layer_goes_on_where_it_broke() {
    let body = large();
    let whole = body.clone();
    let (pulled, requests) = pull_with(&body, move |request| {
        let is_first = request.is_blob() && request.n_before == 0;
        is_first.then(|| Reply::new(200, &whole).cut_at(500_000))
    })
    .await;
    assert!(pulled.unwrap().starts_with("model.onnx="));
    let ranges: Vec<&str> =
        requests.iter().filter(|request| request.is_blob()).map(|r| r.header("range")).collect();
    assert_eq!(ranges, ["", "bytes=500000-"]);
}

#[tokio::test]
async fn a_broken_layer_is_completed_where_there_are_no_ranges() {
    let body = large();
    let whole = body.clone();
    let (pulled, _) = pull_with(&body, move |request| {
        let reply = Reply::new(200, &whole);
        let is_first = request.n_before == 0;
        request.is_blob().then(|| if is_first { reply.cut_at(500_000) } else { reply })
    })
    .await;
    assert!(pulled.unwrap().starts_with("model.onnx="));
}

#[tokio::test]
async fn a_layer_that_always_breaks_is_given_up() {
    let body = b"0123456789".to_vec();
    let (pulled, requests) = pull_with(&body, |request| {
        request.is_blob().then(|| Reply::new(200, "0123456789").cut_at(4))
    })
    .await;
    has(pulled, &["layer 1", "oci://HOST/team/iris:1", "after 4 of 10 bytes", "attempt 4"]);
    assert_eq!(requests.iter().filter(|request| request.is_blob()).count(), 4);
}

#[tokio::test]
async fn bursts_of_errors_pass_and_lasting_ones_are_told() {
    let (pulled, _) = pull_with(b"x", |request| {
        (request.n_before < 2).then(|| Reply::new(503, "").with("Retry-After", 1000))
    })
    .await;
    assert_eq!(pulled.unwrap(), "model.onnx=x");
    let (pulled, requests) = pull_with(b"x", |request| {
        let said = r#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#;
        request.is_blob().then(|| Reply::new(429, said))
    })
    .await;
    has(pulled, &["layer 1", "status 429", "TOOMANYREQUESTS: slow down", "attempt 4"]);
    assert_eq!(requests.iter().filter(|request| request.is_blob()).count(), 4);
}

#[tokio::test]
async fn what_does_not_match_its_digest_is_refused() {
    let (pulled, _) =
        pull_with(b"model", |request| request.is_blob().then(|| Reply::new(200, "modem"))).await;
    has(pulled, &["layer 1", "expected digest `sha256:", "damaged"]);
    let (pulled, _) = pull_with(b"model", |_| {
        let wrong = Digest::sha256(b"other");
        let reply = Reply::new(200, manifest_of(&[]).to_string());
        Some(reply.with("Docker-Content-Digest", wrong))
    })
    .await;
    has(pulled, &["manifest of", "expected digest `sha256:"]);
}

#[tokio::test]
async fn a_layer_of_another_length_is_refused() {
    let (pulled, _) =
        pull_with(b"model", |request| request.is_blob().then(|| Reply::new(200, "model and more")))
            .await;
    has(pulled, &["layer 1", "expected 5 bytes, got 6"]);
    let (pulled, _) =
        pull_with(b"model", |request| request.is_blob().then(|| Reply::new(200, "mod"))).await;
    has(pulled, &["layer 1", "expected 5 bytes, got 3"]);
    let (pulled, _) = pull_with(b"model", |request| {
        let reply = Reply::new(206, "model").with("Content-Range", "bytes 7-11/12");
        request.is_blob().then_some(reply)
    })
    .await;
    has(pulled, &["layer 1", "the range that was asked for"]);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let registry = Registry::start(one_file(b"x"), |_| None).await;
    let pulled = pull(&registry.address("team/iris:2"), &Logins::none(), &options()).await;
    has(pulled, &["/team/iris:2`", "a manifest", "`UNKNOWN: not here`", "check name and tag"]);
    let (pulled, _) =
        pull_with(b"x", |request| request.is_blob().then(|| Reply::new(404, ""))).await;
    has(pulled, &["layer 1 (`sha256:"]);
}

#[tokio::test]
async fn limits_hold_before_a_byte_of_a_layer_comes() {
    let content = one_file(b"0123456789");
    let registry = Registry::start(content, |_| None).await;
    for (limits, words) in [
        (Limits { file_bytes: 9, ..LIMITS }, "at most 9 bytes in one file, got 10"),
        (Limits { total_bytes: 9, ..LIMITS }, "at most 9 bytes in all layers, got 10"),
        (Limits { files: 0, ..LIMITS }, "at most 0 files, got 1"),
    ] {
        let options = Options { limits, ..options() };
        let pulled = pull(&registry.address("team/iris:1"), &Logins::none(), &options).await;
        has(pulled, &[words]);
    }
    assert!(!registry.requests().iter().any(Request::is_blob));
}

#[tokio::test]
async fn a_manifest_without_end_is_not_read_to_its_end() {
    let long = vec![b' '; usize::try_from(MANIFEST_BYTES_MAX).unwrap() + 1];
    let (pulled, _) = pull_with(b"x", move |_| Some(Reply::new(200, &long))).await;
    has(pulled, &["at most 4194304 bytes in a manifest"]);
}

#[tokio::test]
async fn an_index_leads_to_the_manifest_for_this_machine() {
    let inner = manifest_of(&[titled("model.onnx", b"x")]);
    let index = |text: &Value| {
        let text = text.to_string();
        let digest = Digest::sha256(text.as_bytes()).to_string();
        let entry = json!({"mediaType": "a", "digest": digest, "size": text.len()});
        json!({"schemaVersion": 2, "manifests": [entry]})
    };
    let (good, bad) = (index(&inner), index(&index(&inner)));
    let content = Content::default()
        .with_manifest("inner", &inner)
        .with_manifest("good", &good)
        .with_manifest("bad", &bad)
        .with_blob(b"x");
    let registry = Registry::start(content, |_| None).await;
    let logins = Logins::none();
    let pulled = pull(&registry.address("team/iris:good"), &logins, &options()).await;
    assert_eq!(pulled.unwrap(), "model.onnx=x");
    let pulled = pull(&registry.address("team/iris:bad"), &logins, &options()).await;
    has(pulled, &["expected an index of manifests, got one of indexes"]);
    let address = registry.address("team/iris:good");
    let found = fingerprint(&address, &options(), &logins.env).await.unwrap();
    assert_eq!(found, Digest::sha256(good.to_string().as_bytes()));
}

#[tokio::test]
async fn redirects_are_followed_without_the_login_and_not_for_ever() {
    let store = Registry::start(Content::default(), |_| Some(Reply::new(200, "model"))).await;
    let host = store.host.clone();
    let content = one_file(b"model");
    let registry = Registry::start(content, move |request| {
        if request.header("authorization").is_empty() {
            return Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"r\""));
        }
        let to = format!("http://{host}/signed?SECRET");
        request.is_blob().then(|| Reply::new(307, "").with("Location", to))
    })
    .await;
    let logins = Logins::one(&registry.host, &json!({"username": "u", "password": "SECRET"}));
    let pulled = pull(&registry.address("team/iris:1"), &logins, &options()).await;
    assert_eq!(pulled.unwrap(), "model.onnx=model");
    assert!(store.requests().iter().all(|request| request.header("authorization").is_empty()));
    let (pulled, _) = pull_with(b"x", |request| {
        let to = format!("http://{}/v2/again?SECRET", request.header("host"));
        Some(Reply::new(307, "").with("Location", to))
    })
    .await;
    has(pulled, &["cannot reach registry `HOST` (attempt 1)", "more than 10 redirects"]);
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named() {
    let error = pull("oci://127.0.0.1:1/team/iris", &Logins::none(), &options()).await;
    has(error, &["cannot reach registry `127.0.0.1:1` (attempt 4)", "refused"]);
}

#[tokio::test]
async fn the_fingerprint_is_the_digest_and_costs_no_layer() {
    let content = one_file(b"x");
    let digest = Digest::sha256(manifest_of(&[titled("model.onnx", b"x")]).to_string().as_bytes());
    let logins = Logins::none();
    for has_header in [true, false] {
        let registry = Registry::start(content.clone(), move |request| {
            (!has_header && request.method == "HEAD").then(|| Reply::new(200, ""))
        })
        .await;
        let address = registry.address("team/iris:1");
        assert_eq!(fingerprint(&address, &options(), &logins.env).await.unwrap(), digest);
        let artifact = Artifact::open(&address, &options(), &logins.env).await.unwrap();
        assert_eq!(*artifact.digest(), digest);
        assert!(!registry.requests().iter().any(Request::is_blob));
    }
    let pinned = format!("oci://127.0.0.1:1/team/iris@{digest}");
    assert_eq!(fingerprint(&pinned, &options(), &logins.env).await.unwrap(), digest);
}
