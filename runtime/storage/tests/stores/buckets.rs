//! What holds of buckets: who may read them, what is below a name, what a store says that refuses.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::files::{Files, assert_same, content};
use crate::proxy::{Fault, Proxy, Rule};
use crate::servers::{Azure, Gcs, Key, S3, Store};
use crate::user::User;

every_store! {
    [
        a_name_is_no_beginning_of_a_name
        a_bucket_that_is_not_there_is_named
        a_listing_of_many_pages_is_read_to_its_end
        a_listing_that_fails_is_tried_again
    ]
    s3 S3
    gcs Gcs
    azure Azure
}

fn files(names: &[&str]) -> Files {
    names.iter().map(|name| ((*name).to_owned(), content(name, 10))).collect()
}

async fn a_name_is_no_beginning_of_a_name(store: &impl Store) {
    let at = store.address();
    store.put_folder("iris", &files(&["model.onnx"])).await;
    store.put_folder("iris-2", &files(&["other.onnx"])).await;
    store.put_file("iris.txt", content("text", 10)).await;
    let user = User::new(store, at, Key::Right);
    for uri in [store.uri(at, "iris"), store.uri(at, "iris/")] {
        assert_same(&user.get(&uri).await, &files(&["model.onnx"]));
    }
}

async fn a_bucket_that_is_not_there_is_named(store: &impl Store) {
    let at = store.address();
    let uri = store.uri(at, "iris");
    let (scheme, _) = uri.split_once("://").unwrap();
    let user = User::new(store, at, Key::Right);
    let error = user.fetch(&format!("{scheme}://no-such-bucket/iris")).await.unwrap_err();
    assert!(error.contains("no-such-bucket") && error.contains("check its name"), "{error}");
}

/// More than the thousand names that S3 tells at once.
async fn a_listing_of_many_pages_is_read_to_its_end(store: &impl Store) {
    let at = store.address();
    let expected: Files =
        (0..1001).map(|n| (format!("{n:04}"), Bytes::from_static(b"x"))).collect();
    store.put_folder("many", &expected).await;
    let user = User::new(store, at, Key::Right);
    assert_same(&user.get(&store.uri(at, "many")).await, &expected);
}

async fn a_listing_that_fails_is_tried_again(store: &impl Store) {
    store.put_folder("listed", &files(&["a", "b"])).await;
    let proxy = Proxy::start(store.address()).await;
    let user = User::hasty(store, proxy.address);
    for fault in [Fault::Status(503), Fault::Truncate { after: 100 }, Fault::Reset { after: 100 }] {
        proxy.set([Rule::read("prefix=listed", 0..2, fault.clone())]);
        let found = user.fetch(&store.uri(proxy.address, "listed")).await;
        assert_same(
            &found.unwrap_or_else(|error| panic!("{fault:?}: {error}")),
            &files(&["a", "b"]),
        );
    }
}

/// Browsers of stores make them: empty objects whose names end with a slash.
#[tokio::test]
async fn marks_of_folders_are_no_files() {
    let Some(store) = Azure::start().await else { return };
    let at = store.address();
    let user = User::new(&store, at, Key::Right);
    store.put_mark("marked/").await;
    for place in ["marked", "marked/"] {
        let error = user.fetch(&store.uri(at, place)).await.unwrap_err();
        assert!(error.contains("`marked`"), "{error}");
    }
    store.put_mark("marked/1/").await;
    store.put_folder("marked", &files(&["1/model.onnx", "a.txt"])).await;
    let found = user.get(&store.uri(at, "marked")).await;
    assert_same(&found, &files(&["1/model.onnx", "a.txt"]));
}

#[tokio::test]
async fn names_that_files_cannot_have_are_refused() {
    if let Some(store) = S3::start().await {
        refuses(&store, &["back\\slash.txt"], "slash.txt").await;
    }
    if let Some(store) = Azure::start().await {
        let long = "long".repeat(100);
        refuses(&store, &[&long], "255 bytes").await;
        refuses(&store, &["file", "file/in-it"], "`file`").await;
    }
}

async fn refuses(store: &impl Store, names: &[&str], expected: &str) {
    let at = store.address();
    store.put_folder("evil", &files(&["model.onnx"])).await;
    store.put_folder("evil", &files(names)).await;
    let user = User::new(store, at, Key::Right);
    let error = user.fetch(&store.uri(at, "evil")).await.unwrap_err();
    assert!(error.contains(expected), "{names:?}: {error}");
}

async fn refusal(store: &impl Store, key: Key) -> String {
    let at = store.address();
    store.put_folder("kept", &files(&["model.onnx"])).await;
    let user = User::with(store.env(at, key), crate::user::hurry);
    user.fetch(&store.uri(at, "kept")).await.unwrap_err()
}

#[tokio::test]
async fn a_wrong_key_is_told_with_where_it_comes_from() {
    if let Some(store) = S3::start().await {
        let error = refusal(&store, Key::Wrong).await;
        assert!(error.contains("AWS_ACCESS_KEY_ID"), "{error}");
        assert!(error.contains("SignatureDoesNotMatch"), "{error}");
    }
    if let Some(store) = Azure::start().await {
        let error = refusal(&store, Key::Wrong).await;
        assert!(error.contains("RCLONE_CONFIG_AZ_"), "{error}");
    }
}

#[tokio::test]
async fn who_has_no_key_is_told_what_to_set() {
    if let Some(store) = S3::start().await {
        let error = refusal(&store, Key::None).await;
        assert!(error.contains("set AWS_ACCESS_KEY_ID"), "{error}");
    }
    if let Some(store) = Azure::start().await {
        let error = refusal(&store, Key::None).await;
        assert!(error.contains("RCLONE_CONFIG_AZ_") || error.contains("AZURE_STORAGE"), "{error}");
    }
}

/// The Secret that the documents of Seldon Core and ZenML show.
#[tokio::test]
async fn a_remote_of_rclone_is_read_by_its_name() {
    let Some(store) = S3::start().await else { return };
    store.put_folder("iris", &files(&["model.onnx"])).await;
    let keys: BTreeMap<_, _> = store.env(store.address(), Key::Right).into_iter().collect();
    let variables = vec![
        ("RCLONE_CONFIG_MINIO_TYPE", "s3".to_owned()),
        ("RCLONE_CONFIG_MINIO_PROVIDER", "Minio".to_owned()),
        ("RCLONE_CONFIG_MINIO_ENV_AUTH", "False".to_owned()),
        ("RCLONE_CONFIG_MINIO_ACCESS_KEY_ID", keys["AWS_ACCESS_KEY_ID"].clone()),
        ("RCLONE_CONFIG_MINIO_SECRET_ACCESS_KEY", keys["AWS_SECRET_ACCESS_KEY"].clone()),
        ("RCLONE_CONFIG_MINIO_ENDPOINT", keys["AWS_ENDPOINT_URL"].clone()),
    ];
    let user = User::with(variables, |_| {});
    for uri in ["minio:models/iris", "minio://models/iris", "Minio://models/iris/"] {
        assert_same(&user.get(uri).await, &files(&["model.onnx"]));
    }
}
