//! A rule of the cluster's owner, which no operator knows of: a webhook that refuses pods.

use anyhow::Result;
use kube::Client;
use serde_json::json;

use crate::webhook::{self, Webhook};

/// Why pods with the label `policy.test/denied: "true"` may not be.
const REFUSAL: &str = "pods need an owner";

/// Sets the rule up, until the process ends.
pub(crate) async fn start(client: &Client) -> Result<()> {
    let webhook = Webhook {
        configuration: "policy",
        name: "pods.policy.test",
        path: "/pods",
        resource: ["", "v1", "pods"],
        labels: json!({"policy.test/denied": "true"}),
    };
    webhook::serve(client, "policy", webhook, |_| std::future::ready(Some(REFUSAL.to_owned())))
        .await
}
