//! What holds of every store.

use bytes::Bytes;
use radiant_storage::repository::{Look, find};

use crate::files::{Files, assert_same, content, folder};
use crate::proxy::Proxy;
use crate::servers::{Azure, Gcs, Key, Local, Registry, S3, Store, Web};
use crate::user::User;

/// More than one range by default.
const BIG_BYTES: usize = 20 << 20;

every_store! {
    [
        a_folder_comes_whole_and_with_its_names
        one_file_comes_alone_under_its_name
        a_big_file_comes_whole
        what_is_not_there_is_an_error_that_names_it
        a_fingerprint_changes_with_the_content_and_only_then
        the_cache_answers_until_the_content_changes
        a_folder_that_has_files_keeps_them
        a_repository_tells_of_its_models
    ]
    s3 S3
    gcs Gcs
    azure Azure
    web Web
    registry Registry
    local Local
}

async fn a_folder_comes_whole_and_with_its_names(store: &impl Store) {
    let (at, expected) = (store.address(), folder());
    let place = store.place("iris");
    store.put_folder(&place, &expected).await;
    let user = User::new(store, at, Key::Right);
    assert_same(&user.get(&store.uri(at, &place)).await, &expected);
}

async fn a_repository_tells_of_its_models(store: &impl Store) {
    let (at, place) = (store.address(), store.place("repository"));
    let put = async |second: &str| {
        let files = [
            ("iris/1/model.onnx", content("first", 10)),
            ("iris/2/model.onnx", content(second, 20)),
            ("iris/radiant.yaml", Bytes::from_static(b"versions: all\nlabels: {stable: 1}\n")),
            ("wine/model.joblib", content("wine", 30)),
        ];
        let files = files.map(|(name, content)| (name.to_owned(), content));
        store.put_folder(&place, &Files::from(files)).await;
    };
    put("second").await;
    let user = User::new(store, at, Key::Right);
    let uri = store.uri(at, &place);
    let repository = user.repository(&uri).await;
    let found = find(repository.tree());
    let names: Vec<&str> = found.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!((names, found.problems), (vec!["iris", "wine"], Vec::new()));
    let iris = found.models.first().expect("it was found");
    assert_eq!(iris.settings.labels.get("stable").map(String::as_str), Some("1"));
    let [first, second] = iris.chosen()[..] else { panic!("{iris:?}") };
    for (version, content) in [(first, content("first", 10)), (second, content("second", 20))] {
        let expected = Files::from([("model.onnx".to_owned(), content)]);
        assert_same(&user.version(&repository, version).await, &expected);
    }
    let is_bucket = matches!(repository.look(first), Look::There { .. });
    if is_bucket {
        let file = format!("{place}/iris/2/model.onnx");
        store.put_file(&file, content("other", 20)).await;
    } else {
        put("other").await;
    }
    let after = user.repository(&uri).await;
    if is_bucket {
        assert_eq!(after.look(first), repository.look(first));
        assert_ne!(after.look(second), repository.look(second));
    }
    let expected = Files::from([("model.onnx".to_owned(), content("other", 20))]);
    assert_same(&user.version(&after, second).await, &expected);
}

async fn one_file_comes_alone_under_its_name(store: &impl Store) {
    let at = store.address();
    let place = format!("{}/model.onnx", store.place("deep"));
    let expected = content("one", 1000);
    store.put_file(&place, expected.clone()).await;
    let user = User::new(store, at, Key::Right);
    let expected = Files::from([("model.onnx".to_owned(), expected)]);
    assert_same(&user.get(&store.uri(at, &place)).await, &expected);
}

async fn a_big_file_comes_whole(store: &impl Store) {
    let at = store.address();
    let place = format!("{}/big.bin", store.place("large"));
    let expected = content("big", BIG_BYTES);
    store.put_file(&place, expected.clone()).await;
    let proxy = Proxy::start(at).await;
    let user = User::new(store, proxy.address, Key::Right);
    let expected = Files::from([("big.bin".to_owned(), expected)]);
    assert_same(&user.get(&store.uri(proxy.address, &place)).await, &expected);
    // A local file does not pass here.
    let n_bytes: u64 = proxy.passed().iter().map(|passed| passed.body_bytes).sum();
    assert!(n_bytes == 0 || n_bytes < BIG_BYTES as u64 + 100_000, "{n_bytes} bytes were sent");
}

async fn what_is_not_there_is_an_error_that_names_it(store: &impl Store) {
    let at = store.address();
    store.put_file(&format!("{}/model.onnx", store.place("there")), content("a", 10)).await;
    let user = User::new(store, at, Key::Right);
    let error = user.fetch(&store.uri(at, &store.place("absent"))).await.unwrap_err();
    assert!(error.contains("absent"), "{error}");
    let error = user.fingerprint(&store.uri(at, &store.place("absent"))).await.unwrap_err();
    assert!(error.contains("absent"), "{error}");
}

async fn a_fingerprint_changes_with_the_content_and_only_then(store: &impl Store) {
    let at = store.address();
    let place = format!("{}/model.onnx", store.place("changing"));
    let user = User::new(store, at, Key::Right);
    let uri = store.uri(at, &place);
    store.put_file(&place, content("first", 1000)).await;
    let first = user.fingerprint(&uri).await.unwrap();
    assert_eq!(user.fingerprint(&uri).await.unwrap(), first);
    store.put_file(&place, content("second", 1001)).await;
    assert_ne!(user.fingerprint(&uri).await.unwrap(), first);
}

async fn the_cache_answers_until_the_content_changes(store: &impl Store) {
    let at = store.address();
    let place = format!("{}/model.onnx", store.place("cached"));
    let (first, second) = (content("first", 5000), content("second", 6000));
    let with = |content| Files::from([("model.onnx".to_owned(), content)]);
    store.put_file(&place, first.clone()).await;
    let proxy = Proxy::start(at).await;
    let user = User::new(store, proxy.address, Key::Right);
    let uri = store.uri(proxy.address, &place);
    let sent = || proxy.sent(&store.content_part(&place));
    assert_same(&user.get_cached(&uri).await, &with(first.clone()));
    let n_bytes = sent();
    assert_same(&user.get_cached(&uri).await, &with(first));
    assert_eq!(sent(), n_bytes, "the content was downloaded again");
    store.put_file(&place, second.clone()).await;
    assert_same(&user.get_cached(&uri).await, &with(second));
}

async fn a_folder_that_has_files_keeps_them(store: &impl Store) {
    let at = store.address();
    let place = format!("{}/model.onnx", store.place("into"));
    store.put_file(&place, content("new", 100)).await;
    let target = tempfile::tempdir().unwrap();
    std::fs::write(target.path().join("model.onnx"), "old").unwrap();
    std::fs::write(target.path().join("other.txt"), "other").unwrap();
    let user = User::new(store, at, Key::Right);
    user.fetch_into(&store.uri(at, &place), target.path()).await.unwrap();
    let expected = Files::from([
        ("model.onnx".to_owned(), content("new", 100)),
        ("other.txt".to_owned(), "other".into()),
    ]);
    assert_same(&crate::files::found(target.path()), &expected);
}
