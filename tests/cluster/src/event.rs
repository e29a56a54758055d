//! Events: what happened to an object, as `kubectl describe` shows it. The same again is counted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::core::v1::Event;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::object::text;

/// Who tells.
pub(crate) struct Recorder {
    client: Client,
    component: &'static str,
    host: Option<&'static str>,
    /// How often what was told, under the name of the event that counts it.
    told: Mutex<HashMap<String, (String, u32)>>,
}

impl Recorder {
    /// A teller of this name, on a node of this name if it is on one.
    pub(crate) fn new(client: Client, component: &'static str, host: Option<&'static str>) -> Self {
        Self { client, component, host, told: Mutex::default() }
    }

    /// Tells what went well.
    pub(crate) async fn normal(&self, object: &Value, reason: &str, message: &str) {
        self.record(object, "Normal", reason, message).await;
    }

    /// Tells what did not.
    pub(crate) async fn warning(&self, object: &Value, reason: &str, message: &str) {
        self.record(object, "Warning", reason, message).await;
    }

    async fn record(&self, object: &Value, kind: &str, reason: &str, message: &str) {
        let uid = text(object, "/metadata/uid").unwrap_or_default();
        let namespace = text(object, "/metadata/namespace").unwrap_or_default();
        let key = [uid, kind, reason, message].join("\n");
        let (name, count) = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let n_told = told.len();
            let name = text(object, "/metadata/name").unwrap_or_default();
            let entry = told.entry(key).or_insert_with(|| {
                (format!("{name}.{}{n_told:x}", self.component.replace('_', "-")), 0)
            });
            entry.1 += 1;
            entry.clone()
        };
        let events: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        let now = now();
        // An event is lost with its namespace, and nobody waits for one.
        if count > 1 {
            let patch = json!({"count": count, "lastTimestamp": now});
            drop(events.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await);
            return;
        }
        let event = json!({
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": object["apiVersion"], "kind": object["kind"], "name": object["metadata"]["name"],
                "namespace": namespace, "uid": uid,
                "fieldPath": text(object, "/fieldPath"),
            },
            "type": kind, "reason": reason, "message": message, "count": count,
            "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": self.component, "host": self.host},
        });
        if let Ok(event) = serde_json::from_value(event) {
            drop(events.create(&PostParams::default(), &event).await);
        }
    }
}

/// The time, as objects carry it.
pub(crate) fn now() -> String {
    k8s_openapi::jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
