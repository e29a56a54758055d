//! JSON with credentials: of Google, Azure and AWS, of MinIO, of rclone, and Secrets of Kubernetes.

use std::collections::BTreeMap;

use radiant_contract::credentials::Provider;
use serde_json::{Map, Value, json};

use super::super::expiry;
use super::{CredentialsError, Variables, kube, of_secret, rclone};

/// What may stand in such a file, for messages.
const FORMS: &str = "JSON of a service account, of `gcloud auth application-default login`, of an Azure \
                     service principal, of keys of AWS or MinIO, of `rclone config dump`, or of a Secret";

/// Reads JSON of any form that is known.
pub(super) fn parse(text: &str, origin: &str) -> Result<Variables, CredentialsError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|_| CredentialsError::new(origin, "JSON", "something that begins like it"))?;
    let object = value.as_object().cloned().unwrap_or_default();
    document(&value, &object, origin)
}

/// Reads a document that is JSON, or YAML made it.
pub(super) fn document(
    value: &Value,
    object: &Map<String, Value>,
    origin: &str,
) -> Result<Variables, CredentialsError> {
    if object.get("kind").and_then(Value::as_str) == Some("Secret") {
        return Ok(of_secret(origin, &kube::values(value, origin)?));
    }
    if let Some(found) = google_or_azure(value, origin)? {
        return Ok(found);
    }
    if let Some(found) = aws(object, origin)? {
        return Ok(found);
    }
    let is_remote = |value: &Value| value.get("type").is_some_and(Value::is_string);
    if !object.is_empty() && object.values().all(is_remote) {
        return Ok(remotes(object, origin));
    }
    Err(CredentialsError::new(origin, FORMS, "something else"))
}

/// Reads JSON of Google or Azure; `None` where it is neither's.
pub(in super::super) fn google_or_azure(
    value: &Value,
    origin: &str,
) -> Result<Option<Variables>, CredentialsError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    match text("type") {
        Some("service_account") => {
            let mut variables = google(origin);
            variables.set("GOOGLE_APPLICATION_CREDENTIALS_JSON", value.to_string());
            return Ok(Some(variables));
        }
        Some("authorized_user") => return person(value, origin).map(Some),
        Some(kind @ ("external_account" | "external_account_authorized_user")) => {
            return Err(refused(origin, kind).hint(
                "tokens of another cloud are not exchanged: let the pods' ServiceAccount act as the \
                 service account (`credentials.serviceAccount`), or use a key of it",
            ));
        }
        Some(kind @ ("impersonated_service_account" | "gdch_service_account")) => {
            return Err(refused(origin, kind)
                .hint("nobody is impersonated here: use a key of the service account"));
        }
        Some(_) | None => {}
    }
    let first = |names: [&str; 2]| names.into_iter().find_map(text);
    let application = (
        first(["tenant", "tenantId"]),
        first(["appId", "clientId"]),
        first(["password", "clientSecret"]),
    );
    if let (Some(tenant), Some(client), Some(secret)) = application {
        let mut variables = azure(origin);
        variables.set("AZURE_TENANT_ID", tenant);
        variables.set("AZURE_CLIENT_ID", client);
        variables.set("AZURE_CLIENT_SECRET", secret);
        return Ok(Some(variables));
    }
    if let Some(text) = text("connectionString") {
        let mut variables = azure(origin);
        variables.set("AZURE_STORAGE_CONNECTION_STRING", text);
        return Ok(Some(variables));
    }
    Ok(None)
}

/// Somebody who signed in, as a token that gets itself renewed.
fn person(value: &Value, origin: &str) -> Result<Variables, CredentialsError> {
    let text = |name: &str| {
        let text = value.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
        text.ok_or_else(|| {
            let expected = format!("JSON of a signed-in person with a text `{name}`");
            CredentialsError::new(origin, expected, "JSON without it")
        })
    };
    let mut variables = google(origin);
    let token = json!({ "refresh_token": text("refresh_token")?, "token_type": "Bearer" });
    variables.set("RCLONE_CONFIG_GS_TYPE", "google cloud storage");
    variables.set("RCLONE_CONFIG_GS_TOKEN", token.to_string());
    variables.set("RCLONE_CONFIG_GS_CLIENT_ID", text("client_id")?);
    variables.set("RCLONE_CONFIG_GS_CLIENT_SECRET", text("client_secret")?);
    variables.warnings.push(
        "these are a person's own: pods read what that person may, until the login is withdrawn; a \
         service account's key is made for this"
            .to_owned(),
    );
    Ok(variables)
}

/// Keys as `aws configure export-credentials`, `aws sts` and MinIO's console write them.
fn aws(object: &Map<String, Value>, origin: &str) -> Result<Option<Variables>, CredentialsError> {
    let nested = ["Credentials", "AccessKey"].iter().find_map(|it| object.get(*it)?.as_object());
    let object = nested.unwrap_or(object);
    let text = |names: [&str; 2]| {
        let mut found = names.iter().filter_map(|it| object.get(*it).and_then(Value::as_str));
        found.find(|it| !it.is_empty())
    };
    let id = text(["AccessKeyId", "accessKey"]);
    let secret = text(["SecretAccessKey", "secretKey"]);
    let (id, secret) = match (id, secret) {
        (Some(id), Some(secret)) => (id, secret),
        (Some(_), None) | (None, Some(_)) => {
            let expected = "an access key with its secret";
            return Err(CredentialsError::new(origin, expected, "one of the two"));
        }
        (None, None) => return Ok(None),
    };
    let mut variables = Variables::new(origin);
    variables.provider = Some(Provider::S3);
    variables.set("AWS_ACCESS_KEY_ID", id);
    variables.set("AWS_SECRET_ACCESS_KEY", secret);
    if let Some(token) = text(["SessionToken", "sessionToken"]) {
        variables.set("AWS_SESSION_TOKEN", token);
    }
    if let Some(url) = text(["url", "endpoint"]) {
        // MinIO's console writes the address of its interface.
        let end = url.find("/api/v1/").unwrap_or(url.len());
        variables.set("AWS_ENDPOINT_URL", url.get(..end).unwrap_or(url));
    }
    variables.expires = text(["Expiration", "expiration"]).and_then(expiry::time);
    Ok(Some(variables))
}

/// What `rclone config dump` prints.
fn remotes(object: &Map<String, Value>, origin: &str) -> Variables {
    let mut variables = Variables::new(origin);
    for (name, remote) in object {
        let values: BTreeMap<String, String> = remote
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| {
                let text = value.as_str().map(str::to_owned);
                (key.clone(), text.unwrap_or_else(|| value.to_string()))
            })
            .collect();
        rclone::remote(name, &values, &mut variables);
    }
    variables
}

fn google(origin: &str) -> Variables {
    let mut variables = Variables::new(origin);
    variables.provider = Some(Provider::Gcs);
    variables
}

fn azure(origin: &str) -> Variables {
    let mut variables = Variables::new(origin);
    variables.provider = Some(Provider::Azure);
    variables
}

fn refused(origin: &str, kind: &str) -> CredentialsError {
    let expected = "credentials of type `service_account` or `authorized_user`";
    CredentialsError::new(origin, expected, format!("`{kind}`"))
}
