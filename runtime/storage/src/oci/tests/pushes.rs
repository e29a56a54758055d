//! Blobs and manifests pushed to a registry that takes chunks, or fails as it is told to.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::fake::{Content, Registry, Reply, Request};
use super::*;
use crate::transfer::Retries;

/// What an upload has so far, and what has been stored.
#[derive(Debug, Default)]
struct Stored {
    upload: String,
    blobs: Vec<String>,
    manifests: Vec<(String, String)>,
}

impl Stored {
    /// Answers as a registry that takes chunks does.
    fn answer(&mut self, request: &Request) -> Option<Reply> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let there = |status| Reply::new(status, "").with("Location", "/v2/team/iris/upload?s=1");
        let end = self.upload.len().saturating_sub(1);
        if path.ends_with("/blobs/uploads/") {
            self.upload.clear();
            return Some(there(202));
        }
        if path.ends_with("/upload") {
            return Some(match request.method.as_str() {
                "GET" => there(204).with("Range", format!("0-{end}")),
                "PATCH" if request.header("content-range") != self.range(request) => {
                    Reply::new(416, "").with("Range", format!("0-{end}"))
                }
                "PATCH" => {
                    self.upload += &request.body;
                    there(202).with("Range", format!("0-{}", self.upload.len() - 1))
                }
                _ => self.finish(&request.body, query),
            });
        }
        if let Some((_, digest)) = path.split_once("/blobs/") {
            let is_there = self.blobs.iter().any(|blob| sha(blob) == digest);
            return Some(Reply::new(if is_there { 200 } else { 404 }, ""));
        }
        let (_, name) = path.split_once("/manifests/")?;
        (request.method == "PUT").then(|| {
            self.manifests.push((name.to_owned(), request.body.clone()));
            Reply::new(201, "").with("Docker-Content-Digest", sha(&request.body))
        })
    }

    fn range(&self, request: &Request) -> String {
        let start = self.upload.len();
        format!("{start}-{}", start + request.body.len() - 1)
    }

    fn finish(&mut self, rest: &str, query: &str) -> Reply {
        let blob = std::mem::take(&mut self.upload) + rest;
        if !query.ends_with(&sha(&blob).replace(':', "%3A")) {
            let said = r#"{"errors": [{"code": "DIGEST_INVALID", "message": "not this"}]}"#;
            return Reply::new(400, said);
        }
        self.blobs.push(blob);
        Reply::new(201, "")
    }
}

fn sha(text: &str) -> String {
    Digest::sha256(text.as_bytes()).to_string()
}

fn text() -> String {
    (0..150_000_u32)
        .flat_map(|number| format!("{number:07} ").into_bytes())
        .map(char::from)
        .collect()
}

/// A file to push, and what is left in the registry of it.
struct Push {
    _folder: tempfile::TempDir,
    path: PathBuf,
    text: String,
    chunk_bytes: u64,
    stored: Arc<Mutex<Stored>>,
    requests: Vec<Request>,
}

impl Push {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob");
        std::fs::write(&path, text).unwrap();
        let (text, stored) = (text.to_owned(), Arc::default());
        Self { _folder: folder, path, text, chunk_bytes: 500_000, stored, requests: Vec::new() }
    }

    /// Pushes it to a registry that this rule comes first in.
    async fn run(
        &mut self,
        mount_from: Option<&str>,
        rule: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Result<Way, String> {
        let stored = Arc::clone(&self.stored);
        let registry = Registry::start(Content::default(), move |request| {
            rule(request).or_else(|| stored.lock().unwrap().answer(request))
        })
        .await;
        let entry = json!({"username": "user", "password": "SECRET"});
        let logins = super::Logins::one(&registry.host, &entry);
        let repository = open(&registry, &logins, mount_from).await;
        let blob = Pushed {
            digest: Digest::sha256(self.text.as_bytes()),
            bytes: self.text.len() as u64,
            path: self.path.clone(),
            what: "layer 1".to_owned(),
        };
        let pushed =
            repository.push_blob(&blob, mount_from, self.chunk_bytes, Arc::new(NoMeter)).await;
        self.requests = registry.requests();
        pushed.map_err(|error| {
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
            error.to_string().replace(&registry.host, "HOST")
        })
    }

    /// What was sent: methods with the range, or with the length of what follows.
    fn sent(&self) -> Vec<String> {
        let sent = self.requests.iter().filter(|it| ["PATCH", "PUT"].contains(&it.method.as_str()));
        let shown = sent.map(|it| match it.header("content-range") {
            "" => format!("{} {}", it.method, it.body.len()),
            range => format!("{} {range}", it.method),
        });
        shown.collect()
    }

    #[track_caller]
    fn is_stored(&self) {
        let stored = self.stored.lock().unwrap();
        assert!(stored.blobs == [self.text.as_str()], "{} blobs", stored.blobs.len());
    }
}

