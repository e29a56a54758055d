//! Models come, change and go, and whoever asks meanwhile is answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use radiant_contract::repository::QueuePolicy;
use radiant_core::schema::Scoring;
use radiant_core::{Component, Error, ErrorKind, Payload, Reply};

use super::{Found, Offered, OfferedVersion, Phase, Plan, Repository, Source};
use crate::config::NodeIdentity;
use crate::observe::{NodeLabels, Registry};
use crate::schedule::{BatchOptions, Permits, Pool, UNLIMITED};
use crate::{LoadError, Model, OutputChoice, Served};

#[derive(Debug)]
struct Echo;

impl Component for Echo {
    fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }
}

/// A source whose models are what a test says: one whose fingerprint begins with `bad` cannot be
/// loaded, one with `panic` panics. The metadata of a model is its fingerprint.
#[derive(Default)]
struct Shelf {
    offered: Mutex<Vec<Offered>>,
    n_loads: AtomicU64,
}

impl Shelf {
    fn put(&self, offered: Vec<Offered>) {
        *self.offered.lock().unwrap() = offered;
    }
}

impl Source for Shelf {
    fn list(&self) -> Result<Vec<Offered>, LoadError> {
        Ok(self.offered.lock().unwrap().clone())
    }

    fn load(&self, name: &str, version: &str, _: &dyn Fn(&str)) -> Result<Model, LoadError> {
        self.n_loads.fetch_add(1, Ordering::Relaxed);
        let offered = self.offered.lock().unwrap().clone();
        let model = offered.iter().find(|model| model.name == name).unwrap();
        let versions = model.versions.as_ref().unwrap().iter();
        let fingerprint = &versions.into_iter().find(|v| v.version == version).unwrap().fingerprint;
        assert!(!fingerprint.starts_with("panic"), "the loader panics");
        if fingerprint.starts_with("bad") {
            return Err(LoadError::new("it is broken").with_source(LoadError::new(fingerprint)));
        }
        Ok(Model {
            served: Served::Component(Arc::new(Echo)),
            output: OutputChoice::Probabilities,
            class_names: None,
            request_path: None,
            metadata: fingerprint.clone(),
            platform: String::new(),
            reason: String::new(),
            scoring: Scoring::default(),
            queue: QueuePolicy::default(),
        })
    }
}

/// `model name=fingerprint name=fingerprint`, with labels as `label:version` and a default as
/// `*version`. Versions have a gigabyte each, more than any test's process grows by.
fn model(text: &str) -> Offered {
    let mut words = text.split(' ');
    let name = words.next().unwrap().to_owned();
    let (mut versions, mut labels, mut default) = (Vec::new(), BTreeMap::new(), None);
    for word in words {
        if let Some((version, fingerprint)) = word.split_once('=') {
            let (version, fingerprint) = (version.to_owned(), fingerprint.to_owned());
            versions.push(OfferedVersion { version, bytes: 1 << 30, fingerprint });
        } else if let Some((label, version)) = word.split_once(':') {
            labels.insert(label.to_owned(), version.to_owned());
        } else {
            default = word.strip_prefix('*').map(str::to_owned);
        }
    }
    Offered { name, versions: Ok(versions), labels, default }
}

fn models(texts: &[&str]) -> Vec<Offered> {
    texts.iter().map(|text| model(text)).collect()
}

struct Stage {
    shelf: Arc<Shelf>,
    repository: Arc<Repository>,
    registry: Arc<Registry>,
    last: Vec<Offered>,
}

impl Stage {
    fn new(texts: &[&str], bytes_max: Option<u64>) -> Self {
        let shelf = Arc::new(Shelf::default());
        shelf.put(models(texts));
        let registry = Arc::new(Registry::new());
        let labels = NodeLabels::new(&NodeIdentity::default());
        let permits = Permits::new(UNLIMITED, &registry);
        let plan = Plan { required: Vec::new(), bytes_max, response_cache_bytes: None, permits };
        let source: Arc<dyn Source> = Arc::clone(&shelf) as Arc<dyn Source>;
        let pool = Pool::start(1, |work| work(), BatchOptions::default(), &registry).unwrap();
        let pool = Arc::new(pool);
        let repository = Arc::new(Repository::new(&plan, source, &pool, &registry, labels));
        Self { shelf, repository, registry, last: models(texts) }
    }

