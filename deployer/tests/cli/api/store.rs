//! The objects of a cluster: read, made, changed and deleted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::address::{Address, is_chosen, parameter};
use super::made;
use crate::server::{Reply, Request};

const SDEPS: &str = "seldondeployments";

/// All objects, by kind, namespace and name.
pub(super) struct Store {
    objects: BTreeMap<(String, String, String), Value>,
    /// How often something was written.
    version: u32,
    /// When all was made: so long ago that what has held since then has held for long enough.
    then: String,
}

impl Store {
    /// A cluster with an operator and an ingress, and nothing else.
    pub(super) fn new() -> Self {
        let then = chrono::Utc::now() - chrono::TimeDelta::days(3) - chrono::TimeDelta::hours(1);
        let then = then.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut store = Self { objects: BTreeMap::new(), version: 0, then };
        for (kind, namespace, object) in made::stock() {
            store.put(kind, namespace, object);
        }
        store
    }

    /// Answers a request for objects.
    pub(super) fn answer(&mut self, address: &Address, asked: &Request) -> Reply {
        if asked.query.contains("watch=true") {
            return Reply::watch(&[]);
        }
        let key = (address.kind.clone(), address.namespace.clone(), address.name.clone());
        let found = self.objects.get(&key).cloned();
        match (asked.method.as_str(), found) {
            ("GET", _) if address.name.is_empty() => self.list(address, &asked.query),
            ("GET", Some(object)) => Reply::json(&object),
            ("POST", _) => self.create(address, asked.json()),
            ("PATCH", found) => self.change(address, asked, found),
            ("DELETE", Some(object)) => {
                self.delete(address);
                Reply::json(&object)
            }
            (_, _) => Reply::missing(&address.kind, &address.name),
        }
    }

    fn list(&self, address: &Address, query: &str) -> Reply {
        let (labels, fields) =
            (parameter(query, "labelSelector"), parameter(query, "fieldSelector"));
        let chosen = self.objects.iter().filter(|((kind, namespace, name), object)| {
            let label = |key: &str| Some(object["metadata"]["labels"][key].as_str()?.to_owned());
            *kind == address.kind
                && (address.namespace.is_empty() || *namespace == address.namespace)
                && is_chosen(&labels, label)
                && fields.strip_prefix("metadata.name=").is_none_or(|it| it == name)
        });
        Reply::list(&chosen.map(|(_, object)| object.clone()).collect::<Vec<_>>())
    }

    fn create(&mut self, address: &Address, object: Value) -> Reply {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let key = (address.kind.clone(), address.namespace.clone(), name.clone());
        if self.objects.contains_key(&key) {
            let said = format!("{} \"{name}\" already exists", address.kind);
            return Reply::status(409, "AlreadyExists", &said, json!({"kind": address.kind}));
        }
        let made = self.put(&address.kind, &address.namespace, object);
        Reply { code: 201, ..Reply::json(&made) }
    }

    fn change(&mut self, address: &Address, asked: &Request, found: Option<Value>) -> Reply {
        let is_applied = asked.header("content-type").is_some_and(|it| it.contains("apply-patch"));
        let mut object = match found {
            None if !is_applied => return Reply::missing(&address.kind, &address.name),
            found => found.unwrap_or_else(|| json!({})),
        };
        let patch = asked.json();
        if is_applied {
            // Nobody else owns any of it here: what is not said any more is gone.
            object["spec"] = Value::Null;
            for part in ["labels", "annotations"] {
                object["metadata"][part] = Value::Null;
            }
        }
        merge(&mut object, &patch);
        if asked.query.contains("dryRun=All") {
            object["metadata"]["namespace"] = address.namespace.clone().into();
            return Reply::json(&object);
        }
        Reply::json(&self.put(&address.kind, &address.namespace, object))
    }

    /// Keeps an object, and what the operator makes of it.
    fn put(&mut self, kind: &str, namespace: &str, mut object: Value) -> Value {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let key = (kind.to_owned(), namespace.to_owned(), name.clone());
        let before = self.objects.get(&key);
        let is_same = before.is_some_and(|before| before["spec"] == object["spec"]);
        let generation = before.and_then(|it| it["metadata"]["generation"].as_i64()).unwrap_or(0);
        self.version += 1;
        let meta = &mut object["metadata"];
        meta["namespace"] = namespace.into();
        meta["uid"] = format!("uid-{name}").into();
        meta["resourceVersion"] = self.version.to_string().into();
        meta["creationTimestamp"] = self.then.clone().into();
        meta["generation"] = (generation + i64::from(!is_same)).into();
        if kind == SDEPS {
            object["status"] = made::status(&object);
            self.remake(&object, namespace, &name);
        }
        self.objects.insert(key, object.clone());
        object
    }

    fn remake(&mut self, object: &Value, namespace: &str, name: &str) {
        self.objects.retain(|_, it| it["metadata"]["labels"][made::OWNER] != name);
        for (kind, child) in made::children(object, &self.then) {
            let child_name = child["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            self.objects.insert((kind.to_owned(), namespace.to_owned(), child_name), child);
        }
    }

    fn delete(&mut self, address: &Address) {
        let key = (address.kind.clone(), address.namespace.clone(), address.name.clone());
        self.objects.remove(&key);
        if address.kind == SDEPS {
            self.objects.retain(|_, it| it["metadata"]["labels"][made::OWNER] != *address.name);
        }
    }
}

/// A merge patch (RFC 7386).
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else { return target.clone_from(patch) };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}
