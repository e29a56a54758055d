//! The node that the kubelet is.

use std::collections::BTreeMap;

use anyhow::Result;
use kube::Client;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::event::now;
use crate::object::{api, apply};

/// The node's name.
pub(crate) const NAME: &str = "node";
/// The node's labels.
pub(crate) const LABELS: [(&str, &str); 3] = [
    ("kubernetes.io/hostname", NAME),
    ("kubernetes.io/arch", "amd64"),
    ("kubernetes.io/os", "linux"),
];
/// The owner of what the kubelet writes.
pub(crate) const MANAGER: &str = "kubelet";

/// Registers the node, whose kubelet answers at this address and port.
pub(crate) async fn register(
    client: &Client,
    address: &str,
    port: u16,
    capacity: &BTreeMap<String, String>,
) -> Result<()> {
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": NAME, "labels": BTreeMap::from(LABELS)},
    });
    apply(client, MANAGER, &node).await?;
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": "",
            "lastHeartbeatTime": now(), "lastTransitionTime": now(),
        })
    };
    let status = json!({"status": {
        "capacity": capacity, "allocatable": capacity,
        "addresses": [{"type": "InternalIP", "address": address}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": [
            condition("Ready", "True", "KubeletReady"),
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
        ],
        "nodeInfo": {
            "kubeletVersion": "v1.20.2", "operatingSystem": "linux", "architecture": "amd64",
            "containerRuntimeVersion": "runc://1.1", "kernelVersion": "", "osImage": "", "machineID": "",
            "systemUUID": "", "bootID": "", "kubeProxyVersion": "",
        },
    }});
    api(client, &node).patch_status(NAME, &PatchParams::default(), &Patch::Merge(&status)).await?;
    Ok(())
}
