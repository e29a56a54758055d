//! A SeldonDeployment as the API server gave it, read without trust in its form.
//!
//! Operators differ in what they write: there may be no status, no conditions, a state of another
//! word. Nothing of that is an error here.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::name::label_value;

/// The annotation of objects and pod templates that says which revision they are of.
pub(super) const REVISION: &str = "radiant.dev/revision";
/// The label that ties an object or a namespace to one of several operators.
pub(super) const CONTROLLER_ID: &str = "seldon.io/controller-id";
/// The annotation of a predictor that names its Service.
const SERVICE_NAME: &str = "seldon.io/svc-name";

/// A reader of a SeldonDeployment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sdep<'a>(&'a Value);

/// What the operator says in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing, or a word that is not known.
    Unsaid,
    Creating,
    Available,
    Failed,
}

/// One of the operator's conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    /// `None` where it is `Unknown`, or something else.
    pub(super) holds: Option<bool>,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// How many pods a component is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replicas {
    Fixed(i32),
    /// An autoscaler decides.
    Scaled,
}

/// One of several models beside each other.
#[derive(Debug, Clone)]
pub(super) struct Predictor<'a> {
    pub(super) name: &'a str,
    pub(super) traffic: Option<i64>,
    pub(super) is_shadow: bool,
    pub(super) components: Vec<Component<'a>>,
    /// The names of its graph's nodes, the root first.
    pub(super) nodes: Vec<&'a str>,
    /// The values of `seldon-app` that its Deployments may have.
    apps: Vec<String>,
}

/// One of a predictor's pod templates.
#[derive(Debug, Clone)]
pub(super) struct Component<'a> {
    pub(super) revision: Option<&'a str>,
    /// Containers with their images, as far as the spec names them.
    pub(super) images: Vec<(&'a str, &'a str)>,
    pub(super) replicas: Replicas,
}

impl<'a> Sdep<'a> {
    pub(super) fn new(object: &'a Value) -> Self {
        Self(object)
    }

    fn meta(self) -> &'a Value {
        &self.0["metadata"]
    }

    fn status(self) -> &'a Value {
        &self.0["status"]
    }

    pub(super) fn uid(self) -> &'a str {
        text(&self.meta()["uid"])
    }

    pub(super) fn generation(self) -> Option<i64> {
        self.meta()["generation"].as_i64()
    }

    pub(super) fn annotation(self, key: &str) -> Option<&'a str> {
        self.meta()["annotations"][key].as_str()
    }

    pub(super) fn revision(self) -> Option<&'a str> {
        self.annotation(REVISION)
    }

    pub(super) fn controller_id(self) -> Option<&'a str> {
        self.meta()["labels"][CONTROLLER_ID].as_str()
    }

    pub(super) fn created(self) -> Option<Timestamp> {
        time(&self.meta()["creationTimestamp"])
    }

    pub(super) fn deleted(self) -> Option<Timestamp> {
        time(&self.meta()["deletionTimestamp"])
    }

    pub(super) fn finalizers(self) -> Vec<&'a str> {
        list(&self.meta()["finalizers"]).filter_map(Value::as_str).collect()
    }

    /// Whether the operator has ever said anything.
    pub(super) fn has_status(self) -> bool {
        self.status().as_object().is_some_and(|status| !status.is_empty())
    }

    pub(super) fn state(self) -> State {
        match text(&self.status()["state"]) {
            "Creating" => State::Creating,
            "Available" => State::Available,
            "Failed" => State::Failed,
            _ => State::Unsaid,
        }
    }

    pub(super) fn description(self) -> &'a str {
        text(&self.status()["description"])
    }

    pub(super) fn address(self) -> Option<&'a str> {
        self.status()["address"]["url"].as_str().filter(|url| !url.is_empty())
    }

    pub(super) fn conditions(self) -> impl Iterator<Item = Condition<'a>> {
        list(&self.status()["conditions"]).map(|condition| Condition {
            kind: text(&condition["type"]),
            holds: match &condition["status"] {
                Value::Bool(holds) => Some(*holds),
                Value::String(word) if word == "True" => Some(true),
                Value::String(word) if word == "False" => Some(false),
                _ => None,
            },
            reason: text(&condition["reason"]),
            message: text(&condition["message"]),
        })
    }

    /// Whether the operator says that everything is there.
    pub(super) fn is_available(self) -> bool {
        match self.state() {
            State::Available => true,
            State::Creating | State::Failed => false,
            State::Unsaid => {
                self.conditions().any(|it| it.kind == "Ready" && it.holds == Some(true))
            }
        }
    }

    /// When the spec was last written, by anybody.
    pub(super) fn spec_written(self) -> Option<Timestamp> {
        self.written("f:spec").or_else(|| self.created())
    }

    /// Whether what the operator says may be of a former spec: it has not written since, and has not
    /// had `patience` to look. An operator that comes to the same result writes nothing.
    pub(super) fn may_be_outdated(self, now: Timestamp, patience: Duration) -> bool {
        let (Some(spec), Some(status)) = (self.spec_written(), self.written("f:status")) else {
            return false;
        };
        status < spec && !has_lasted(spec, now, patience)
    }

    /// When a part of the object was last written. There is no `observedGeneration`, but the API server
    /// keeps who wrote which fields when.
    fn written(self, part: &str) -> Option<Timestamp> {
        let entries = list(&self.meta()["managedFields"]);
        entries
            .filter(|it| it["fieldsV1"].get(part).is_some())
            .filter_map(|it| time(&it["time"]))
            .max()
    }

    pub(super) fn predictors(self) -> Vec<Predictor<'a>> {
        let name = text(&self.meta()["name"]);
        let spec = &self.0["spec"];
        list(&spec["predictors"]).map(|it| Predictor::read(name, spec, it)).collect()
    }
}

