//! As whom containers run, and what they may.

use k8s_openapi::api::core::v1::{PodSecurityContext, SecurityContext};
use serde_json::{Map, Value, json};

use super::RenderError;
use super::error::typed;
use crate::config::Pod;

/// Who the operator lets pods run as that say nothing: the storage initializer's image may name no
/// user by number, without which `runAsNonRoot` cannot be held.
const OPERATORS_USER: i64 = 8888;

/// What of a `securityContext` is a container's, where a pod's has no such field.
const OF_CONTAINERS: [&str; 6] = [
    "allowPrivilegeEscalation",
    "capabilities",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "windowsOptions",
];

/// The security contexts of a pod and of its containers.
#[derive(Debug)]
pub(super) struct Security {
    pub(super) pod: PodSecurityContext,
    pub(super) container: SecurityContext,
}

impl Security {
    /// No root, no more rights than there are, and a file system that is not written: what the
    /// strictest of Kubernetes' pod security standards asks. What the configuration says holds.
    pub(super) fn of(
        pod: &Pod,
        has_seccomp: bool,
        is_operators: bool,
    ) -> Result<Self, RenderError> {
        let mut of_pod = Map::from_iter([("runAsNonRoot".to_owned(), json!(true))]);
        if has_seccomp {
            of_pod.insert("seccompProfile".to_owned(), json!({"type": "RuntimeDefault"}));
        }
        if is_operators {
            of_pod.insert("runAsUser".to_owned(), json!(OPERATORS_USER));
        }
        let mut of_container = Map::from_iter([
            ("allowPrivilegeEscalation".to_owned(), json!(false)),
            ("capabilities".to_owned(), json!({"drop": ["ALL"]})),
            ("readOnlyRootFilesystem".to_owned(), json!(true)),
        ]);
        for (key, value) in pod.security_context.iter().flatten() {
            let whose =
                if OF_CONTAINERS.contains(&key.as_str()) { &mut of_container } else { &mut of_pod };
            whose.insert(key.clone(), value.clone());
        }
        let path = "pod.securityContext";
        Ok(Self {
            pod: typed(path, &Value::Object(of_pod))?,
            container: typed(path, &Value::Object(of_container))?,
        })
    }
}