    fn started(texts: &[&str], bytes_max: Option<u64>) -> Self {
        let stage = Self::new(texts, bytes_max);
        stage.repository.start().unwrap();
        stage
    }

    /// The files change, and it is looked once.
    fn change(&mut self, texts: &[&str]) {
        self.shelf.put(models(texts));
        self.last = self.repository.look(&self.last).unwrap();
    }

    /// The files change, and it is looked until they have settled.
    fn settle(&mut self, texts: &[&str]) {
        self.change(texts);
        self.change(texts);
    }

    /// What answers for a model and version: its files' fingerprint.
    fn asked(&self, name: &str, version: &str) -> Result<String, Error> {
        let found = self.repository.find(name, version)?;
        Ok(found.node()?.metadata.clone())
    }

    fn answers(&self, name: &str, version: &str) -> String {
        self.asked(name, version).unwrap_or_else(|error| error.to_string())
    }

    /// `model/version STATE reason` of all.
    fn index(&self) -> Vec<String> {
        let table = self.repository.table();
        let slots = table.slots().map(|slot| (&slot.entry, slot.entry.status()));
        slots
            .map(|(entry, status)| {
                let (name, version, state) = (&entry.name, &entry.version, status.phase.name());
                format!("{name}/{version} {state} {}", status.reason).trim_end().to_owned()
            })
            .collect()
    }

    fn n_loads(&self) -> u64 {
        self.shelf.n_loads.load(Ordering::Relaxed)
    }

    async fn wake(&self, name: &str) -> Result<Found, Error> {
        self.repository.wake(self.repository.find(name, "").unwrap()).await
    }
}

#[test]
fn versions_are_found_by_name_by_label_and_by_default() {
    let stage = Stage::started(&["m 1=a 2=b 3=c stable:1 canary:3", "n 7=x"], None);
    for (name, version, expected) in [
        ("m", "", "c"),
        ("m", "1", "a"),
        ("m", "2", "b"),
        ("m", "stable", "a"),
        ("m", "canary", "c"),
        ("n", "", "x"),
        (
            "m",
            "4",
            "model `m` has no version `4`; expected one of `1`, `2`, `3`, `canary`, `stable`",
        ),
        ("n", "1", "model `n` has no version `1`; expected `7`"),
        ("o", "", "no model `o` here; expected one of `m`, `n`"),
    ] {
        assert_eq!(stage.answers(name, version), expected, "{name} {version}");
    }
    let named = Stage::started(&["m 1=a 2=b stable:1 *stable", "n 1=a 2=b *1"], None);
    assert_eq!((named.answers("m", ""), named.answers("n", "")), ("a".into(), "a".into()));
    assert_eq!(named.repository.main().unwrap().entry().name, "m");
}