async fn open(registry: &Registry, logins: &super::Logins, mount_from: Option<&str>) -> Repository {
    let reference = Reference::parse(&registry.address("team/iris:1")).unwrap();
    let millisecond = Duration::from_millis(1);
    let retries = Retries { max: 3, first: millisecond, longest: millisecond };
    let access = Access { retries, ..Access::default() };
    let mount_from = mount_from.into_iter().map(str::to_owned).collect();
    let purpose = Purpose::Push { mount_from };
    Repository::open(&reference, purpose, &access, &logins.env).await.unwrap()
}

#[tokio::test]
async fn what_is_one_chunk_goes_at_once_and_what_is_more_in_chunks() {
    for text in ["", "model"] {
        let mut push = Push::new(text);
        assert_eq!(push.run(None, |_| None).await, Ok(Way::Uploaded));
        push.is_stored();
        assert_eq!(push.sent(), [format!("PUT {}", text.len())]);
    }
    let mut push = Push::new(&text());
    assert_eq!(push.run(None, |_| None).await, Ok(Way::Uploaded));
    push.is_stored();
    let chunks = ["PATCH 0-499999", "PATCH 500000-999999", "PATCH 1000000-1199999", "PUT 0"];
    assert_eq!(push.sent(), chunks);
    // Again, nothing is sent.
    assert_eq!(push.run(None, |_| None).await, Ok(Way::Existing));
    assert_eq!(push.sent(), [""; 0]);
}

#[tokio::test]
async fn a_registry_says_how_short_chunks_may_be() {
    let mut push = Push::new(&text());
    let pushed = push.run(None, |request| {
        request.path.ends_with("/blobs/uploads/").then(|| {
            let reply = Reply::new(202, "").with("Location", "/v2/team/iris/upload?s=1");
            reply.with("OCI-Chunk-Min-Length", 700_000)
        })
    });
    assert_eq!(pushed.await, Ok(Way::Uploaded));
    assert_eq!(push.sent(), ["PATCH 0-699999", "PATCH 700000-1199999", "PUT 0"]);
}

#[tokio::test]
async fn a_chunk_that_failed_goes_on_where_the_registry_says() {
    let mut push = Push::new(&text());
    let stored = Arc::clone(&push.stored);
    let pushed = push.run(None, move |request| {
        if request.header("content-range") != "500000-999999" {
            return None;
        }
        // Half of it arrives.
        stored.lock().unwrap().upload += request.body.get(..250_000).unwrap();
        Some(Reply::new(500, ""))
    });
    assert_eq!(pushed.await, Ok(Way::Uploaded));
    push.is_stored();
    let sent = push.sent();
    assert_eq!(sent[1..3], ["PATCH 500000-999999", "PATCH 750000-1199999"]);
}

#[tokio::test]
async fn an_upload_that_the_registry_forgot_begins_anew() {
    for (status, code) in [(404, "BLOB_UPLOAD_UNKNOWN"), (400, "BLOB_UPLOAD_INVALID"), (416, "")] {
        let mut push = Push::new(&text());
        let stored = Arc::clone(&push.stored);
        let pushed = push.run(None, move |request| {
            let range = request.header("content-range");
            let is_second = range == "500000-999999" && request.n_before < 3;
            is_second.then(|| {
                stored.lock().unwrap().upload.clear();
                let said = json!({"errors": [{"code": code, "message": "gone"}]});
                Reply::new(status, said.to_string())
            })
        });
        assert_eq!(pushed.await, Ok(Way::Uploaded), "{status} {code}");
        push.is_stored();
    }
}

