//! SeldonDeployments as they are in a cluster, whoever wrote them: nothing but the names is expected.

use std::borrow::Cow;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The group of SeldonDeployments.
pub(crate) const GROUP: &str = "machinelearning.seldon.io";
/// The version that is stored, and that all versions of the operator from 1.2 on serve.
const VERSION: &str = "v1";
/// What messages and `-o name` call one.
pub(crate) const RESOURCE: &str = "seldondeployment.machinelearning.seldon.io";
/// The container that the operator adds as the orchestrator.
pub(crate) const ENGINE: &str = "seldon-container-engine";
/// The label by which the operator marks what it made of a SeldonDeployment.
pub(crate) const OWNER_LABEL: &str = "seldon-deployment-id";
/// How long the value of a label may be.
const LABEL_CHARS_MAX: usize = 63;

/// A SeldonDeployment as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeldonObject {
    /// `machinelearning.seldon.io/v1`; items of lists of old servers lack it.
    #[serde(default = "api_version")]
    pub(crate) api_version: String,
    /// `SeldonDeployment`.
    #[serde(default = "kind")]
    pub(crate) kind: String,
    /// Names, labels, annotations.
    #[serde(default)]
    pub(crate) metadata: ObjectMeta,
    /// What is wanted.
    #[serde(default)]
    pub(crate) spec: Value,
    /// What the operator says of it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) status: Value,
}

fn api_version() -> String {
    format!("{GROUP}/{VERSION}")
}

fn kind() -> String {
    "SeldonDeployment".to_owned()
}

impl Resource for SeldonObject {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "SeldonDeployment".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version((): &()) -> Cow<'_, str> {
        VERSION.into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "seldondeployments".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl SeldonObject {
    /// One of which nothing but the name is known.
    pub(crate) fn named(namespace: &str, name: &str) -> Self {
        let metadata = ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        let (api_version, kind) = (api_version(), kind());
        Self { api_version, kind, metadata, spec: Value::Null, status: Value::Null }
    }

    /// The object's name.
    pub(crate) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// The object's namespace.
    pub(crate) fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// An annotation of the object, or of its `spec`, where the operator looks for some too.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        let own = self.metadata.annotations.as_ref().and_then(|all| all.get(key));
        let of_spec = || self.spec.get("annotations")?.get(key)?.as_str();
        own.map(String::as_str).or_else(of_spec)
    }

    /// Its predictors, in their order.
    pub(crate) fn predictors(&self) -> &[Value] {
        self.spec.get("predictors").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The state that the operator gives it, which may be stale.
    pub(crate) fn state(&self) -> Option<&str> {
        self.status.get("state").and_then(Value::as_str)
    }

    /// The name of the first predictor's first node, which V2 and TensorFlow have in their paths.
    pub(crate) fn root_node(&self) -> Option<&str> {
        self.predictors().first()?.pointer("/graph/name")?.as_str()
    }

    /// The object as JSON.
    pub(crate) fn to_value(&self) -> Value {
        // Maps of texts and values always are JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The selector of all that the operator made of the SeldonDeployment of this name.
///
/// Names that are too long for a label are there by their MD5 only, which is what the operator's
/// `seldon-<md5>` is.
pub(crate) fn selector(name: &str) -> String {
    let hashed = hashed_name(name);
    if name.len() > LABEL_CHARS_MAX {
        format!("{OWNER_LABEL}={hashed}")
    } else {
        format!("{OWNER_LABEL} in ({name},{hashed})")
    }
}

/// The values of the owner's label that mean the SeldonDeployment of this name.
pub(crate) fn owner_labels(name: &str) -> [String; 2] {
    [name.to_owned(), hashed_name(name)]
}

/// What the operator calls what would be too long by its name.
pub(crate) fn hashed_name(name: &str) -> String {
    use std::fmt::Write as _;
    let mut hashed = "seldon-".to_owned();
    for byte in Md5::digest(name.as_bytes()) {
        // Writing to a `String` cannot fail.
        let _infallible = write!(hashed, "{byte:02x}");
    }
    hashed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn owners_are_known_by_name_or_hash() {
        let hash = "seldon-900150983cd24fb0d6963f7d28e17f72";
        assert_eq!(selector("abc"), format!("seldon-deployment-id in (abc,{hash})"));
        assert_eq!(owner_labels("abc"), ["abc", hash]);
        assert!(selector(&"x".repeat(64)).starts_with("seldon-deployment-id=seldon-"));
    }

    #[test]
    fn any_object_is_read() {
        let objects = [
            json!({}),
            json!({"metadata": {"name": "x"}, "spec": {"predictors": "none"}}),
            json!({"metadata": {"name": "x"}, "status": {"state": 7}}),
            json!({"spec": null, "status": null}),
        ];
        for object in objects {
            let read: SeldonObject = serde_json::from_value(object.clone()).unwrap();
            assert!(read.predictors().is_empty() && read.state().is_none(), "{object}");
            assert_eq!(read.to_value()["kind"], "SeldonDeployment");
        }
    }
}
