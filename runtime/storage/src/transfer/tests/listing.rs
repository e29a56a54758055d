//! What is listed, and what is refused before a byte is fetched.

use super::*;

async fn names(store: &dyn ObjectStore, wanted: &str) -> Result<Vec<String>, String> {
    let wanted = Wanted::parse(wanted).map_err(|error| error.to_string())?;
    let listed = list(store, &wanted, &LIMITS, &RETRIES).await;
    let listing = listed.map_err(|error| error.to_string())?;
    Ok(listing.items().iter().map(|item| item.name.clone()).collect())
}

fn item(name: &str, size: u64) -> Item {
    let object = ObjectMeta {
        location: object_store::path::Path::parse(name).unwrap_or_default(),
        last_modified: std::time::UNIX_EPOCH.into(),
        size,
        e_tag: None,
        version: None,
    };
    Item { object, name: name.to_owned() }
}

fn refusal(items: &[(&str, u64)]) -> String {
    let items = items.iter().map(|(name, size)| item(name, *size)).collect();
    Listing::new("bucket/m", items, &LIMITS).unwrap_err().to_string()
}

#[tokio::test]
async fn a_name_is_a_folder_or_else_an_object() {
    let objects = [
        ("m/v1/model.onnx", b"1".to_vec()),
        ("m/v1/sub/x", b"2".to_vec()),
        ("m/v10/y", b"3".to_vec()),
        ("both", b"4".to_vec()),
        ("both/below", b"5".to_vec()),
        ("mark", Vec::new()),
        ("mark/below", b"6".to_vec()),
        ("empty", Vec::new()),
    ];
    let store = Faulty::new(&objects, |_| None).await;
    let cases: [(&str, &[&str]); 9] = [
        ("m/v1/model.onnx", &["model.onnx"]),
        ("m/v1", &["model.onnx", "sub/x"]),
        ("/m/v1/", &["model.onnx", "sub/x"]),
        ("m", &["v1/model.onnx", "v1/sub/x", "v10/y"]),
        ("both", &["below"]),
        ("both/", &["below"]),
        ("mark", &["below"]),
        ("empty", &["empty"]),
        ("m/v10/", &["y"]),
    ];
    for (wanted, expected) in cases {
        assert_eq!(names(&store, wanted).await.unwrap(), expected, "{wanted}");
    }
    for wanted in ["m/v", "m/v1/model.onnx/", "nothing", "empty/"] {
        let error = names(&store, wanted).await.unwrap_err();
        let shown = wanted.trim_matches('/');
        assert_eq!(
            error,
            format!(
                "`{shown}`: expected an object of this name or at least one below it, got none"
            )
        );
    }
}

#[tokio::test]
async fn names_that_no_object_has_are_refused_at_once() {
    let store = Faulty::new(&[], |_| None).await;
    for wanted in ["a//b", "../a", "a/./b"] {
        let error = names(&store, wanted).await.unwrap_err();
        assert!(error.starts_with(&format!("object `{wanted}`: expected a name")), "{error}");
    }
    assert!(store.asked().is_empty());
}

#[tokio::test]
async fn empty_objects_that_stand_for_folders_are_left_out() {
    let objects = [("m/sub", Vec::new()), ("m/sub/x", b"1".to_vec()), ("m/gone", Vec::new())];
    // An object `gone/` is listed as `gone`, and nothing has this name.
    let store =
        Faulty::new(&objects, |asked| (asked.name == "m/gone").then_some(Fault::Gone)).await;
    let listing = list_all(&store).await;
    let listed: Vec<&str> = listing.items().iter().map(|item| item.name.as_str()).collect();
    assert_eq!(listed, ["m/gone", "m/sub/x"]);
    let folder = tempfile::tempdir().unwrap();
    let report = fetch_all(&store, &folder).await.unwrap();
    assert_eq!(report, Report { files: 1, bytes: 1 });
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), ["m/sub/x"]);
}

#[test]
fn hostile_names_and_clashes_are_refused() {
    assert!(refusal(&[("../x", 1)]).starts_with("object `../x`: expected"));
    assert!(refusal(&[("a\\b", 1)]).starts_with("object `a\\\\b`: expected"));
    assert!(refusal(&[("x/.radiant-fetch/y", 1), (".radiant-fetch/y", 1)]).contains("`.radiant-"));
    for items in [&[("a", 1), ("a", 2)][..], &[("a", 1), ("a/b", 1)], &[("a/b/c", 1), ("a", 3)]] {
        let error = refusal(items);
        assert!(error.starts_with("object `a`: expected the only one of this name"), "{error}");
    }
    assert!(refusal(&[]).contains("at least one below it, got none"));
}

