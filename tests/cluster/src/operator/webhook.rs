//! The operator's validating webhook.

use anyhow::Result;
use kube::Client;
use serde_json::{Value, json};

use super::settings::Config;
use super::spec::Spec;
use super::{MANAGER, config, validate};
use crate::object::text;
use crate::webhook::{self, Webhook};

/// Registers it, and answers until the process ends.
pub(crate) async fn serve(client: Client) -> Result<()> {
    let webhook = Webhook {
        configuration: "seldon-validating-webhook-configuration-seldon-system",
        name: "v1.vseldondeployment.kb.io",
        path: "/validate-machinelearning-seldon-io-v1-seldondeployment",
        resource: ["machinelearning.seldon.io", "v1", "seldondeployments"],
        labels: json!({}),
    };
    let asking = client.clone();
    let judge = move |object: Value| {
        let client = asking.clone();
        async move { refusal(&object, &config(&client).await.unwrap_or_default()) }
    };
    webhook::serve(&client, MANAGER, webhook, judge).await
}

/// Why a SeldonDeployment may not be, if it may not.
fn refusal(object: &Value, config: &Config) -> Option<String> {
    let name = text(object, "/metadata/name").unwrap_or_default();
    match serde_json::from_value::<Spec>(object["spec"].clone()) {
        Ok(spec) => validate::message(name, &validate::faults(&spec, config)),
        Err(error) => Some(error.to_string()),
    }
}