#[tokio::test]
async fn an_end_whose_answer_is_lost_is_none_that_failed() {
    let mut push = Push::new("model");
    let stored = Arc::clone(&push.stored);
    let pushed = push.run(None, move |request| {
        (request.method == "PUT").then(|| {
            stored.lock().unwrap().blobs.push(request.body.clone());
            Reply::new(502, "")
        })
    });
    // The upload is not known any more, and the blob is there.
    assert_eq!(pushed.await, Ok(Way::Uploaded));
    push.is_stored();
    assert_eq!(push.sent(), ["PUT 5"]);
}

#[tokio::test]
async fn chunks_become_smaller_where_they_are_too_large_and_none_where_they_are_unknown() {
    let is_large = |request: &Request| (request.body.len() > 700_000).then(|| Reply::new(413, ""));
    let mut push = Push::new(&text());
    push.chunk_bytes = 1 << 20;
    assert_eq!(push.run(None, is_large).await, Ok(Way::Uploaded));
    push.is_stored();
    let chunks = ["PATCH 0-1048575", "PATCH 0-524287", "PATCH 524288-1048575"];
    assert_eq!(push.sent()[..3], chunks);
    // Not below what the registry wants.
    let mut push = Push::new(&text());
    let pushed = push.run(None, move |request| {
        let begun = request.path.ends_with("/blobs/uploads/").then(|| {
            let reply = Reply::new(202, "").with("Location", "/v2/team/iris/upload?s=1");
            reply.with("OCI-Chunk-Min-Length", 1_100_000)
        });
        begun.or_else(|| is_large(request))
    });
    let error = pushed.await.unwrap_err();
    assert!(error.contains("413") && error.contains("a proxy before the registry"), "{error}");
    let mut push = Push::new(&text());
    let pushed = push.run(None, |request| {
        (request.method == "PATCH").then(|| Reply::new(405, r#"{"errors": []}"#))
    });
    assert_eq!(pushed.await, Ok(Way::Uploaded));
    push.is_stored();
    assert_eq!(push.sent(), ["PATCH 0-499999", "PUT 1200000"]);
}

#[tokio::test]
async fn a_token_is_asked_for_all_that_is_done_and_renewed_when_it_ends() {
    let mut push = Push::new(&text());
    let pushed = push.run(Some("team/base"), |request| {
        let host = request.header("host");
        if request.path.starts_with("/token") {
            let token = json!({"token": format!("T{}", request.n_before)});
            return Some(Reply::new(200, token.to_string()));
        }
        let is_late = request.header("content-range") == "500000-999999";
        let wanted = if is_late { "Bearer T1" } else { "Bearer T0" };
        let is_right = request.header("authorization") == wanted
            || request.header("authorization") == "Bearer T1";
        let challenge = format!(r#"Bearer realm="http://{host}/token",service="s""#);
        (!is_right).then(|| Reply::new(401, "").with("WWW-Authenticate", challenge))
    });
    assert_eq!(pushed.await, Ok(Way::Uploaded));
    push.is_stored();
    let tokens: Vec<&str> = push.requests.iter().map(|it| it.path.as_str()).collect();
    let tokens: Vec<&&str> = tokens.iter().filter(|path| path.starts_with("/token")).collect();
    let expected = "/token?scope=repository%3Ateam%2Firis%3Apull%2Cpush&\
                    scope=repository%3Ateam%2Fbase%3Apull&service=s";
    assert_eq!(tokens, [&expected, &expected]);
}

#[tokio::test]
async fn what_another_repository_has_is_taken_over_or_sent() {
    for (status, way) in [(201, Way::Mounted), (202, Way::Uploaded), (403, Way::Uploaded)] {
        let mut push = Push::new("model");
        let pushed = push.run(Some("team/base"), move |request| {
            let is_mount = request.path.ends_with("&from=team/base");
            let reply = Reply::new(status, "").with("Location", "/v2/team/iris/upload?s=1");
            is_mount.then_some(reply)
        });
        assert_eq!(pushed.await, Ok(way), "{status}");
    }
}

#[tokio::test]
async fn contents_go_nowhere_else_and_a_login_less() {
    let mut push = Push::new("model");
    let pushed = push.run(None, |request| {
        let reply = Reply::new(202, "").with("Location", "http://127.0.0.2:1/put?sig=SECRET");
        request.path.ends_with("/blobs/uploads/").then_some(reply)
    });
    let error = pushed.await.unwrap_err();
    for word in ["layer 1", "got `http://127.0.0.2:1`", "--upload-host"] {
        assert!(error.contains(word), "`{word}` in {error}");
    }
    assert_eq!(push.sent(), [""; 0]);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    for (status, said, words) in [
        (403, "DENIED", ["refuses access (403", "may push"]),
        (401, "UNAUTHORIZED", ["refuses access (401", "may push"]),
        (404, "NAME_UNKNOWN", ["cannot push layer 1", "create it first"]),
        (413, "", ["cannot push layer 1", "a proxy"]),
        (507, "", ["cannot push layer 1", "is full"]),
        (403, "DENIED: quota exceeded", ["answered 403", "the quota is used up"]),
        (429, "TOOMANYREQUESTS", ["(attempt 4)", "wait, or log in"]),
        (503, "", ["(attempt 4)", "try again later"]),
    ] {
        let mut push = Push::new("model");
        let pushed = push.run(None, move |request| {
            let said = json!({"errors": [{"code": said}]}).to_string();
            let challenge = r#"Basic realm="r""#;
            let reply = Reply::new(status, said).with("WWW-Authenticate", challenge);
            (request.method == "POST").then_some(reply)
        });
        let error = pushed.await.unwrap_err();
        for word in words {
            assert!(error.contains(word), "`{word}` in {error}");
        }
    }
}

#[tokio::test]
async fn a_registry_that_lies_or_a_file_that_changed_is_an_error() {
    let mut push = Push::new("model");
    let pushed = push.run(None, |request| {
        let wrong = Digest::sha256(b"other");
        (request.method == "PUT").then(|| Reply::new(201, "").with("Docker-Content-Digest", wrong))
    });
    let error = pushed.await.unwrap_err();
    assert!(error.contains("layer 1") && error.contains("expected digest"), "{error}");
    for (text, word) in [("modem", "expected digest"), ("longer model", "expected 5 bytes, got 12")]
    {
        let mut push = Push::new("model");
        std::fs::write(&push.path, text).unwrap();
        let error = push.run(None, |_| None).await.unwrap_err();
        assert!(error.contains(word) && error.contains("it was changed"), "{error}");
        assert!(push.stored.lock().unwrap().blobs.is_empty());
    }
}

#[tokio::test]
async fn manifests_are_stored_under_digests_and_tags_and_compared() {
    let text = manifest_of(&[]).to_string();
    let digest = Digest::sha256(text.as_bytes());
    let stored: Arc<Mutex<Stored>> = Arc::default();
    let keeper = Arc::clone(&stored);
    let registry = Registry::start(Content::default(), move |request| {
        if request.path.ends_with("/refused") {
            let said = r#"{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "lost"}]}"#;
            return Some(Reply::new(400, said));
        }
        if request.path.ends_with("/lied") {
            let wrong = Digest::sha256(b"other");
            return Some(Reply::new(201, "").with("Docker-Content-Digest", wrong));
        }
        let answer = keeper.lock().unwrap().answer(request);
        answer.map(|reply| reply.with("OCI-Subject", "x"))
    })
    .await;
    let repository = open(&registry, &super::Logins::none(), None).await;
    let media_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
    let document = NewDocument { media_type, digest: digest.clone(), text: text.into() };
    for version in [Version::Digest(digest.clone()), Version::Tag("1".to_owned())] {
        assert!(repository.push_document(&version, &document).await.unwrap());
    }
    let names: Vec<String> =
        stored.lock().unwrap().manifests.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, [digest.to_string(), "1".to_owned()]);
    for (tag, word) in [("refused", "push again"), ("lied", "expected digest")] {
        let version = Version::Tag(tag.to_owned());
        let error = repository.push_document(&version, &document).await.unwrap_err().to_string();
        assert!(error.contains(word) && error.contains(&format!("tag `{tag}`")), "{error}");
    }
}
