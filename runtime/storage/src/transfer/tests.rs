//! Downloads from stores that behave, and from stores that do not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use object_store::{ObjectMeta, ObjectStore};
use tempfile::TempDir;

use super::*;
use crate::progress::{Progress, Silent};
use crate::staging::STAGING;
use crate::{Limits, Report};
use faulty::{Asked, Fault, Faulty};

mod faults;
mod faulty;
mod listing;
mod wire;

const LIMITS: Limits = Limits { total_bytes: 10_000_000, file_bytes: 9_000_000, files: 20 };

/// As many attempts as usual, but nothing to wait for.
const RETRIES: Retries =
    Retries { max: 4, first: Duration::from_micros(10), longest: Duration::from_micros(100) };

const OPTIONS: Options = Options {
    parallel: 3,
    range_bytes: 1 << 20,
    retries: RETRIES,
    stall: Duration::from_millis(200),
};

/// Bytes that are different everywhere.
fn bytes(n_bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    })
    .take(n_bytes)
    .collect()
}

/// Every file below a folder.
fn files(folder: &FilePath) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                assert_ne!(path.file_name().unwrap(), STAGING);
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

async fn list_all(store: &dyn ObjectStore) -> Listing {
    let wanted = Wanted::parse("").unwrap();
    list(store, &wanted, &LIMITS, &RETRIES).await.unwrap()
}

async fn fetch_all(store: &dyn ObjectStore, folder: &TempDir) -> Result<Report, TransferError> {
    download(store, &list_all(store).await, folder.path(), &OPTIONS, &Silent).await
}

/// What was told of a download.
#[derive(Default)]
struct Told {
    listed: AtomicU64,
    received: AtomicU64,
    finished: AtomicU64,
}

impl Progress for Told {
    fn listed(&self, files: u64, bytes: u64) {
        assert!(files > 0);
        self.listed.fetch_add(bytes, Ordering::Relaxed);
    }

    fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    fn finished(&self, report: &Report) {
        self.finished.fetch_add(report.bytes, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_folder_comes_whole_with_odd_names_and_large_objects() {
    let objects = [
        ("m/model.onnx", bytes((3 << 20) + 17)),
        ("m/a b/ü+%20.json", b"{}".to_vec()),
        ("m/empty", Vec::new()),
        ("other", b"not asked for".to_vec()),
    ];
    let store = Faulty::new(&objects, |_| None).await;
    let wanted = Wanted::parse("m").unwrap();
    let listing = list(&store, &wanted, &LIMITS, &RETRIES).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let told = Told::default();
    let report = download(&store, &listing, folder.path(), &OPTIONS, &told).await.unwrap();

    let expected: BTreeMap<String, Vec<u8>> = objects
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix("m/")?.to_owned(), bytes.clone())))
        .collect();
    assert_eq!(files(folder.path()), expected);
    let n_bytes = (3 << 20) + 17 + 2;
    assert_eq!(report, Report { files: 3, bytes: n_bytes });
    for counter in [&told.listed, &told.received, &told.finished] {
        assert_eq!(counter.load(Ordering::Relaxed), n_bytes);
    }
    let ranges = store.asked().iter().filter(|asked| asked.name == "m/model.onnx").count();
    assert_eq!(ranges, 4, "{:?}", store.asked());
}

#[tokio::test]
async fn a_folder_of_this_machine_is_a_store_too() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(source.path().join("v1")).unwrap();
    fs::write(source.path().join("v1/model.onnx"), bytes(3 << 20)).unwrap();
    let store = object_store::local::LocalFileSystem::new_with_prefix(source.path()).unwrap();
    fetch_all(&store, &target).await.unwrap();
    assert!(files(target.path()).get("v1/model.onnx") == Some(&bytes(3 << 20)));
}

#[tokio::test]
async fn downloads_may_move_between_threads() {
    fn check(_: &impl Send) {}
    let store = Faulty::new(&[("a", vec![1])], |_| None).await;
    let listing = list_all(&store).await;
    check(&download(&store, &listing, FilePath::new("/nowhere"), &OPTIONS, &Silent));
    check(&list(&store, &Wanted::parse("a").unwrap(), &LIMITS, &RETRIES));
}

#[tokio::test]
async fn what_was_there_is_replaced_and_the_rest_stays() {
    let store = Faulty::new(&[("a", b"new".to_vec())], |_| None).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), b"old").unwrap();
    fs::write(folder.path().join("b"), b"stays").unwrap();
    fetch_all(&store, &folder).await.unwrap();
    let expected = [("a".to_owned(), b"new".to_vec()), ("b".to_owned(), b"stays".to_vec())];
    assert_eq!(files(folder.path()), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_target_that_cannot_be_written_is_named() {
    let store = Faulty::new(&[("a/b", b"new".to_vec())], |_| None).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let listing = list_all(&store).await;
    let error = download(&store, &listing, &file, &OPTIONS, &Silent).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("target `{}`: expected a folder, got something else", file.display())
    );
    assert!(store.asked().iter().all(|asked| asked.is_head), "{:?}", store.asked());
}

#[tokio::test]
async fn a_disk_that_is_too_small_is_named_before_a_byte_is_fetched() {
    let store = Faulty::new(&[("a", b"new".to_vec())], |_| None).await;
    let mut object = list_all(&store).await.items()[0].clone();
    object.object.size = 1 << 60;
    let limits = Limits { total_bytes: u64::MAX, file_bytes: u64::MAX, files: 1 };
    let listing = Listing::new("a", vec![object], &limits).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = download(&store, &listing, folder.path(), &OPTIONS, &Silent).await.unwrap_err();
    let expected = format!(
        "cannot write `{}`: expected room for {} bytes, but no space is left",
        folder.path().display(),
        1_u64 << 60
    );
    assert_eq!(error.to_string(), expected);
    assert!(store.asked().is_empty());
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn an_abandoned_download_leaves_nothing_behind() {
    let store = Faulty::new(&[("a", bytes(5000))], |_| Some(Fault::Stall(2000))).await;
    let folder = tempfile::tempdir().unwrap();
    let listing = list_all(&store).await;
    let options = Options { stall: Duration::from_hours(1), ..OPTIONS };
    {
        let told = Told::default();
        let mut fetched = Box::pin(download(&store, &listing, folder.path(), &options, &told));
        while told.received.load(Ordering::Relaxed) < 2000 {
            let turn = tokio::time::timeout(Duration::from_millis(1), &mut fetched);
            assert!(turn.await.is_err());
        }
    }
    assert!(!folder.path().join(STAGING).exists());
    assert!(files(folder.path()).is_empty());
}
