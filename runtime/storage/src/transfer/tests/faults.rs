//! Requests that fail, bodies that break off, objects that change.

use super::*;

const MB: usize = 1 << 20;

/// Downloads one object of 2.5 ranges under a rule; what came, and what was asked.
async fn fetched(
    rule: impl Fn(&Asked) -> Option<Fault> + Send + Sync + 'static,
) -> (Result<(), String>, Vec<Asked>) {
    let content = bytes(2 * MB + MB / 2);
    // What is listed is looked at first, without faults.
    let objects = [("model.bin", content.clone())];
    let store = Faulty::new(&objects, rule).await.tagged("\"one\"");
    let folder = tempfile::tempdir().unwrap();
    let outcome = fetch_all(&store, &folder).await;
    let found = files(folder.path());
    let outcome = match outcome {
        Ok(_) => {
            assert!(found.get("model.bin") == Some(&content), "the file is another one");
            Ok(())
        }
        Err(error) => {
            assert!(found.is_empty(), "{found:?}");
            Err(error.to_string())
        }
    };
    (outcome, store.asked())
}

#[tokio::test]
async fn bursts_of_failures_are_tried_again() {
    for status in [500, 503, 429, 408] {
        let (outcome, asked) =
            fetched(move |asked| (asked.number < 4).then_some(Fault::Status(status))).await;
        assert_eq!(outcome, Ok(()));
        assert_eq!(asked.len(), 3 + 4, "{status}");
    }
}

#[tokio::test]
async fn failures_without_end_are_an_error_that_counts_them() {
    let (outcome, _) = fetched(|_| Some(Fault::Status(503))).await;
    let error = outcome.unwrap_err();
    assert!(error.starts_with("cannot read `model.bin` (attempt 5): "), "{error}");
}

#[tokio::test]
async fn what_is_wrong_for_good_is_asked_once() {
    let (outcome, asked) = fetched(|asked| (asked.start == 0).then_some(Fault::Status(400))).await;
    assert!(outcome.unwrap_err().contains("400"));
    assert_eq!(asked.iter().filter(|asked| asked.start == 0).count(), 1);
}

#[tokio::test]
async fn a_refusal_is_tried_once_more() {
    let (outcome, _) = fetched(|asked| (asked.number == 1).then_some(Fault::Status(403))).await;
    assert_eq!(outcome, Ok(()));
    let (outcome, asked) = fetched(|asked| (asked.start == 0).then_some(Fault::Status(403))).await;
    assert!(outcome.unwrap_err().starts_with("cannot read `model.bin` (attempt 2): "));
    assert_eq!(asked.iter().filter(|asked| asked.start == 0).count(), 2);
}

#[tokio::test]
async fn a_range_goes_on_from_the_byte_that_it_reached() {
    let faults = [Fault::Reset(700_000), Fault::Truncate(700_000), Fault::Stall(700_000)];
    for fault in faults {
        let again = fault.clone();
        let (outcome, asked) =
            fetched(move |asked| (asked.start == 0).then_some(again.clone())).await;
        assert_eq!(outcome, Ok(()), "{fault:?}");
        let mut starts: Vec<u64> = asked.iter().map(|asked| asked.start).collect();
        starts.sort_unstable();
        let step = (2 * MB + MB / 2).div_ceil(3) as u64;
        assert_eq!(starts, [0, 700_000, step, 2 * step], "{fault:?}");
        assert!(asked.iter().all(|asked| asked.if_match.as_deref() == Some("\"one\"")));
    }
}

#[tokio::test]
async fn many_breaks_with_headway_are_endured_and_bytes_by_the_piece_are_not() {
    let (outcome, asked) = fetched(|_| Some(Fault::Reset(100_000))).await;
    assert_eq!(outcome, Ok(()));
    assert!(asked.len() > 20, "{}", asked.len());
    let (outcome, asked) = fetched(|_| Some(Fault::Truncate(10))).await;
    let error = outcome.unwrap_err();
    assert!(error.starts_with("object `model.bin`: expected bytes up to "), "{error}");
    assert!(error.ends_with(" in 5 attempts"), "{error}");
    assert!(asked.len() <= 15, "{}", asked.len());
}

#[tokio::test]
async fn a_store_that_sends_nothing_is_given_up() {
    let (outcome, _) = fetched(|asked| (asked.start == 0).then_some(Fault::Stall(0))).await;
    let error = outcome.unwrap_err();
    assert_eq!(error, "object `model.bin`: expected bytes, got none for 0 s in 5 attempts");
}

#[tokio::test]
async fn an_object_that_changes_midway_is_an_error() {
    let cases = [
        (Fault::Tag("\"two\""), "it was written again"),
        (Fault::Precondition, "it was written again"),
        (Fault::Size(9), "its size is another one"),
        (Fault::Gone, "it is gone"),
        (Fault::Status(416), "it is shorter now"),
        (Fault::TooLong, "more bytes came than were asked for"),
    ];
    for (fault, what) in cases {
        let (outcome, asked) =
            fetched(move |asked| (asked.start > 0).then_some(fault.clone())).await;
        let expected = format!(
            "object `model.bin`: changed while it was downloaded ({what}): start again when it rests"
        );
        assert_eq!(outcome, Err(expected));
        assert!(asked.len() <= 3, "{asked:?}");
    }
}

/// Downloads `content` whose ETag is the MD5 of it, or of something else.
async fn tagged(
    md5_of: &[u8],
    rule: impl Fn(&Asked) -> Option<Fault> + Send + Sync + 'static,
) -> (Result<Report, TransferError>, usize) {
    use md5::Digest as _;
    let tag = format!("\"{}\"", crate::hex::hex(&md5::Md5::digest(md5_of)));
    let objects = [("a", bytes(5000)), ("b", bytes(5000))];
    let store = Faulty::new(&objects, rule).await.tagged(&tag);
    let folder = tempfile::tempdir().unwrap();
    let listing = list_all(&store).await;
    let options = Options { parallel: 1, ..OPTIONS };
    let outcome = download(&store, &listing, folder.path(), &options, &Silent).await;
    if outcome.is_ok() {
        assert!(files(folder.path()).values().all(|content| *content == bytes(5000)));
    }
    (outcome, store.asked().len())
}

#[tokio::test]
async fn checksums_find_damage_and_a_second_download_mends_it() {
    let content = bytes(5000);
    let (outcome, n_asked) = tagged(&content, |_| None).await;
    assert_eq!((outcome.unwrap().files, n_asked), (2, 2));
    let (outcome, n_asked) =
        tagged(&content, |asked| (asked.number == 0).then_some(Fault::Flip)).await;
    assert_eq!((outcome.unwrap().files, n_asked), (2, 3));
}

#[tokio::test]
async fn damage_that_differs_each_time_is_an_error() {
    let (outcome, _) = tagged(b"another", |asked| (asked.number == 0).then_some(Fault::Flip)).await;
    let error = outcome.unwrap_err().to_string();
    assert!(error.starts_with("object `a`: expected MD5 `"), "{error}");
    assert!(error.ends_with(": damaged on the way"), "{error}");
}

#[tokio::test]
async fn etags_that_only_look_like_checksums_are_found_out_once() {
    // The first object is fetched twice, the second once.
    let (outcome, n_asked) = tagged(b"another", |_| None).await;
    assert_eq!((outcome.unwrap().files, n_asked), (2, 3));
}
