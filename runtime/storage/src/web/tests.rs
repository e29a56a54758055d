//! Downloads from servers of many kinds, good and bad.

mod server;

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use self::server::{Reply, Request, Server};
use super::*;
use crate::progress::Silent;
use crate::transfer::Retries;

/// Of another value at every position within reach of a range.
fn model(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|idx| u8::try_from(idx % 251).unwrap()).collect()
}

fn options() -> Options {
    let retries =
        Retries { max: 3, first: Duration::from_millis(1), longest: Duration::from_millis(2) };
    let stall = Duration::from_secs(30);
    Options {
        limits: Limits { total_bytes: 1 << 20, file_bytes: 1 << 19, files: 10 },
        transfer: transfer::Options { parallel: 4, range_bytes: 1000, retries, stall },
    }
}

async fn fetch(url: &str, folder: &Path) -> Result<Report, WebError> {
    Resource::find(url, &options()).await?.fetch(folder, &Silent).await
}

/// The message, after a look that nothing was left behind.
async fn refusal(url: &str) -> String {
    let folder = TempDir::new().unwrap();
    let error = fetch(url, folder.path()).await.unwrap_err().to_string();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{error}: {left:?}");
    error
}

/// A server as most are.
fn good(request: &Request, body: &[u8]) -> Reply {
    Reply::body(body).header("ETag", "\"1\"").ranged(request)
}

#[tokio::test]
async fn a_large_file_comes_in_parts() {
    let server = Server::start(|request| good(request, &model(40_000))).await;
    let folder = TempDir::new().unwrap();
    let report = fetch(&server.url("a/model.onnx?x"), folder.path()).await.unwrap();
    assert_eq!(report, Report { files: 1, bytes: 40_000 });
    assert_eq!(fs::read(folder.path().join("model.onnx")).unwrap(), model(40_000));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 41);
    for request in &requests[1..] {
        assert_eq!(request.path, "/a/model.onnx?x");
        assert_eq!(request.header("if-match"), Some("\"1\""));
        assert_eq!(request.header("accept-encoding"), Some("identity"));
    }
}

#[tokio::test]
async fn a_file_comes_in_one_part_where_parts_are_not_safe() {
    for (what, with_ranges, tag) in
        [("no ranges", false, "\"1\""), ("weak etag", true, "W/\"1\""), ("no etag", true, "")]
    {
        let server = Server::start(move |request| {
            let reply = Reply::body(model(5000));
            let reply = if tag.is_empty() { reply } else { reply.header("ETag", tag) };
            if with_ranges { reply.ranged(request) } else { reply }
        });
        let server = server.await;
        let folder = TempDir::new().unwrap();
        fetch(&server.url("model.bin"), folder.path()).await.unwrap();
        assert_eq!(fs::read(folder.path().join("model.bin")).unwrap(), model(5000), "{what}");
        assert_eq!(server.requests().len(), 2, "{what}");
    }
}

#[tokio::test]
async fn a_broken_body_goes_on_where_it_broke() {
    let server = Server::start(|request| {
        let reply = good(request, &model(1000));
        if request.number == 1 { reply.keep_back(400) } else { reply }
    });
    let server = server.await;
    let folder = TempDir::new().unwrap();
    fetch(&server.url("model"), folder.path()).await.unwrap();
    assert_eq!(fs::read(folder.path().join("model")).unwrap(), model(1000));
    assert_eq!(server.requests()[2].range(), Some(600..1000));
}

#[tokio::test]
async fn a_broken_body_of_a_server_without_ranges_is_sent_again() {
    for (what, tag, is_chunked) in
        [("a tag", "\"1\"", false), ("no tag", "", false), ("no size", "\"1\"", true)]
    {
        let server = Server::start(move |request| {
            let reply = Reply::body(model(100_000));
            let reply = if tag.is_empty() { reply } else { reply.header("ETag", tag) };
            let reply = if is_chunked { reply.chunked() } else { reply };
            if request.number == 1 { reply.keep_back(40_000) } else { reply }
        });
        let server = server.await;
        let folder = TempDir::new().unwrap();
        let report = fetch(&server.url("model"), folder.path()).await.unwrap();
        assert_eq!(report, Report { files: 1, bytes: 100_000 });
        assert_eq!(fs::read(folder.path().join("model")).unwrap(), model(100_000), "{what}");
        assert_eq!(server.requests().len(), 3, "{what}");
        let ranges: Vec<_> = server.requests().iter().map(Request::range).collect();
        assert_eq!(ranges[2].is_some(), what == "a tag", "{what}: {ranges:?}");
    }
}

