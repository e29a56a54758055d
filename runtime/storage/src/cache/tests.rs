//! Models that are there, that are not, that are in the way, and that are half there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;

struct Place {
    root: TempDir,
    n_fetched: AtomicUsize,
}

impl Place {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), n_fetched: AtomicUsize::new(0) }
    }

    fn cache(&self) -> Cache {
        Cache::open(&self.root.path().join("cache"), 100).unwrap()
    }

    /// Asks for a model that is one file of `bytes` bytes.
    async fn get(&self, cache: &Cache, name: &str, bytes: usize) -> CachedModel {
        let fill = |folder: PathBuf| async move {
            self.n_fetched.fetch_add(1, Ordering::Relaxed);
            // Others get their turn in the middle.
            tokio::task::yield_now().await;
            fs::write(folder.join("model.onnx"), vec![7; bytes]).unwrap();
            Ok::<(), CacheError>(())
        };
        let model = cache.get(&key(name), bytes as u64, fill).await.unwrap();
        assert_eq!(fs::read(model.path().join("model.onnx")).unwrap(), vec![7; bytes]);
        model
    }

    fn n_fetched(&self) -> usize {
        self.n_fetched.load(Ordering::Relaxed)
    }
}

fn key(name: &str) -> Key {
    Key::of(name, "fingerprint")
}

/// Says that a model was last asked for so long ago.
fn age(cache: &Cache, name: &str, seconds: u64) {
    let entry = File::options().append(true).open(cache.path(&key(name), "json")).unwrap();
    entry.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - seconds)).unwrap();
}

fn is_there(cache: &Cache, name: &str) -> bool {
    cache.path(&key(name), "model").exists()
}

#[test]
fn a_key_is_of_both_texts() {
    let all = [Key::of("a", "b"), Key::of("ab", ""), Key::of("", "ab"), Key::of("a", "c")];
    for (idx, one) in all.iter().enumerate() {
        assert!(all.iter().skip(idx + 1).all(|other| other != one));
    }
    assert_eq!(Key::of("a", "b"), Key::of("a", "b"));
}

#[tokio::test]
async fn a_model_is_fetched_once() {
    let place = Place::new();
    let cache = place.cache();
    for _ in 0..3 {
        drop(place.get(&cache, "a", 10).await);
    }
    // Another process opens the folder anew.
    place.get(&place.cache(), "a", 10).await;
    assert_eq!(place.n_fetched(), 1);
}

#[tokio::test]
async fn of_those_who_ask_at_once_one_fetches() {
    let place = Place::new();
    let (one, other) = (place.cache(), place.cache());
    let all = futures_util::future::join_all(
        (0..8).map(|idx| place.get(if idx % 2 == 0 { &one } else { &other }, "a", 10)),
    );
    assert_eq!(all.await.len(), 8);
    assert_eq!(place.n_fetched(), 1);
}

#[tokio::test]
async fn the_longest_unused_model_makes_room() {
    let place = Place::new();
    let cache = place.cache();
    for (name, seconds) in [("old", 30), ("older", 60), ("new", 10)] {
        place.get(&cache, name, 30).await;
        age(&cache, name, seconds);
    }
    place.get(&cache, "another", 30).await;
    let there = ["old", "older", "new", "another"].map(|name| is_there(&cache, name));
    assert_eq!(there, [true, false, true, true]);
}

#[tokio::test]
async fn asking_for_a_model_keeps_it() {
    let place = Place::new();
    let cache = place.cache();
    for (name, seconds) in [("a", 60), ("b", 30)] {
        place.get(&cache, name, 40).await;
        age(&cache, name, seconds);
    }
    place.get(&cache, "a", 40).await;
    place.get(&cache, "c", 40).await;
    assert_eq!(["a", "b", "c"].map(|name| is_there(&cache, name)), [true, false, true]);
}

#[tokio::test]
async fn a_model_in_use_is_never_removed() {
    let place = Place::new();
    let cache = place.cache();
    let used = place.get(&cache, "used", 60).await;
    age(&cache, "used", 60);
    place.get(&cache, "b", 60).await;
    assert!(is_there(&cache, "used"));
    drop(used);
    age(&cache, "b", 0);
    place.get(&cache, "c", 60).await;
    assert_eq!(["used", "b", "c"].map(|name| is_there(&cache, name)), [false, false, true]);
    let left: Vec<_> =
        fs::read_dir(&cache.folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[tokio::test]
async fn a_model_larger_than_the_cache_is_refused() {
    let place = Place::new();
    let fill = |_| async { Err(CacheError::NotAFolder { path: PathBuf::new() }) };
    let error = place.cache().get(&key("a"), 101, fill).await.unwrap_err().to_string();
    assert!(error.ends_with(
        ": expected a model of at most 100 bytes, got one of 101: give the cache more room"
    ));
}

#[tokio::test]
async fn a_failed_download_leaves_no_model_and_the_next_one_begins_anew() {
    let place = Place::new();
    let cache = place.cache();
    let fill = |folder: PathBuf| async move {
        fs::write(folder.join("half"), b"1").unwrap();
        Err(CacheError::NotAFolder { path: "as told".into() })
    };
    let error = cache.get(&key("a"), 10, fill).await.unwrap_err();
    assert!(matches!(error, CacheError::NotAFolder { .. }), "{error}");
    assert!(!is_there(&cache, "a"));
    let model = place.get(&cache, "a", 10).await;
    assert!(!model.path().join("half").exists());
}

#[tokio::test]
async fn what_a_killed_download_left_is_cleaned_up() {
    let place = Place::new();
    let cache = place.cache();
    let part = cache.path(&key("killed"), "part");
    fs::create_dir(&part).unwrap();
    fs::write(part.join("half"), b"1").unwrap();
    drop(File::create(cache.path(&key("killed"), "lock")).unwrap());
    // One that somebody works on is left alone.
    let busy = cache.path(&key("busy"), "part");
    fs::create_dir(&busy).unwrap();
    let lock = lock::attempt(&cache.path(&key("busy"), "lock"), Hold::Shared).unwrap();
    place.get(&cache, "a", 10).await;
    assert!(!part.exists() && !cache.path(&key("killed"), "lock").exists());
    assert!(busy.exists());
    drop(lock);
}

#[tokio::test]
async fn a_damaged_model_is_fetched_again() {
    let place = Place::new();
    let cache = place.cache();
    let model = place.get(&cache, "a", 10).await;
    fs::write(model.path().join("model.onnx"), b"short").unwrap();
    place.get(&cache, "a", 10).await;
    assert_eq!(place.n_fetched(), 2);
    fs::remove_dir_all(model.path()).unwrap();
    place.get(&cache, "a", 10).await;
    assert_eq!(place.n_fetched(), 3);
    fs::write(cache.path(&key("a"), "json"), b"no entry").unwrap();
    place.get(&cache, "a", 10).await;
    assert_eq!(place.n_fetched(), 4);
}

#[tokio::test]
async fn files_of_others_are_left_alone() {
    let place = Place::new();
    let cache = place.cache();
    let other = cache.folder.join("notes.json");
    fs::write(&other, b"mine").unwrap();
    for name in ["a", "b", "c"] {
        place.get(&cache, name, 90).await;
    }
    assert_eq!(fs::read(other).unwrap(), b"mine");
}
