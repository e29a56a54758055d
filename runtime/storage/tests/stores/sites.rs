//! Web servers that do less than the best, or more.

use crate::files::{Files, assert_same, content, folder};
use crate::proxy::{Fault, Proxy, Rule};
use crate::servers::{PASSWORD, Page, Store as _, Web, archive};
use crate::user::User;

const FILE_BYTES: usize = 1 << 20;

fn one(name: &str, content: bytes::Bytes) -> Files {
    Files::from([(name.to_owned(), content)])
}

async fn start() -> (Web, Proxy, User) {
    let web = Web::start().await.expect("it needs no program");
    let proxy = Proxy::start(web.address()).await;
    let user = User::hasty(&web, proxy.address);
    (web, proxy, user)
}

#[tokio::test]
async fn a_server_without_ranges_and_tags_is_enough() {
    let (web, proxy, user) = start().await;
    let expected = content("plain", FILE_BYTES);
    web.put("/plain.bin", Page::Plain(expected.clone()));
    let uri = web.uri(proxy.address, "plain.bin");
    assert_same(&user.get(&uri).await, &one("plain.bin", expected.clone()));
    // It cannot be gone on with, so it comes once more.
    proxy.set([Rule::read("/plain.bin", 0..1, Fault::Truncate { after: 100_000 })]);
    assert_same(&user.get(&uri).await, &one("plain.bin", expected));
}

#[tokio::test]
async fn archives_are_unpacked_by_what_they_are_and_not_by_their_names() {
    let (web, proxy, user) = start().await;
    for (path, archive) in [
        ("iris.tar", archive::tar(&folder())),
        ("iris.bin", archive::tar_gz(&folder())),
        ("iris", archive::zip(&folder())),
    ] {
        web.put(&format!("/{path}"), Page::Ranged(archive.into()));
        assert_same(&user.get(&web.uri(proxy.address, path)).await, &folder());
    }
}

#[tokio::test]
async fn a_redirection_is_followed_without_the_password() {
    let (web, proxy, user) = start().await;
    let other = Proxy::start(web.address()).await;
    let expected = content("moved", 1000);
    web.put("/to/model.onnx", Page::Ranged(expected.clone()));
    let to = format!("http://{}/to/model.onnx", other.address);
    web.put("/from/model.onnx", Page::Moved(to));
    let uri = format!("http://user:{PASSWORD}@{}/from/model.onnx", proxy.address);
    assert_same(&user.get(&uri).await, &one("model.onnx", expected));
    assert!(proxy.passed().iter().all(|passed| passed.is_authorized), "{:?}", proxy.passed());
    // The same address but for its port is another server.
    assert!(other.passed().iter().all(|passed| !passed.is_authorized), "{:?}", other.passed());
}

#[tokio::test]
async fn redirections_without_end_are_an_error() {
    let (web, proxy, user) = start().await;
    web.put("/round", Page::Moved("/round".to_owned()));
    let error = user.fetch(&web.uri(proxy.address, "round")).await.unwrap_err();
    assert!(error.contains("redirect"), "{error}");
}

#[tokio::test]
async fn a_password_opens_and_is_never_told() {
    let (web, proxy, user) = start().await;
    web.put("/kept.onnx", Page::Private(content("kept", 1000)));
    let uri = |password: &str| format!("http://user:{password}@{}/kept.onnx", proxy.address);
    let expected = one("kept.onnx", content("kept", 1000));
    assert_same(&user.get(&uri(PASSWORD)).await, &expected);
    let error = user.fetch(&uri("not-the-password")).await.unwrap_err();
    assert!(error.contains("401") && !error.contains("not-the-password"), "{error}");
    let error = user.fetch(&web.uri(proxy.address, "kept.onnx")).await.unwrap_err();
    assert!(error.contains("401"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (web, _, user) = start().await;
    let gone = Proxy::start(web.address()).await.address;
    let error = user.fetch(&web.uri(gone, "model.onnx")).await.unwrap_err();
    assert!(error.contains(&gone.to_string()), "{error}");
}