#[test]
fn limits_are_on_count_size_and_sum() {
    let many: Vec<String> = (0..21).map(|idx| format!("f{idx}")).collect();
    let many: Vec<(&str, u64)> = many.iter().map(|name| (name.as_str(), 1)).collect();
    assert_eq!(refusal(&many), "`bucket/m`: expected at most 20 files, got 21 or more");
    assert_eq!(
        refusal(&[("a", 9_000_001)]),
        "`a`: expected at most 9000000 bytes, got 9000001 or more"
    );
    assert_eq!(
        refusal(&[("a", 6_000_000), ("b", 6_000_000)]),
        "`bucket/m`: expected at most 10000000 bytes in all, got 12000000 or more"
    );
    let sizes_that_overflow = Limits { total_bytes: 5, file_bytes: u64::MAX, files: 5 };
    let items = vec![item("a", u64::MAX), item("b", u64::MAX)];
    assert!(Listing::new("m", items, &sizes_that_overflow).is_err());
}

#[tokio::test]
async fn listing_stops_at_the_limit() {
    let names: Vec<String> = (0..50).map(|idx| format!("f{idx}")).collect();
    let objects: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), vec![1])).collect();
    let store = Faulty::new(&objects, |_| None).await;
    let wanted = Wanted::parse("").unwrap();
    let error = list(&store, &wanted, &LIMITS, &RETRIES).await.unwrap_err();
    assert!(matches!(error, TransferError::Limit { limit: 20, .. }), "{error}");
}

#[tokio::test]
async fn a_listing_that_fails_by_chance_is_tried_again() {
    let rule = |number| (number < 2).then_some(Fault::Status(503));
    let store = Faulty::new(&[("m/a", vec![1])], |_| None).await.listing(rule);
    assert_eq!(names(&store, "m").await.unwrap(), ["a"]);
}

#[tokio::test]
async fn a_refusal_is_told_with_what_the_listing_says() {
    let rule = |_| Some(Fault::Status(400));
    let store = Faulty::new(&[], |_| Some(Fault::Status(403))).await.listing(rule);
    let error = names(&store, "m").await.unwrap_err();
    assert!(error.starts_with("cannot list `m` (attempt 1): "), "{error}");
    assert!(error.contains("400"), "{error}");
    // Without a right to read, but with one to list, it is the object's own refusal.
    let store = Faulty::new(&[], |_| Some(Fault::Status(403))).await;
    let error = names(&store, "m").await.unwrap_err();
    assert!(error.starts_with("cannot read `m` (attempt 1): "), "{error}");
}

#[tokio::test]
async fn an_object_that_may_be_read_but_not_listed_is_found() {
    let refused = |_| Some(Fault::Status(403));
    let store = Faulty::new(&[("m/a", vec![1])], |_| None).await.listing(refused);
    assert_eq!(names(&store, "m/a").await.unwrap(), ["a"]);
    for wanted in ["m/b", "m/a/", ""] {
        let error = names(&store, wanted).await.unwrap_err();
        assert!(error.starts_with("cannot list `"), "{wanted}: {error}");
    }
}

#[tokio::test]
async fn a_folder_is_not_asked_for_as_an_object() {
    let store = Faulty::new(&[("m/a", vec![1])], |_| Some(Fault::Status(500))).await;
    assert_eq!(names(&store, "m").await.unwrap(), ["a"]);
    assert!(store.asked().is_empty());
}

#[tokio::test]
async fn a_fingerprint_is_of_names_sizes_and_etags() {
    async fn of(objects: &[(&str, Vec<u8>)], tag: &str) -> String {
        let store = Faulty::new(objects, |_| None).await.tagged(tag);
        list_all(&store).await.fingerprint()
    }
    let base = of(&[("a", vec![1]), ("b", vec![2])], "\"x\"").await;
    assert_eq!(base.len(), 64);
    // Neither when it was written nor how its ETag is quoted is what it holds.
    assert_eq!(base, of(&[("b", vec![2]), ("a", vec![1])], "x").await);
    let others = [
        of(&[("a", vec![1]), ("b", vec![2])], "\"y\"").await,
        of(&[("a", vec![1]), ("c", vec![2])], "\"x\"").await,
        of(&[("a", vec![1]), ("b", vec![2, 3])], "\"x\"").await,
        of(&[("a", vec![1])], "\"x\"").await,
    ];
    for other in &others {
        assert_ne!(base, *other);
    }
}
