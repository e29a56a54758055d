//! What a fetch does when requests fail: it goes on, or it says why not and leaves nothing behind.

use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::files::{Files, assert_same, content};
use crate::proxy::{Fault, Proxy, Rule};
use crate::servers::{Azure, Gcs, Registry, S3, Store, Web};
use crate::user::{RANGE_BYTES, User};

const FILE_BYTES: usize = 1 << 20;
/// Where something breaks: within the first range.
const AFTER: u64 = 100_000;
const ALWAYS: usize = usize::MAX;

/// What comes of a fetch.
enum Outcome {
    Fine,
    /// An error with one of these words.
    Error(&'static [&'static str]),
    Either(&'static [&'static str]),
}

/// What breaks, and what comes of it.
struct Case {
    name: &'static str,
    nth: std::ops::Range<usize>,
    fault: Fault,
    outcome: Outcome,
    /// How many bytes may be sent more than the file has; `None` where it does not matter.
    more_bytes: Option<u64>,
}

fn cases() -> [Case; 12] {
    use Fault::{Drip, Reset, Stall, Status, Truncate, WrongLength};
    let case =
        |name, nth, fault| Case { name, nth, fault, outcome: Outcome::Fine, more_bytes: None };
    let busy: &[&str] = &["busy", "503"];
    let refused: &[&str] = &["403", "may not", "not public", "not accept"];
    [
        case("a burst of 503", 0..3, Status(503)),
        case("one 500", 0..1, Status(500)),
        // Who asks again is right, and who says so at once.
        Case { outcome: Outcome::Either(refused), ..case("one 403", 0..1, Status(403)) },
        case("a reset", 0..1, Reset { after: AFTER }),
        // What was sent before an end in good order has arrived: it is not sent again.
        Case { more_bytes: Some(0), ..case("one early end", 0..1, Truncate { after: AFTER }) },
        Case { more_bytes: Some(0), ..case("early ends", 0..4, Truncate { after: AFTER }) },
        case("slow bytes", 0..2, Drip { bytes: 1000 }),
        case("silence", 0..1, Stall { after: AFTER }),
        Case { more_bytes: Some(1000), ..case("a length too small", 0..1, WrongLength(-1000)) },
        case("a length too large", 0..1, WrongLength(1000)),
        Case { outcome: Outcome::Error(busy), ..case("503 for ever", 0..ALWAYS, Status(503)) },
        Case { outcome: Outcome::Error(refused), ..case("403 for ever", 0..ALWAYS, Status(403)) },
    ]
}

async fn check<S: Store>() {
    let Some(store) = S::start().await else { return };
    let place = format!("{}/model.bin", store.place("faulty"));
    let expected = content("faulty", FILE_BYTES);
    store.put_file(&place, expected.clone()).await;
    let expected = Files::from([("model.bin".to_owned(), expected)]);
    let proxy = Proxy::start(store.address()).await;
    let user = User::hasty(&store, proxy.address);
    let part = store.content_part(&place);
    for case in cases() {
        proxy.set([Rule::read(&part, case.nth, case.fault)]);
        let fetched = user.fetch(&store.uri(proxy.address, &place)).await;
        let passed = proxy.passed();
        let words = match case.outcome {
            Outcome::Fine => &[],
            Outcome::Error(words) | Outcome::Either(words) => words,
        };
        match fetched {
            Ok(_) if matches!(case.outcome, Outcome::Error(_)) => {
                panic!("{}: expected an error with {words:?}: {passed:#?}", case.name)
            }
            Ok(files) => assert_same(&files, &expected),
            Err(error) if words.iter().any(|word| error.contains(word)) => {}
            Err(error) => panic!("{}: expected {words:?}, got {error}\n{passed:#?}", case.name),
        }
        assert!(proxy.has_met(), "{}: nothing was broken: {passed:#?}", case.name);
        if let Some(more_bytes) = case.more_bytes {
            let limit = FILE_BYTES as u64 + more_bytes;
            let sent = proxy.sent(&part);
            assert!(sent <= limit, "{}: {sent} bytes were sent: {passed:#?}", case.name);
        }
    }
}

macro_rules! faults {
    ($($module:ident $store:ident)*) => {
        $(mod $module {
            #[tokio::test]
            async fn a_fetch_survives_what_passes_and_tells_of_what_does_not() {
                super::check::<super::$store>().await;
            }

            #[tokio::test]
            async fn a_file_that_changes_meanwhile_is_an_error() {
                super::check_change::<super::$store>().await;
            }
        })*
    };
}

faults! {
    s3 S3
    gcs Gcs
    azure Azure
    web Web
}

mod registry {
    // A tag that moves meanwhile does not matter: what is read is named by its digest.
    #[tokio::test]
    async fn a_fetch_survives_what_passes_and_tells_of_what_does_not() {
        super::check::<super::Registry>().await;
    }
}

async fn check_change<S: Store + Send + Sync + 'static>() {
    let Some(store) = S::start().await else { return };
    let store = Arc::new(store);
    let place = format!("{}/model.bin", store.place("changing"));
    let part = store.content_part(&place);
    let proxy = Proxy::start(store.address()).await;
    let user = User::hasty(&*store, proxy.address);
    // A change of the size, and one that only the tag tells of.
    for n_bytes in [FILE_BYTES + 1, FILE_BYTES] {
        store.put_file(&place, content("before", FILE_BYTES)).await;
        let (changing, at) = (Arc::clone(&store), place.clone());
        let change = move || {
            let (store, place) = (Arc::clone(&changing), at.clone());
            async move { store.put_file(&place, content("after", n_bytes)).await }.boxed()
        };
        let n_ranges = FILE_BYTES / RANGE_BYTES;
        let fault = Fault::Meanwhile(Arc::new(change));
        proxy.set([Rule::read(&part, n_ranges - 1..n_ranges, fault)]);
        let error = user.fetch(&store.uri(proxy.address, &place)).await.unwrap_err();
        assert!(error.contains("changed"), "{error}");
        // Nothing of the old one is taken for the new one.
        proxy.set([]);
        let expected = Files::from([("model.bin".to_owned(), content("after", n_bytes))]);
        assert_same(&user.get(&store.uri(proxy.address, &place)).await, &expected);
    }
}