#[test]
fn a_new_version_replaces_the_old_one_once_its_files_have_settled() {
    let mut stage = Stage::started(&["m 1=a"], None);
    stage.change(&["m 1=b"]);
    assert_eq!(stage.answers("m", ""), "a", "somebody may be writing");
    stage.change(&["m 1=c"]);
    assert_eq!(stage.answers("m", ""), "a");
    stage.change(&["m 1=c"]);
    assert_eq!((stage.answers("m", ""), stage.n_loads()), ("c".into(), 2));
    stage.change(&["m 2=d"]);
    assert_eq!((stage.answers("m", ""), stage.index()), ("c".into(), vec!["m/1 READY".into()]));
    stage.change(&["m 2=d"]);
    assert_eq!((stage.answers("m", ""), stage.index()), ("d".into(), vec!["m/2 READY".into()]));
    stage.settle(&["m 2=d"]);
    assert_eq!(stage.n_loads(), 3, "what has not changed is not loaded again");
    let page = stage.registry.render();
    assert!(page.contains(r#"model="m",outcome="ok",version="2""#), "{page}");
    assert!(!page.contains(r#"version="1""#), "{page}");
}

#[test]
fn a_bad_version_is_tried_once_and_the_old_one_answers_on() {
    let mut stage = Stage::started(&["m 1=a"], None);
    stage.settle(&["m 1=bad1"]);
    let reason = "it is broken: bad1";
    assert_eq!(stage.index(), [format!("m/1 READY {reason}")]);
    assert_eq!((stage.answers("m", ""), stage.n_loads()), ("a".into(), 2));
    stage.settle(&["m 1=bad1"]);
    assert_eq!(stage.n_loads(), 2);
    stage.settle(&["m 2=panic"]);
    assert_eq!(
        stage.answers("m", ""),
        "a",
        "a version that is not offered answers while none else does"
    );
    assert_eq!(stage.index()[1].split(' ').next(), Some("m/2"));
    assert!(stage.index()[1].contains("UNAVAILABLE loading the model panicked"));
    stage.settle(&["m 2=c"]);
    assert_eq!((stage.answers("m", ""), stage.index()), ("c".into(), vec!["m/2 READY".into()]));
    let page = stage.registry.render();
    assert!(page.contains(r#"loads_total{model="m",outcome="failed",version="2"} 1"#), "{page}");
}

#[test]
fn labels_move_when_their_version_answers() {
    let mut stage = Stage::started(&["m 1=a 2=b stable:1 canary:2 *stable"], None);
    stage.settle(&["m 2=b 3=bad stable:2 canary:3 *stable"]);
    let answers =
        |stage: &Stage| ["", "stable", "canary", "1"].map(|version| stage.answers("m", version));
    let unknown = "model `m` has no version `1`; expected one of `2`, `3`, `canary`, `stable`";
    assert_eq!(answers(&stage), ["b", "b", "b", unknown]);
    stage.settle(&["m 2=b 3=c stable:2 canary:3 *stable"]);
    assert_eq!(answers(&stage), ["b", "b", "c", unknown]);
    stage.settle(&["m 3=c 4=bad stable:4 *4"]);
    assert_eq!(stage.answers("m", "stable"), "b", "it is kept for its label");
    assert_eq!(stage.answers("m", ""), "c", "its own name means another now");
}

#[test]
fn a_wrong_description_hides_nothing_that_answers() {
    let mut stage = Stage::started(&["m 1=a", "n 1=b"], None);
    let wrong = Offered { versions: Err("`config.pbtxt`: no".to_owned()), ..model("m 1=a") };
    let broken = Offered { name: "o".to_owned(), ..wrong.clone() };
    for _ in 0..2 {
        stage.shelf.put(vec![wrong.clone(), model("n 1=c"), broken.clone()]);
        stage.last = stage.repository.look(&stage.last).unwrap();
    }
    let index = stage.index();
    let expected =
        ["m/1 READY `config.pbtxt`: no", "n/1 READY", "o/ UNAVAILABLE `config.pbtxt`: no"];
    assert_eq!(index, expected);
    assert_eq!((stage.answers("m", ""), stage.answers("n", "")), ("a".into(), "c".into()));
    assert!(stage.repository.ready().is_ok(), "what never answered is not missed");
    stage.settle(&["m 1=a", "n 1=c", "o 1=d"]);
    assert_eq!(stage.index(), ["m/1 READY", "n/1 READY", "o/1 READY"]);
}

#[test]
fn models_come_and_go_with_their_folders() {
    let mut stage = Stage::started(&["m 1=a"], None);
    stage.settle(&["l 1=b", "m 1=a"]);
    assert_eq!(stage.index(), ["l/1 READY", "m/1 READY"]);
    assert_eq!(stage.repository.main().unwrap().entry().name, "l", "the first listed");
    stage.change(&["l 1=b"]);
    assert_eq!(stage.answers("m", ""), "a", "it may be being replaced");
    stage.change(&["l 1=b"]);
    assert_eq!(stage.answers("m", ""), "no model `m` here; expected one of `l`");
    stage.settle(&[]);
    let error = stage.repository.main().unwrap_err();
    assert_eq!(error.to_string(), "there is no model here: the repository is empty");
    assert!(!stage.registry.render().contains("version=\"1\""));
}

#[test]
fn at_start_one_bad_model_does_not_keep_the_others_from_answering() {
    let stage = Stage::started(&["m 1=bad 2=a", "n 1=bad"], None);
    assert_eq!((stage.answers("m", ""), stage.repository.ready().is_ok()), ("a".into(), true));
    assert!(stage.answers("n", "").contains("it is broken"), "{}", stage.answers("n", ""));
    let none = Stage::new(&["m 1=bad"], None);
    assert_eq!(none.answers("x", ""), "the models are still being listed");
    assert_eq!(none.repository.start().unwrap_err().chain(), "it is broken: bad");
}

#[test]
fn a_model_is_loaded_and_unloaded_on_request_with_all_its_versions() {
    let mut stage = Stage::started(&["m 1=a 2=b", "n 1=x"], None);
    stage.repository.unload("m").unwrap();
    let reason = "UNAVAILABLE it was unloaded on request";
    assert_eq!(stage.index()[..2], [format!("m/1 {reason}"), format!("m/2 {reason}")]);
    assert!(stage.repository.ready().is_ok(), "it is not missed");
    stage.settle(&["m 1=c 2=b", "n 1=x"]);
    assert!(stage.asked("m", "").is_err(), "nor is it loaded because its files change");
    stage.repository.reload("m").unwrap();
    assert_eq!((stage.answers("m", "1"), stage.answers("m", "")), ("c".into(), "b".into()));
    stage.shelf.put(models(&["m 1=c 2=b", "n 1=x", "o 5=new"]));
    stage.repository.reload("o").unwrap();
    assert_eq!(stage.answers("o", ""), "new", "a model that was not listed before");
    stage.shelf.put(models(&["m 1=bad 2=d"]));
    let error = stage.repository.reload("m").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelFailed);
    assert_eq!(error.to_string(), "model `m` cannot be loaded: it is broken: bad");
    assert_eq!((stage.answers("m", "1"), stage.answers("m", "2")), ("c".into(), "d".into()));
    let gone = stage.repository.reload("o").unwrap_err().to_string();
    assert_eq!(gone, "model `o` is no longer in the repository");
    assert_eq!(stage.repository.reload("p").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(stage.repository.unload("p").unwrap_err().kind(), ErrorKind::NotFound);
}

const GIB: u64 = 1 << 30;

#[tokio::test]
async fn the_model_that_was_asked_longest_ago_makes_room() {
    let stage = Stage::started(&["a 1=a", "b 1=b", "c 1=c"], Some(2 * GIB + GIB / 2));
    let state = |stage: &Stage| {
        let table = stage.repository.table();
        let phases = table.slots().map(|slot| slot.entry.phase());
        phases.collect::<Vec<Phase>>()
    };
    use Phase::{Parked, Ready};
    assert_eq!(state(&stage), [Ready, Ready, Parked], "the first fit at start");
    assert!(stage.repository.ready().is_ok());
    assert_eq!(stage.wake("c").await.unwrap().node().unwrap().metadata, "c");
    assert_eq!(state(&stage), [Parked, Ready, Ready]);
    assert_eq!(stage.wake("a").await.unwrap().node().unwrap().metadata, "a");
    assert_eq!(state(&stage), [Ready, Parked, Ready]);
    let page = stage.registry.render();
    for line in [
        r#"radiant_model_evictions_total{model="a",version="1"} 1"#,
        r#"radiant_model_memory_bytes{model="b",version="1"} 0"#,
        "radiant_models_memory_max_bytes 2684354560",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    let too_large = Stage::new(&["a 1=a"], Some(GIB / 2));
    let error = too_large.repository.start().unwrap_err().to_string();
    assert!(error.contains("expected files of at most 536870912 bytes"), "{error}");
}

#[tokio::test]
async fn a_line_of_requests_for_one_parked_model_loads_it_once() {
    let stage = Stage::started(&["a 1=a", "b 1=b"], Some(GIB + GIB / 2));
    let found = || stage.repository.find("b", "").unwrap();
    let waiting: Vec<_> = (0..20).map(|_| stage.repository.wake(found())).collect();
    for woken in futures_util::future::join_all(waiting).await {
        assert_eq!(woken.unwrap().node().unwrap().metadata, "b");
    }
    assert_eq!(stage.n_loads(), 2);
    stage.shelf.put(models(&["a 1=bad", "b 1=b"]));
    let found = || stage.repository.find("a", "").unwrap();
    let waiting: Vec<_> = (0..20).map(|_| stage.repository.wake(found())).collect();
    let mut line = futures_util::future::join_all(waiting);
    {
        // Nobody loads before all stand in line.
        let _turn = stage.repository.turn.lock();
        assert!((&mut line).now_or_never().is_none());
    }
    for woken in line.await {
        assert!(woken.unwrap_err().to_string().contains("it is broken"));
    }
    assert_eq!(stage.n_loads(), 3, "who waited for an attempt is told what came of it");
    assert_eq!(stage.asked("a", "").unwrap_err().kind(), ErrorKind::NotReady);
    stage.shelf.put(models(&["a 1=a", "b 1=b"]));
    assert!(stage.wake("a").await.is_ok(), "the next request tries again");
}