#[tokio::test]
async fn a_body_that_always_breaks_is_an_error() {
    for (is_chunked, expected) in [
        (false, "cannot read `model` (attempt 4)"),
        (true, "broke off after 100 bytes (attempt 4)"),
    ] {
        let server = Server::start(move |request| {
            if is_chunked {
                return Reply::body(model(200)).keep_back(100).chunked();
            }
            let reply = good(request, &model(1000));
            let n_bytes = reply.body.len();
            reply.keep_back(n_bytes.div_ceil(2))
        });
        let server = server.await;
        let error = refusal(&server.url("model")).await;
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn more_than_the_limits_is_refused() {
    let large = model((1 << 19) + 1);
    let server = Server::start(move |request| good(request, &large)).await;
    let error = refusal(&server.url("model")).await;
    assert!(error.contains("expected at most 524288 bytes, got 524289"), "{error}");
    assert_eq!(server.requests().len(), 1);
    let server = Server::start(|_| Reply::body(model((1 << 19) + 1)).chunked()).await;
    let error = refusal(&server.url("model")).await;
    assert!(error.contains("expected at most 524288 bytes, got "), "{error}");
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_an_error() {
    let server = Server::start(|request| {
        let tag = if request.number < 3 { "\"1\"" } else { "\"2\"" };
        Reply::body(model(5000)).header("ETag", tag).ranged(request)
    });
    let server = server.await;
    let error = refusal(&server.url("model")).await;
    assert!(error.contains("changed while it was downloaded"), "{error}");
    let server = Server::start(|request| match request.number {
        0 => good(request, &model(5000)),
        _ => Reply::of(412),
    });
    let server = server.await;
    let error = refusal(&server.url("model")).await;
    assert!(error.contains("changed while it was downloaded"), "{error}");
    let server = Server::start(|request| {
        let reply = Reply::body("x").chunked();
        reply.header("ETag", if request.number == 0 { "\"1\"" } else { "\"2\"" })
    });
    let server = server.await;
    let error = refusal(&server.url("model")).await;
    assert!(error.contains("changed while it was downloaded"), "{error}");
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    for with_ranges in [false, true] {
        let server = Server::start(
            move |request| {
                if with_ranges { good(request, b"") } else { Reply::body("") }
            },
        );
        let server = server.await;
        let folder = TempDir::new().unwrap();
        let report = fetch(&server.url("model"), folder.path()).await.unwrap();
        assert_eq!(report, Report { files: 1, bytes: 0 });
        assert_eq!(fs::read(folder.path().join("model")).unwrap(), b"");
    }
}

fn tar_of(name: &str, body: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(body.len() as u64);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut bytes = [header.as_bytes(), body].concat();
    bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
    bytes
}

#[tokio::test]
async fn archives_are_unpacked_by_their_content() {
    let server = Server::start(|request| good(request, &tar_of("1/model.onnx", b"graph"))).await;
    let folder = TempDir::new().unwrap();
    let report = fetch(&server.url("download"), folder.path()).await.unwrap();
    assert_eq!(report, Report { files: 1, bytes: 5 });
    assert_eq!(fs::read(folder.path().join("1/model.onnx")).unwrap(), b"graph");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // A model that is an archive inside stays as it is.
    let folder = TempDir::new().unwrap();
    fetch(&server.url("weights.npz"), folder.path()).await.unwrap();
    assert!(folder.path().join("weights.npz").exists());
}

#[tokio::test]
async fn bad_archives_leave_nothing_behind() {
    for (body, path, expected) in [
        (tar_of("../model.onnx", b""), "a.tar", "a name without `..`"),
        (b"PK\x05\x06".iter().copied().chain([0; 18]).collect(), "a.zip", "at least one file"),
        (b"\xfd7zXZ\0".to_vec(), "a.tar.xz", "expected zip, tar or tar.gz, got xz"),
        (tar_of("model", b"")[..700].to_vec(), "a", "damaged or cut off"),
    ] {
        let server = Server::start(move |request| good(request, &body)).await;
        let error = refusal(&server.url(path)).await;
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn refusals_say_what_to_do_and_nothing_secret() {
    for (status, expected, n_requests) in [
        (401, "status 401 (attempt 1): give a login", 1),
        (403, "status 403 (attempt 1): check the login, or make a new signed address", 1),
        (404, "status 404 (attempt 1): nothing is there", 1),
        (302, "status 302 (attempt 1): give the address that it points to", 1),
        (429, "status 429 (attempt 4): the server cannot serve it now", 4),
        (503, "status 503 (attempt 4): the server cannot serve it now", 4),
    ] {
        let server = Server::start(move |_| Reply::of(status)).await;
        let url = format!("http://user:SECRET@{}/model?sig=SECRET", server.host());
        let error = refusal_before_folder(&url).await;
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
        assert_eq!(server.requests().len(), n_requests, "{error}");
    }
    let server = Server::start(|_| Reply::body("<p>").header("Content-Type", "text/html")).await;
    let error = refusal_before_folder(&server.url("model")).await;
    assert!(error.contains("expected a model, got a web page"), "{error}");
    let gone = {
        let server = Server::start(|_| Reply::of(200)).await;
        format!("http://user:SECRET@{}/model?sig=SECRET", server.host())
    };
    let error = refusal_before_folder(&gone).await;
    assert!(error.contains("cannot be reached (attempt 4)"), "{error}");
    assert!(!error.contains("SECRET"), "{error}");
}

async fn refusal_before_folder(url: &str) -> String {
    Resource::find(url, &options()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_burst_of_failures_is_survived() {
    let server = Server::start(|request| match request.number {
        0 | 1 | 3 | 5 => Reply::of(503).header("Retry-After", "0"),
        _ => good(request, &model(2000)),
    });
    let server = server.await;
    let folder = TempDir::new().unwrap();
    fetch(&server.url("model"), folder.path()).await.unwrap();
    assert_eq!(fs::read(folder.path().join("model")).unwrap(), model(2000));
}

#[tokio::test]
async fn logins_are_sent_to_their_host_only() {
    let other = Server::start(|request| good(request, &model(10))).await;
    let to = other.url("signed?sig=1");
    let server = Server::start(move |_| Reply::of(302).header("Location", to.clone())).await;
    let folder = TempDir::new().unwrap();
    let url = format!("http://us%40er:pass@{}/model.onnx", server.host());
    fetch(&url, folder.path()).await.unwrap();
    assert_eq!(fs::read(folder.path().join("model.onnx")).unwrap(), model(10));
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some("Basic dXNAZXI6cGFzcw=="));
    }
    assert!(!other.requests().is_empty());
    for request in other.requests() {
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("referer"), None);
    }
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let server = Server::start(|_| Reply::of(302).header("Location", "/again")).await;
    let error = refusal_before_folder(&server.url("model")).await;
    assert!(error.contains("more than 10 redirects"), "{error}");
    assert_eq!(server.requests().len(), 11);
}

#[tokio::test]
async fn a_fingerprint_changes_with_the_file() {
    let found = async |headers: &'static [(&'static str, &'static str)], bytes| {
        let server = Server::start(move |_| {
            let add =
                |reply: Reply, (name, value): &(&'static str, &str)| reply.header(name, *value);
            headers.iter().fold(Reply::body(model(bytes)), add)
        });
        Resource::find(&server.await.url("model"), &options()).await.unwrap().fingerprint()
    };
    let base = found(&[("ETag", "\"1\"")], 10).await.unwrap();
    assert_eq!(found(&[("ETag", "\"1\"")], 10).await.unwrap(), base);
    assert_ne!(found(&[("ETag", "\"2\"")], 10).await.unwrap(), base);
    assert_ne!(found(&[("ETag", "\"1\"")], 11).await.unwrap(), base);
    let time = found(&[("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")], 10).await.unwrap();
    assert_ne!(
        time,
        found(&[("Last-Modified", "Sun, 06 Nov 1994 08:49:38 GMT")], 10).await.unwrap()
    );
    assert_eq!(found(&[], 10).await, None);
}

#[tokio::test]
async fn the_servers_name_for_a_file_is_taken() {
    let server = Server::start(|request| {
        let name = "attachment; filename=\"iris.onnx\"";
        good(request, b"x").header("Content-Disposition", name)
    });
    let server = server.await;
    let folder = TempDir::new().unwrap();
    fetch(&server.url("download?id=1"), folder.path()).await.unwrap();
    assert!(folder.path().join("iris.onnx").exists());
}
