//! Validating webhooks: how the API server asks somebody else whether an object may be.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kube::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::certificate::Certificate;
use crate::http::{self, Reply, Request};
use crate::object::apply;

/// Which objects it is asked about, and as whom.
#[derive(Debug)]
pub(crate) struct Webhook<'a> {
    /// The name of what registers it.
    pub(crate) configuration: &'a str,
    /// The name by which the API server tells whose refusal it was.
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    /// Group, version and resource in the plural.
    pub(crate) resource: [&'a str; 3],
    /// Labels that objects must have.
    pub(crate) labels: Value,
}

/// Registers it, and answers until the process ends. `judge` gives the words of a refusal.
pub(crate) async fn serve<J, F>(
    client: &Client,
    manager: &str,
    webhook: Webhook<'_>,
    judge: J,
) -> Result<()>
where
    J: Fn(Value) -> F + Send + Sync + 'static,
    F: Future<Output = Option<String>> + Send,
{
    let certificate = Certificate::new(&["127.0.0.1"])?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let Webhook { configuration, name, path, resource: [group, version, plural], labels } = webhook;
    let url = format!("https://{}{path}", listener.local_addr()?);
    let judge = Arc::new(judge);
    tokio::spawn(http::serve(listener, certificate.acceptor.clone(), move |request| {
        let judge = Arc::clone(&judge);
        async move { review(&request, &*judge).await }
    }));
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": configuration},
        "webhooks": [{
            "name": name, "failurePolicy": "Fail", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "matchPolicy": "Exact",
            "objectSelector": {"matchLabels": labels},
            "clientConfig": {"url": url, "caBundle": BASE64_STANDARD.encode(certificate.pem)},
            "rules": [{
                "apiGroups": [group], "apiVersions": [version],
                "operations": ["CREATE", "UPDATE"], "resources": [plural], "scope": "*",
            }],
        }],
    });
    apply(client, manager, &configuration).await.context("the webhook cannot be registered")?;
    Ok(())
}

async fn review<J, F>(request: &Request, judge: &J) -> Reply
where
    J: Fn(Value) -> F,
    F: Future<Output = Option<String>>,
{
    let Ok(review) = serde_json::from_slice::<Value>(&request.body) else {
        return Reply::refusal(400, "not a review");
    };
    let refusal = judge(review["request"]["object"].clone()).await;
    let mut response = json!({"uid": review["request"]["uid"], "allowed": refusal.is_none()});
    if let Some(refusal) = refusal {
        // The words are the reason, as old versions of the usual library have them.
        response["status"] = json!({"code": 403, "reason": refusal});
    }
    Reply::json(&json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
    }))
}
