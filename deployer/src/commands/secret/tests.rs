//! Secrets of a cluster that is a map.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use k8s_openapi::api::core::v1;
use radiant_contract::MapEnv;
use serde_json::{Value, json};

use super::create::{Made, make};
use super::gc::{Live, Swept, strays, sweep};
use super::rotate::{Exchange, exchange, ours};
use super::*;

/// Objects by kind and name, and what was asked of them.
#[derive(Default)]
struct Map {
    objects: RefCell<BTreeMap<(Kind, String), Value>>,
    writes: RefCell<Vec<String>>,
}

impl Map {
    fn with(objects: &[(Kind, Value)]) -> Self {
        let map = Self::default();
        for (kind, object) in objects {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            map.objects.borrow_mut().insert((*kind, name), object.clone());
        }
        map
    }

    fn object(&self, kind: Kind, name: &str) -> Value {
        self.objects.borrow()[&(kind, name.to_owned())].clone()
    }

    fn wrote(&self, what: String) {
        self.writes.borrow_mut().push(what);
    }
}

impl Objects for Map {
    fn namespace(&self) -> &'static str {
        "ml"
    }

    async fn find(&self, kind: Kind, name: &str) -> Result<Option<Value>, Failure> {
        Ok(self.objects.borrow().get(&(kind, name.to_owned())).cloned())
    }

    async fn list(&self, kind: Kind, _: Option<String>) -> Result<Vec<Value>, Failure> {
        let objects = self.objects.borrow();
        Ok(objects.iter().filter(|((it, _), _)| *it == kind).map(|(_, it)| it.clone()).collect())
    }

    async fn create(&self, secret: &v1::Secret) -> Result<(), Failure> {
        let name = secret.metadata.name.clone().unwrap();
        self.wrote(format!("create {name}"));
        let object = serde_json::to_value(secret).unwrap();
        self.objects.borrow_mut().insert((Kind::Secret, name), object);
        Ok(())
    }

    async fn patch(&self, kind: Kind, name: &str, patch: &Value) -> Result<(), Failure> {
        self.wrote(format!("patch {kind:?} {name} {patch}"));
        Ok(())
    }

    async fn delete(&self, name: &str, _: Option<String>) -> Result<(), Failure> {
        self.wrote(format!("delete {name}"));
        Ok(())
    }
}

fn keys(id: &str) -> StoreSecret {
    let env: MapEnv =
        [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", "hunter2")].into_iter().collect();
    let (_, place) = store("s3://models/fraud").unwrap();
    let args = SourceArgs { from_env: true, ..SourceArgs::default() };
    converted_from(&local(&args).unwrap(), &args, &place, &env).unwrap()
}

fn deployment(secret: &str) -> Value {
    json!({
        "metadata": {"name": "fraud", "uid": "u-1", "resourceVersion": "7"},
        "spec": {"predictors": [{"componentSpecs": [{"spec": {"containers": [
            {"name": "model", "envFrom": [{"secretRef": {"name": secret}}]},
        ]}}]}]},
    })
}

#[tokio::test]
async fn the_same_credentials_are_made_once_and_belong_to_their_deployment() {
    let map = Map::default();
    let first = make("fraud", &keys("AKI"), None, &map, false).await.unwrap();
    assert_eq!(first.verb(false), "created");
    let owned = deployment(&first.name);
    let again = make("fraud", &keys("AKI"), Some(&owned), &map, false).await.unwrap();
    assert_eq!((again.name.as_str(), again.verb(false)), (first.name.as_str(), "unchanged"));
    let writes = map.writes.borrow();
    assert_eq!(writes[0], format!("create {}", first.name));
    assert!(writes[1].starts_with("patch Secret") && writes[1].contains("u-1"), "{writes:?}");
    assert_eq!(writes.len(), 2);
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let map = Map::default();
    let made = make("fraud", &keys("AKI"), Some(&deployment("x")), &map, true).await.unwrap();
    assert_eq!(made.verb(true), "created (dry run)");
    assert!(map.writes.borrow().is_empty());
}

#[tokio::test]
async fn a_secret_of_that_name_with_another_content_is_a_conflict() {
    let Made { name, .. } = make("fraud", &keys("AKI"), None, &Map::default(), true).await.unwrap();
    let theirs = json!({"metadata": {"name": name}, "data": {"A": "aHVudGVyMg=="}});
    let map = Map::with(&[(Kind::Secret, theirs)]);
    let error = make("fraud", &keys("AKI"), None, &map, false).await.map(|it| it.name).unwrap_err();
    assert_eq!(error.code(), Some(Code::Conflict));
    assert!(
        error.text().contains(&name) && !error.text().contains("aHVudGVyMg"),
        "{}",
        error.text()
    );
}

#[tokio::test]
async fn rotating_names_the_new_secret_where_the_old_one_was() {
    let old = deployment("radiant-fraud-storage-00000000");
    let map = Map::with(&[(Kind::Deployment, old.clone())]);
    let named = ours(&old, "fraud").unwrap();
    let done = exchange("fraud", (&old, &named), &keys("AKI2"), &map, false).await.unwrap();
    assert_eq!((done.n_references, done.is_same), (1, false));
    let made = map.object(Kind::Secret, &done.new);
    assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], "u-1");
    let writes = map.writes.borrow().clone();
    assert!(
        writes[1].contains(&done.new) && writes[1].contains("\"resourceVersion\":\"7\""),
        "{writes:?}"
    );
    // The same once more: there is nothing to do.
    let now = deployment(&done.new);
    let again = exchange("fraud", (&now, &done.new), &keys("AKI2"), &map, false).await.unwrap();
    assert_eq!(again, Exchange { new: done.new.clone(), n_references: 1, is_same: true });
    assert_eq!(map.writes.borrow().len(), 2);
}