impl<'a> Predictor<'a> {
    fn read(sdep: &str, spec: &'a Value, predictor: &'a Value) -> Self {
        let name = text(&predictor["name"]);
        let mut apps = vec![label_value(&format!("{sdep}-{name}"))];
        apps.extend(predictor["annotations"][SERVICE_NAME].as_str().map(str::to_owned));
        let mut components: Vec<_> = list(&predictor["componentSpecs"])
            .map(|component| Component::read(component, predictor, spec))
            .collect();
        if components.is_empty() {
            // A prepackaged server: the operator makes the template.
            components.push(Component::read(&Value::Null, predictor, spec));
        }
        Self {
            name,
            traffic: predictor["traffic"].as_i64(),
            is_shadow: predictor["shadow"].as_bool() == Some(true),
            components,
            nodes: nodes(&predictor["graph"]),
            apps,
        }
    }

    /// Whether `seldon-app` of an object says that it is this predictor's.
    pub(super) fn is_app(&self, label: &str) -> bool {
        self.apps.iter().any(|app| app == label)
    }

    /// The revision of its templates, where they say one.
    pub(super) fn revision(&self) -> Option<&'a str> {
        self.components.iter().find_map(|component| component.revision)
    }

    /// How many pods the spec says, without those that an autoscaler decides.
    pub(super) fn n_wanted(&self) -> i32 {
        let fixed = self.components.iter().map(|component| match component.replicas {
            Replicas::Fixed(n) => n,
            Replicas::Scaled => 0,
        });
        fixed.fold(0, i32::saturating_add)
    }

    /// Whether it is to have no pods.
    pub(super) fn is_stopped(&self) -> bool {
        self.components.iter().all(|component| component.replicas == Replicas::Fixed(0))
    }
}

impl<'a> Component<'a> {
    fn read(component: &'a Value, predictor: &'a Value, spec: &'a Value) -> Self {
        let containers = list(&component["spec"]["containers"]);
        let images = containers.filter_map(|it| {
            let image = text(&it["image"]);
            (!image.is_empty()).then(|| (text(&it["name"]), image))
        });
        let is_scaled = component["hpaSpec"].is_object() || component["kedaSpec"].is_object();
        let fixed = [component, predictor, spec].into_iter().find_map(|it| it["replicas"].as_i64());
        Self {
            revision: component["metadata"]["annotations"][REVISION].as_str(),
            images: images.collect(),
            replicas: if is_scaled {
                Replicas::Scaled
            } else {
                Replicas::Fixed(fixed.and_then(|it| i32::try_from(it).ok()).unwrap_or(1))
            },
        }
    }
}

/// The names of a graph's nodes.
fn nodes(root: &Value) -> Vec<&str> {
    let mut open = vec![root];
    let mut names = Vec::new();
    while let Some(node) = open.pop() {
        names.extend(node["name"].as_str());
        open.extend(list(&node["children"]));
    }
    names
}

/// Whether what began at `start` has lasted for `time`.
pub(super) fn has_lasted(start: Timestamp, now: Timestamp, time: Duration) -> bool {
    Duration::try_from(now.duration_since(start)).is_ok_and(|lasted| lasted >= time)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn replicas_of_the_smallest_part_win_and_an_autoscaler_over_them() {
        let object = json!({"metadata": {"name": "fraud"}, "spec": {"replicas": 4, "predictors": [
            {"name": "a", "componentSpecs": [{"replicas": 1}, {}, {"hpaSpec": {"maxReplicas": 3}}]},
            {"name": "b", "replicas": 2, "componentSpecs": [{}]},
            {"name": "c"},
        ]}});
        let replicas: Vec<Vec<_>> = Sdep::new(&object)
            .predictors()
            .iter()
            .map(|it| it.components.iter().map(|component| component.replicas).collect())
            .collect();
        use Replicas::{Fixed, Scaled};
        assert_eq!(replicas, [vec![Fixed(1), Fixed(4), Scaled], vec![Fixed(2)], vec![Fixed(4)]]);
    }

    #[test]
    fn a_status_is_outdated_until_the_operator_writes_or_had_its_time() {
        let written = |spec: &str, status: &str| {
            json!({"metadata": {"managedFields": [
                {"time": spec, "fieldsV1": {"f:spec": {}, "f:metadata": {}}},
                {"time": status, "fieldsV1": {"f:status": {"f:state": {}}}},
            ]}})
        };
        let now: Timestamp = "2026-10-01T10:00:20Z".parse().expect("it is a time");
        let patience = Duration::from_secs(30);
        let cases = [
            ("2026-10-01T10:00:00Z", "2026-10-01T09:00:00Z", true),
            ("2026-10-01T09:59:00Z", "2026-10-01T09:00:00Z", false),
            ("2026-10-01T10:00:00Z", "2026-10-01T10:00:00Z", false),
        ];
        for (spec, status, expected) in cases {
            let object = written(spec, status);
            assert_eq!(Sdep::new(&object).may_be_outdated(now, patience), expected, "{spec}");
        }
        assert!(!Sdep::new(&json!({})).may_be_outdated(now, patience), "nothing is known");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-zA-Z]{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            let keys = "metadata|spec|status|predictors|componentSpecs|graph|children|name|conditions|state";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(keys, inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_object_of_any_form_can_be_read(object in any_json()) {
            let sdep = Sdep::new(&object);
            prop_assert!(sdep.predictors().iter().all(|it| !it.components.is_empty()));
            prop_assert!(sdep.conditions().count() < 100);
            prop_assert_eq!(sdep.is_available(), sdep.is_available());
        }
    }
}
