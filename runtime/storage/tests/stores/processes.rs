//! Fetches in processes of their own: what they need of memory, and how they share a cache.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use radiant_contract::{EnvSource as _, ProcessEnv};
use radiant_storage::progress::Silent;
use tokio::sync::Notify;

use crate::files::{Files, assert_same, content, found};
use crate::proxy::{Fault, Proxy, Rule};
use crate::servers::{Key, S3, Store, Web};
use crate::user::{self, found_at};

/// What the other process is to do, as JSON.
const TASK: &str = "RADIANT_TEST_TASK";
const ENTRY: &str = "processes::the_other_process";
/// What it says at the end, before a path and the most memory that it had.
const DONE: &str = "DONE ";

const FILE_BYTES: usize = 1 << 20;

/// Fetches by a cache, as the task says, and tells where the model is.
#[tokio::test]
#[ignore = "is the other process of other tests, which start it"]
async fn the_other_process() {
    let task = ProcessEnv.get(TASK).expect("it is started by another test");
    let mut task: BTreeMap<String, String> = serde_json::from_str(&task).unwrap();
    let (uri, cache) = (task.remove("uri").unwrap(), PathBuf::from(task.remove("cache").unwrap()));
    let env = task.into_iter().map(|(name, value)| (&*name.leak(), value)).collect();
    let storage = user::storage(env, &cache, |_| {});
    let model = storage.fetch_cached(&user::parse(&uri), &Silent).await.unwrap();
    println!("\n{DONE}{} {}", peak_kib(), model.path().display());
}

/// The most memory that this process had at a time.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Another process, while it fetches.
struct Other(Child);

impl Other {
    fn start(store: &impl Store, at: SocketAddr, uri: &str, cache: &Path) -> Self {
        let mut task: BTreeMap<_, _> = store.env(at, Key::Right).into_iter().collect();
        task.insert("uri", uri.to_owned());
        task.insert("cache", cache.to_str().unwrap().to_owned());
        #[expect(clippy::disallowed_methods, reason = "the cache is shared by processes")]
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", ENTRY, "--ignored", "--nocapture"]);
        command.env(TASK, serde_json::to_string(&task).unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Waits for its end: the most memory that it had, in KiB, and where the model is.
    async fn finish(mut self) -> (u64, PathBuf) {
        let finish = move || {
            let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
            let said = lines.map_while(Result::ok).find_map(|line| {
                let (peak, path) = line.strip_prefix(DONE)?.split_once(' ')?;
                Some((peak.parse().unwrap(), PathBuf::from(path)))
            });
            let mut error = String::new();
            self.0.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            self.0.wait().unwrap();
            said.unwrap_or_else(|| panic!("the other process failed: {error}"))
        };
        tokio::task::spawn_blocking(finish).await.unwrap()
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn one(content: bytes::Bytes) -> Files {
    Files::from([("model.bin".to_owned(), content)])
}

#[tokio::test]
async fn memory_does_not_grow_with_a_file() {
    let Some(store) = S3::start().await else { return };
    let mut peaks = Vec::new();
    for n_bytes in [20_000_000, 200_000_000] {
        let (place, expected) = (format!("size/{n_bytes}/model.bin"), content("size", n_bytes));
        store.put_file(&place, expected.clone()).await;
        let cache = tempfile::tempdir().unwrap();
        let (at, uri) = (store.address(), store.uri(store.address(), &place));
        let (peak_kib, path) = Other::start(&store, at, &uri, cache.path()).finish().await;
        assert_same(&found_at(&path), &one(expected));
        peaks.push(peak_kib);
    }
    let [small, large] = peaks[..] else { unreachable!("there are two sizes") };
    println!("peaks: {small} KiB for 20 MB, {large} KiB for 200 MB");
    assert!(large < small + 32 * 1024, "{small} KiB for 20 MB, {large} KiB for 200 MB");
}

/// The second process asks while the first one downloads.
#[tokio::test]
async fn processes_that_share_a_cache_download_once() {
    let web = Arc::new(Web::start().await.expect("it needs no program"));
    let expected = content("shared", FILE_BYTES);
    web.put_file("model.bin", expected.clone()).await;
    let proxy = Proxy::start(web.address()).await;
    let cache = tempfile::tempdir().unwrap();
    let (at, folder) = (proxy.address, cache.path().to_owned());
    let uri = web.uri(at, "model.bin");
    let (asked, second) = (Arc::new(Notify::new()), Arc::new(Mutex::new(None)));
    let listed = {
        let asked = Arc::clone(&asked);
        move || {
            asked.notify_one();
            async {}.boxed()
        }
    };
    let downloads = {
        let (web, uri, folder, second) = (web, uri.clone(), folder.clone(), Arc::clone(&second));
        move || {
            *second.lock().unwrap() = Some(Other::start(&*web, at, &uri, &folder));
            let asked = Arc::clone(&asked);
            async move { asked.notified().await }.boxed()
        }
    };
    proxy.set([
        Rule::read("/model.bin", 0..1, Fault::Meanwhile(Arc::new(downloads))),
        Rule::look("/model.bin", 1..2, Fault::Meanwhile(Arc::new(listed))),
    ]);
    let user = Web::start().await.expect("it needs no program");
    let first = Other::start(&user, at, &uri, &folder).finish().await;
    let second = second.lock().unwrap().take().expect("it was started");
    let second = second.finish().await;
    assert_same(&found_at(&first.1), &one(expected.clone()));
    assert_same(&found_at(&second.1), &one(expected));
    assert_eq!(proxy.sent("/model.bin"), FILE_BYTES as u64);
}

#[tokio::test]
async fn what_a_killed_process_leaves_is_no_hindrance() {
    let web = Web::start().await.expect("it needs no program");
    let expected = content("killed", FILE_BYTES);
    web.put_file("model.bin", expected.clone()).await;
    let proxy = Proxy::start(web.address()).await;
    let cache = tempfile::tempdir().unwrap();
    let uri = web.uri(proxy.address, "model.bin");
    let reached = Arc::new(Notify::new());
    let fault = {
        let reached = Arc::clone(&reached);
        move || {
            reached.notify_one();
            std::future::pending().boxed()
        }
    };
    proxy.set([Rule::read("/model.bin", 0..1, Fault::Meanwhile(Arc::new(fault)))]);
    let other = Other::start(&web, proxy.address, &uri, cache.path());
    reached.notified().await;
    other.kill();
    proxy.set([]);
    let (_, path) = Other::start(&web, proxy.address, &uri, cache.path()).finish().await;
    assert_same(&found_at(&path), &one(expected));
    let n_bytes: usize = found(cache.path()).values().map(bytes::Bytes::len).sum();
    assert!(n_bytes < FILE_BYTES + 10_000, "leftovers: {:?}", found(cache.path()).keys());
}