#[test]
fn a_deployment_says_which_secret_is_its_stores() {
    assert_eq!(ours(&deployment("theirs"), "fraud").unwrap(), "theirs");
    let mut two = deployment("radiant-fraud-storage-1");
    two["spec"]["predictors"][0]["graph"] = json!({"envSecretRefName": "theirs"});
    assert_eq!(ours(&two, "fraud").unwrap(), "radiant-fraud-storage-1");
    two["spec"]["predictors"][0]["graph"] = json!({"envSecretRefName": "radiant-fraud-storage-2"});
    assert_eq!(ours(&two, "fraud").unwrap_err().code(), Some(Code::Conflict));
    assert_eq!(ours(&json!({}), "fraud").unwrap_err().code(), Some(Code::NotFound));
}

#[test]
fn strays_are_old_and_named_by_nothing() {
    let now = Utc::now();
    let secret = |name: &str, minutes: i64| {
        let made = (now - TimeDelta::minutes(minutes)).to_rfc3339();
        json!({"metadata": {"name": name, "creationTimestamp": made}})
    };
    let secrets = [
        secret("live", 60),
        secret("in-a-revision", 60),
        secret("stray", 60),
        secret("new", 1),
        json!({"metadata": {"name": "timeless"}}),
    ];
    let revision = json!({"data": {"manifest": "secretRef: {name: in-a-revision}"}});
    let live = Live { deployments: vec![deployment("live")], revisions: vec![revision] };
    let found = strays(&secrets, &live, now - TimeDelta::minutes(10));
    let names: Vec<&Value> = found.iter().map(|it| &it["metadata"]["name"]).collect();
    assert_eq!(names, ["stray"]);
}

#[tokio::test]
async fn strays_are_swept_away_by_their_names() {
    let secret = |name: &str| {
        let made = (Utc::now() - TimeDelta::hours(1)).to_rfc3339();
        json!({"metadata": {"name": name, "creationTimestamp": made}})
    };
    let map = Map::with(&[
        (Kind::Secret, secret("live")),
        (Kind::Secret, secret("stray")),
        (Kind::Deployment, deployment("live")),
    ]);
    let age_min = TimeDelta::minutes(10);
    let swept = Swept { deleted: vec!["stray".to_owned()], n_kept: 1 };
    assert_eq!(sweep(&map, Some("fraud"), age_min, true).await.unwrap(), swept);
    assert!(map.writes.borrow().is_empty(), "a dry run deletes nothing");
    assert_eq!(sweep(&map, Some("fraud"), age_min, false).await.unwrap(), swept);
    assert_eq!(*map.writes.borrow(), ["delete stray"]);
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named() {
    let error = existing("gone", &Map::default()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NotFound));
    assert!(error.text().contains("`gone` in namespace `ml`"), "{}", error.text());
}

#[test]
fn a_model_that_is_in_no_store_needs_no_secret() {
    let error = store("/models/x").unwrap_err();
    assert!(error.text().contains("needs no Secret") || error.text().contains("need no Secret"));
    assert_eq!(store("s3://").unwrap_err().code(), Some(Code::Usage));
}

#[test]
fn a_configuration_says_what_arguments_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let load = |text: &str| {
        let file = folder.path().join("radiant.yaml");
        std::fs::write(&file, text).unwrap();
        let source = crate::config::Source::read(&file).unwrap();
        Ok(crate::config::load(&[source], None, &[], &MapEnv::default()).unwrap())
    };
    let of = |uri: &str, credentials: &str| {
        format!(
            "{{apiVersion: radiant.dev/v1, kind: Deployment, name: fraud, namespace: ml, \
             server: {{image: a/b:1}}, model: {{uri: '{uri}'}}, credentials: {credentials}}}"
        )
    };
    let text = |credentials: &str| of("s3://m/x", credentials);
    let bare = SourceArgs::default();
    let asked = Asked::of(("fraud", None), &bare, || load(&text("{fromProfile: p}"))).unwrap();
    assert_eq!((asked.model.as_str(), asked.namespace.as_deref()), ("s3://m/x", Some("ml")));
    assert_eq!(asked.source, Some(Source::Profile("p".to_owned())));
    let env = SourceArgs { from_env: true, ..SourceArgs::default() };
    let asked = Asked::of(("fraud", None), &env, || load(&text("{fromProfile: p}"))).unwrap();
    assert_eq!(asked.source, Some(Source::Environment));
    let model = "gs://m/x".to_owned();
    let asked = Asked::of(("fraud", Some(&model)), &env, || panic!("nothing is missing")).unwrap();
    assert_eq!((asked.model, asked.namespace), (model, None));
    for (uri, credentials, word) in [
        ("s3://m/x", "{existingSecret: s}", "used as it is"),
        ("https://host/m.onnx", "{}", "--from-env"),
    ] {
        let error = Asked::of(("fraud", None), &bare, || load(&of(uri, credentials))).unwrap_err();
        assert!(error.text().contains(word), "{}", error.text());
    }
}
