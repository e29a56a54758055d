//! The operator's validating webhook.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kube::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::settings::Config;
use super::spec::Spec;
use super::{MANAGER, config, validate};
use crate::certificate::Certificate;
use crate::http::{self, Reply, Request};
use crate::object::{apply, text};

/// The name by which the API server tells whose refusal it was.
const NAME: &str = "v1.vseldondeployment.kb.io";
const PATH: &str = "/validate-machinelearning-seldon-io-v1-seldondeployment";

/// Registers it, and answers until the process ends.
pub(crate) async fn serve(client: Client) -> Result<()> {
    let certificate = Certificate::new(&["127.0.0.1"])?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("https://{}{PATH}", listener.local_addr()?);
    let acceptor = certificate.acceptor.clone();
    let answering = client.clone();
    tokio::spawn(http::serve(listener, acceptor, move |request| {
        let client = answering.clone();
        async move { review(&client, &request).await }
    }));
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "seldon-validating-webhook-configuration-seldon-system"},
        "webhooks": [{
            "name": NAME, "failurePolicy": "Fail", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "matchPolicy": "Exact",
            "clientConfig": {"url": url, "caBundle": BASE64_STANDARD.encode(certificate.pem)},
            "rules": [{
                "apiGroups": ["machinelearning.seldon.io"], "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"], "resources": ["seldondeployments"], "scope": "*",
            }],
        }],
    });
    apply(&client, MANAGER, &configuration).await.context("the webhook cannot be registered")?;
    Ok(())
}

async fn review(client: &Client, request: &Request) -> Reply {
    let Ok(review) = serde_json::from_slice::<Value>(&request.body) else {
        return Reply::refusal(400, "not a review");
    };
    let config = config(client).await.unwrap_or_default();
    Reply::json(&answer(&review, &Arc::new(config)))
}

/// What is answered to a review.
fn answer(review: &Value, config: &Config) -> Value {
    let object = &review["request"]["object"];
    let name = text(object, "/metadata/name").unwrap_or_default();
    let refusal = match serde_json::from_value::<Spec>(object["spec"].clone()) {
        Ok(spec) => validate::message(name, &validate::faults(&spec, config)),
        Err(error) => Some(error.to_string()),
    };
    let mut response = json!({"uid": review["request"]["uid"], "allowed": refusal.is_none()});
    if let Some(refusal) = refusal {
        // The words are the reason, as old versions of the webhooks' library have them.
        response["status"] = json!({"code": 403, "reason": refusal});
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}
